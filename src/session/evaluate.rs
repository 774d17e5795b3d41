//! Ways to a better text compared at an equal number of rewrites, pair by pair.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::arm::{Arm, Conditions, Found, Pair};
use super::tick::Tick;
use super::view::{Progress, Tell};
use super::{Method, Session};
use crate::action::ActionSpace;
use crate::elm::Manifold;
use crate::encoder::DIMENSIONS;
use crate::error::{DataError, NumericError, Result};
use crate::eval::Interval;
use crate::latent::distance;
use crate::objective::identity;
use crate::rollout::Outcome;
use crate::search::Strategy;

/// "Low-rated": at most this share of the top rating.
const LOW: f32 = 0.5;
/// Radius of the balls around items, as a share of their spacing.
const BALL: f32 = 1.0;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct EvaluateOptions {
    /// The arms; differences are to the first.
    pub arms: Vec<ArmOptions>,
    /// Users and items; without any, `count` are drawn.
    pub pairs: Vec<Pair>,
    /// Pairs to draw.
    pub count: usize,
    /// Environment calls of each arm and pair.
    pub budget: usize,
    /// Candidates at each step.
    pub candidates: usize,
    /// Edits in a row.
    pub horizon: usize,
    /// Seeds the drawing of pairs and every run.
    pub seed: u64,
    /// Which text of an episode counts: the best on the way, or the last as in the paper.
    pub outcome: Outcome,
}

/// One arm: exactly one of `policy`, `search`, `one_shot` and `elm`, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "as in Arm and in the package's types")]
pub struct ArmOptions {
    pub policy: Option<Method>,
    pub search: Option<SearchWay>,
    pub one_shot: bool,
    pub elm: Option<ManifoldName>,
    pub temperature: Option<f32>,
    pub space: ActionSpace,
    pub foresight: bool,
    pub caution: f32,
    /// What the report calls it.
    pub name: Option<String>,
}

/// A search by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "as in Strategy")]
pub enum SearchWay {
    Greedy,
    Beam,
    Tree,
    BestOfN,
}

/// A manifold by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "as in Manifold")]
pub enum ManifoldName {
    Ball,
    Graph,
    PullBack,
}

/// What one arm led to for one pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as in experiment::Outcome")]
pub struct PairResult {
    pub arm: usize,
    #[serde(flatten)]
    pub pair: Pair,
    pub gain: f64,
    pub distance: f64,
    pub identity: f64,
    pub environment_calls: usize,
    pub realisability_gap: Option<f64>,
}

/// One arm over the pairs it has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArmReport {
    /// Its name.
    pub name: String,
    /// Pairs so far.
    pub pairs: usize,
    /// U of the text that counts, less U of the anchor.
    pub gain: Interval,
    /// The same, less that of the first arm on the same pair.
    pub over_first: Interval,
    /// In Z, from the anchor.
    pub distance: Interval,
    /// Cosine of the sentence vectors before and after.
    pub identity: Interval,
    /// Mean of a pair.
    pub environment_calls: f64,
    /// Share of pairs where the text was no better, so that the anchor would be kept.
    pub kept: f64,
}

/// What a comparison tells on its way.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[allow(missing_docs, reason = "the fields are documented where their types are")]
pub enum EvaluateEvent {
    /// One more result.
    Pair { result: PairResult, report: Vec<ArmReport> },
    /// The end.
    Report { report: Vec<ArmReport> },
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        EvaluateOptions {
            arms: Vec::new(),
            pairs: Vec::new(),
            count: 20,
            budget: 50,
            candidates: 20,
            horizon: 5,
            seed: 0,
            outcome: Outcome::Best,
        }
    }
}

impl Session {
    /// Users in a random order, each with the low-rated item that they are predicted to like least.
    ///
    /// # Errors
    /// [`DataError::Empty`] where nobody rated an item low.
    pub fn low_pairs(&self, count: usize, seed: u64) -> Result<Vec<Pair>> {
        let agent = self.agent()?;
        let mut users = agent.ratings().users().to_vec();
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let low = users.into_iter().filter_map(|user| {
            let item = agent.low_rated(&user, LOW).ok()?.id.clone();
            Some(Pair { user, item })
        });
        let pairs: Vec<_> = low.take(count).collect();
        if pairs.is_empty() {
            return Err(
                DataError::Empty { what: "the list of users with an item rated at half the top or below" }.into()
            );
        }
        Ok(pairs)
    }

    /// Runs every arm for every pair, pair by pair, and tells each result with the report so far.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for arms that are none or cannot be paid for, and as [`Session::steer`],
    /// [`Session::search`], [`Session::jump`] and `tick`.
    pub async fn evaluate(
        &self,
        options: &EvaluateOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<ArmReport>> {
        let arms = options.arms(self)?;
        let pairs = match options.pairs.as_slice() {
            [] => self.low_pairs(options.count, options.seed)?,
            given => given.to_vec(),
        };
        let mut results = Vec::new();
        let (mut done, total) = (0, pairs.len() * arms.len());
        for (number, pair) in pairs.iter().enumerate() {
            for (index, arm) in arms.iter().enumerate() {
                let EvaluateOptions { horizon, candidates, seed, outcome: counts, .. } = *options;
                let seed = seed.wrapping_add(number as u64);
                let conditions = Conditions { pair, horizon, candidates, seed, counts };
                let found = self.attempt(arm, conditions, &mut tick).await?;
                results.push(self.result(index, pair, found).await?);
                let (result, report) = (results[results.len() - 1].clone(), options.report(&results));
                tick.tell(Tell::Comparison(Box::new(EvaluateEvent::Pair { result, report }))).await?;
                done += 1;
                tick.tell(Tell::Progress(Progress { kind: "pairs", done, total, unit: "runs" })).await?;
            }
        }
        let report = options.report(&results);
        tick.tell(Tell::Comparison(Box::new(EvaluateEvent::Report { report: report.clone() }))).await?;
        Ok(report)
    }

    async fn result(&self, arm: usize, pair: &Pair, found: Found) -> Result<PairResult> {
        let Found { anchor, state, environment_calls, realisability_gap } = found;
        let (from, to) = (self.encode_item(&anchor.item).await?, self.encode_item(&state.item).await?);
        Ok(PairResult {
            arm,
            pair: pair.clone(),
            gain: f64::from(state.utility - anchor.utility),
            distance: f64::from(distance(&anchor.latent, &state.latent)),
            identity: f64::from(identity(&from[..DIMENSIONS], &to[..DIMENSIONS])),
            environment_calls,
            realisability_gap,
        })
    }
}

impl EvaluateOptions {
    fn arms(&self, session: &Session) -> Result<Vec<Arm>> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            _ if self.arms.is_empty() => bad("arms", "name at least one"),
            _ if self.count == 0 && self.pairs.is_empty() => bad("count", "draw at least 1 pair"),
            _ if self.budget == 0 => bad("budget", "use at least 1"),
            _ if self.candidates == 0 => bad("candidates", "use at least 1"),
            _ if self.horizon == 0 => bad("horizon", "use at least 1"),
            _ => self.arms.iter().map(|arm| arm.resolve(self, session)).collect(),
        }
    }

    fn report(&self, results: &[PairResult]) -> Vec<ArmReport> {
        let of_arm = |arm: usize| results.iter().filter(move |result| result.arm == arm);
        let first: Vec<f64> = of_arm(0).map(|result| result.gain).collect();
        let report = |(arm, options): (usize, &ArmOptions)| {
            let mean_of = |value: fn(&PairResult) -> f64| of_arm(arm).map(value).collect::<Vec<f64>>();
            let interval = |values: &[f64]| Interval::of_mean(values, self.seed);
            let gains = mean_of(|result| result.gain);
            let margins: Vec<f64> = gains.iter().zip(&first).map(|(gain, first)| gain - first).collect();
            let share = |sum: f64| sum / gains.len() as f64;
            ArmReport {
                name: options.name(),
                pairs: gains.len(),
                gain: interval(&gains),
                over_first: interval(&margins),
                distance: interval(&mean_of(|result| result.distance)),
                identity: interval(&mean_of(|result| result.identity)),
                environment_calls: share(mean_of(|result| result.environment_calls as f64).iter().sum()),
                kept: share(gains.iter().filter(|gain| **gain <= 0.0).count() as f64),
            }
        };
        self.arms.iter().enumerate().map(report).collect()
    }
}

impl ArmOptions {
    fn resolve(&self, options: &EvaluateOptions, session: &Session) -> Result<Arm> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match (self.policy, self.search, self.one_shot, self.elm) {
            (Some(method), None, false, None) => self.episodes(method, options),
            (None, Some(way), false, None) => {
                let EvaluateOptions { budget, .. } = *options;
                let (foresight, caution) = (self.foresight, self.caution);
                Ok(Arm::Search { strategy: way.strategy(), budget, foresight, caution })
            }
            (None, None, true, None) => Ok(Arm::OneShot { count: options.budget }),
            (None, None, false, Some(name)) => Ok(Arm::Jump { manifold: name.manifold(session)? }),
            (None, None, false, None) => bad("an arm", "name a policy, a search, oneShot or elm"),
            _ => bad("an arm", "name only one of policy, search, oneShot and elm"),
        }
    }

    /// As many episodes as the budget pays for. A policy that looks ahead has every candidate rewritten.
    fn episodes(&self, method: Method, options: &EvaluateOptions) -> Result<Arm> {
        let EvaluateOptions { horizon, candidates, budget, .. } = *options;
        let each = if method.looks_ahead() { horizon.saturating_mul(candidates) } else { horizon };
        let method = if method == Method::BestOfN { Method::Uniform } else { method };
        match budget / each {
            0 => {
                let why = "it does not pay for one episode of a policy: raise it, or lower horizon or candidates";
                Err(NumericError::BadSetting { what: "budget", why }.into())
            }
            count => Ok(Arm::Episodes { method, space: self.space, temperature: self.temperature, count }),
        }
    }

    fn name(&self) -> String {
        let search = |way: SearchWay| match way {
            SearchWay::Greedy => "greedy search",
            SearchWay::Beam => "beam search",
            SearchWay::Tree => "tree search",
            SearchWay::BestOfN => "best of N",
        };
        let elm = |name: ManifoldName| match name {
            ManifoldName::Ball => "ELM, balls",
            ManifoldName::Graph => "ELM, graph",
            ManifoldName::PullBack => "ELM, pull-back metric",
        };
        let told = self.policy.map(Method::name).or(self.search.map(search)).or(self.elm.map(elm));
        self.name.clone().unwrap_or_else(|| told.unwrap_or("one shot").to_owned())
    }
}

impl SearchWay {
    /// Without a width of its own a beam is two wide.
    pub fn strategy(self) -> Strategy {
        match self {
            SearchWay::Greedy => Strategy::Beam { width: 1 },
            SearchWay::Beam => Strategy::Beam { width: 2 },
            SearchWay::Tree => Strategy::Tree,
            SearchWay::BestOfN => Strategy::BestOfN,
        }
    }
}

impl ManifoldName {
    /// With default settings; balls reach as far as neighbours typically are apart.
    pub fn manifold(self, session: &Session) -> Result<Manifold> {
        Ok(match self {
            ManifoldName::Ball => Manifold::Ball { radius: BALL * session.agent()?.items().spacing() },
            ManifoldName::Graph => Manifold::NeighbourGraph { neighbours: 8 },
            ManifoldName::PullBack => Manifold::pull_back(),
        })
    }
}
