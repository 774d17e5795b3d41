//! Requests by the line: each is answered on a line of its own, in order, and a bad one stops none of the others.
//!
//! With a language model several are under way at once; a line is answered as soon as those before it are, whether or not
//! another one has come.

use std::io::{self, BufRead};
use std::thread;

use aquiline::Error;
use aquiline::error::DataError;
use aquiline::session::{Method, SteerOptions};
use futures_util::stream::{Stream, StreamExt, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::failure::{Failure, Outcome};
use crate::values::EpisodeArguments;
use crate::world::World;
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
}

#[derive(Serialize)]
struct ErrorLine {
    error: ErrorView,
}

#[derive(Serialize)]
struct ErrorView {
    code: &'static str,
    message: String,
    line: u64,
}

/// Lines that are still to be answered.
pub type Source = Box<dyn BufRead + Send>;

/// Answers every line of `source`, `at_once` of them at a time; `file` is only used in messages.
pub fn run(world: &World, source: Source, file: &str, defaults: &Defaults, at_once: usize) -> Outcome<()> {
    let (mut requests, mut failed) = (0, 0);
    let answered = async |read: io::Result<Line>| {
        let Line { number, bytes } =
            read.map_err(|error| Failure::failed(format!("{file} cannot be read on: {error}")))?;
        Ok::<_, Failure>((number, answer(world, &bytes, file, number, defaults).await))
    };
    let print_all = async {
        let mut answers = std::pin::pin!(lines(source).map(answered).buffered(at_once));
        while let Some(answer) = answers.next().await {
            requests += 1;
            match answer? {
                (_, Ok(trajectory)) => output::json(&trajectory)?,
                (_, Err(error)) if error.code() == "cancelled" => return Err(error.into()),
                (line, Err(error)) => {
                    failed += 1;
                    let (code, message) = (error.code(), error.to_string());
                    output::json(&ErrorLine { error: ErrorView { code, message, line } })?;
                }
            }
        }
        Ok::<(), Failure>(())
    };
    wait::for_answers(world.session.speaker().map(|speaker| speaker.client().as_ref()), print_all)?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::failed(format!("{failed} of {requests} requests failed; their lines of the result say why"))),
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

async fn answer(
    world: &World,
    bytes: &[u8],
    file: &str,
    line: u64,
    defaults: &Defaults,
) -> aquiline::Result<serde_json::Value> {
    let malformed = |error: serde_json::Error| {
        Error::from(DataError::Malformed { file: file.to_owned(), line, why: error.to_string() })
    };
    let request: Request = serde_json::from_slice(bytes).map_err(malformed)?;
    Ok(story::value(&world.steering(&defaults.with(request)).await?.view))
}

impl Defaults {
    /// The request of a user and an item.
    pub fn options(&self, user: String, item: String) -> SteerOptions {
        self.episode.options(user, item, self.policy, self.seed)
    }

    fn with(&self, request: Request) -> SteerOptions {
        let Request { user, item, policy, horizon, candidates, subset, temperature, seed } = request;
        let episode = EpisodeArguments {
            policy_file: None,
            horizon: horizon.unwrap_or(self.episode.horizon),
            candidates: candidates.unwrap_or(self.episode.candidates),
            subset: subset.or(self.episode.subset),
            temperature: temperature.or(self.episode.temperature),
        };
        episode.options(user, item, policy.unwrap_or(self.policy), seed.unwrap_or(self.seed))
    }
}
