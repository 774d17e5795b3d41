//! `aquiline evaluate`: what policies gain on low-rated items, with intervals.

use aquiline::eval::Interval;
use aquiline::rollout::{Ended, Outcome as Counts};
use aquiline::session::Method;
use aquiline::session::arm::Pair;
use serde::Serialize;

use crate::data::{DataArguments, read};
use crate::failure::{Failure, Outcome};
use crate::llm::LlmArguments;
use crate::output;
use crate::values::{self, EpisodeArguments};
use crate::world::{ModelArguments, World};

/// Of `aquiline evaluate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    #[command(flatten)]
    llm: LlmArguments,
    /// A way to choose; several may be named [default: uniform and greedy]
    #[arg(long = "policy", value_name = "POLICY", value_parser = values::method())]
    policies: Vec<Method>,
    /// Pairs of a user and an item they rated low
    #[arg(long, default_value_t = 20, value_parser = values::positive)]
    pairs: usize,
    #[command(flatten)]
    episode: EpisodeArguments,
}

/// The comparison; intervals are of 95 %, by bootstrap over pairs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Comparison {
    pairs: usize,
    horizon: usize,
    candidates: usize,
    seed: u64,
    policies: Vec<Score>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Score {
    policy: &'static str,
    /// U of the text that counts, less U of the anchor; where the best counts, 0 for an anchor that is kept.
    gain: Interval,
    /// The same, less that of the first policy on the same pair.
    over_first: Interval,
    /// Share of episodes without a text that counts and is better, so that the anchor was kept.
    kept: f64,
    /// Rewrites of an episode.
    rewrites: f64,
}

/// What a policy came to, pair by pair.
struct Runs {
    gains: Vec<f64>,
    kept: usize,
    rewrites: usize,
}

/// Steers every pair by every policy.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let policy_file = arguments.episode.policy_file.as_deref();
    values::check_policy(&arguments.policies, policy_file)?;
    let policy = policy_file.map(read).transpose()?;
    let writer = arguments.llm.writer(arguments.data.domain(), &arguments.models.cache, None)?;
    let mut world = World::open(&arguments.data, &arguments.models, Some(writer))?;
    if let Some(bytes) = policy {
        world.load_policy(&bytes, arguments.data.seed)?;
    }
    world.end(arguments.compare(&world))
}

impl Arguments {
    fn compare(&self, world: &World) -> Outcome<()> {
        let pairs = world.session.low_pairs(self.pairs, self.data.seed)?;
        let policies = match self.policies.as_slice() {
            [] => &[Method::Uniform, Method::Greedy],
            named => named,
        };
        let runs = policies.iter().map(|&policy| self.runs(world, &pairs, policy)).collect::<Outcome<Vec<_>>>()?;
        let comparison = Comparison::of(self, policies, &runs);
        if self.data.json { output::json(&comparison) } else { comparison.print() }
    }

    fn runs(&self, world: &World, pairs: &[Pair], policy: Method) -> Outcome<Runs> {
        let mut runs = Runs { gains: Vec::new(), kept: 0, rewrites: 0 };
        for (number, Pair { user, item }) in pairs.iter().enumerate() {
            let seed = self.data.seed.wrapping_add(number as u64);
            let options = self.episode.options(user.clone(), item.clone(), policy, seed);
            let trajectory = world.steer(&options, |_| Ok(()))?.trajectory;
            if trajectory.ended == Ended::Budget {
                let message =
                    format!("the budget is spent after {number} of {} pairs by {}", pairs.len(), policy.name());
                return Err(Failure::failed(message));
            }
            let counts = match self.episode.outcome {
                Counts::Best => trajectory.outcome(),
                Counts::Last => trajectory.last(),
            };
            runs.gains.push(f64::from(counts.utility - trajectory.anchor.utility));
            runs.kept += usize::from(trajectory.is_kept());
            runs.rewrites += trajectory.environment_calls;
        }
        Ok(runs)
    }
}

impl Comparison {
    fn of(arguments: &Arguments, policies: &[Method], runs: &[Runs]) -> Self {
        let EpisodeArguments { horizon, candidates, .. } = arguments.episode;
        let seed = arguments.data.seed;
        let first = runs.first().map_or(&[][..], |first| &first.gains);
        let score = |(policy, runs): (&Method, &Runs)| {
            let margins: Vec<f64> = runs.gains.iter().zip(first).map(|(gain, first)| gain - first).collect();
            let share = |count: usize| count as f64 / runs.gains.len() as f64;
            Score {
                policy: policy.name(),
                gain: Interval::of_mean(&runs.gains, seed),
                over_first: Interval::of_mean(&margins, seed),
                kept: share(runs.kept),
                rewrites: share(runs.rewrites),
            }
        };
        let policies = policies.iter().zip(runs).map(score).collect();
        Comparison { pairs: first.len(), horizon, candidates, seed, policies }
    }

    fn print(&self) -> Outcome<()> {
        let Comparison { pairs, horizon, candidates, seed, policies } = self;
        output::line(format_args!(
            "{pairs} low-rated pairs, {horizon} edits, {candidates} candidates, seed {seed}; means with 95 % intervals"
        ))?;
        let columns = ("policy", "gain in U", "over the first", "kept", "rewrites");
        output::line(format_args!(
            "{:16} {:27} {:27} {:>4} {:>9}",
            columns.0, columns.1, columns.2, columns.3, columns.4
        ))?;
        policies.iter().try_for_each(Score::print)
    }
}

impl Score {
    fn print(&self) -> Outcome<()> {
        let Score { policy, gain, over_first, kept, rewrites } = self;
        let (gain, over_first) = (gain.to_string(), over_first.to_string());
        output::line(format_args!("{policy:16} {gain:27} {over_first:27} {kept:4.2} {rewrites:9.1}"))
    }
}
