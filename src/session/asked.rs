//! What a language model is asked beside episodes: whom it writes for, what a title promises, which text it prefers.

use super::Session;
use crate::catalog::Item;
use crate::client::Speaker;
use crate::error::{NumericError, Result};
use crate::profile::Passage;
use crate::raters::Opinion;

impl Session {
    /// Has the language model describe a user, from what they rated; every run for them shows it from now on.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] without a language model, as [`Speaker::portrait`] and for a user that there is not.
    pub async fn write_profile(&mut self, user: &str, seed: u64) -> Result<Vec<Passage>> {
        let passages = self.asked()?.portrait(&self.agent()?.rated(user)?, seed).await?;
        if let Some(agent) = &mut self.agent {
            agent.set_written(user, passages.clone())?;
        }
        Ok(passages)
    }

    /// Has the language model judge an item and what was made of it, blind and from both sides.
    ///
    /// # Errors
    /// As [`Session::write_profile`], and [`Speaker::opinion`].
    pub async fn opinion(&self, user: &str, pair: [&Item; 2], seed: u64) -> Result<Opinion> {
        let opinion = self.asked()?.opinion(&self.agent()?.profile(user)?, pair, seed).await;
        // No run's record is about this.
        drop(self.take_calls());
        opinion
    }

    /// Has the language model write the text of an item, from its title.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] without a language model, and as [`Speaker::describe`].
    pub async fn describe(&self, item: &Item, seed: u64) -> Result<Item> {
        let described = self.asked()?.describe(item, seed).await;
        drop(self.take_calls());
        described
    }

    fn asked(&self) -> Result<&Speaker> {
        let why = "there is none; set one before it is asked";
        Ok(self.speaker().ok_or(NumericError::BadSetting { what: "the language model", why })?)
    }
}
