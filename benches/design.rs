//! Median time of a G-optimal design, of a subset, and of what the transition model says of a hundred candidates, fixed
//! seeds and sizes: `cargo bench --bench design`.

use std::hint::black_box;
use std::time::Instant;

use aquiline::design::{Design, DesignSettings, subset};
use aquiline::latent::Latents;
use aquiline::transition::{TransitionModel, TransitionSettings};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const REPEATS: usize = 31;
/// Components of a sentence vector, and coordinates of an item in a default alignment.
const SENTENCE: usize = 384;
const LATENT: usize = 33;

fn main() {
    for (actions, dimensions) in [(100, 8), (100, 16), (100, 32), (100, 64), (100, 128), (100, 384), (1000, 32)] {
        let displacements = random_rows(actions, dimensions, 1);
        let size = format!("{actions}x{dimensions}");
        for tolerance in [1e-3, 1e-9] {
            let settings = DesignSettings { tolerance, ..Default::default() };
            let design = Design::g_optimal(&displacements, &settings).expect("random displacements are usable");
            let time = median_ms(|| Design::g_optimal(&displacements, &settings).map(|design| design.log_det));
            let (steps, support) = (design.iterations, design.support().len());
            println!("design/g_optimal/{size}/{tolerance:e}  {time:9.3} ms  ({steps} steps, support {support})");
        }
        println!(
            "design/subset10/{size}  {:9.3} ms",
            median_ms(|| subset(&displacements, 10).map(|found| found.log_det))
        );
    }
    let (actions, latents) = (random_rows(1000, SENTENCE, 2), random_rows(64, LATENT, 3));
    let candidates = Latents::from_rows(SENTENCE, actions.rows().take(100));
    for transitions in [1000, 8000] {
        let model = trained_model(transitions, &actions, &latents);
        let time = median_ms(|| model.predict_all(latents.row(0), &candidates));
        println!("transition/predict100/{transitions}  {time:9.3} ms");
    }
}

/// A model that has seen so many transitions.
fn trained_model(transitions: usize, actions: &Latents, latents: &Latents) -> TransitionModel {
    let settings = TransitionSettings { sentence: SENTENCE, latent: LATENT, ..Default::default() };
    let mut model = TransitionModel::new(settings).expect("the settings are the defaults");
    for seen in 0..transitions {
        let (from, to) = (latents.row(seen % latents.len()), latents.row((seen + 1) % latents.len()));
        model.observe(from, actions.row(seen % actions.len()), to).expect("random numbers are finite");
    }
    model
}

/// Sums of uniforms, nearly Gaussian.
fn random_rows(count: usize, dimensions: usize, seed: u64) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..count * dimensions).map(|_| (0..4).map(|_| random.random_range(-1.0_f32..1.0)).sum());
    Latents::new(dimensions, values.collect()).expect("sums of uniforms are finite")
}

fn median_ms<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}
