//! Median time of a G-optimal design and of a subset, fixed seeds and sizes: `cargo bench --bench design`.

use std::hint::black_box;
use std::time::Instant;

use aquiline::design::{Design, DesignSettings, subset};
use aquiline::latent::Latents;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const REPEATS: usize = 31;

fn main() {
    for (actions, dimensions) in [(100, 8), (100, 16), (100, 32), (100, 64), (100, 128), (100, 384), (1000, 32)] {
        let displacements = random_displacements(actions, dimensions);
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
}

/// Sums of uniforms, nearly Gaussian.
fn random_displacements(actions: usize, dimensions: usize) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let values = (0..actions * dimensions).map(|_| (0..4).map(|_| random.random_range(-1.0_f32..1.0)).sum());
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
