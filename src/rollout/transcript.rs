//! The record of an episode: every effect with its reply, every question to a language model, and the replay.
//!
//! As a file it has one JSON object a line: what was run, the exchanges, and the questions, in the order in which they came.
//! A replay takes the replies from the exchanges; the questions are there to be read. A file that was written as its lines
//! came may end early, in the middle of a line even: what it has can be read.

use serde::{Deserialize, Serialize};

use super::{Effect, Reply, RolloutSettings};
use crate::catalog::malformed;
use crate::error::{DataError, Result, RolloutError};
use crate::llm::desk::CallRecord;
use crate::profile::Profile;

/// One effect and what the world answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub effect: Effect,
    /// What was answered.
    pub reply: Reply,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Version of this library.
    pub version: String,
    /// Fingerprint of the encoder.
    pub encoder: String,
    /// Id of the user.
    pub user: String,
    /// Id of the item that it began with.
    pub item: String,
    /// Name of the way in which actions were chosen.
    pub policy: String,
    /// How it was run.
    pub settings: RolloutSettings,
    /// Rewrites asked of the environment in other episodes, of which this one was the best.
    #[serde(default)]
    pub other_calls: usize,
}

/// All exchanges of a run, in order. Holds texts and vectors, never keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// What was run, where it was an episode.
    pub run: Option<Run>,
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
    /// Every question to a language model, in the order in which they ended.
    pub calls: Vec<CallRecord>,
}

/// One line of a file, to be written.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Line<'a> {
    /// What was run.
    Run(&'a Run),
    /// An effect and its reply.
    Exchange(&'a Exchange),
    /// A question to a language model, and what came of it.
    Call(&'a CallRecord),
}

/// One line of a file, as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    Run(Run),
    Exchange(Exchange),
    Call(CallRecord),
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
        let run = self.run.iter().map(Line::Run);
        let exchanges = self.exchanges.iter().map(Line::Exchange);
        let lines = run.chain(exchanges).chain(self.calls.iter().map(Line::Call));
        let line = |line| serde_json::to_string(&line).expect("a transcript is plain data with string keys");
        lines.map(|one| line(one) + "\n").collect()
    }

    /// Reads what [`Transcript::to_jsonl`] wrote, as far as it goes (see [`Transcript::torn_line`]).
    ///
    /// # Errors
    /// [`crate::error::DataError::Malformed`] with file and line.
    pub fn from_jsonl(text: &str, file: &str) -> Result<Self> {
        let mut transcript = Transcript::default();
        let torn = Transcript::torn_line(text);
        for (number, line) in (1..).zip(text.lines()).take_while(|(number, _)| Some(*number) != torn) {
            match serde_json::from_str(line).map_err(|error| malformed(file, number, error.to_string()))? {
                Entry::Run(run) => transcript.run = Some(run),
                Entry::Exchange(exchange) => transcript.exchanges.push(exchange),
                Entry::Call(call) => transcript.calls.push(call),
            }
        }
        Ok(transcript)
    }

    /// The number of the last line, where it is torn: it has no line break at its end and is not whole.
    pub fn torn_line(text: &str) -> Option<u64> {
        let last = text.lines().next_back().filter(|_| !text.ends_with('\n'))?;
        let is_whole = serde_json::from_str::<serde::de::IgnoredAny>(last).is_ok();
        (!is_whole).then(|| text.lines().count() as u64)
    }

    /// What was run.
    ///
    /// # Errors
    /// [`DataError::Malformed`] for a record that does not say.
    pub fn run(&self) -> Result<&Run> {
        let why = "the first line does not say what was run, so it cannot be replayed";
        let missing = || DataError::Malformed { file: "the transcript".into(), line: 1, why: why.into() };
        Ok(self.run.as_ref().ok_or_else(missing)?)
    }

    /// Whom the first proposal was written for, where there was one.
    pub fn profile(&self) -> Option<&Profile> {
        self.exchanges.iter().find_map(|exchange| match &exchange.effect {
            Effect::Propose { profile, .. } => Some(profile),
            _ => None,
        })
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
