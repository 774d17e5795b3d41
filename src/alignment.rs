//! From sentence vectors to the behavioural space: with the encoder, the paper's E_D.
//!
//! A rating is modelled as `mean + b_user + u·z`, where `z = W·φ(x)` is linear in features of the
//! item's texts and the last coordinate of `u` is 1: so the last coordinate of Z is the item's
//! bias, and a prediction is a plain inner product, as the paper writes it. Users and `W` are
//! fitted jointly on the ratings themselves, by turns: every user by ridge regression, then `W` by
//! conjugate gradient on its normal equations. Regressing onto finished factors of items instead
//! predicts unseen items clearly worse (see `docs/results.md`).
//!
//! Whoever has a space already, factors or the vectors of two towers, brings it as a [`GivenSpace`]: then users and mean
//! are the given ones, and only `W` is fitted, by ridge regression of the given points ([`fit_given`]). Items are placed
//! by `W` all the same, so that every distance is between points of one map.
//!
//! Features are the leading principal components of each field's sentence vectors. Fields are kept
//! apart and weighted: genres say more about ratings than plots do.
//!
//! **Uncertainty.** Held-out items tell how far an item's true rating level lies from its predicted
//! one (`misplacement`) and how much single ratings scatter (`noise`). A text unlike all others is
//! less certain: the variance grows with its Mahalanobis distance in feature space.
//!
//! **When it fails.** Text predicts behaviour only as well as [`Skill`] says; read it before you
//! believe a utility.

mod features;
mod fit;
mod given;
mod regression;
mod skill;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result};
use crate::factorization::{FoldedUser, check_fold_in};
use crate::latent::{Latents, dot};
use crate::ratings::{Rating, Ratings};
use features::FeatureMap;
pub use fit::{AlignmentSettings, Fitting, fit};
pub use given::GivenSpace;
pub use regression::{GivenFitting, fit_given};
pub use skill::{Measured, Reason, Skill};
pub use verdict::{Level, Verdict};

/// Spreads of all ratings that a predicted rating level is uncertain by at most.
const MOST_SPREADS: f32 = 2.0;

/// The fitted map and the users that were fitted with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    mean: f32,
    features: FeatureMap,
    /// dimensions × features.
    map: Latents,
    users: Latents,
    user_biases: Vec<f32>,
    user_ridge: f64,
    skill: Skill,
}

/// Where a text lands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The point of Z; its last coordinate is the item's bias.
    pub latent: Vec<f32>,
    /// Mean squared distance from typical texts, in standard deviations; 1 on average.
    pub unusualness: f32,
}

impl Alignment {
    /// Dimension of Z, the bias coordinate included.
    pub fn dimensions(&self) -> usize {
        self.map.len()
    }

    /// Held-out skill.
    pub fn skill(&self) -> &Skill {
        &self.skill
    }

    /// Places one item, given the sentence vectors of all its fields in a row.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for another number of components than the fit had.
    pub fn place(&self, fields: &[f32]) -> Result<Placement> {
        let features = self.features.apply(fields)?;
        let latent = self.map.rows().map(|row| dot(row, &features)).collect();
        Ok(Placement { latent, unusualness: self.features.unusualness(&features) })
    }

    /// Places many items: one row of field vectors each.
    ///
    /// # Errors
    /// As [`Alignment::place`].
    pub fn place_all(&self, fields: &Latents) -> Result<Latents> {
        let mut placed = Latents::zeros(fields.len(), self.dimensions());
        for (index, row) in fields.rows().enumerate() {
            placed.row_mut(index).copy_from_slice(&self.place(row)?.latent);
        }
        Ok(placed)
    }

    /// A fitted user: rating at the origin and vector, in rating units; the vector's last
    /// coordinate is 1.
    pub fn user(&self, user: usize) -> (f32, &[f32]) {
        (self.mean + self.user_biases[user], self.users.row(user))
    }

    /// The vectors of all fitted users, in rating units.
    pub fn users(&self) -> &Latents {
        &self.users
    }

    /// The predicted rating of a point, not clipped to the scale.
    pub fn predict(&self, user: usize, latent: &[f32]) -> f32 {
        let (offset, vector) = self.user(user);
        offset + dot(vector, latent)
    }

    /// The same for a user who was [folded in](Alignment::fold_in).
    pub fn predict_for(&self, user: &FoldedUser, latent: &[f32]) -> f32 {
        self.mean + user.bias + dot(&user.vector, latent)
    }

    /// Standard deviation of a predicted rating level, in rating units: how far off the *text's*
    /// place may be. Single ratings scatter more, by [`Skill::noise`].
    ///
    /// It grows with the square root of [`Placement::unusualness`], up to twice the spread of all ratings: of a text that is
    /// like no other nothing is known but that. None where [`Skill::misplacement`] is unknown.
    pub fn uncertainty(&self, placement: &Placement) -> Option<f32> {
        let misplacement = self.skill.misplacement.known()? as f32;
        let uncertainty = misplacement * (0.5 + 0.5 * placement.unusualness).sqrt();
        Some(uncertainty.min(MOST_SPREADS * self.skill.spread))
    }

    /// Describes a new user by ratings of placed items.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for an item out of range or items of another dimension,
    /// [`NumericError::NotFinite`] for a rating that is no number.
    pub fn fold_in(&self, ratings: &[(usize, f32)], items: &Latents) -> Result<FoldedUser> {
        check_fold_in(ratings, items.len())?;
        let (expected, found) = (self.dimensions(), items.dimensions());
        if expected != found {
            return Err(NumericError::WrongSize { what: "an item's place", expected, found }.into());
        }
        let ratings: Vec<Rating> =
            ratings.iter().map(|&(item, value)| Rating { user: 0, item: item as u32, value }).collect();
        let (bias, vector) = fit::fit_user(&ratings, items, self.mean, self.user_ridge);
        Ok(FoldedUser { bias, vector })
    }

    /// Puts a folded user into the place of an index, at most one beyond the last.
    pub(crate) fn set_user(&mut self, index: usize, user: &FoldedUser) {
        if index == self.users.len() {
            self.users.push(&user.vector);
            self.user_biases.push(user.bias);
        } else {
            self.users.row_mut(index).copy_from_slice(&user.vector);
            self.user_biases[index] = user.bias;
        }
    }
}

pub(crate) fn check_rows(ratings: &Ratings, fields: &Latents) -> Result<()> {
    let (expected, found) = (ratings.items().len(), fields.len());
    if expected != found {
        return Err(NumericError::WrongSize { what: "the list of field vectors", expected, found }.into());
    }
    Ok(())
}
