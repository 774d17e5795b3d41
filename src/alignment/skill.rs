//! What held-out items say about a fit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Alignment, Placement, Skill};
use crate::error::Result;
use crate::factorization::rmse;
use crate::latent::Latents;
use crate::ratings::{Rating, Ratings};

impl Skill {
    /// What is said when nothing could be held out: no skill shown, and all scatter counted as misplacement.
    pub(super) fn unknown(ratings: &Ratings) -> Self {
        let mean = ratings.mean();
        let spread = rmse(ratings.entries().iter().map(|rating| rating.value - mean)) as f32;
        Skill {
            rmse_ratio: 1.0,
            rank_correlation: 0.0,
            held_out_ratings: 0,
            coverage: 0.0,
            misplacement: spread,
            noise: spread,
        }
    }

    pub(super) fn measure(
        fitted: &Alignment,
        train: &Ratings,
        test: &Ratings,
        fields: &Latents,
        scatter: Scatter,
    ) -> Result<Self> {
        let outcomes = outcomes(fitted, train, test, fields)?;
        let (calibrate, check): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|o| o.rating.item % 2 == 0);
        let (misplacement, noise) = scatter(&mut outcomes.iter());
        let (calibrated_misplacement, calibrated_noise) = scatter(&mut calibrate.into_iter());
        let covered = check.iter().filter(|o| {
            let variance = calibrated_misplacement.powi(2) * (0.5 + 0.5 * o.unusualness) + calibrated_noise.powi(2);
            o.error.abs() <= variance.sqrt()
        });
        Ok(Skill {
            rmse_ratio: rmse(outcomes.iter().map(|o| o.error))
                / rmse(outcomes.iter().map(|o| o.baseline_error)).max(1e-9),
            rank_correlation: mean_rank_correlation(&outcomes),
            held_out_ratings: outcomes.len(),
            coverage: covered.count() as f64 / check.len().max(1) as f64,
            misplacement,
            noise,
        })
    }
}

/// Splits errors into misplacement and noise.
pub(super) type Scatter = fn(&mut dyn Iterator<Item = &Outcome>) -> (f32, f32);

/// What happened with one held-out rating.
pub(super) struct Outcome {
    rating: Rating,
    predicted: f32,
    error: f32,
    /// Error of predicting the user's mean.
    baseline_error: f32,
    unusualness: f32,
}

fn outcomes(fitted: &Alignment, train: &Ratings, test: &Ratings, fields: &Latents) -> Result<Vec<Outcome>> {
    let (lowest, highest) = test.scale();
    let means: Vec<f32> = train.by_user().iter().map(|rated| user_mean(rated, train.mean())).collect();
    // An item is placed once, however many have rated it.
    let mut places: BTreeMap<u32, Placement> = BTreeMap::new();
    for rating in test.entries() {
        if let Entry::Vacant(place) = places.entry(rating.item) {
            place.insert(fitted.place(fields.row(rating.item as usize))?);
        }
    }
    let outcome = |rating: &Rating| {
        let placement = &places[&rating.item];
        let predicted = fitted.predict(rating.user as usize, &placement.latent).clamp(lowest, highest);
        Outcome {
            rating: *rating,
            predicted,
            error: rating.value - predicted,
            baseline_error: rating.value - means[rating.user as usize],
            unusualness: placement.unusualness,
        }
    };
    Ok(test.entries().iter().map(outcome).collect())
}

fn user_mean(rated: &[Rating], otherwise: f32) -> f32 {
    let sum: f32 = rated.iter().map(|rating| rating.value).sum();
    if rated.is_empty() { otherwise } else { sum / rated.len() as f32 }
}

/// Splits the errors into what all ratings of an item share (its misplacement) and what they do
/// not (noise), by the mean product of errors of different raters of one item.
pub(super) fn misplacement_and_noise(outcomes: &mut dyn Iterator<Item = &Outcome>) -> (f32, f32) {
    let mut items: BTreeMap<u32, (f64, f64, f64)> = BTreeMap::new();
    for outcome in outcomes {
        let error = f64::from(outcome.error);
        let sums = items.entry(outcome.rating.item).or_default();
        *sums = (sums.0 + error, sums.1 + error * error, sums.2 + 1.0);
    }
    let mut pairs = (0.0, 0.0);
    let mut all = (0.0, 0.0);
    for (sum, squares, count) in items.values() {
        all = (all.0 + squares, all.1 + count);
        if *count > 1.0 {
            // Each item counts alike, however many have rated it.
            pairs = (pairs.0 + (sum * sum - squares) / (count * (count - 1.0)), pairs.1 + 1.0);
        }
    }
    let total = all.0 / f64::max(all.1, 1.0);
    let shared = (pairs.0 / f64::max(pairs.1, 1.0)).clamp(0.0, total);
    (shared.sqrt() as f32, (total - shared).sqrt() as f32)
}

/// Of predictions, which nothing scatters around.
pub(super) fn misplacement_alone(outcomes: &mut dyn Iterator<Item = &Outcome>) -> (f32, f32) {
    (rmse(outcomes.map(|outcome| outcome.error)) as f32, 0.0)
}

fn mean_rank_correlation(outcomes: &[Outcome]) -> f64 {
    let of_users = outcomes.chunk_by(|a, b| a.rating.user == b.rating.user).filter(|group| group.len() >= 5);
    let correlations: Vec<f64> = of_users.filter_map(rank_correlation).collect();
    correlations.iter().sum::<f64>() / correlations.len().max(1) as f64
}

/// Spearman's correlation; none where all ratings of a user are equal.
fn rank_correlation(group: &[Outcome]) -> Option<f64> {
    let predicted = ranks(group.iter().map(|outcome| outcome.predicted));
    let actual = ranks(group.iter().map(|outcome| outcome.rating.value));
    let middle = (group.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>();
    let spread = (product(&predicted, &predicted) * product(&actual, &actual)).sqrt();
    (spread > 0.0).then(|| product(&predicted, &actual) / spread)
}

/// Ranks from 0; ties share their mean rank.
fn ranks(values: impl Iterator<Item = f32>) -> Vec<f64> {
    let values: Vec<f32> = values.collect();
    let rank = |value: &f32| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}
