//! Requests by the line: each is answered on a line of its own, in order, and a bad one stops none of the others.

use std::io::BufRead;

use aquiline::Error;
use aquiline::error::DataError;
use aquiline::session::{Method, SteerOptions};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};
use crate::values::EpisodeArguments;
use crate::world::World;
use crate::{interrupt, output, story};

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

/// Answers every line of `source`; `file` is only used in messages.
pub fn run(world: &World, source: &mut dyn BufRead, file: &str, defaults: &Defaults) -> Outcome<()> {
    let (mut requests, mut failed) = (0, 0);
    for line in 1.. {
        let mut bytes = Vec::new();
        let read = interrupt::waiting(|| source.read_until(b'\n', &mut bytes));
        if read.map_err(|error| Failure::failed(format!("{file} cannot be read on: {error}")))? == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        requests += 1;
        match answer(world, &bytes, file, line, defaults) {
            Ok(trajectory) => output::json(&trajectory)?,
            Err(error) if error.code() == "cancelled" => return Err(error.into()),
            Err(error) => {
                failed += 1;
                let (code, message) = (error.code(), error.to_string());
                output::json(&ErrorLine { error: ErrorView { code, message, line } })?;
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::failed(format!("{failed} of {requests} requests failed; their lines of the result say why"))),
    }
}

fn answer(
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
    Ok(story::value(&world.steer(&defaults.with(request))?.view))
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
