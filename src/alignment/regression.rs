//! The map into a space that was given: ridge regression of its points on the features of their items' texts.
//!
//! `W` minimises `Σ ‖z_i − W φ_i‖² + ridge ∘ ‖W‖²` over the items that have a point, in closed form. The constant
//! feature is not drawn to 0, so a text that says nothing lies at the centroid. One ridge is chosen for all coordinates
//! and then another for the bias, each as the one that serves items held out best. Users, their biases and the mean
//! stay as they were given.
//!
//! **Skill.** Of held-out items, against their ratings where there are any. The given users may have been fitted on
//! these very ratings, so it is the map that is judged, not the space. Without ratings the space's own predictions are
//! what is to be met; they scatter around nothing, so the whole error counts as misplacement.

use nalgebra::{Cholesky, DMatrix};

use super::features::FeatureMap;
use super::given::GivenSpace;
use super::skill::{Scatter, misplacement_alone, misplacement_and_noise};
use super::{Alignment, AlignmentSettings, Skill, check_rows};
use crate::error::Result;
use crate::latent::Latents;
use crate::ratings::{Ratings, Split};

/// Ridges that are tried, in units of an item; features vary by some hundreds in all.
const RIDGES: [f64; 8] = [30_000.0, 10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0];
/// Where no item can be held out to choose one.
const UNTRIED: f64 = 1_000.0;
/// How much people's ratings scatter, as a share of the scale, where there are none to tell: MovieLens' by a fifth.
const USUAL_NOISE: f32 = 0.2;

/// Fits the map into a given space in one go; see [`GivenFitting`] for doing it ridge by ridge.
///
/// # Errors
/// As [`GivenFitting::start`].
pub fn fit_given(
    space: &GivenSpace,
    ratings: &Ratings,
    fields: &Latents,
    settings: &AlignmentSettings,
) -> Result<Alignment> {
    let mut fitting = GivenFitting::start(space, ratings, fields, settings)?;
    while !fitting.is_done() {
        fitting.try_ridge()?;
    }
    Ok(fitting.finish())
}

/// A fit in progress: first with some items held out, to choose ridges and to measure skill, then on everything.
pub struct GivenFitting<'a> {
    space: &'a GivenSpace,
    fields: &'a Latents,
    features: FeatureMap,
    /// Of all items that have a point.
    system: System,
    trial: Option<Trial>,
    /// The best so far.
    ridges: Ridges,
    skill: Skill,
    /// Root mean squared error of the best ridges on held-out ratings.
    error: f64,
    user_noise: f32,
    done: usize,
}

/// The fit with items held out.
struct Trial {
    system: System,
    split: Split,
    scatter: Scatter,
}

/// Strength with which the rows of the map are drawn to 0, the bias' and all others.
#[derive(Clone, Copy)]
struct Ridges {
    map: f64,
    bias: f64,
}

/// Normal equations: `(ΦᵀΦ + ridge) Wᵀ = ΦᵀZ`.
struct System {
    gram: DMatrix<f64>,
    moments: DMatrix<f64>,
}

impl<'a> GivenFitting<'a> {
    /// Prepares a fit. `ratings` are numbered as the space's users and the catalog's items, and may be none; `fields` has
    /// one row for each item of the catalog. Of the settings those of features and of what is held out count.
    ///
    /// # Errors
    /// [`crate::error::NumericError::WrongSize`] when rows or settings do not fit, [`crate::error::DataError::OffScale`]
    /// where there are no ratings and the space predicts none either.
    pub fn start(
        space: &'a GivenSpace,
        ratings: &Ratings,
        fields: &'a Latents,
        settings: &AlignmentSettings,
    ) -> Result<Self> {
        check_rows(ratings, fields)?;
        settings.check(fields)?;
        let (lowest, highest) = ratings.scale();
        let (judges, scatter, user_noise): (_, Scatter, _) = if ratings.is_empty() {
            (space.predictions(ratings)?, misplacement_alone, USUAL_NOISE * (highest - lowest))
        } else {
            (ratings.clone(), misplacement_and_noise, 0.0)
        };
        let features = FeatureMap::fit(fields, &settings.components, &settings.weights);
        let split = judges.split_items(&space.items, settings.held_out, settings.seed);
        let has_both = !split.train.is_empty() && !split.test.is_empty();
        let trial = has_both.then(|| {
            let mut is_held_out = vec![false; fields.len()];
            split.test.entries().iter().for_each(|rating| is_held_out[rating.item as usize] = true);
            let system = System::of(space, fields, &features, |item| !is_held_out[item]);
            Trial { system, split, scatter }
        });
        Ok(GivenFitting {
            system: System::of(space, fields, &features, |_| true),
            skill: Skill::unmeasured(&judges),
            ridges: Ridges { map: UNTRIED, bias: UNTRIED },
            error: f64::INFINITY,
            done: 0,
            space,
            fields,
            features,
            trial,
            user_noise,
        })
    }

    /// Ridges tried, and of how many.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, if self.trial.is_some() { 2 * RIDGES.len() } else { 0 })
    }

    /// Whether none is left to try.
    pub fn is_done(&self) -> bool {
        let (done, total) = self.progress();
        done == total
    }

    /// Tries one more ridge.
    ///
    /// # Errors
    /// As [`Alignment::place`]; none with rows that [`GivenFitting::start`] accepted.
    pub fn try_ridge(&mut self) -> Result<()> {
        let Some(Trial { system, split: Split { train, test }, scatter }) = &self.trial else { return Ok(()) };
        let ridges = match self.done.checked_sub(RIDGES.len()) {
            None => Ridges { map: RIDGES[self.done], bias: RIDGES[self.done] },
            Some(tried) => Ridges { bias: RIDGES[tried], ..self.ridges },
        };
        let fitted = self.alignment(&system.solve(ridges));
        let (skill, error) = Skill::measure(&fitted, train, test, self.fields, *scatter)?;
        if self.done == 0 || error < self.error {
            (self.ridges, self.skill, self.error) = (ridges, skill, error);
        }
        self.done += 1;
        Ok(())
    }

    /// The map that is fitted to all points.
    pub fn finish(self) -> Alignment {
        self.alignment(&self.system.solve(self.ridges))
    }

    fn alignment(&self, map: &DMatrix<f64>) -> Alignment {
        let rows = map.column_iter().map(|row| row.iter().map(|&value| value as f32).collect::<Vec<_>>());
        Alignment {
            mean: self.space.mean,
            features: self.features.clone(),
            map: Latents::from_rows(map.nrows(), rows),
            users: self.space.users.clone(),
            user_biases: self.space.user_biases.clone(),
            user_ridge: self.user_ridge(),
            skill: self.skill,
        }
    }

    /// For people who come later: what the spread of the given users' vectors is worth beside the scatter of ratings.
    fn user_ridge(&self) -> f64 {
        let coordinates = self.space.users.rows().flat_map(|user| &user[..user.len() - 1]);
        let (sum, count) =
            coordinates.fold((0.0, 0.0), |(sum, count), &v| (sum + f64::from(v) * f64::from(v), count + 1.0));
        let Skill { misplacement, noise, .. } = self.skill;
        let scatter = [misplacement.known(), noise.known(), Some(f64::from(self.user_noise))];
        let variance: f64 = scatter.into_iter().flatten().map(|deviation| deviation.powi(2)).sum();
        (variance * count / f64::max(sum, f64::MIN_POSITIVE)).clamp(1e-3, 1e6)
    }
}

impl System {
    fn of(space: &GivenSpace, fields: &Latents, features: &FeatureMap, is_fitted: impl Fn(usize) -> bool) -> Self {
        let fitted = || space.items.iter().zip(space.points.rows()).filter(|(item, _)| is_fitted(**item));
        let rows =
            features.apply_all(&Latents::from_rows(fields.dimensions(), fitted().map(|(&item, _)| fields.row(item))));
        let points = Latents::from_rows(space.points.dimensions(), fitted().map(|(_, point)| point));
        let (rows, points) = (matrix(&rows), matrix(&points));
        System { gram: rows.tr_mul(&rows), moments: rows.tr_mul(&points) }
    }

    /// Features × coordinates.
    fn solve(&self, ridges: Ridges) -> DMatrix<f64> {
        let mut map = self.factorize(ridges.map).solve(&self.moments);
        let bias = map.ncols() - 1;
        map.set_column(bias, &self.factorize(ridges.bias).solve(&self.moments.column(bias)));
        map
    }

    fn factorize(&self, ridge: f64) -> Cholesky<f64, nalgebra::Dyn> {
        let mut gram = self.gram.clone();
        let constant = gram.nrows() - 1;
        (0..constant).for_each(|feature| gram[(feature, feature)] += ridge);
        Cholesky::new(gram)
            .expect("the ridge, and for the constant the number of items, keep the gram positive definite")
    }
}

fn matrix(points: &Latents) -> DMatrix<f64> {
    let values = points.values().iter().map(|&value| f64::from(value));
    DMatrix::from_row_iterator(points.len(), points.dimensions(), values)
}
