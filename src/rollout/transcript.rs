//! The record of an episode: every effect with its reply, and its replay.

use serde::{Deserialize, Serialize};

use super::{Effect, Reply};
use crate::catalog::malformed;
use crate::error::{Result, RolloutError};

/// One effect and what the world answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub effect: Effect,
    /// What was answered.
    pub reply: Reply,
}

/// All exchanges of a run, in order. Holds texts and vectors, never keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
}

/// Answers effects from a transcript.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    transcript: &'a Transcript,
    at: usize,
}

impl Transcript {
    /// One JSON object a line.
    pub fn to_jsonl(&self) -> String {
        let line = |exchange| serde_json::to_string(exchange).expect("exchanges are plain data with string keys");
        self.exchanges.iter().map(|exchange| line(exchange) + "\n").collect()
    }

    /// Reads what [`Transcript::to_jsonl`] wrote.
    ///
    /// # Errors
    /// [`crate::error::DataError::Malformed`] with file and line.
    pub fn from_jsonl(text: &str, file: &str) -> Result<Self> {
        let parse =
            |(line, text): (u64, &str)| serde_json::from_str(text).map_err(|e| malformed(file, line, e.to_string()));
        let exchanges = (1..).zip(text.lines()).map(parse).collect::<std::result::Result<_, _>>()?;
        Ok(Transcript { exchanges })
    }

    /// Answers from this record, from its beginning.
    pub fn replay(&self) -> Replay<'_> {
        Replay { transcript: self, at: 0 }
    }
}

impl Replay<'_> {
    /// The recorded reply to the next effect.
    ///
    /// # Errors
    /// [`RolloutError::Diverged`] when the run asks something else than the record holds.
    pub fn perform(&mut self, effect: &Effect) -> Result<Reply> {
        let at = self.at;
        let diverged = |why| RolloutError::Diverged { at, why };
        let exchange = self.transcript.exchanges.get(at).ok_or(diverged("the record ends here"))?;
        if exchange.effect != *effect {
            return Err(diverged("another effect was recorded").into());
        }
        self.at += 1;
        Ok(exchange.reply.clone())
    }
}
