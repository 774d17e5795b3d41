//! Quality and time of the fits on ml-latest-small: ALS on a warm split, alignment on cold ones.
//!
//! For comparison, a quick Python reference got 0.843 for ALS and 0.938 for the cold split.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use aquiline::alignment::{AlignmentSettings, fit};
use aquiline::factorization::Factorization;
use aquiline::session::Dataset;

const SEEDS: [u64; 3] = [0, 1, 2];

fn main() {
    let Some(ratings) = support::movielens_ratings() else { return };
    let warm: Vec<f64> = SEEDS
        .iter()
        .map(|&seed| {
            let split = ratings.split_ratings(0.1, seed);
            let started = Instant::now();
            let factors = Factorization::default().fit(&split.train, |_, _| Ok(())).expect("the settings are valid");
            let rmse = factors.rmse(&split.test);
            println!("ALS, 10 % of ratings held out, seed {seed}: RMSE {rmse:.4}, fitted in {:.2?}", started.elapsed());
            rmse
        })
        .collect();
    println!("ALS mean of {} seeds: {:.4} (at most 0.850)", SEEDS.len(), mean(&warm));
    fold_in_time(&ratings);

    let Some(catalog) = support::movielens_catalog() else { return };
    let dataset = Dataset {
        ratings: ratings.for_catalog(&catalog).expect("the items are the same"),
        catalog,
        is_embedded: false,
    };
    let fields = support::field_vectors(&dataset.catalog);
    let cold: Vec<f64> = SEEDS
        .iter()
        .map(|&seed| {
            let started = Instant::now();
            let settings = AlignmentSettings { seed, ..Default::default() };
            let alignment = fit(&dataset.ratings, &fields, &settings).expect("the settings are valid");
            let skill = alignment.skill();
            println!(
                "alignment, 10 % of films held out, seed {seed}: cold RMSE ratio {:.4}, rank correlation {:.3}, \
                 coverage {:.3}, misplacement {:.3}, noise {:.3}, two fits in {:.2?}",
                skill.rmse_ratio,
                skill.rank_correlation,
                skill.coverage,
                skill.misplacement,
                skill.noise,
                started.elapsed()
            );
            skill.rmse_ratio.known().expect("hundreds of ratings are held out")
        })
        .collect();
    println!("alignment mean of {} seeds: {:.4} (at most 0.945)", SEEDS.len(), mean(&cold));
}

fn fold_in_time(ratings: &aquiline::ratings::Ratings) {
    let settings = Factorization::default();
    let factors = settings.fit(ratings, |_, _| Ok(())).expect("the settings are valid");
    let known: Vec<(usize, f32)> = (0..20).map(|item| (item * 7, 4.0)).collect();
    let started = Instant::now();
    for _ in 0..100 {
        factors.fold_in(&known, &settings).expect("the ratings are valid");
    }
    println!(
        "fold-in of a user with {} ratings: {:.3} ms (below 1)",
        known.len(),
        started.elapsed().as_secs_f64() * 10.0
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
