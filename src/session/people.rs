//! People who come after the fit, and what a session can say about texts and places without an episode.

use super::perform::{Chooser, Memory, encode_missing};
use super::view::{Tell, UserView};
use super::{Session, rows};
use crate::action::{Action, ActionSpace};
use crate::error::{DataError, NumericError, Result};
use crate::latent::Latents;
use crate::policy::ReferencePolicy;
use crate::rollout::{Effect, Reply};

impl Session {
    /// Takes in a person by ratings of their own; see [`crate::agent::Agent::fold_in`].
    ///
    /// # Errors
    /// As there.
    pub fn fold_in(&mut self, user: &str, ratings: &[(String, f32)]) -> Result<UserView> {
        self.agent()?;
        if let Some(agent) = &mut self.agent {
            agent.fold_in(user, ratings)?;
            self.folded.insert(user.to_owned(), ratings.to_vec());
        }
        UserView::of(self.agent()?, user)
    }

    /// What every item is worth to a user or to the mean of a group, novelty aside, in the order of the catalog.
    ///
    /// # Errors
    /// As [`crate::agent::Agent::objective`].
    pub fn utilities<T: AsRef<str>>(&self, users: &[T]) -> Result<Vec<f32>> {
        let agent = self.agent()?;
        let utility = agent.objective(users)?.utility;
        Ok(agent.items().rows().map(|latent| utility.demand(latent)).collect())
    }

    /// Sentence vectors of texts, one row each, of unit length.
    ///
    /// # Errors
    /// [`DataError::Empty`] for an empty text, and as [`crate::encoder::Encoder::encode`].
    pub async fn embed(&self, texts: &[String], mut tick: impl AsyncFnMut(Tell) -> Result<()>) -> Result<Latents> {
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(DataError::Empty { what: "a text" }.into());
        }
        let embed = async |memory: &mut Memory| {
            encode_missing(&self.encoder, &mut memory.vectors, texts, "encode", &mut tick).await?;
            rows(&memory.vectors, texts, 1)
        };
        self.with_memory(embed).await
    }

    /// Candidate edits of an item, as an episode would be offered them.
    ///
    /// # Errors
    /// For a user or an item that there is not, a `count` of 0, and what the environment fails with.
    pub async fn actions(
        &self,
        (user, item): (&str, &str),
        count: usize,
        space: ActionSpace,
        seed: u64,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<Action>> {
        if count == 0 {
            return Err(NumericError::BadSetting { what: "count", why: "ask for at least 1 action" }.into());
        }
        let agent = self.agent()?;
        let anchor = agent.catalog().items()[agent.catalog().index_of(item)?].clone();
        let propose = Effect::Propose { item: anchor, profile: agent.profile(user)?, count, seed };
        let ask = async |memory: &mut Memory| {
            let uniform = Chooser::Computed(ReferencePolicy::Uniform);
            let mut performer = self.performer(user, item, uniform, memory)?;
            performer.space = space;
            performer.perform(&propose, &mut tick).await
        };
        Ok(match self.with_memory(ask).await? {
            Reply::Actions(actions) => actions,
            _ => Vec::new(),
        })
    }
}
