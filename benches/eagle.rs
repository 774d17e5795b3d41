//! EAGLE against the reference it was trained from, on the embedded catalog: U, a judge fitted to other users and other
//! ratings than U, and the hidden enjoyment that neither sees. Trained for three quarters of the users that U knows,
//! measured on low-rated pairs of the others.
//!
//! `cargo bench --bench eagle -- UPDATES CANDIDATES KL_WEIGHT SEED RATE` (defaults 30, 100, 0.1, 0, and the learner's
//! own rate); the figures are printed after each ten updates.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::action::ActionSpace;
use aquiline::experiment::{Anchors, Arm, HiddenTastes, Metric, Pair, Row, World};
use aquiline::session::view::{Tell, TrainEvent};
use aquiline::session::{Method, TrainOptions};
use aquiline::train::TrainSettings;

const PAIRS: usize = 50;
/// Updates between two measurements.
const ROUND: usize = 10;

fn main() {
    let (mut world, options) = (open(), options());
    let started = Instant::now();
    println!("the judge orders pairs of ratings that it never saw: {} right", world.judge_accuracy());
    let fit = pollster::block_on(world.fit_reference(&options, async |_| Ok(()))).expect("the options are valid");
    println!("{fit:?}, after {:.0?}", started.elapsed());
    let pairs = world.pairs(Anchors::Low, PAIRS).expect("there are low-rated items");
    measure(&world, Method::Uniform, &pairs, &options);
    let reference = measure(&world, Method::EagleReference, &pairs, &options);
    for round in 0..options.updates.div_ceil(ROUND) {
        let updates = ROUND.min(options.updates - round * ROUND);
        let of_round = TrainOptions { updates, ..options.clone() };
        let tell = async |told: Tell| {
            print(&told);
            Ok(())
        };
        pollster::block_on(world.train(&of_round, tell)).expect("the reference is fitted");
        let eagle = measure(&world, Method::Eagle, &pairs, &options);
        measure(&world, Method::Foresight, &pairs, &options);
        println!("  EAGLE − reference, after {:.0?}", started.elapsed());
        for metric in [Metric::UtilityGain, Metric::JudgeGain, Metric::EnjoymentGain] {
            let difference = eagle.difference(&reference, metric).expect("the pairs are the same");
            println!("    {:24} {difference}", metric.name());
        }
    }
}

fn open() -> World {
    let seed = argument(4, 0);
    let jsonl = std::fs::read("data/catalog.jsonl").expect("the embedded catalog is in the checkout");
    let (dataset, hidden) = HiddenTastes::embedded(&jsonl, seed).expect("the embedded catalog is well formed");
    support::field_vectors(&dataset.catalog);
    let encoder = support::encoder();
    let stored = std::fs::read(support::vector_file(encoder.fingerprint())).expect("the vectors were just stored");
    let world = World::open(encoder, dataset, Some(hidden), Some(&stored), seed, async |_| Ok(()));
    pollster::block_on(world).expect("the catalog can be prepared")
}

fn argument<T: std::str::FromStr>(place: usize, otherwise: T) -> T {
    std::env::args().nth(place).and_then(|argument| argument.parse().ok()).unwrap_or(otherwise)
}

fn options() -> TrainOptions {
    let mut settings = TrainSettings {
        shaping: true,
        trace: 0.5,
        kl_weight: argument(3, 0.1),
        seed: argument(4, 0),
        ..Default::default()
    };
    settings.optimizer.policy_rate = argument(5, settings.optimizer.policy_rate);
    TrainOptions {
        reference_episodes: 24,
        reference_horizon: 1,
        updates: argument(1, 30),
        candidates: argument(2, 100),
        settings,
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

fn measure(world: &World, method: Method, pairs: &[Pair], options: &TrainOptions) -> Row {
    let arm = Arm::Episodes { method, space: ActionSpace::All, count: 1 };
    let outcomes = pollster::block_on(world.measure(&arm, pairs, options.candidates, async |_| Ok(())));
    let row = Row { name: method.name().to_owned(), seeds: vec![outcomes.expect("the pairs exist")] };
    let of = |metric| row.interval(metric).expect("it applies");
    let (utility, judge, enjoyment) = (of(Metric::UtilityGain), of(Metric::JudgeGain), of(Metric::EnjoymentGain));
    println!("{:16} U {utility}, judge {judge}, hidden enjoyment {enjoyment} stars", row.name);
    row
}
