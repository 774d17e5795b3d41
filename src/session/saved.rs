//! What a session has learned since it was opened, as bytes: people, what was written about them, the policy.
//!
//! A line of JSON, a line feed, and the policy's checkpoint where there is one. It holds ratings of the people who were
//! folded in, so it is theirs: a shell keeps it where they expect it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Session;
use crate::error::{DataError, EncoderError, Result};
use crate::profile::Passage;
use crate::train::checkpoint::Checkpoint;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    /// Names the form; another number is refused.
    aquiline: u32,
    encoder: String,
    people: BTreeMap<String, Vec<(String, f32)>>,
    written: BTreeMap<String, Vec<Passage>>,
}

const FORM: u32 = 1;

impl Session {
    /// Everything that was learned since the session was prepared.
    ///
    /// # Errors
    /// As [`Session::agent`].
    pub fn save(&self) -> Result<Vec<u8>> {
        let agent = self.agent()?;
        let saved = Saved {
            aquiline: FORM,
            encoder: self.fingerprint().to_owned(),
            people: self.folded.clone(),
            written: agent.written().map(|(user, passages)| (user.to_owned(), passages.to_vec())).collect(),
        };
        let mut bytes = serde_json::to_vec(&saved).map_err(|error| damaged(&error.to_string()))?;
        bytes.push(b'\n');
        bytes.extend(self.policy().map(Checkpoint::to_bytes).unwrap_or_default());
        Ok(bytes)
    }

    /// Takes up what [`Session::save`] gave. What is not in it stays as it was; after an error everything does.
    ///
    /// # Errors
    /// [`DataError::Malformed`] for other bytes, [`EncoderError::Fingerprint`] for those of another encoder,
    /// [`DataError::UnknownItem`] for those of another catalog, and as [`Session::load_policy`].
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or_else(|| damaged("it has no first line"))?;
        let (head, policy) = (&bytes[..end], &bytes[end + 1..]);
        let saved: Saved = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
        if saved.aquiline != FORM {
            return Err(damaged("it was saved by another version").into());
        }
        if saved.encoder != self.fingerprint() {
            let (expected, found) = (self.fingerprint().to_owned(), saved.encoder);
            return Err(EncoderError::Fingerprint { expected, found }.into());
        }
        let agent = self.agent()?;
        for (user, ratings) in &saved.people {
            agent.check_fold_in(user, ratings)?;
        }
        for user in saved.written.keys().filter(|user| !saved.people.contains_key(*user)) {
            agent.ratings().user_index(user)?;
        }
        if !policy.is_empty() {
            self.load_policy(policy)?;
        }
        for (user, ratings) in &saved.people {
            self.fold_in(user, ratings)?;
        }
        if let Some(agent) = &mut self.agent {
            for (user, passages) in saved.written {
                agent.set_written(&user, passages)?;
            }
        }
        Ok(())
    }
}

fn damaged(why: &str) -> DataError {
    DataError::Malformed { file: "the saved state".to_owned(), line: 1, why: why.to_owned() }
}
