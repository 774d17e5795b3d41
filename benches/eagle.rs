//! EAGLE against its own reference on the embedded catalog, with the hidden tastes as judge.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::eval::Interval;
use aquiline::policy::ReferencePolicy;
use aquiline::session::view::{Tell, TrainEvent};
use aquiline::session::{Dataset, Method, Session, SteerOptions, TrainOptions};
use aquiline::simulator::tastes::{Attributes, Tastes};
use aquiline::simulator::{Simulator, SimulatorSettings};
use aquiline::train::TrainSettings;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn main() {
    let number = |n: usize, otherwise: f32| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(otherwise);
    let (updates, candidates, seed, kl) = (number(1, 50.0), number(2, 20.0), number(3, 0.0) as u64, number(4, 0.1));
    let jsonl = std::fs::read("data/catalog.jsonl").unwrap();
    let dataset = Dataset::embedded(&jsonl, 0).unwrap();
    let attributes = Attributes::from_jsonl(&jsonl, "catalog.jsonl", &dataset.catalog).unwrap();
    let tastes = Tastes::sample(&attributes, 0);
    support::field_vectors(&dataset.catalog);
    let encoder = support::encoder();
    let stored = std::fs::read(support::vector_file(encoder.fingerprint())).unwrap();
    let mut session = Session::new(encoder, dataset, 0);
    pollster::block_on(session.prepare(Some(&stored), async |_| Ok(()))).unwrap();
    let mut users = session.agent().unwrap().ratings().users().to_vec();
    users.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    let (test, train) = users.split_at(users.len() / 4);
    let pairs: Vec<(String, String)> = test
        .iter()
        .filter_map(|user| Some((user.clone(), session.agent().unwrap().low_rated(user, 0.5).ok()?.id.clone())))
        .take(50)
        .collect();
    let options = TrainOptions {
        reference: ReferencePolicy::GOptimal,
        reference_episodes: 24,
        reference_horizon: 1,
        reference_epochs: 20,
        updates: updates as usize,
        candidates: candidates as usize,
        users: train.to_vec(),
        settings: TrainSettings { shaping: true, trace: 0.5, kl_weight: kl, seed, ..Default::default() },
        ..Default::default()
    };
    let started = Instant::now();
    let fit = pollster::block_on(session.fit_reference(&options, async |_| Ok(()))).unwrap();
    println!("{fit:?} {:.0?}", started.elapsed());
    let evaluate = |session: &Session, policy: Method| {
        let started = Instant::now();
        let runs: Vec<(f64, f64)> = pairs
            .iter()
            .map(|(user, item)| {
                let o = SteerOptions {
                    user: user.clone(),
                    item: item.clone(),
                    policy,
                    candidates: candidates as usize,
                    ..Default::default()
                };
                let (t, _) = pollster::block_on(session.steer(&o, async |_| Ok(()))).unwrap();
                let agent = session.agent().unwrap();
                let u = agent.ratings().user_index(user).unwrap();
                let anchor = &attributes[agent.catalog().index_of(item).unwrap()];
                let after = Simulator::new(SimulatorSettings::default()).true_attributes(anchor, &t.last().item);
                let truth = tastes.enjoyment(u, &after) - tastes.enjoyment(u, anchor);
                (f64::from(t.last().utility - t.anchor.utility), f64::from(truth))
            })
            .collect();
        let (u, j): (Vec<f64>, Vec<f64>) = runs.into_iter().unzip();
        println!(
            "{:16} U {}  judge {}  {:.0?}",
            policy.name(),
            Interval::of_mean(&u, 0),
            Interval::of_mean(&j, 0),
            started.elapsed()
        );
        (u, j)
    };
    evaluate(&session, Method::Uniform);
    let reference = evaluate(&session, Method::EagleReference);
    let log = async |told: Tell| {
        if let Tell::Training(event) = told
            && let TrainEvent::Update { log } = *event
        {
            println!(
                "{:3} reward {:.3} ±{:.3} gain {:.3} kl {:.2} H {:.2} ev {:.2} g {:.2} {:.0?}",
                log.update,
                log.reward_mean,
                log.reward_std,
                log.gain_mean,
                log.kl,
                log.entropy,
                log.explained_variance,
                log.gradient_norm,
                started.elapsed()
            );
        }
        Ok(())
    };
    for _ in 0..3 {
        pollster::block_on(session.train(&options, log)).unwrap();
        let eagle = evaluate(&session, Method::Eagle);
        let d: Vec<f64> = eagle.0.iter().zip(&reference.0).map(|(a, b)| a - b).collect();
        let dj: Vec<f64> = eagle.1.iter().zip(&reference.1).map(|(a, b)| a - b).collect();
        println!("EAGLE − reference: U {}, judge {}", Interval::of_mean(&d, 0), Interval::of_mean(&dj, 0));
    }
}
