//! Arms are compared on the same pairs, at the cost they say, and a table shows what it was given. The encoder is real.

mod support;

use std::sync::LazyLock;

use aquiline::action::ActionSpace;
use aquiline::elm::Manifold;
use aquiline::experiment::{Anchors, Arm, HiddenTastes, Metric, Outcome, Pair, Row, Table, World};
use aquiline::search::Strategy;
use aquiline::session::{Dataset, Method, Session, TrainOptions};
use aquiline::simulator::{Simulator, SimulatorSettings};

const CANDIDATES: usize = 8;

static JSONL: LazyLock<String> = LazyLock::new(|| {
    let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    jsonl.lines().take(24).collect::<Vec<_>>().join("\n")
});

static VECTORS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    pollster::block_on(session.prepare(None, async |_| Ok(()))).unwrap();
    session.cache_bytes().expect("everything is new")
});

fn dataset() -> Dataset {
    Dataset::embedded(JSONL.as_bytes(), 0).unwrap()
}

fn world() -> World {
    let (dataset, hidden) = HiddenTastes::embedded(JSONL.as_bytes(), 0).unwrap();
    let world = World::open(support::encoder(), dataset, Some(hidden), Some(&VECTORS), 0, async |_| Ok(()));
    pollster::block_on(world).unwrap()
}

/// A policy that has seen little, for the arms that need any.
fn trained() -> World {
    let options = TrainOptions {
        reference_episodes: 8,
        reference_horizon: 1,
        reference_epochs: 2,
        updates: 1,
        episodes: 2,
        horizon: 2,
        candidates: CANDIDATES,
        ..Default::default()
    };
    let mut world = world();
    pollster::block_on(world.fit_reference(&options, async |_| Ok(()))).unwrap();
    assert_eq!(pollster::block_on(world.train(&options, async |_| Ok(()))).unwrap().len(), 1);
    world
}

fn measure(world: &World, arm: &Arm, pairs: &[Pair]) -> Vec<Outcome> {
    pollster::block_on(world.measure(arm, pairs, CANDIDATES, async |_| Ok(()))).unwrap()
}

#[test]
fn every_arm_costs_what_it_says_and_reports_every_judge() {
    let world = trained();
    let pairs = world.pairs(Anchors::Low, 1).unwrap();
    let greedy = Strategy::Beam { width: 1 };
    let arms = [
        (Arm::episodes(Method::Uniform, 2), 10),
        (Arm::episodes(Method::Eagle, 1), 5),
        (Arm::episodes(Method::EagleReference, 1), 5),
        (Arm::episodes(Method::Foresight, 1), 5),
        (Arm::Episodes { method: Method::Uniform, space: ActionSpace::Combined, temperature: None, count: 1 }, 5),
        (Arm::AtOnce, 6),
        (Arm::OneShot { count: 3 }, 3),
        (Arm::Search { strategy: greedy, budget: 4, foresight: true, caution: 1.0 }, 4),
        (Arm::search(Strategy::Tree, 4), 4),
        (Arm::Jump { manifold: Manifold::NeighbourGraph { neighbours: 4 } }, 1),
        (Arm::JumpThenEdit { budget: 4 }, 4),
    ];
    for (arm, calls) in arms {
        let outcome = measure(&world, &arm, &pairs).remove(0);
        assert_eq!(outcome.environment_calls, calls, "{arm:?}");
        assert_eq!(outcome.pair, pairs[0]);
        let jumps = matches!(arm, Arm::Jump { .. } | Arm::JumpThenEdit { .. });
        for metric in Metric::ALL {
            let applies = match metric {
                Metric::RealisabilityGap => jumps,
                // What a blend of other texts is truly like is not known.
                Metric::EnjoymentGain => !matches!(arm, Arm::Jump { .. }),
                _ => true,
            };
            assert_eq!(metric.of(&outcome).is_some_and(f64::is_finite), applies, "{arm:?} {metric:?}");
        }
        assert!(outcome.distance > 0.0 && outcome.identity < 1.0, "{arm:?} changed the text: {outcome:?}");
    }
}

#[test]
fn the_best_of_several_episodes_is_no_worse_than_the_first() {
    let world = world();
    let pairs = world.pairs(Anchors::Low, 2).unwrap();
    let one = measure(&world, &Arm::episodes(Method::Uniform, 1), &pairs);
    let best = measure(&world, &Arm::episodes(Method::Uniform, 3), &pairs);
    for (one, best) in one.iter().zip(&best) {
        assert!(best.utility_after >= one.utility_after);
    }
    assert_eq!(one, measure(&world, &Arm::episodes(Method::Uniform, 1), &pairs), "equal seeds give equal outcomes");
}

#[test]
fn anchors_are_low_or_high_as_asked_and_nobody_is_steered_twice() {
    let world = world();
    let agent = world.session().agent().unwrap();
    let ratings = agent.ratings();
    for (anchors, allowed) in [(Anchors::Low, 0.0..=2.5), (Anchors::High, 4.0..=5.0)] {
        let pairs = world.pairs(anchors, 20).unwrap();
        for pair in &pairs {
            let user = ratings.user_index(&pair.user).unwrap();
            let rated = ratings.by_user()[user].iter().find(|r| ratings.items()[r.item as usize] == pair.item);
            assert!(rated.is_some_and(|rating| allowed.contains(&rating.value)), "{pair:?} {rated:?}");
        }
        let mut users: Vec<&str> = pairs.iter().map(|pair| pair.user.as_str()).collect();
        users.dedup();
        assert_eq!(users.len(), pairs.len());
        assert_eq!(pairs, world.pairs(anchors, 20).unwrap());
    }
}

#[test]
fn a_policy_can_be_gone_back_to_and_tried_in_another_environment() {
    let mut world = trained();
    let pairs = world.pairs(Anchors::Low, 1).unwrap();
    let arm = Arm::episodes(Method::Eagle, 1);
    let (bytes, before) = (world.policy_bytes().unwrap(), measure(&world, &arm, &pairs));
    world = world.with_simulator(Simulator::new(SimulatorSettings { fidelity: 0.0, temperature: 1.0 }));
    assert_ne!(measure(&world, &arm, &pairs), before, "an environment that never obeys writes other texts");
    world = world.with_simulator(Simulator::new(SimulatorSettings::default()));
    world.load_policy(&bytes).unwrap();
    assert_eq!(measure(&world, &arm, &pairs), before);
}

#[test]
fn a_design_over_predictions_is_compared_with_one_that_pays_for_everything() {
    let world = trained();
    let pairs = world.pairs(Anchors::Low, 2).unwrap();
    let found = pollster::block_on(world.foresight(&pairs, CANDIDATES, async |_| Ok(()))).unwrap();
    let costs: Vec<usize> = found.iter().map(|foresight| foresight.paid).collect();
    assert_eq!(costs, [1, 2, 4, 1, 2, 4], "a tenth, a quarter and half of eight, at each of two anchors");
    for foresight in found {
        assert_eq!((foresight.candidates, foresight.design), (8, foresight.paid));
        // Exchange ends in a local optimum, which another start may beat by a little.
        assert!(foresight.predicted.design <= foresight.known.design + 1e-2, "{foresight:?}");
        assert!(foresight.predicted.paid <= foresight.known.paid + 1e-2, "{foresight:?}");
        assert!(foresight.shortfall().is_finite());
    }
}

#[test]
fn what_needs_a_policy_says_so() {
    let world = world();
    let pairs = world.pairs(Anchors::Low, 1).unwrap();
    let foresighted = Arm::Search { strategy: Strategy::Tree, budget: 4, foresight: true, caution: 0.0 };
    for arm in [Arm::episodes(Method::Foresight, 1), Arm::AtOnce, foresighted] {
        let failed = pollster::block_on(world.measure(&arm, &pairs, CANDIDATES, async |_| Ok(())));
        assert_eq!(failed.unwrap_err().code(), "training.untrained", "{arm:?}");
    }
    assert_eq!(world.policy_bytes().unwrap_err().code(), "training.untrained");
}

fn outcome(user: &str, after: f64) -> Outcome {
    Outcome {
        pair: Pair { user: user.into(), item: "kites".into() },
        utility_before: 0.5,
        utility_after: after,
        judge_gain: 0.0,
        enjoyment_gain: None,
        distance: 1.0,
        identity: 0.9,
        environment_calls: 5,
        realisability_gap: None,
    }
}

#[test]
fn a_table_has_a_line_for_each_arm_and_no_column_that_says_nothing() {
    let row = |name: &str, after: f64| Row { name: name.into(), seeds: vec![vec![outcome("ann", after)]; 3] };
    let table = Table { title: "embedded".into(), rows: vec![row("random", 0.6), row("eagle", 0.7)] };
    let markdown = table.to_markdown();
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "| embedded | U | U gain | judge gain | distance | identity | calls |");
    assert_eq!(lines[3].split('|').map(str::trim).nth(3), Some("+0.200 [+0.200, +0.200]"));
}

#[test]
fn differences_are_taken_pair_by_pair_or_not_at_all() {
    let row = |users: [&str; 2], lift: f64| {
        let outcomes = users.into_iter().zip([0.1, 0.8]).map(|(user, after)| outcome(user, after + lift));
        Row { name: String::new(), seeds: vec![outcomes.collect()] }
    };
    let (low, high) = (row(["ann", "ben"], 0.0), row(["ann", "ben"], 0.1));
    let difference = high.difference(&low, Metric::Utility).unwrap();
    assert!((difference.mean - 0.1).abs() < 1e-9 && (difference.high - difference.low).abs() < 1e-9);
    assert_eq!(high.difference(&low, Metric::EnjoymentGain), None);
    assert_eq!(row(["ben", "ann"], 0.0).difference(&low, Metric::Utility), None, "these are other pairs");
}
