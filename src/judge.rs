//! A judge that never saw the reward.
//!
//! An agent that climbs a fitted utility also climbs its errors: the longer it trains, the more of what it gains is
//! error (Gao et al. 2023, *Scaling laws for reward model overoptimization*). So results are shown twice, by U and by a
//! judge whose errors are others. Before anything is fitted, [`Ratings::divide`] gives some users to a *jury* with all
//! their ratings, and *withholds* a part of everyone else's. The judge's map is fitted to the jury, with a seed of its
//! own; those who are steered are folded into it by what was withheld from the reward.
//!
//! **When it fails.** Reward and judge read the same sentence vectors, so what fools the encoder fools both. A user
//! folded in by few ratings is mostly the average user: [`Judge::accuracy`] says how far to trust the judge.

use crate::alignment::{Alignment, AlignmentSettings, Skill, fit};
use crate::error::{NumericError, Result};
use crate::factorization::FoldedUser;
use crate::latent::Latents;
use crate::ratings::{Division, Rating, Ratings};

/// A second opinion on what a text is worth to the users that one steers for.
#[derive(Debug, Clone)]
pub struct Judge {
    alignment: Alignment,
    users: Vec<FoldedUser>,
    items: Latents,
    top_rating: f32,
}

impl Judge {
    /// Fits the map to the jury and folds in everyone else by what was withheld; without any such rating a user is the
    /// average one. `fields` has one row of field vectors for each item.
    ///
    /// # Errors
    /// Those of [`fit`]; [`crate::error::DataError::Empty`] when the jury has no rating.
    pub fn fit(division: &Division, fields: &Latents, settings: &AlignmentSettings) -> Result<Self> {
        let Division { jury, withheld, .. } = division;
        if jury.is_empty() {
            return Err(crate::error::DataError::Empty { what: "the jury" }.into());
        }
        let alignment = fit(jury, fields, settings)?;
        let items = alignment.place_all(fields)?;
        let fold_in = |ratings: &[Rating]| {
            let known: Vec<(usize, f32)> = ratings.iter().map(|rating| (rating.item as usize, rating.value)).collect();
            alignment.fold_in(&known, &items)
        };
        let users = withheld.by_user().into_iter().map(fold_in).collect::<Result<_>>()?;
        Ok(Judge { users, items, top_rating: jury.scale().1, alignment })
    }

    /// What a user would rate a text with these field vectors, as a share of the top rating; not clipped.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for a user that there is not, or for vectors of another width.
    pub fn rating(&self, user: usize, fields: &[f32]) -> Result<f32> {
        let user = self.users.get(user).ok_or(NumericError::WrongSize {
            what: "the judge's list of users",
            expected: user.saturating_add(1),
            found: self.users.len(),
        })?;
        Ok(self.alignment.predict_for(user, &self.alignment.place(fields)?.latent) / self.top_rating)
    }

    /// How well the judge's map predicts items that nobody had rated.
    pub fn skill(&self) -> &Skill {
        self.alignment.skill()
    }

    /// For each user with ratings of different value: the share of pairs of items that the judge puts into the order of
    /// these ratings. A judge that guesses has 0.5. Give it the reward's ratings, which it never saw.
    pub fn accuracy(&self, ratings: &Ratings) -> Vec<f64> {
        let users = ratings.by_user().into_iter().zip(&self.users);
        users.filter_map(|(rated, user)| self.accuracy_for(user, rated)).collect()
    }

    fn accuracy_for(&self, user: &FoldedUser, rated: &[Rating]) -> Option<f64> {
        let predicted = |rating: &Rating| self.alignment.predict_for(user, self.items.row(rating.item as usize));
        let (mut right, mut pairs) = (0.0, 0.0);
        for (place, better) in rated.iter().enumerate() {
            for worse in rated.iter().skip(place + 1).filter(|other| other.value != better.value) {
                let agrees = (predicted(better) > predicted(worse)) == (better.value > worse.value);
                right += f64::from(u8::from(agrees));
                pairs += 1.0;
            }
        }
        (pairs > 0.0).then(|| right / pairs)
    }
}
