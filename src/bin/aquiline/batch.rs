//! Requests by the line: each is answered on a line of its own, in order, and a bad one stops none of the others.
//!
//! With a language model several are under way at once; a line is answered as soon as those before it are, whether or not
//! another one has come. A result names the line of its request and the request with all of its settings, so that a later
//! run knows what is done already.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::thread;

use aquiline::Error;
use aquiline::error::DataError;
use aquiline::rollout::{Ended, Outcome as Counts};
use aquiline::session::{Method, SteerOptions};
use futures_util::stream::{Stream, StreamExt, unfold};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::done::{self, Object};
use crate::failure::{Failure, Outcome, is_lasting, message_of};
use crate::story::Heard;
use crate::values::{EpisodeArguments, nearest};
use crate::world::{Stop, World};
use crate::{interrupt, output, story, wait};

/// What a request need not say.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// How edits are chosen.
    pub policy: Method,
    /// How episodes are run.
    pub episode: EpisodeArguments,
    /// Seeds the episode.
    pub seed: u64,
}

/// One line. A name that is none of these is an error: it would be a setting that is silently left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    user: String,
    item: String,
    policy: Option<Method>,
    horizon: Option<usize>,
    candidates: Option<usize>,
    subset: Option<usize>,
    temperature: Option<f32>,
    seed: Option<u64>,
    outcome: Option<Counts>,
}

const NAMES: [&str; 9] =
    ["user", "item", "policy", "horizon", "candidates", "subset", "temperature", "seed", "outcome"];

/// Lines that are still to be answered.
pub type Source = Box<dyn BufRead + Send>;

/// A batch, while it is answered.
pub struct Batch<'a> {
    /// Where episodes run.
    pub world: &'a World,
    /// What the file is called in messages.
    pub file: &'a str,
    /// What requests need not say.
    pub defaults: Defaults,
    /// Results by their requests.
    pub done: HashMap<String, Object>,
}

/// What becomes of a line.
struct Answer {
    result: Object,
    end: Result<(), Trouble>,
}

/// Why a line has no whole result.
enum Trouble {
    /// A run failed.
    Error(Error),
    /// A run was cut short.
    Budget,
}

/// Results of earlier runs, by their requests.
pub fn done(files: &[PathBuf]) -> Outcome<HashMap<String, Object>> {
    done::results(files, |result| {
        let is_whole = !result.contains_key("error") && result.get("ended") != Some(&json!(Ended::Budget));
        result.get("request").filter(|_| is_whole).map(Value::to_string)
    })
}

impl Batch<'_> {
    /// Answers every line of `source`, `at_once` of them at a time. What would end every other request as well, such as a
    /// wrong key, ends the batch.
    pub fn run(&self, source: Source, at_once: usize) -> Outcome<()> {
        let (mut requests, mut failed) = (0, 0);
        let answered = async |read: io::Result<Line>| {
            let line = read.map_err(|error| Failure::failed(format!("{} cannot be read on: {error}", self.file)))?;
            Ok::<_, Failure>(self.answer(&line).await)
        };
        let print_all = async {
            let mut answers = std::pin::pin!(lines(source).map(answered).buffered(at_once));
            while let Some(answer) = answers.next().await {
                let Answer { result, end } = answer?;
                requests += 1;
                output::json(&result)?;
                match end {
                    Ok(()) => {}
                    Err(Trouble::Budget) => {
                        let message =
                            format!("the budget is spent, so that the batch ends with line {}", result["line"]);
                        return Err(Failure::failed(message));
                    }
                    Err(Trouble::Error(error)) if is_lasting(&error) => return Err(error.into()),
                    Err(Trouble::Error(_)) => failed += 1,
                }
            }
            Ok::<(), Failure>(())
        };
        wait::for_answers(self.world.client(), print_all)?;
        match failed {
            0 => Ok(()),
            _ => Err(Failure::failed(format!(
                "{failed} of {requests} requests failed; their lines of the result say why"
            ))),
        }
    }

    async fn answer(&self, line: &Line) -> Answer {
        let mut result = Object::from_iter([("line".to_owned(), line.number.into())]);
        let end = match self.request(line) {
            Ok(request) => self.steer(request, &mut result).await,
            Err(error) => Err(Trouble::Error(error)),
        };
        if let Err(Trouble::Error(error)) = &end {
            let told = json!({"code": error.code(), "message": message_of(error), "line": line.number});
            result.insert("error".into(), told);
        }
        Answer { result, end }
    }

    /// Adds what comes of a request to its result.
    async fn steer(&self, request: Request, result: &mut Object) -> Result<(), Trouble> {
        let options = self.defaults.with(request);
        let resolved = resolved(&options);
        if let Some(done) = self.done.get(&resolved.to_string()) {
            let line = result["line"].clone();
            result.clone_from(done);
            result.insert("line".into(), line);
            return Ok(());
        }
        result.insert("request".into(), resolved);
        let mut heard = Heard::default();
        let steered = self.world.steering(&options, |tell| {
            heard.hear(tell);
            Ok(())
        });
        match steered.await {
            Ok(episode) => {
                result.extend(story::value(&episode.view));
                if episode.view.ended == Ended::Budget { Err(Trouble::Budget) } else { Ok(()) }
            }
            Err(Stop::There(error)) => {
                result.extend(heard.value(&options).unwrap_or_default());
                Err(Trouble::Error(error))
            }
            // Nothing is printed while a request is answered.
            Err(Stop::Here(_)) => Ok(()),
        }
    }

    fn request(&self, Line { number, bytes }: &Line) -> aquiline::Result<Request> {
        let malformed = |why: String| {
            let file = self.file.to_owned();
            Error::from(DataError::Malformed { file, line: *number, why })
        };
        if let Ok(given) = serde_json::from_slice::<Object>(bytes)
            && let Some(unknown) = given.keys().find(|name| !NAMES.contains(&name.as_str()))
        {
            return Err(malformed(format!("there is no setting {unknown:?}: {}", nearest(unknown, &NAMES))));
        }
        serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))
    }
}

/// A line that is not blank.
struct Line {
    number: u64,
    bytes: Vec<u8>,
}

/// Read on a thread of its own, so that answers need not wait for the next line.
fn lines(mut source: Source) -> impl Stream<Item = io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for number in 1.. {
            let mut bytes = Vec::new();
            let line = match interrupt::waiting(|| source.read_until(b'\n', &mut bytes)) {
                Ok(0) => break,
                Ok(_) if bytes.trim_ascii().is_empty() => continue,
                Ok(_) => Ok(Line { number, bytes }),
                Err(error) => Err(error),
            };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

/// A request with all of its settings.
fn resolved(options: &SteerOptions) -> Value {
    let SteerOptions { user, item, policy, horizon, candidates, subset, temperature, seed, outcome, .. } = options;
    json!({
        "user": user, "item": item, "policy": policy.name(), "horizon": horizon, "candidates": candidates,
        "subset": subset, "temperature": temperature, "seed": seed, "outcome": outcome,
    })
}

impl Defaults {
    /// The request of a user and an item.
    pub fn options(&self, user: String, item: String) -> SteerOptions {
        self.episode.options(user, item, self.policy, self.seed)
    }

    fn with(&self, request: Request) -> SteerOptions {
        let Request { user, item, policy, horizon, candidates, subset, temperature, seed, outcome } = request;
        let episode = EpisodeArguments {
            policy_file: None,
            horizon: horizon.unwrap_or(self.episode.horizon),
            candidates: candidates.unwrap_or(self.episode.candidates),
            subset: subset.or(self.episode.subset),
            temperature: temperature.or(self.episode.temperature),
            outcome: outcome.unwrap_or(self.episode.outcome),
        };
        episode.options(user, item, policy.unwrap_or(self.policy), seed.unwrap_or(self.seed))
    }
}
