//! Values of arguments: names of policies, numbers with bounds, and what several commands ask for.

use std::path::{Path, PathBuf};

use aquiline::Error;
use aquiline::action::ActionSpace;
use aquiline::error::TrainingError;
use aquiline::rollout::Outcome as Counts;
use aquiline::session::{Method, SteerOptions};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::failure::Outcome;

const METHODS: [Method; 8] = [
    Method::Uniform,
    Method::Optimistic,
    Method::GOptimal,
    Method::Greedy,
    Method::BestOfN,
    Method::Eagle,
    Method::EagleReference,
    Method::Foresight,
];

/// How episodes are run.
#[derive(Debug, Clone, clap::Args)]
pub struct EpisodeArguments {
    /// A trained policy, for eagle, eagle-reference and foresight
    #[arg(long, value_name = "CHECKPOINT")]
    pub policy_file: Option<PathBuf>,
    /// Edits in a row
    #[arg(long, default_value_t = SteerOptions::default().horizon, value_parser = positive)]
    pub horizon: usize,
    /// Candidate edits at each step
    #[arg(long, default_value_t = SteerOptions::default().candidates, value_parser = positive)]
    pub candidates: usize,
    /// Size of the design's subset, or number of episodes of best-of-n [default: 10, or all candidates]
    #[arg(long, value_parser = positive)]
    pub subset: Option<usize>,
    /// Which text counts: the best on the way, where a run also ends as soon as nothing gains, or the last as in the paper
    #[arg(long, default_value = "best", value_parser = outcome())]
    pub outcome: Counts,
    /// Of a trained policy: at 0 its most probable edit is made [default: that of the training]
    #[arg(long, value_parser = weight)]
    pub temperature: Option<f32>,
}

impl EpisodeArguments {
    /// The request of a user and an item.
    pub fn options(&self, user: String, item: String, policy: Method, seed: u64) -> SteerOptions {
        let EpisodeArguments { horizon, candidates, outcome, temperature, .. } = *self;
        let (subset, space) = (subset(self.subset, candidates), ActionSpace::default());
        SteerOptions { user, item, policy, horizon, candidates, subset, space, temperature, seed, outcome }
    }
}

/// Reads the name of a way to choose.
pub fn method() -> impl TypedValueParser<Value = Method> {
    let named = |name: String| METHODS.into_iter().find(|method| method.name() == name);
    PossibleValuesParser::new(METHODS.map(Method::name))
        .map(move |name| named(name).expect("only names of methods are possible values"))
}

fn outcome() -> impl TypedValueParser<Value = Counts> {
    PossibleValuesParser::new(["best", "last"]).map(|name| if name == "last" { Counts::Last } else { Counts::Best })
}

/// Refuses ways to choose that need a trained policy where none is given, before anything takes time.
pub fn check_policy(methods: &[Method], file: Option<&Path>) -> Outcome<()> {
    let is_trained = |method: &Method| matches!(method, Method::Eagle | Method::EagleReference | Method::Foresight);
    if file.is_none() && methods.iter().any(is_trained) {
        return Err(Error::from(TrainingError::Untrained).into());
    }
    Ok(())
}

/// Reads a whole number from 1.
pub fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("use a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// Reads a share that leaves something over.
pub fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "use a number from 0 to below 1".to_owned())
}

/// Reads a weight.
pub fn weight(text: &str) -> Result<f32, String> {
    let weight = text.parse().ok().filter(|weight: &f32| weight.is_finite() && *weight >= 0.0);
    weight.ok_or_else(|| "use a number from 0".to_owned())
}

/// Reads a whole number from 1 that may be very large.
pub fn count(text: &str) -> Result<u64, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "use a whole number from 1".to_owned())
}

/// Reads a time.
pub fn seconds(text: &str) -> Result<f64, String> {
    amount(text).map_err(|_| "use seconds, a number above 0".to_owned())
}

/// Reads how much there may be of something.
pub fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount > 0.0);
    amount.ok_or_else(|| "use a number above 0".to_owned())
}

/// What a wrong name may have been meant to be, for the end of a message.
pub fn nearest(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), known));
    match near.min().filter(|(edits, known)| *edits <= 1 + known.len() / 4) {
        Some((_, meant)) => format!("did you mean {meant:?}?"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// As many actions as were asked for, or as many of ten as there are candidates.
pub fn subset(asked: Option<usize>, candidates: usize) -> usize {
    asked.unwrap_or_else(|| candidates.clamp(1, 10))
}
