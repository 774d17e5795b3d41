//! EAGLE against the reference it was trained from, on the embedded catalog: U, a judge fitted to other users and other
//! ratings than U, and the hidden enjoyment that neither sees. Trained for three quarters of the users that U knows,
//! measured on low-rated pairs of the others.
//!
//! `cargo bench --bench eagle -- UPDATES CANDIDATES KL_WEIGHT SEED RATE EPISODES` (defaults 30, 100, 0.1, 0, the learner's
//! own rate, and 24 episodes that the reference is fitted to); the figures are printed after each ten updates, with
//! actions drawn as in training and with the most probable one taken.

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
    measure(&world, Arm::episodes(Method::Uniform, 1), &pairs, &options);
    let references = MODES.map(|mode| measure(&world, mode.of(Method::EagleReference), &pairs, &options));
    for round in 0..options.updates.div_ceil(ROUND) {
        let updates = ROUND.min(options.updates - round * ROUND);
        let of_round = TrainOptions { updates, ..options.clone() };
        let tell = async |told: Tell| {
            print(&told);
            Ok(())
        };
        pollster::block_on(world.train(&of_round, tell)).expect("the reference is fitted");
        measure(&world, Arm::episodes(Method::Foresight, 1), &pairs, &options);
        for (mode, reference) in MODES.iter().zip(&references) {
            let eagle = measure(&world, mode.of(Method::Eagle), &pairs, &options);
            println!("  EAGLE − reference, {}, after {:.0?}", mode.name(), started.elapsed());
            for metric in [Metric::UtilityGain, Metric::JudgeGain, Metric::EnjoymentGain] {
                let difference = eagle.difference(reference, metric).expect("the pairs are the same");
                println!("    {:24} {difference}", metric.name());
            }
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
        reference_episodes: argument(6, 24),
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

fn measure(world: &World, arm: Arm, pairs: &[Pair], options: &TrainOptions) -> Row {
    let outcomes = pollster::block_on(world.measure(&arm, pairs, options.candidates, async |_| Ok(())));
    let row = Row { name: String::new(), seeds: vec![outcomes.expect("the pairs exist")] };
    let of = |metric| row.interval(metric).expect("it applies");
    let (utility, judge, enjoyment) = (of(Metric::UtilityGain), of(Metric::JudgeGain), of(Metric::EnjoymentGain));
    println!("{arm:?}\n  U {utility}, judge {judge}, hidden enjoyment {enjoyment} stars");
    row
}

/// How a policy's actions are taken.
#[derive(Clone, Copy)]
enum Mode {
    Drawn,
    MostProbable,
}

const MODES: [Mode; 2] = [Mode::Drawn, Mode::MostProbable];

impl Mode {
    fn of(self, method: Method) -> Arm {
        let temperature = matches!(self, Mode::MostProbable).then_some(0.0);
        Arm::Episodes { method, space: ActionSpace::All, temperature, count: 1 }
    }

    fn name(self) -> &'static str {
        match self {
            Mode::Drawn => "actions drawn",
            Mode::MostProbable => "most probable actions",
        }
    }
}
