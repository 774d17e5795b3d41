//! EAGLE against the reference it was trained from, on the embedded catalog: U, a judge fitted to other users and other
//! ratings than U, and the hidden enjoyment that neither sees. Trained for three quarters of the users that U knows,
//! measured on low-rated pairs of the others.
//!
//! `cargo bench --bench eagle -- UPDATES CANDIDATES KL_WEIGHT SEED` (defaults 20, 60, 0.1, 0); the figures are printed
//! after each ten updates.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::alignment::AlignmentSettings;
use aquiline::catalog::Item;
use aquiline::encoder::Encoder;
use aquiline::eval::Interval;
use aquiline::judge::Judge;
use aquiline::objective::fields;
use aquiline::session::view::{Tell, TrainEvent};
use aquiline::session::{Dataset, Method, Session, SteerOptions, TrainOptions};
use aquiline::simulator::tastes::{Attributes, Tastes};
use aquiline::simulator::{Simulator, SimulatorSettings};
use aquiline::train::TrainSettings;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// "Low-rated": at most this share of the top rating.
const LOW: f32 = 0.5;
const SEED: u64 = 0;
const PAIRS: usize = 50;
/// Updates between two measurements.
const ROUND: usize = 10;

/// A session, who is steered in it, and what they truly enjoy.
struct World {
    session: Session,
    attributes: Vec<Attributes>,
    tastes: Tastes,
    judge: Judge,
    encoder: Encoder,
    train: Vec<String>,
    pairs: Vec<(String, String)>,
}

/// Gains over the anchor, pair by pair.
#[derive(Default)]
struct Gains {
    utility: Vec<f64>,
    judge: Vec<f64>,
    enjoyment: Vec<f64>,
}

fn main() {
    let mut world = World::open();
    let options = options(&world.train);
    let started = Instant::now();
    let fit =
        pollster::block_on(world.session.fit_reference(&options, async |_| Ok(()))).expect("the options are valid");
    println!("{fit:?}, after {:.0?}", started.elapsed());
    world.measure(Method::Uniform, &options);
    let reference = world.measure(Method::EagleReference, &options);
    for round in 0..options.updates.div_ceil(ROUND) {
        let updates = ROUND.min(options.updates - round * ROUND);
        let of_round = TrainOptions { updates, ..options.clone() };
        let tell = async |told: Tell| {
            print(&told);
            Ok(())
        };
        pollster::block_on(world.session.train(&of_round, tell)).expect("the reference is fitted");
        let eagle = world.measure(Method::Eagle, &options);
        let margin = |of: fn(&Gains) -> &Vec<f64>| -> Vec<f64> {
            of(&eagle).iter().zip(of(&reference)).map(|(eagle, reference)| eagle - reference).collect()
        };
        println!("  EAGLE − reference, after {:.0?}", started.elapsed());
        println!("    U                       {}", Interval::of_mean(&margin(|gains| &gains.utility), SEED));
        println!("    judge                   {}", Interval::of_mean(&margin(|gains| &gains.judge), SEED));
        println!("    hidden enjoyment, stars {}", Interval::of_mean(&margin(|gains| &gains.enjoyment), SEED));
    }
}

fn argument<T: std::str::FromStr>(place: usize, otherwise: T) -> T {
    std::env::args().nth(place).and_then(|argument| argument.parse().ok()).unwrap_or(otherwise)
}

fn options(users: &[String]) -> TrainOptions {
    TrainOptions {
        reference_episodes: 24,
        reference_horizon: 1,
        updates: argument(1, 20),
        candidates: argument(2, 60),
        users: users.to_vec(),
        settings: TrainSettings {
            shaping: true,
            trace: 0.5,
            kl_weight: argument(3, 0.1),
            seed: argument(4, SEED),
            ..Default::default()
        },
        ..Default::default()
    }
}

fn print(told: &Tell) {
    let Tell::Training(event) = told else { return };
    let TrainEvent::Update { log } = &**event else { return };
    println!(
        "  {:3}: gain {:+.3}, KL {:.2}, entropy {:.2}, explained {:+.2}",
        log.update, log.gain_mean, log.kl, log.entropy, log.explained_variance
    );
}

impl World {
    fn open() -> Self {
        let jsonl = std::fs::read("data/catalog.jsonl").expect("the embedded catalog is in the checkout");
        let dataset = Dataset::embedded(&jsonl, SEED).expect("the embedded catalog is well formed");
        let attributes =
            Attributes::from_jsonl(&jsonl, "catalog.jsonl", &dataset.catalog).expect("every item has attributes");
        let tastes = Tastes::sample(&attributes, SEED);
        let fields = support::field_vectors(&dataset.catalog);
        let division = dataset.ratings.divide(0.5, 0.25, SEED);
        let of_judge = AlignmentSettings { seed: SEED + 1, ..Default::default() };
        let judge = Judge::fit(&division, &fields, &of_judge).expect("the jury has ratings");
        let accuracy = Interval::of_mean(&judge.accuracy(&division.reward), SEED);
        println!("the judge orders pairs of ratings that it never saw: {accuracy} right (0.5 is chance)");
        let dataset = Dataset { ratings: division.reward, ..dataset };
        let encoder = support::encoder();
        let stored = std::fs::read(support::vector_file(encoder.fingerprint())).expect("the vectors were just stored");
        let mut session = Session::new(encoder, dataset, SEED);
        pollster::block_on(session.prepare(Some(&stored), async |_| Ok(()))).expect("the catalog can be prepared");
        let agent = session.agent().expect("the session is prepared");
        let ratings = agent.ratings();
        let steered = |&user: &usize| !ratings.by_user()[user].is_empty();
        let steered = (0..ratings.users().len()).filter(steered);
        let mut users: Vec<String> = steered.map(|user| ratings.users()[user].clone()).collect();
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
        let (test, train) = users.split_at(users.len() / 4);
        let low = |user: &String| Some((user.clone(), agent.low_rated(user, LOW).ok()?.id.clone()));
        let (pairs, train) = (test.iter().filter_map(low).take(PAIRS).collect(), train.to_vec());
        World { session, attributes, tastes, judge, encoder: support::encoder(), train, pairs }
    }

    fn measure(&self, policy: Method, options: &TrainOptions) -> Gains {
        let mut gains = Gains::default();
        for pair in &self.pairs {
            let (utility, judge, enjoyment) = self.gain(pair, policy, options.candidates);
            gains.utility.push(utility);
            gains.judge.push(judge);
            gains.enjoyment.push(enjoyment);
        }
        let of = |values: &[f64]| Interval::of_mean(values, SEED);
        let (utility, judge, enjoyment) = (of(&gains.utility), of(&gains.judge), of(&gains.enjoyment));
        println!("{:16} U {utility}, judge {judge}, hidden enjoyment {enjoyment} stars", policy.name());
        gains
    }

    fn gain(&self, (user, item): &(String, String), policy: Method, candidates: usize) -> (f64, f64, f64) {
        let (user, item) = (user.clone(), item.clone());
        let options = SteerOptions { user, item, policy, candidates, seed: SEED, ..Default::default() };
        let (trajectory, _) =
            pollster::block_on(self.session.steer(&options, async |_| Ok(()))).expect("the pair exists");
        let agent = self.session.agent().expect("the session is prepared");
        let user = agent.ratings().user_index(&options.user).expect("the user exists");
        let judged = |item: &Item| {
            let texts = fields(item);
            let vectors = support::encode(&self.encoder, &texts.each_ref().map(String::as_str));
            self.judge.rating(user, &vectors.concat()).expect("the judge knows every user")
        };
        let anchor = &self.attributes[agent.catalog().index_of(&options.item).expect("the item exists")];
        let simulator = Simulator::new(SimulatorSettings::default());
        let after = simulator.true_attributes(anchor, &trajectory.last().item);
        let enjoyment = self.tastes.enjoyment(user, &after) - self.tastes.enjoyment(user, anchor);
        (
            f64::from(trajectory.last().utility - trajectory.anchor.utility),
            f64::from(judged(&trajectory.last().item) - judged(&trajectory.anchor.item)),
            f64::from(enjoyment),
        )
    }
}
