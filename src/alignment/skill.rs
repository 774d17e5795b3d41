//! What held-out items say about a fit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Alignment, Placement};
use crate::error::Result;
use crate::factorization::rmse;
use crate::latent::Latents;
use crate::ratings::{Rating, Ratings};

/// Held-out ratings below which no share and no ratio is given.
const FEWEST_RATINGS: usize = 10;
/// Held-out items below which no ratio is given.
const FEWEST_ITEMS: usize = 3;
/// Held-out ratings of one user from which their order is compared.
const FEWEST_OF_USER: usize = 5;
/// Held-out items that the assumption is worth with which uncertainty begins: that texts say nothing, and that all of an
/// error is the text's.
const ASSUMED_ITEMS: f64 = 1.0;
/// A spread up to this share of the scale is rounding.
const NO_SPREAD: f32 = 1e-6;

/// How well texts predict the ratings of items that nobody had rated, on items held out of the fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// Error relative to predicting each user's mean: below 1 is better than that.
    pub rmse_ratio: Measured,
    /// Mean over users of the rank correlation between predicted and actual ratings.
    pub rank_correlation: Measured,
    /// Ratings that were held out.
    pub held_out_ratings: usize,
    /// Items that were held out, with all their ratings.
    pub held_out_items: usize,
    /// Share of ratings within one predicted standard deviation, on held-out items that the
    /// uncertainty was not calibrated with; 0.68 is right.
    pub coverage: Measured,
    /// Standard deviation of an item's true rating level around the predicted one, in rating units. It begins at the spread
    /// of the ratings and comes down as far as held-out items tell.
    pub misplacement: Measured,
    /// Standard deviation of single ratings around an item's level, in rating units.
    pub noise: Measured,
    /// Standard deviation of all ratings, in rating units; 0 where all are equal.
    pub spread: f32,
}

/// A figure, or why there is none. As JSON a number, or `{"unknown": "all ratings are equal"}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// It was measured.
    Known(f64),
    /// It was not.
    Unknown {
        /// Why not.
        unknown: Reason,
    },
}

/// Why a figure is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each text says it")]
pub enum Reason {
    #[serde(rename = "all ratings are equal")]
    EqualRatings,
    #[serde(rename = "no rated item could be held out")]
    NothingHeldOut,
    #[serde(rename = "too few ratings could be held out")]
    FewHeldOut,
    #[serde(rename = "nobody has five held-out ratings that differ")]
    FewOfEachUser,
    #[serde(rename = "no item has two held-out ratings")]
    SingleRatings,
    #[serde(rename = "the texts tell no two items apart")]
    EqualTexts,
    #[serde(rename = "every held-out rating is what its user always gives")]
    NothingToExplain,
}

impl Measured {
    /// The figure, if it was measured.
    pub fn known(self) -> Option<f64> {
        match self {
            Measured::Known(value) => Some(value),
            Measured::Unknown { .. } => None,
        }
    }
}

impl From<Reason> for Measured {
    fn from(unknown: Reason) -> Self {
        Measured::Unknown { unknown }
    }
}

impl From<std::result::Result<f64, Reason>> for Measured {
    fn from(measured: std::result::Result<f64, Reason>) -> Self {
        measured.map_or_else(Measured::from, Measured::Known)
    }
}

impl fmt::Display for Measured {
    /// With two decimals, or those that are asked for; or `unknown` with the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Measured::Known(value) => write!(f, "{value:.*}", f.precision().unwrap_or(2)),
            Measured::Unknown { unknown } => write!(f, "unknown ({unknown})"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names in JSON are the words.
        self.serialize(f)
    }
}

impl Skill {
    /// What is said when nothing could be held out.
    pub(super) fn unmeasured(ratings: &Ratings) -> Self {
        let spread = spread_of(ratings);
        let why = if spread == 0.0 { Reason::EqualRatings } else { Reason::NothingHeldOut };
        Skill {
            rmse_ratio: why.into(),
            rank_correlation: why.into(),
            held_out_ratings: 0,
            held_out_items: 0,
            coverage: why.into(),
            misplacement: why.into(),
            noise: why.into(),
            spread,
        }
    }

    /// Compares a fit to `train` with the ratings of `test`: the skill, and the root mean squared error.
    pub(super) fn measure(
        fitted: &Alignment,
        train: &Ratings,
        test: &Ratings,
        fields: &Latents,
        scatter: Scatter,
    ) -> Result<(Self, f64)> {
        let outcomes = outcomes(fitted, train, test, fields)?;
        let error = rmse(outcomes.iter().map(|o| o.error));
        let spread = spread_of(train).max(spread_of(test));
        let unmeasured = Skill { spread, ..Skill::unmeasured(train) };
        let held_out_items = outcomes.iter().map(|o| o.rating.item).collect::<BTreeSet<_>>().len();
        let counted = Skill { held_out_ratings: outcomes.len(), held_out_items, ..unmeasured };
        if spread == 0.0 {
            return Ok((counted, error));
        }
        let assumed = f64::from(spread).powi(2);
        let (misplacement, noise) = scatter(&mut outcomes.iter(), assumed);
        let skill = Skill {
            rmse_ratio: rmse_ratio(&outcomes, error, &counted, test.scale()).into(),
            rank_correlation: mean_rank_correlation(&outcomes).into(),
            coverage: coverage(&outcomes, scatter, assumed).into(),
            misplacement: Measured::Known(misplacement),
            noise: noise.ok_or(Reason::SingleRatings).into(),
            ..counted
        };
        Ok((skill, error))
    }
}

/// Standard deviation of ratings; 0 where it is no more than rounding.
fn spread_of(ratings: &Ratings) -> f32 {
    let ((lowest, highest), mean) = (ratings.scale(), ratings.mean());
    let spread = rmse(ratings.entries().iter().map(|rating| rating.value - mean)) as f32;
    if spread > NO_SPREAD * (highest - lowest) { spread } else { 0.0 }
}

type Figure = std::result::Result<f64, Reason>;

fn rmse_ratio(outcomes: &[Outcome], error: f64, counted: &Skill, (lowest, highest): (f32, f32)) -> Figure {
    if counted.held_out_ratings < FEWEST_RATINGS || counted.held_out_items < FEWEST_ITEMS {
        return Err(Reason::FewHeldOut);
    }
    let baseline = rmse(outcomes.iter().map(|o| o.baseline_error));
    let is_rounding = baseline <= f64::from(NO_SPREAD * (highest - lowest));
    if is_rounding { Err(Reason::NothingToExplain) } else { Ok(error / baseline) }
}

/// Calibrates with every other item and checks with those between.
fn coverage(outcomes: &[Outcome], scatter: Scatter, assumed: f64) -> Figure {
    let (calibrate, check): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|o| o.rating.item % 2 == 0);
    if calibrate.len() < FEWEST_RATINGS || check.len() < FEWEST_RATINGS {
        return Err(Reason::FewHeldOut);
    }
    let (misplacement, noise) = scatter(&mut calibrate.into_iter(), assumed);
    let covered = check.iter().filter(|o| {
        let variance = misplacement.powi(2) * f64::from(0.5 + 0.5 * o.unusualness) + noise.unwrap_or(0.0).powi(2);
        f64::from(o.error.abs()) <= variance.sqrt()
    });
    Ok(covered.count() as f64 / check.len() as f64)
}

/// Splits errors into misplacement and noise, two standard deviations, given the variance that is assumed before any error
/// is seen. The noise is none where nothing tells it from misplacement, which is all of the error then.
pub(super) type Scatter = fn(&mut dyn Iterator<Item = &Outcome>, f64) -> (f64, Option<f64>);

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
///
/// Both begin with what is assumed, as if one item had been seen before: the variance of an error at that of the
/// ratings, the shared part at all of it. So few items leave much misplacement, and none is ever 0.
pub(super) fn misplacement_and_noise(outcomes: &mut dyn Iterator<Item = &Outcome>, assumed: f64) -> (f64, Option<f64>) {
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
    let total = with_assumed(all.0 / f64::max(all.1, 1.0), items.len() as f64, assumed);
    let seen = (pairs.0 / f64::max(pairs.1, 1.0)).clamp(0.0, total);
    let shared = with_assumed(seen, pairs.1, total);
    let noise = (total - shared).max(0.0).sqrt();
    (shared.sqrt(), (pairs.1 > 0.0).then_some(noise))
}

/// Of predictions, which nothing scatters around.
pub(super) fn misplacement_alone(outcomes: &mut dyn Iterator<Item = &Outcome>, assumed: f64) -> (f64, Option<f64>) {
    let mut items = BTreeSet::new();
    let error = rmse(outcomes.map(|outcome| {
        items.insert(outcome.rating.item);
        outcome.error
    }));
    (with_assumed(error * error, items.len() as f64, assumed).sqrt(), Some(0.0))
}

/// A variance that was seen at so many items, and the one that is assumed.
fn with_assumed(seen: f64, items: f64, assumed: f64) -> f64 {
    (items * seen + ASSUMED_ITEMS * assumed) / (items + ASSUMED_ITEMS)
}

fn mean_rank_correlation(outcomes: &[Outcome]) -> Figure {
    let of_users = outcomes.chunk_by(|a, b| a.rating.user == b.rating.user);
    let differs = |group: &&[Outcome]| group.iter().any(|o| o.rating.value != group[0].rating.value);
    let groups: Vec<&[Outcome]> = of_users.filter(|group| group.len() >= FEWEST_OF_USER).filter(differs).collect();
    if groups.is_empty() {
        return Err(Reason::FewOfEachUser);
    }
    let correlations: Vec<f64> = groups.into_iter().filter_map(rank_correlation).collect();
    if correlations.is_empty() {
        return Err(Reason::EqualTexts);
    }
    Ok(correlations.iter().sum::<f64>() / correlations.len() as f64)
}

/// Spearman's correlation; none where all ratings, or all predictions, of a user are equal.
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
