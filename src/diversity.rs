//! Whether steering makes everybody's items alike, or tells each only what they know already.
//!
//! **Idea.** Each episode may be a good one and the whole still a loss: everyone is led to the same place
//! (homogenisation), by the same few requests, or deeper into what they like anyway (an echo chamber). None of that is
//! visible in one episode, so the report is over many users, outcomes against the anchors they began with.
//!
//! **Intervals.** Users are drawn, so each [`Interval`] is a bootstrap over users. A pairwise distance belongs to two
//! of them: its mean is a U-statistic, whose error is twice that of the mean of the users' own means, and the interval is
//! taken over its Hájek projection `mean + 2·(own mean − mean)`. The ratio is linearised in the same way, with a user's
//! anchor and outcome kept together.
//!
//! **When it fails.** Distances are those of Z, and what Z does not see is not measured. Someone steered from an item
//! they dislike ought to come closer to what they like: compare policies by these numbers, not with 0. Anchors that all
//! users share have no spread to lose.
//!
//! **References.** Hoeffding 1948, *A class of statistics with asymptotically normal distribution*; Efron 1979,
//! *Bootstrap methods*; Chaney, Stewart & Engelhardt 2018, *How algorithmic confounding in recommendation systems
//! increases homogeneity and decreases utility*.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::action::{Action, Category};
use crate::error::{NumericError, Result};
use crate::eval::Interval;
use crate::latent::{Latents, distance};
use crate::rollout::Trajectory;

/// One user's episode, and what they know and like.
#[derive(Debug, Clone, Copy)]
pub struct SteeredUser<'a> {
    /// The episode.
    pub trajectory: &'a Trajectory,
    /// Places of the items that the user rated high; may be empty.
    pub liked: &'a Latents,
}

/// What episodes of many users do to the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiversityReport {
    /// Mean distance in Z between the anchors of two users.
    pub spread_of_anchors: Interval,
    /// Mean distance in Z between the outcomes of two users.
    pub spread_of_outcomes: Interval,
    /// Spread of outcomes ÷ spread of anchors: below 1 is homogenisation; none where all anchors coincide.
    pub spread_ratio: Option<Interval>,
    /// Different actions ÷ actions taken, all users together; none where no step was taken. Falls with more users.
    pub distinct_actions: Option<f64>,
    /// Entropy of the categories of the actions taken, in bits: 0 where all are of one, log₂ 5 ≈ 2.32 at most.
    pub category_entropy: f64,
    /// Distance of the outcome to the centroid of what its user rated high, less that of the anchor, over the users who
    /// rated anything high: below 0 is a move toward what they know. None where nobody did.
    pub approach_to_liked: Option<Interval>,
}

impl DiversityReport {
    /// The report over a set of users; equal inputs give equal reports.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for fewer than two users or for places of different dimensions,
    /// [`NumericError::NotFinite`] where a place is none.
    pub fn of(users: &[SteeredUser<'_>], seed: u64) -> Result<Self> {
        check(users)?;
        let anchors = mean_distances_to_others(users.iter().map(|user| &user.trajectory.anchor.latent));
        let outcomes = mean_distances_to_others(users.iter().map(|user| &user.trajectory.outcome().latent));
        let actions: Vec<&Action> =
            users.iter().flat_map(|user| user.trajectory.steps.iter().map(|step| &step.action)).collect();
        let approaches: Vec<f64> = users.iter().filter_map(approach).collect();
        Ok(DiversityReport {
            spread_of_anchors: Interval::of_mean(&projections(&anchors), seed),
            spread_of_outcomes: Interval::of_mean(&projections(&outcomes), seed),
            spread_ratio: ratio_projections(&outcomes, &anchors).map(|values| Interval::of_mean(&values, seed)),
            distinct_actions: share_of_distinct(&actions),
            category_entropy: entropy(actions.iter().map(|action| action.category)),
            approach_to_liked: (!approaches.is_empty()).then(|| Interval::of_mean(&approaches, seed)),
        })
    }
}

fn check(users: &[SteeredUser<'_>]) -> Result<()> {
    if users.len() < 2 {
        let what = "the list of users";
        return Err(NumericError::WrongSize { what, expected: 2, found: users.len() }.into());
    }
    let expected = users[0].trajectory.anchor.latent.len();
    for user in users {
        for place in [&user.trajectory.anchor.latent, &user.trajectory.outcome().latent] {
            check_place(place, expected)?;
        }
        if !user.liked.is_empty() {
            check_place(&user.liked.centroid(), expected)?;
        }
    }
    Ok(())
}

fn check_place(place: &[f32], expected: usize) -> Result<()> {
    if place.len() != expected {
        return Err(NumericError::WrongSize { what: "a place", expected, found: place.len() }.into());
    }
    if place.iter().any(|value| !value.is_finite()) {
        return Err(NumericError::NotFinite { what: "a place" }.into());
    }
    Ok(())
}

/// For each place the mean distance to all others.
fn mean_distances_to_others<'a>(places: impl Iterator<Item = &'a Vec<f32>>) -> Vec<f64> {
    let places: Vec<&Vec<f32>> = places.collect();
    let others = (places.len() - 1) as f64;
    let mean = |place: &Vec<f32>| places.iter().map(|other| f64::from(distance(place, other))).sum::<f64>() / others;
    places.iter().map(|place| mean(place)).collect()
}

/// Values whose mean is the mean pairwise distance, and whose variance is that of a U-statistic.
fn projections(own_means: &[f64]) -> Vec<f64> {
    let mean = mean(own_means);
    own_means.iter().map(|own| mean + 2.0 * (own - mean)).collect()
}

/// Values whose mean is the ratio of two mean pairwise distances, linearised.
fn ratio_projections(over: &[f64], under: &[f64]) -> Option<Vec<f64>> {
    let (over_mean, under_mean) = (mean(over), mean(under));
    let ratio = over_mean / under_mean;
    let influence = |(over, under): (&f64, &f64)| ratio + 2.0 * (over - ratio * under) / under_mean;
    (under_mean > 0.0).then(|| over.iter().zip(under).map(influence).collect())
}

/// How much nearer (below 0) an outcome is to what its user likes than the anchor was.
fn approach(user: &SteeredUser<'_>) -> Option<f64> {
    let centroid = (!user.liked.is_empty()).then(|| user.liked.centroid())?;
    let to_liked = |place: &[f32]| f64::from(distance(place, &centroid));
    Some(to_liked(&user.trajectory.outcome().latent) - to_liked(&user.trajectory.anchor.latent))
}

fn share_of_distinct(actions: &[&Action]) -> Option<f64> {
    let different: BTreeSet<&str> = actions.iter().map(|action| action.text.trim()).collect();
    (!actions.is_empty()).then(|| different.len() as f64 / actions.len() as f64)
}

fn entropy(categories: impl Iterator<Item = Category>) -> f64 {
    let mut counts: BTreeMap<Category, f64> = BTreeMap::new();
    categories.for_each(|category| *counts.entry(category).or_default() += 1.0);
    let total: f64 = counts.values().sum();
    counts.values().map(|count| count / total * (total / count).log2()).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
