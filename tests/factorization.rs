//! Weighted ALS recovers planted structure, is deterministic, and folds new users in.

mod support;

use aquiline::factorization::{Factorization, Factors};
use aquiline::latent::Latents;
use aquiline::ratings::{Rating, Ratings};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const USERS: usize = 80;
const ITEMS: usize = 60;
const RANK: usize = 3;

/// Ratings from a planted low-rank model; about half of the pairs are observed.
fn planted() -> Ratings {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut points =
        |count: usize| Latents::new(RANK, (0..count * RANK).map(|_| random.random_range(-1.0..1.0)).collect()).unwrap();
    let (users, items) = (points(USERS), points(ITEMS));
    let mut entries = Vec::new();
    for user in 0..USERS {
        for item in (0..ITEMS).filter(|item| (item + user) % 2 == 0) {
            let value = 3.0 + aquiline::latent::dot(users.row(user), items.row(item)) * 0.6;
            entries.push(Rating { user: user as u32, item: item as u32, value });
        }
    }
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    Ratings::new(names(USERS), names(ITEMS), entries, (0.5, 5.5)).unwrap()
}

fn light() -> Factorization {
    Factorization { factors: RANK, ridge: 0.01, bias_ridge: 0.01, sweeps: 40, ..Default::default() }
}

#[test]
fn a_planted_low_rank_matrix_is_recovered() {
    let split = planted().split_ratings(0.2, 1);
    let factors = light().fit(&split.train, |_, _| Ok(())).unwrap();
    let rmse = factors.rmse(&split.test);
    assert!(rmse < 0.01, "held-out error {rmse}");
}

#[test]
fn equal_seeds_give_equal_bits_and_other_seeds_other_vectors() {
    let fit = |seed| Factorization { seed, ..light() }.fit(&planted(), |_, _| Ok(())).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1).users, fit(2).users);
}

#[test]
fn progress_is_reported_after_each_sweep_and_can_cancel() {
    let mut seen = Vec::new();
    let settings = Factorization { sweeps: 5, ..light() };
    let result = settings.fit(&planted(), |done, total| {
        seen.push((done, total));
        if done == 3 { Err(aquiline::error::RolloutError::Cancelled.into()) } else { Ok(()) }
    });
    assert_eq!(result.unwrap_err().code(), "cancelled");
    assert_eq!(seen, [(1, 5), (2, 5), (3, 5)]);
}

#[test]
fn a_folded_in_user_predicts_like_one_that_was_fitted() {
    let ratings = planted();
    let factors = light().fit(&ratings, |_, _| Ok(())).unwrap();
    let known: Vec<(usize, f32)> = ratings.by_user()[5].iter().map(|r| (r.item as usize, r.value)).collect();
    let folded = factors.fold_in(&known, &light()).unwrap();
    for item in 0..ITEMS {
        let rating = factors.mean
            + folded.bias
            + factors.item_biases[item]
            + aquiline::latent::dot(&folded.vector, factors.items.row(item));
        assert!((rating - factors.predict(5, item)).abs() < 0.05, "item {item}: {rating}");
    }
}

#[test]
fn folding_in_an_unknown_item_or_no_number_is_refused() {
    let factors = light().fit(&planted(), |_, _| Ok(())).unwrap();
    assert_eq!(factors.fold_in(&[(ITEMS, 3.0)], &light()).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(factors.fold_in(&[(0, f32::NAN)], &light()).unwrap_err().code(), "numeric.not_finite");
}

#[test]
fn ready_made_factors_are_checked() {
    let points = |count, dimensions| Latents::zeros(count, dimensions);
    let good = Factors::new(3.0, points(2, 4), points(3, 4), vec![0.0; 2], vec![0.0; 3]);
    assert_eq!(good.unwrap().predict(1, 2), 3.0);
    let wrong_dimension = Factors::new(3.0, points(2, 4), points(3, 5), vec![0.0; 2], vec![0.0; 3]);
    assert_eq!(wrong_dimension.unwrap_err().code(), "numeric.wrong_size");
    let wrong_bias = Factors::new(3.0, points(2, 4), points(3, 4), vec![0.0; 2], vec![f32::NAN; 3]);
    assert_eq!(wrong_bias.unwrap_err().code(), "numeric.not_finite");
}

#[test]
fn settings_without_meaning_are_refused() {
    for settings in [
        Factorization { factors: 0, ..light() },
        Factorization { ridge: 0.0, ..light() },
        Factorization { bias_ridge: f64::NAN, ..light() },
        Factorization { unobserved_weight: 1.0, ..light() },
    ] {
        assert_eq!(settings.fit(&planted(), |_, _| Ok(())).unwrap_err().code(), "numeric.bad_setting");
    }
}

#[test]
fn counting_unobserved_pairs_draws_predictions_to_the_biases() {
    let plain = light().fit(&planted(), |_, _| Ok(())).unwrap();
    let implicit = Factorization { unobserved_weight: 0.5, ..light() }.fit(&planted(), |_, _| Ok(())).unwrap();
    let spread = |f: &Factors| f.users.values().iter().zip(f.items.values()).map(|(a, b)| (a * b).abs()).sum::<f32>();
    assert!(spread(&implicit) < spread(&plain));
}

#[test]
fn real_ratings_are_predicted_better_than_by_biases() {
    let Some(ratings) = support::movielens_ratings() else { return };
    let split = ratings.split_ratings(0.1, 0);
    let factors = Factorization::default().fit(&split.train, |_, _| Ok(())).unwrap();
    let rmse = factors.rmse(&split.test);
    println!("ml-latest-small, random 10 % held out: RMSE {rmse:.4}");
    assert!(rmse <= 0.850, "{rmse}");
}
