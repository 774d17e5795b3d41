//! An embedding space that somebody else fitted: where items lie in it, and what its users make of them.

use std::collections::HashSet;

use crate::catalog::Catalog;
use crate::error::{DataError, NumericError, Result};
use crate::factorization::{FactorsById, VectorById};
use crate::latent::{Latents, MAX_DIMENSIONS, dot};
use crate::ratings::{Rating, Ratings};

/// Sizes of a value that f32 can square and sum.
const LARGEST: f32 = 1e6;
/// Predictions from which the skill is measured where there are no ratings.
const MOST_PREDICTIONS: usize = 200_000;
/// Items among which the most telling ones for a user are sought.
const MOST_LOOKED_AT: usize = 500;
/// Best and worst items that describe a user who has rated nothing.
const TELLING: usize = 10;

/// Points of a catalog's items, and users who rate them: a rating is `mean + b_user + u·z`, as everywhere here the last
/// coordinate of `z` is the item's bias and that of `u` is 1.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenSpace {
    pub(super) mean: f32,
    pub(super) users: Latents,
    pub(super) user_biases: Vec<f32>,
    ids: Vec<String>,
    /// Indices of the items that have a point.
    pub(super) items: Vec<usize>,
    /// Their points, in the same order.
    pub(super) points: Latents,
}

impl GivenSpace {
    /// The space of these factors. Vectors of items that are not in the catalog, or have no text there, are left out, as
    /// ratings of such items are; items without a vector have no point.
    ///
    /// # Errors
    /// [`DataError::Empty`] without items or users, [`DataError::Vector`] for the first vector that is of another length
    /// than the others, empty, longer than 512, given twice, or not of finite numbers up to a million,
    /// [`NumericError::NotFinite`] for such a mean, and [`DataError::FewVectors`] unless more items have a point than
    /// the vectors have dimensions.
    pub fn new(factors: &FactorsById, catalog: &Catalog) -> Result<Self> {
        let dimensions = checked_dimensions(factors)?;
        if !is_usable(factors.mean) {
            return Err(NumericError::NotFinite { what: "the mean of the factors" }.into());
        }
        let known = factors.items.iter().filter_map(|item| Some((catalog.index_of(&item.id).ok()?, item)));
        let (items, vectors): (Vec<usize>, Vec<&VectorById>) = known.unzip();
        let (found, needed) = (items.len(), dimensions + 1);
        if found < needed {
            return Err(DataError::FewVectors { found, needed, dimensions }.into());
        }
        let points = vectors.iter().map(|item| [item.vector.as_slice(), &[item.bias]].concat());
        let users = factors.users.iter().map(|user| [user.vector.as_slice(), &[1.0]].concat());
        Ok(GivenSpace {
            mean: factors.mean,
            users: Latents::from_rows(dimensions + 1, users),
            user_biases: factors.users.iter().map(|user| user.bias).collect(),
            ids: factors.users.iter().map(|user| user.id.clone()).collect(),
            items,
            points: Latents::from_rows(dimensions + 1, points),
        })
    }

    /// Ids of its users; the position is the user's index.
    pub fn users(&self) -> &[String] {
        &self.ids
    }

    /// `ratings`, and for each user who has none their best and worst ten items by the space itself, of at most five
    /// hundred, on the scale: what is told of a person's tastes is read off ratings.
    ///
    /// # Errors
    /// As [`Ratings::new`].
    pub fn completed(&self, ratings: &Ratings) -> Result<Ratings> {
        let mut entries = ratings.entries().to_vec();
        for (user, rated) in ratings.by_user().into_iter().enumerate() {
            if rated.is_empty() {
                entries.extend(self.telling(user, ratings.scale()));
            }
        }
        Ratings::new(self.ids.clone(), ratings.items().to_vec(), entries, ratings.scale())
    }

    /// What it predicts for its items by as many of its users as there is room for, on the scale.
    ///
    /// # Errors
    /// [`DataError::OffScale`] where most of it is not on the scale before.
    pub(super) fn predictions(&self, ratings: &Ratings) -> Result<Ratings> {
        let (lowest, highest) = ratings.scale();
        let users = evenly(self.ids.len(), MOST_PREDICTIONS / self.items.len());
        let pairs = users.flat_map(|user| (0..self.items.len()).map(move |place| (user, place)));
        let predicted: Vec<f32> = pairs.clone().map(|(user, place)| self.predict(user, place)).collect();
        let off = predicted.iter().filter(|value| !(lowest..=highest).contains(*value)).count();
        if 2 * off > predicted.len() {
            let (from, to) = predicted.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
            return Err(DataError::OffScale { from, to, lowest, highest }.into());
        }
        let entries = pairs.map(|(user, place)| self.rating(user, place, ratings.scale())).collect();
        Ratings::new(self.ids.clone(), ratings.items().to_vec(), entries, ratings.scale())
    }

    /// Indices of the items that have a point.
    pub fn items(&self) -> &[usize] {
        &self.items
    }

    /// Every number that it is made of, in a fixed order: what a checksum of it is taken over.
    pub fn numbers(&self) -> impl Iterator<Item = &f32> {
        let rows = self.points.values().iter().chain(self.users.values());
        rows.chain(&self.user_biases).chain([&self.mean])
    }

    fn telling(&self, user: usize, scale: (f32, f32)) -> Vec<Rating> {
        let looked_at = evenly(self.items.len(), MOST_LOOKED_AT);
        let mut predicted: Vec<Rating> = looked_at.map(|place| self.rating(user, place, scale)).collect();
        crate::order::sort_by(&mut predicted, |a, b| a.value.total_cmp(&b.value));
        if let Some(best) = predicted.len().checked_sub(TELLING).filter(|&best| best > TELLING) {
            predicted.drain(TELLING..best);
        }
        predicted
    }

    fn rating(&self, user: usize, place: usize, (lowest, highest): (f32, f32)) -> Rating {
        let value = self.predict(user, place).clamp(lowest, highest);
        Rating { user: user as u32, item: self.items[place] as u32, value }
    }

    fn predict(&self, user: usize, place: usize) -> f32 {
        self.mean + self.user_biases[user] + dot(self.users.row(user), self.points.row(place))
    }
}

/// At most about `most` of `count`, evenly spaced.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> + Clone {
    (0..count).step_by(count.div_ceil(most.max(1)).max(1))
}

/// The length that all vectors have.
fn checked_dimensions(factors: &FactorsById) -> Result<usize> {
    let first = factors.items.first().ok_or(DataError::Empty { what: "the list of item vectors" })?;
    if factors.users.is_empty() {
        return Err(DataError::Empty { what: "the list of user vectors" }.into());
    }
    let dimensions = first.vector.len();
    let bad = |why| Err(DataError::Vector { whose: "item", id: first.id.clone(), why }.into());
    if dimensions == 0 {
        return bad("it is empty".to_owned());
    }
    if dimensions > MAX_DIMENSIONS {
        let most = format!("it has {dimensions} dimensions, of which {MAX_DIMENSIONS} can be used at most");
        return bad(format!("{most}: project all vectors, for example onto their principal components"));
    }
    check("item", &factors.items, dimensions)?;
    check("user", &factors.users, dimensions)?;
    Ok(dimensions)
}

fn check(whose: &'static str, vectors: &[VectorById], dimensions: usize) -> Result<()> {
    let mut seen = HashSet::new();
    for VectorById { id, vector, bias } in vectors {
        let why = match vector.len() {
            _ if id.is_empty() => "it has no id".to_owned(),
            _ if !seen.insert(id) => "there are two of it; keep one".to_owned(),
            found if found != dimensions => {
                format!("it has {found} dimensions, and the first item's has {dimensions}; all must have as many")
            }
            _ if !vector.iter().chain([bias]).all(|&value| is_usable(value)) => {
                "every value must be a finite number of at most a million".to_owned()
            }
            _ => continue,
        };
        return Err(DataError::Vector { whose, id: id.clone(), why }.into());
    }
    Ok(())
}

fn is_usable(value: f32) -> bool {
    value.abs() <= LARGEST
}
