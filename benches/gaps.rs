//! Content gaps and novelty in a large catalog: `cargo bench --no-default-features --bench gaps`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use aquiline::gap::{self, GapSettings};
use aquiline::latent::Latents;
use aquiline::utility::{Person, Utility};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const ITEMS: usize = 62_000;
const DIMENSIONS: usize = 32;
const CLUSTERS: usize = 400;
const USERS: usize = 5;

fn main() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let items = Arc::new(clustered(&mut random));
    println!("{ITEMS} items x {DIMENSIONS} dimensions, spacing {:.3}", items.spacing());
    for user in 0..USERS {
        let person = Person { offset: 0.6, vector: gaussian(&mut random, DIMENSIONS, 0.05) };
        let utility = Utility::local_gap(person, items.clone(), 0.02, 2.0);
        let point = items.row(user * 7_919);
        println!("novelty/{user}  {:9.3} ms", median_ms(31, || utility.novelty(point)));
        println!("gaps/{user}     {:9.3} ms", median_ms(5, || gap::find(&utility, &items, &GapSettings::default())));
        compare(&utility, &items);
    }
}

/// What is lost and won where the way uphill sees the items around its start only.
fn compare(utility: &Utility, items: &Latents) {
    let find = |in_view| {
        let started = Instant::now();
        let settings = GapSettings { in_view, ..Default::default() };
        let gaps = gap::find(utility, items, &settings).expect("the catalog is large");
        let mean = gaps.iter().map(|gap| f64::from(gap.utility)).sum::<f64>() / gaps.len() as f64;
        (mean, started.elapsed().as_secs_f64())
    };
    let ((seen, quick), (all, slow)) = (find(GapSettings::default().in_view), find(usize::MAX));
    println!("        mean utility {seen:.5}, with every item in view {all:.5} in {:.0} times as long", slow / quick);
}

/// Items around centres, with dimensions that matter less and less, as in fitted spaces.
fn clustered(random: &mut ChaCha8Rng) -> Latents {
    let scale: Vec<f32> = (0..DIMENSIONS).map(|axis| 1.0 / (1.0 + axis as f32 / 6.0)).collect();
    let centres: Vec<Vec<f32>> = (0..CLUSTERS).map(|_| gaussian(random, DIMENSIONS, 1.0)).collect();
    let rows = (0..ITEMS).map(|item| {
        let spread = gaussian(random, DIMENSIONS, 0.6);
        let centre = &centres[item % CLUSTERS];
        (0..DIMENSIONS).map(|axis| scale[axis] * (centre[axis] + spread[axis])).collect::<Vec<f32>>()
    });
    Latents::from_rows(DIMENSIONS, rows)
}

fn gaussian(random: &mut ChaCha8Rng, count: usize, deviation: f32) -> Vec<f32> {
    let one = |random: &mut ChaCha8Rng| (0..4).map(|_| random.random_range(-1.0_f32..1.0)).sum::<f32>() * 0.866;
    (0..count).map(|_| deviation * one(random)).collect()
}

fn median_ms<T>(repeats: usize, mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..repeats)
        .map(|_| {
            let started = Instant::now();
            black_box(work());
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[repeats / 2]
}
