//! How the next action is chosen: the paper's reference distributions, sampled directly, and greedy; and how a few
//! candidates are chosen before anyone knows where they lead.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::design::{Design, DesignSettings, subset};
use crate::error::{DesignError, Error, NumericError, Result, RolloutError};
use crate::latent::{Latents, distance, dot};
use crate::rollout::{Choice, Choices, DesignSummary, Outcome};
use crate::transition::TransitionModel;

/// Predictions whose difference is at most this share of what they are differ by rounding.
const NO_SPREAD: f32 = 1e-6;

/// A distribution over candidate actions (paper §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferencePolicy {
    /// Every candidate alike.
    Uniform,
    /// The candidate whose next state has the highest utility.
    Optimistic,
    /// The weights of the G-optimal design over the candidates' displacements.
    GOptimal,
    /// Every candidate of a D-optimal subset of the displacements alike: the paper trains on ten of a hundred.
    DOptimal {
        /// Size of the subset; at most all candidates.
        subset: usize,
    },
    /// The best of the few candidates that a D-optimal subset of the displacements picks.
    Greedy {
        /// Size of the subset; at most all candidates are looked at.
        subset: usize,
    },
}

impl ReferencePolicy {
    /// Whether the policy needs to know where each candidate leads.
    pub fn needs_lookahead(self) -> bool {
        self != ReferencePolicy::Uniform
    }

    /// Chooses one of the candidates.
    ///
    /// # Errors
    /// As [`ReferencePolicy::distribution`].
    pub fn choose(self, choices: &Choices) -> Result<Choice> {
        let (weights, design) = self.distribution(choices)?;
        Ok(draw(&weights, choices.seed, design))
    }

    /// As [`ReferencePolicy::choose`], where the best text of the episode counts: none where every candidate was looked at
    /// and none gains; and the best of all where only those outside of a greedy policy's subset do.
    ///
    /// # Errors
    /// As [`ReferencePolicy::distribution`].
    pub fn choose_gain(self, choices: &Choices) -> Result<Option<Choice>> {
        let choice = self.choose(choices)?;
        if choices.outcome == Outcome::Last || choices.outcomes.is_empty() {
            return Ok(Some(choice));
        }
        let gains = |index: usize| choices.outcomes[index].utility > choices.state.utility;
        let best = best(choices, 0..choices.actions.len());
        let takes_best = matches!(self, ReferencePolicy::Greedy { .. }) && !gains(choice.index);
        let index = if takes_best { best } else { choice.index };
        Ok(gains(best).then_some(Choice { index, ..choice }))
    }

    /// The weight q of each candidate, 1 in sum, and the design where one was computed.
    ///
    /// # Errors
    /// [`RolloutError::NoActions`] without candidates, [`RolloutError::WrongReply`] when outcomes
    /// are needed and missing, [`DesignError::SubsetTooLarge`] never: a subset is at most everything.
    pub fn distribution(self, choices: &Choices) -> Result<(Vec<f64>, Option<DesignSummary>)> {
        let count = choices.actions.len();
        if count == 0 {
            return Err(RolloutError::NoActions { step: choices.step }.into());
        }
        if self.needs_lookahead() && choices.outcomes.len() != count {
            return Err(RolloutError::WrongReply { why: "this policy needs the outcome of every candidate" }.into());
        }
        Ok(match self {
            ReferencePolicy::Uniform => (alike(count, 0..count), None),
            ReferencePolicy::Optimistic => (alike(count, [best(choices, 0..count)]), None),
            ReferencePolicy::GOptimal => {
                let design = design(choices)?;
                (design.as_ref().map_or_else(|| alike(count, 0..count), |d| d.weights.clone()), design)
            }
            ReferencePolicy::DOptimal { subset } => (alike(count, spread_out(choices, subset)?), design(choices)?),
            ReferencePolicy::Greedy { subset } => {
                (alike(count, [best(choices, spread_out(choices, subset)?)]), design(choices)?)
            }
        })
    }
}

/// The candidates of a D-optimal subset; all where no candidate moves the item.
fn spread_out(choices: &Choices, size: usize) -> Result<Vec<usize>> {
    match subset(&displacements(choices), size.min(choices.actions.len())) {
        Ok(subset) => Ok(subset.actions),
        Err(error) if is_standstill(&error) => Ok((0..choices.actions.len()).collect()),
        Err(error) => Err(error),
    }
}

/// The `count` points, ascending, that together say most about all of them: a D-optimal subset in the few directions
/// in which the points differ most. Points are sentence vectors of actions, or anything else that tells actions apart.
///
/// What all points share says nothing, so they are centred first. Only the `count` − 1 main directions are looked at,
/// few enough for a subset to cover each. As in any such design opposite points count as alike. Where all points are
/// one, the first are taken.
///
/// # Errors
/// [`NumericError::BadSetting`] for a `count` of 0, [`NumericError::NotFinite`].
pub fn shortlist(points: &Latents, count: usize) -> Result<Vec<usize>> {
    if count == 0 {
        return Err(NumericError::BadSetting { what: "the size of a shortlist", why: "use at least 1" }.into());
    }
    if points.values().iter().any(|value| !value.is_finite()) {
        return Err(NumericError::NotFinite { what: "the matrix of points" }.into());
    }
    if count >= points.len() {
        return Ok((0..points.len()).collect());
    }
    match subset(&main_coordinates(points, (count - 1).max(1)), count) {
        Ok(subset) => Ok(subset.actions),
        Err(error) if is_standstill(&error) => Ok((0..count).collect()),
        Err(error) => Err(error),
    }
}

/// The `count` actions (rows of sentence vectors), ascending, whose predicted displacements from a latent together say
/// most about all of them: a D-optimal subset, as [`ReferencePolicy::DOptimal`] takes of displacements that are known.
///
/// Where the model cannot tell the actions apart yet, this is the [`shortlist`] of their sentence vectors: it has seen
/// fewer transitions than there are dimensions, it has predicted no better than their mean, or it says the same of all.
///
/// # Errors
/// Those of [`shortlist`] and of [`TransitionModel::predict_all`].
pub fn predicted_shortlist(
    model: &TransitionModel,
    latent: &[f32],
    actions: &Latents,
    count: usize,
) -> Result<Vec<usize>> {
    let displacements = model.predict_all(latent, actions)?;
    if count == 0 || count >= actions.len() || !tells_apart(model, &displacements) {
        return shortlist(actions, count);
    }
    Ok(subset(&displacements, count)?.actions)
}

/// Every one of `count` candidates alike.
pub(crate) fn draw_uniformly(count: usize, seed: u64) -> Choice {
    draw(&alike(count, 0..count), seed, None)
}

/// Whether predicted displacements are worth a design.
fn tells_apart(model: &TransitionModel, displacements: &Latents) -> bool {
    let (origin, centre) = (vec![0.0; displacements.dimensions()], displacements.centroid());
    let farthest = |from: &[f32]| displacements.rows().map(|row| distance(row, from)).fold(0.0, f32::max);
    model.transitions() >= displacements.dimensions()
        && model.skill().is_some_and(|skill| skill.explained > 0.0)
        && farthest(&centre) > NO_SPREAD * farthest(&origin)
}

/// Centred points along their principal axes.
fn main_coordinates(points: &Latents, dimensions: usize) -> Latents {
    let (centre, axes) = (points.centroid(), points.principal_axes(dimensions));
    let along_axes = points.rows().map(|point| {
        let centred: Vec<f32> = point.iter().zip(&centre).map(|(value, centre)| value - centre).collect();
        axes.rows().map(|axis| dot(axis, &centred)).collect::<Vec<_>>()
    });
    Latents::from_rows(axes.len(), along_axes)
}

/// The G-optimal design of the candidates; none where no candidate moves the item.
fn design(choices: &Choices) -> Result<Option<DesignSummary>> {
    match Design::g_optimal(&displacements(choices), &DesignSettings::default()) {
        Ok(design) => Ok(Some(design.into())),
        Err(error) if is_standstill(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn displacements(choices: &Choices) -> Latents {
    let from = &choices.state.latent;
    let moved =
        choices.outcomes.iter().map(|to| to.latent.iter().zip(from).map(|(to, from)| to - from).collect::<Vec<_>>());
    Latents::from_rows(from.len(), moved)
}

fn is_standstill(error: &Error) -> bool {
    matches!(error, Error::Design(DesignError::NoDisplacement))
}

/// The candidate of highest utility; ties go to the first.
fn best(choices: &Choices, among: impl IntoIterator<Item = usize>) -> usize {
    let utility = |index: usize| choices.outcomes[index].utility;
    let better = |best: usize, other: usize| if utility(other) > utility(best) { other } else { best };
    among.into_iter().reduce(better).unwrap_or(0)
}

/// Equal weights on some of the candidates.
fn alike(count: usize, some: impl IntoIterator<Item = usize>) -> Vec<f64> {
    let mut weights = vec![0.0; count];
    let some: Vec<usize> = some.into_iter().collect();
    some.iter().for_each(|&index| weights[index] = 1.0 / some.len() as f64);
    weights
}

/// Draws a candidate by its weight.
pub(crate) fn draw(weights: &[f64], seed: u64, design: Option<DesignSummary>) -> Choice {
    let mut left: f64 = ChaCha8Rng::seed_from_u64(seed).random_range(0.0..1.0);
    let heavier = |index: &usize| weights[*index] > 0.0;
    let mut index = (0..weights.len()).rfind(heavier).unwrap_or(0);
    for candidate in (0..weights.len()).filter(heavier) {
        if left < weights[candidate] {
            index = candidate;
            break;
        }
        left -= weights[candidate];
    }
    Choice { index, log_probability: weights[index].ln() as f32, design }
}
