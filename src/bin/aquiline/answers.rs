//! Answers that were paid for, kept as they come, so that no run pays for one twice.
//!
//! With `--answers FILE` they are added to that file, and what it knows is not asked again. Without it they go to a file of
//! the cache folder, which is removed when the command has done its work; a command that ends early names the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aquiline::client::Client;
use aquiline::llm::desk::{CallRecord, KnownAnswer};
use aquiline::rollout::transcript::Line;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::output::{self, Destination};

/// How long the file of a run that ended early is kept in the cache folder.
const KEPT: Duration = Duration::from_hours(24 * 60);

/// The answers of one run.
#[derive(Debug, Clone)]
pub struct Answers {
    lines: Option<Lines>,
    known: Vec<KnownAnswer>,
    /// Whether the user named the file.
    is_named: bool,
}

impl Answers {
    /// Those of a file, and all that come, which are added to it.
    ///
    /// # Errors
    /// For a file that cannot be read or written, or that has something else in it.
    pub fn in_file(path: &Path) -> Outcome<Self> {
        let (lines, values) = Lines::going_on(&Destination::update(path)?)?;
        let mut known = Vec::new();
        for (number, value) in (1..).zip(values) {
            known.extend(answer_in(value).map_err(|why| {
                Failure::bad_input(format!("{}, entry {number}: {why}", path.display()))
                    .with_hint("give a file that --answers or --transcript wrote")
            })?);
        }
        Ok(Answers { lines: Some(lines), known, is_named: true })
    }

    /// All that come, in a file of the cache folder; without a folder none is kept.
    pub fn in_cache(folder: Option<PathBuf>) -> Self {
        let file = folder.and_then(|folder| new_file(&folder.join("answers")));
        Answers { lines: file.map(Lines::beginning), known: Vec::new(), is_named: false }
    }

    /// Whether the user named the file, so that equal questions are asked once.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// Tells a client what is known.
    pub fn teach(&mut self, client: &Client) {
        client.learn(std::mem::take(&mut self.known));
    }

    /// Keeps an answer, where one was paid for.
    pub fn keep(&self, call: &CallRecord) {
        if let Some(lines) = self.lines.as_ref().filter(|_| call.attempts > 0 && call.reply.is_some()) {
            lines.append(&Line::Call(call));
        }
    }

    /// Keeps the file of a command that can go on from it, and says where it is.
    pub fn leave(&self) {
        if let Some(hint) = self.hint() {
            output::note(format_args!("note: {hint}"));
        }
    }

    /// Removes the file that is no longer needed, or says where the answers are.
    ///
    /// # Errors
    /// The failure of the command, with a hint; for answers that could not be kept although the user asked for it.
    pub fn end(&self, outcome: Outcome<()>) -> Outcome<()> {
        let Some(lines) = &self.lines else { return outcome };
        match (outcome, lines.path()) {
            (Ok(()), path) => {
                if let Some(trouble) = lines.trouble().filter(|_| self.is_named) {
                    return Err(
                        Failure::failed(trouble).with_hint("all else is done; its answers would be asked again")
                    );
                }
                if let Some(path) = path.filter(|_| !self.is_named) {
                    // It may stay: whatever is in the cache folder may be deleted at any time.
                    let _ = std::fs::remove_file(path);
                }
                Ok(())
            }
            (Err(failure), _) => Err(match self.hint() {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }),
        }
    }

    fn hint(&self) -> Option<String> {
        let path = self.lines.as_ref()?.path()?;
        let path = path.display();
        Some(format!(
            "what was answered is in {path}: run it again with --answers {path} to go on without paying twice"
        ))
    }
}

/// The answer in a line; lines of a transcript that are none have none.
fn answer_in(line: Value) -> Result<Option<KnownAnswer>, String> {
    let Value::Object(mut line) = line else { return Err("this is no answer".into()) };
    let Some(call) = line.remove("call") else {
        let is_of_transcript = ["run", "exchange"].iter().any(|name| line.contains_key(*name));
        return if is_of_transcript { Ok(None) } else { Err("this is no answer".into()) };
    };
    let CallRecord { model, request, reply, .. } = CallRecord::deserialize(call).map_err(|error| error.to_string())?;
    Ok(reply.map(|reply| KnownAnswer { model, request, reply }))
}

/// A file that no other run has. Old ones of runs that ended early are removed.
fn new_file(folder: &Path) -> Option<PathBuf> {
    if let Err(error) = std::fs::create_dir_all(folder) {
        output::note(format_args!("note: answers cannot be kept in {}: {error}", folder.display()));
        return None;
    }
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age =
            file.metadata().and_then(|about| about.modified()).map(|changed| changed.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > KEPT) {
            let _ = std::fs::remove_file(file.path());
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Some(folder.join(format!("run-{}-{now}.jsonl", std::process::id())))
}
