//! Steering seeded low-rated (user, item) pairs: greedy over the design's actions against random
//! edits and against staying at the anchor, on the embedded catalog and on ml-latest-small; as in the paper (the last
//! text counts) and as it is used (the best text counts, and an episode ends where nothing gains).
//!
//! `cargo bench --bench steering -- PAIRS` sets the number of pairs (default 50).

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::eval::Interval;
use aquiline::rollout::Outcome;
use aquiline::session::{Dataset, Method, Session, SteerOptions};
use aquiline::simulator::Simulator;
use aquiline::simulator::SimulatorSettings;
use aquiline::simulator::tastes::{Attributes, Population, Tastes};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// "Low-rated": at most this share of the top rating.
const LOW: f32 = 0.5;
const SEED: u64 = 0;

fn main() {
    let named = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    let pairs = named.unwrap_or(50);
    let jsonl = std::fs::read("data/catalog.jsonl").expect("the embedded catalog is in the checkout");
    let embedded = Dataset::embedded(&jsonl, SEED).expect("the embedded catalog is well formed");
    let attributes =
        Attributes::from_jsonl(&jsonl, "catalog.jsonl", &embedded.catalog).expect("every item has attributes");
    let tastes = Tastes::sample(&attributes, Population::default(), SEED);
    let world = World { tastes, attributes };
    measure("embedded catalog", embedded, pairs, Some(&world));

    let (Some(catalog), Some(ratings)) = (support::movielens_catalog(), support::movielens_ratings()) else { return };
    let ratings = ratings.for_catalog(&catalog).expect("the items are the same");
    measure("ml-latest-small", Dataset { catalog, ratings, is_embedded: false }, pairs, None);
}

/// What the simulated users truly enjoy; no reward sees it.
struct World {
    tastes: Tastes,
    attributes: Vec<Attributes>,
}

struct Run {
    gain: f64,
    rewrites: usize,
    /// Whether no text on the way was better than the outcome.
    is_best: bool,
    /// Gain in hidden enjoyment, in stars, where the world is known.
    true_gain: Option<f64>,
}

fn measure(name: &str, dataset: Dataset, pairs: usize, world: Option<&World>) {
    support::field_vectors(&dataset.catalog);
    let encoder = support::encoder();
    let path = support::vector_file(encoder.fingerprint());
    let stored = std::fs::read(path).expect("the vectors were just stored");
    let mut session = Session::new(encoder, dataset, SEED);
    session.allow_simulator();
    pollster::block_on(session.prepare(Some(&stored), async |_| Ok(()))).expect("the catalog can be prepared");
    let pairs = low_rated_pairs(&session, pairs);
    let started = Instant::now();
    let all = |method, outcome| -> Vec<Run> {
        pairs.iter().map(|pair| run(&session, pair, method, outcome, world)).collect()
    };
    let greedy = all(Method::Greedy, Outcome::Last);
    let seconds = started.elapsed().as_secs_f64() / pairs.len() as f64;
    let random = all(Method::Uniform, Outcome::Last);
    let best = all(Method::Greedy, Outcome::Best);
    let with_random = all(Method::Uniform, Outcome::Best);

    let gains = |runs: &[Run]| runs.iter().map(|run| run.gain).collect::<Vec<_>>();
    let margins: Vec<f64> = gains(&greedy).iter().zip(gains(&random)).map(|(greedy, random)| greedy - random).collect();
    println!("{name}: {} low-rated pairs, H = 5, {seconds:.1} s an episode", pairs.len());
    println!("  U, greedy over the design's actions − anchor   {}", Interval::of_mean(&gains(&greedy), SEED));
    println!("  U, random edits − anchor                       {}", Interval::of_mean(&gains(&random), SEED));
    println!("  U, greedy − random edits                       {}", Interval::of_mean(&margins, SEED));
    println!("  U, greedy, the best text counts − anchor       {}", Interval::of_mean(&gains(&best), SEED));
    println!("  U, random edits, the best text counts − anchor {}", Interval::of_mean(&gains(&with_random), SEED));
    let rewrites = |runs: &[Run]| runs.iter().map(|run| run.rewrites).sum::<usize>() as f64 / runs.len() as f64;
    println!("  rewrites an episode, greedy: {:.1} to the last, {:.1} to the best", rewrites(&greedy), rewrites(&best));
    let equal = |runs: &[Run]| runs.iter().filter(|run| run.is_best).count();
    println!("  outcome is the best text on the way: {} of {} greedy", equal(&best), best.len());
    println!("                                       {} of {} random", equal(&with_random), with_random.len());
    let true_gains: Vec<f64> = greedy.iter().filter_map(|run| run.true_gain).collect();
    if !true_gains.is_empty() {
        println!("  hidden enjoyment, stars, greedy − anchor       {}", Interval::of_mean(&true_gains, SEED));
        let random: Vec<f64> = random.iter().filter_map(|run| run.true_gain).collect();
        println!("  hidden enjoyment, stars, random edits − anchor {}", Interval::of_mean(&random, SEED));
        let best: Vec<f64> = best.iter().filter_map(|run| run.true_gain).collect();
        println!("  hidden enjoyment, stars, the best text counts  {}", Interval::of_mean(&best, SEED));
    }
}

/// One low-rated item for each of `count` users, both seeded.
fn low_rated_pairs(session: &Session, count: usize) -> Vec<(String, String)> {
    let agent = session.agent().expect("the session is prepared");
    let mut users = agent.ratings().users().to_vec();
    users.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
    let with_low = users.into_iter().filter_map(|user| {
        let item = agent.low_rated(&user, LOW).ok()?.id.clone();
        Some((user, item))
    });
    with_low.take(count).collect()
}

fn run(
    session: &Session,
    (user, item): &(String, String),
    policy: Method,
    outcome: Outcome,
    world: Option<&World>,
) -> Run {
    let (user, item) = (user.clone(), item.clone());
    let options = SteerOptions { user, item, policy, outcome, seed: SEED, ..Default::default() };
    let SteerOptions { user, item, .. } = &options;
    let steered = pollster::block_on(session.steer(&options, async |_| Ok(())));
    let (trajectory, _) = steered.expect("the pair exists");
    // Of a run to the last text also a loss counts; the gate would hide it.
    let state = match outcome {
        Outcome::Best => trajectory.outcome(),
        Outcome::Last => trajectory.last(),
    };
    let agent = session.agent().expect("the session is prepared");
    let true_gain = world.map(|world| {
        let simulator = Simulator::new(SimulatorSettings::default());
        let user = agent.ratings().user_index(user).expect("the user exists");
        let anchor = &world.attributes[agent.catalog().index_of(item).expect("the item exists")];
        let after = simulator.true_attributes(anchor, &state.item);
        f64::from(world.tastes.enjoyment(user, &after) - world.tastes.enjoyment(user, anchor))
    });
    let most = trajectory.steps.iter().map(|step| step.state.utility).fold(trajectory.anchor.utility, f32::max);
    Run {
        gain: f64::from(state.utility - trajectory.anchor.utility),
        rewrites: trajectory.environment_calls,
        is_best: trajectory.outcome().utility == most,
        true_gain,
    }
}
