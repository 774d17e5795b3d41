//! Human preference: the Bradley–Terry model, fitted from pairs of items of which one was preferred.
//!
//! **Idea.** People give unreliable grades and reliable comparisons. Give every point z of the latent space a worth
//! `w·z` and let the better of two items win as often as their difference says: `P(a ≻ b) = σ(w·(z_a − z_b))` with
//! `σ(x) = 1 / (1 + e⁻ˣ)`. Bradley and Terry gave each item a worth of its own; a worth that is linear in z is shared by
//! all points, so that texts nobody has compared have one too. The same loss fits the reward models of language models.
//!
//! **Steps.** The negative log-likelihood plus `ridge/2 · ‖w‖²` is that of a logistic regression on differences
//! `d = z_winner − z_loser`, and strictly convex:
//! 1. Newton's step solves `(Σ p(1−p) d dᵀ + ridge·I) s = Σ (1−p) d − ridge·w`, where p is the probability of what
//!    happened, by Cholesky factorisation in f64.
//! 2. Far from the optimum a full step may overshoot; it is halved until the loss falls enough (Armijo's rule).
//! 3. It has converged when the Newton decrement `½ sᵀ(Σ (1−p) d − ridge·w)`, an estimate of what is left to gain, is
//!    below 1e-10 a pair; that last step is taken in full. A handful of steps are enough.
//!
//! **Units.** A worth is in logits: one that is higher by 1 wins 73 of 100 times, by 2 it wins 88. Only differences
//! mean anything. Weigh the term accordingly where ratings, which are shares of the top rating, stand beside it.
//!
//! **When it fails.** Where the pairs never differ, w is 0 and says nothing. Where the winner can be told from z without
//! error, the ridge alone bounds w: probabilities are then overconfident and a larger ridge is right, see
//! [`Preference::evaluate`] on pairs that were not fitted. Preferences that are no order (rock, paper, scissors), or that
//! like the middle best, are not linear in z. Pairs of many people are fitted as one average person.
//!
//! **References.** Bradley & Terry 1952, *Rank analysis of incomplete block designs: I. The method of paired
//! comparisons*; Hunter 2004, *MM algorithms for generalized Bradley–Terry models*; Christiano et al. 2017, *Deep
//! reinforcement learning from human preferences*.
//!
//! ```
//! use aquiline::latent::Latents;
//! use aquiline::preference::{Preference, PreferenceSettings};
//! use aquiline::utility::{Term, Utility};
//! // Four items; whoever compared two of them preferred the one farther east, wherever it lay from south to north.
//! let items = Latents::new(2, vec![0.0, 0.0, 1.0, 1.0, 2.0, -1.0, 3.0, 0.0])?;
//! let pairs = [(1, 0), (2, 1), (3, 2), (3, 0)];
//! let preference = Preference::fit(&items, &pairs, &PreferenceSettings::default())?;
//! assert!(preference.probability(items.row(3), items.row(0)) > 0.8);
//! let utility = Utility { terms: vec![(0.1, Term::Preference(preference))] };
//! assert!(utility.value(&[4.0, 0.0]) > utility.value(&[0.0, 4.0]));
//! # Ok::<(), aquiline::Error>(())
//! ```

use nalgebra::DVector;

use crate::error::{DataError, NumericError, Result};
use crate::latent::{Latents, dot};
use crate::ridge::{Ridge, is_ridge};

/// What is left to gain a pair when a fit has converged, in units of the log loss.
const TOLERANCE: f64 = 1e-10;

/// Armijo's share of the gain that a linear model promises.
const ENOUGH: f64 = 1e-4;

/// Halvings of a step before rounding, not the step, must be what is in the way.
const HALVINGS: usize = 40;

/// A fitted preference over points of Z.
#[derive(Debug, Clone, PartialEq)]
pub struct Preference {
    /// How the worth changes along each dimension, in logits.
    pub weights: Vec<f32>,
}

/// How to fit preferences.
#[derive(Debug, Clone, PartialEq)]
pub struct PreferenceSettings {
    /// Strength with which weights are drawn to 0: the inverse variance of a normal prior.
    pub ridge: f64,
    /// Newton steps at most.
    pub iterations: usize,
}

/// How well a preference foretells pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreferenceSkill {
    /// Share of the pairs whose winner was given the higher worth; equal worths count half. 0.5 is a guess.
    pub accuracy: f64,
    /// Mean of `−ln P(winner ≻ loser)`; `ln 2 ≈ 0.693` is a guess, and overconfidence costs more than that.
    pub log_loss: f64,
}

impl Default for PreferenceSettings {
    fn default() -> Self {
        PreferenceSettings { ridge: 1.0, iterations: 50 }
    }
}

impl Preference {
    /// Fits pairs `(winner, loser)` of rows of `latents`; a pair may occur often, and both ways.
    ///
    /// # Errors
    /// [`DataError::Empty`] without pairs, [`NumericError::WrongSize`] for an item out of range,
    /// [`NumericError::NotFinite`] for an item that lies nowhere, [`NumericError::BadSetting`] for a ridge below 0.000001
    /// or too small for points of this size, [`NumericError::NotConverged`].
    pub fn fit(latents: &Latents, pairs: &[(usize, usize)], settings: &PreferenceSettings) -> Result<Self> {
        if !is_ridge(settings.ridge) {
            return bad_ridge("it must be finite and at least 0.000001");
        }
        let differences = differences(latents, pairs)?;
        let mut weights = DVector::zeros(latents.dimensions());
        for _ in 0..settings.iterations {
            let Some((step, decrement)) = newton_step(&differences, &weights, settings.ridge) else {
                return bad_ridge("points of this size need a larger one");
            };
            if decrement <= TOLERANCE {
                return Preference::of(&(weights + step));
            }
            weights = descend(&differences, weights, step, decrement, settings.ridge);
        }
        Err(NumericError::NotConverged { what: "the preference", iterations: settings.iterations }.into())
    }

    /// The worth of a point, in logits; only differences mean anything.
    pub fn value(&self, point: &[f32]) -> f32 {
        dot(&self.weights, point)
    }

    /// The probability that the first of two points is preferred.
    pub fn probability(&self, point: &[f32], other: &[f32]) -> f64 {
        sigmoid(self.margin(point, other))
    }

    /// Accuracy and log loss on pairs `(winner, loser)`; hold them out of the fit to believe them.
    ///
    /// # Errors
    /// [`DataError::Empty`] without pairs, [`NumericError::WrongSize`] for an item out of range or items of another
    /// dimension, [`NumericError::NotFinite`] for an item that lies nowhere.
    pub fn evaluate(&self, latents: &Latents, pairs: &[(usize, usize)]) -> Result<PreferenceSkill> {
        let (expected, found) = (self.weights.len(), latents.dimensions());
        if expected != found {
            return Err(NumericError::WrongSize { what: "an item's place", expected, found }.into());
        }
        check_pairs(latents, pairs)?;
        let margins = pairs.iter().map(|&(winner, loser)| self.margin(latents.row(winner), latents.row(loser)));
        let right = |margin: f64| if margin == 0.0 { 0.5 } else { f64::from(u8::from(margin > 0.0)) };
        let count = pairs.len() as f64;
        Ok(PreferenceSkill {
            accuracy: margins.clone().map(right).sum::<f64>() / count,
            log_loss: margins.map(log_loss).sum::<f64>() / count,
        })
    }

    fn of(weights: &DVector<f64>) -> Result<Self> {
        let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(NumericError::NotFinite { what: "the preference" }.into());
        }
        Ok(Preference { weights })
    }

    /// In f64 from the start: worths of two near points would cancel in f32.
    fn margin(&self, point: &[f32], other: &[f32]) -> f64 {
        let difference = point.iter().zip(other).map(|(&a, &b)| f64::from(a) - f64::from(b));
        self.weights.iter().zip(difference).map(|(&weight, difference)| f64::from(weight) * difference).sum()
    }
}

fn bad_ridge<T>(why: &'static str) -> Result<T> {
    Err(NumericError::BadSetting { what: "ridge", why }.into())
}

/// `z_winner − z_loser`, one row a pair.
fn differences(latents: &Latents, pairs: &[(usize, usize)]) -> Result<Latents> {
    check_pairs(latents, pairs)?;
    let rows = pairs.iter().map(|&(winner, loser)| {
        let both = latents.row(winner).iter().zip(latents.row(loser));
        both.map(|(winner, loser)| winner - loser).collect::<Vec<_>>()
    });
    let differences = Latents::from_rows(latents.dimensions(), rows);
    // Also where two finite places are farther apart than f32 can say.
    if differences.values().iter().any(|value| !value.is_finite()) {
        return Err(NumericError::NotFinite { what: "the list of pairs" }.into());
    }
    Ok(differences)
}

fn check_pairs(latents: &Latents, pairs: &[(usize, usize)]) -> Result<()> {
    if pairs.is_empty() {
        return Err(DataError::Empty { what: "the list of pairs" }.into());
    }
    pairs
        .iter()
        .try_for_each(|&(winner, loser)| latents.checked_row(winner).and(latents.checked_row(loser)).map(|_| ()))
}

/// Newton's step, and its decrement a pair; none where the system cannot be solved.
fn newton_step(differences: &Latents, weights: &DVector<f64>, ridge: f64) -> Option<(DVector<f64>, f64)> {
    let unknowns = weights.len();
    let mut downhill = weights * -ridge;
    let mut system = Ridge::new(unknowns, ridge);
    for row in differences.rows() {
        let surprise = sigmoid(-margin(row, weights));
        system.observe(row, 0.0, surprise * (1.0 - surprise));
        downhill.iter_mut().zip(row).for_each(|(sum, &value)| *sum += surprise * f64::from(value));
    }
    let step = system.try_factorize()?.solve(&downhill);
    let decrement = 0.5 * step.dot(&downhill) / differences.len() as f64;
    decrement.is_finite().then_some((step, decrement))
}

/// Takes as much of a step as lowers the loss.
fn descend(
    differences: &Latents,
    weights: DVector<f64>,
    mut step: DVector<f64>,
    decrement: f64,
    ridge: f64,
) -> DVector<f64> {
    let before = loss(differences, &weights, ridge);
    let mut promised = 2.0 * decrement;
    for _ in 0..HALVINGS {
        let after = &weights + &step;
        if loss(differences, &after, ridge) <= before - ENOUGH * promised {
            return after;
        }
        step *= 0.5;
        promised *= 0.5;
    }
    weights
}

/// Penalised negative log-likelihood a pair.
fn loss(differences: &Latents, weights: &DVector<f64>, ridge: f64) -> f64 {
    let fit: f64 = differences.rows().map(|row| log_loss(margin(row, weights))).sum();
    (fit + 0.5 * ridge * weights.norm_squared()) / differences.len() as f64
}

fn margin(difference: &[f32], weights: &DVector<f64>) -> f64 {
    difference.iter().zip(weights.iter()).map(|(&value, weight)| f64::from(value) * weight).sum()
}

/// `−ln σ(margin)`, without overflow.
fn log_loss(margin: f64) -> f64 {
    (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
