//! EAGLE against the reference it was trained from, on the embedded catalog: U, and the hidden enjoyment that no reward
//! sees. Trained for three quarters of the users, measured on low-rated pairs of the others.
//!
//! `cargo bench --bench eagle -- UPDATES CANDIDATES KL_WEIGHT SEED` (defaults 20, 60, 0.1, 0); the figures are printed
//! after each ten updates.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::eval::Interval;
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
    train: Vec<String>,
    pairs: Vec<(String, String)>,
}

/// Gains over the anchor, pair by pair.
struct Gains {
    utility: Vec<f64>,
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
        support::field_vectors(&dataset.catalog);
        let encoder = support::encoder();
        let stored = std::fs::read(support::vector_file(encoder.fingerprint())).expect("the vectors were just stored");
        let mut session = Session::new(encoder, dataset, SEED);
        pollster::block_on(session.prepare(Some(&stored), async |_| Ok(()))).expect("the catalog can be prepared");
        let agent = session.agent().expect("the session is prepared");
        let mut users = agent.ratings().users().to_vec();
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
        let (test, train) = users.split_at(users.len() / 4);
        let low = |user: &String| Some((user.clone(), agent.low_rated(user, LOW).ok()?.id.clone()));
        let (pairs, train) = (test.iter().filter_map(low).take(PAIRS).collect(), train.to_vec());
        World { session, attributes, tastes, train, pairs }
    }

    fn measure(&self, policy: Method, options: &TrainOptions) -> Gains {
        let gains: Vec<(f64, f64)> =
            self.pairs.iter().map(|pair| self.gain(pair, policy, options.candidates)).collect();
        let (utility, enjoyment): (Vec<f64>, Vec<f64>) = gains.into_iter().unzip();
        let [of_utility, of_enjoyment] = [&utility, &enjoyment].map(|values| Interval::of_mean(values, SEED));
        println!("{:16} U {of_utility}, hidden enjoyment {of_enjoyment} stars", policy.name());
        Gains { utility, enjoyment }
    }

    fn gain(&self, (user, item): &(String, String), policy: Method, candidates: usize) -> (f64, f64) {
        let (user, item) = (user.clone(), item.clone());
        let options = SteerOptions { user, item, policy, candidates, seed: SEED, ..Default::default() };
        let (trajectory, _) =
            pollster::block_on(self.session.steer(&options, async |_| Ok(()))).expect("the pair exists");
        let agent = self.session.agent().expect("the session is prepared");
        let user = agent.ratings().user_index(&options.user).expect("the user exists");
        let anchor = &self.attributes[agent.catalog().index_of(&options.item).expect("the item exists")];
        let simulator = Simulator::new(SimulatorSettings::default());
        let after = simulator.true_attributes(anchor, &trajectory.last().item);
        let enjoyment = self.tastes.enjoyment(user, &after) - self.tastes.enjoyment(user, anchor);
        (f64::from(trajectory.last().utility - trajectory.anchor.utility), f64::from(enjoyment))
    }
}
