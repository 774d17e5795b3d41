//! The joint fit of users and map, and what held-out items say about it.

use nalgebra::DMatrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::features::FeatureMap;
use super::{Alignment, Skill, check_rows};
use crate::error::{NumericError, Result};
use crate::latent::Latents;
use crate::ratings::{Rating, Ratings, Split};
use crate::ridge::{Ridge, is_ridge};

/// Strength with which a user's bias is drawn to 0.
const USER_BIAS_RIDGE: f32 = 2.0;

/// Settings of an alignment.
#[derive(Debug, Clone, PartialEq)]
pub struct AlignmentSettings {
    /// Dimensions of Z without the bias coordinate.
    pub dimensions: usize,
    /// Principal components taken from each field.
    pub components: Vec<usize>,
    /// How strongly each field counts.
    pub weights: Vec<f32>,
    /// Strength with which users' vectors are drawn to 0.
    pub user_ridge: f64,
    /// Strength with which the map is drawn to 0.
    pub map_ridge: f64,
    /// The same for the bias coordinate.
    pub bias_ridge: f64,
    /// Turns of users and map.
    pub sweeps: usize,
    /// Conjugate-gradient steps in each turn of the map.
    pub gradient_steps: usize,
    /// Share of the items held out to measure skill.
    pub held_out: f64,
    /// Seeds the start and the choice of held-out items.
    pub seed: u64,
}

impl Default for AlignmentSettings {
    fn default() -> Self {
        AlignmentSettings {
            dimensions: 16,
            components: vec![128, 48],
            weights: vec![1.0, 2.0],
            user_ridge: 20.0,
            map_ridge: 3000.0,
            bias_ridge: 300.0,
            sweeps: 8,
            gradient_steps: 15,
            held_out: 0.1,
            seed: 0,
        }
    }
}

/// Fits an alignment in one go; see [`Fitting`] for doing it sweep by sweep.
///
/// # Errors
/// As [`Fitting::start`].
pub fn fit(ratings: &Ratings, fields: &Latents, settings: &AlignmentSettings) -> Result<Alignment> {
    let mut fitting = Fitting::start(ratings, fields, settings)?;
    while !fitting.is_done() {
        fitting.sweep()?;
    }
    Ok(fitting.finish())
}

/// A fit in progress: first with some items held out, to measure skill, then on everything.
///
/// It is a machine that the caller turns, so that a page can show progress and cancel.
pub struct Fitting<'a> {
    ratings: &'a Ratings,
    fields: &'a Latents,
    settings: &'a AlignmentSettings,
    split: Option<Split>,
    features: FeatureMap,
    rows: Latents,
    current: JointFit<'a>,
    skill: Skill,
    done: usize,
}

impl<'a> Fitting<'a> {
    /// Prepares a fit. `fields` has one row for each item of `ratings`: the sentence vectors of its
    /// fields side by side.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] when rows or settings do not fit the ratings,
    /// [`NumericError::BadSetting`] without dimensions, with a weight that is not finite, or with a ridge that is not
    /// finite or below 0.000001.
    pub fn start(ratings: &'a Ratings, fields: &'a Latents, settings: &'a AlignmentSettings) -> Result<Self> {
        check_rows(ratings, fields)?;
        settings.check(fields)?;
        let everything: Vec<usize> = (0..fields.len()).collect();
        let split = ratings.split_items(&everything, settings.held_out, settings.seed);
        let features = FeatureMap::fit(fields, &settings.components, &settings.weights);
        let rows = features.apply_all(fields);
        Ok(Fitting {
            split: (!split.train.is_empty() && !split.test.is_empty()).then_some(split),
            current: JointFit::start(settings, ratings, &rows),
            skill: Skill::unknown(ratings),
            done: 0,
            ratings,
            fields,
            settings,
            features,
            rows,
        })
    }

    /// Sweeps done and sweeps in all.
    pub fn progress(&self) -> (usize, usize) {
        let fits = if self.split.is_some() { 2 } else { 1 };
        (self.done, fits * self.settings.sweeps)
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        let (done, total) = self.progress();
        done == total
    }

    /// One turn of users and map.
    ///
    /// # Errors
    /// As [`Alignment::place`]; none with rows that [`Fitting::start`] accepted.
    pub fn sweep(&mut self) -> Result<()> {
        let held_out = self.split.as_ref().filter(|_| self.done < self.settings.sweeps);
        let ratings = held_out.map_or(self.ratings, |split| &split.train);
        self.current.sweep(ratings);
        self.done += 1;
        if let Some(split) = held_out.filter(|_| self.done == self.settings.sweeps) {
            let next = JointFit::start(self.settings, self.ratings, &self.rows);
            let fitted = std::mem::replace(&mut self.current, next).finish(&split.train, &self.features, self.skill);
            self.skill = Skill::measure(&fitted, &split.train, &split.test, self.fields)?;
        }
        Ok(())
    }

    /// The alignment as far as it was fitted.
    pub fn finish(self) -> Alignment {
        self.current.finish(self.ratings, &self.features, self.skill)
    }
}

impl AlignmentSettings {
    fn check(&self, fields: &Latents) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let parts = self.components.len();
        match self {
            _ if self.dimensions == 0 => bad("dimensions", "use at least 1"),
            _ if parts == 0 || self.weights.len() != parts => bad("weights", "give one for each field"),
            _ if self.weights.iter().any(|weight| !weight.is_finite()) => bad("weights", "every weight must be finite"),
            _ if !fields.dimensions().is_multiple_of(parts) => bad("components", "give one for each field"),
            _ if ![self.user_ridge, self.map_ridge, self.bias_ridge].into_iter().all(is_ridge) => {
                bad("ridge", "every ridge must be finite and at least 0.000001")
            }
            _ => Ok(()),
        }
    }
}

/// One user's bias and vector by ridge regression on the items they rated; the bias is one more
/// unknown, with a ridge of its own.
pub(super) fn fit_user(ratings: &[Rating], items: &Latents, mean: f32, ridge: f64) -> (f32, Vec<f32>) {
    let dimensions = items.dimensions() - 1;
    let bias_scale = (ridge as f32 / USER_BIAS_RIDGE).sqrt();
    let mut system = Ridge::new(dimensions + 1, ridge);
    let mut row = vec![bias_scale; dimensions + 1];
    for rating in ratings {
        let latent = items.row(rating.item as usize);
        row[..dimensions].copy_from_slice(&latent[..dimensions]);
        system.observe(&row, f64::from(rating.value - mean - latent[dimensions]), 1.0);
    }
    let mut vector = to_f32(system.solve().iter());
    let bias = vector[dimensions] * bias_scale;
    vector[dimensions] = 1.0;
    (bias, vector)
}

struct JointFit<'a> {
    settings: &'a AlignmentSettings,
    mean: f32,
    /// items × features.
    features: DMatrix<f64>,
    /// dimensions × features.
    map: DMatrix<f64>,
    users: Latents,
    user_biases: Vec<f32>,
}

impl<'a> JointFit<'a> {
    fn start(settings: &'a AlignmentSettings, ratings: &Ratings, rows: &Latents) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        let columns = rows.dimensions();
        let size = 0.5 / (columns as f64).sqrt();
        let mut map = DMatrix::zeros(settings.dimensions + 1, columns);
        for row in 0..settings.dimensions {
            for column in 0..columns - 1 {
                map[(row, column)] = random.random_range(-size..size);
            }
        }
        JointFit {
            settings,
            mean: ratings.mean(),
            features: DMatrix::from_row_iterator(rows.len(), columns, rows.values().iter().map(|&v| f64::from(v))),
            map,
            users: Latents::zeros(ratings.users().len(), settings.dimensions + 1),
            user_biases: vec![0.0; ratings.users().len()],
        }
    }

    fn sweep(&mut self, ratings: &Ratings) {
        self.fit_users(ratings);
        self.fit_map(ratings);
    }

    fn finish(mut self, ratings: &Ratings, features: &FeatureMap, skill: Skill) -> Alignment {
        self.fit_users(ratings);
        Alignment {
            mean: self.mean,
            features: features.clone(),
            map: Latents::from_rows(self.map.ncols(), self.map.row_iter().map(|row| to_f32(row.iter()))),
            users: self.users,
            user_biases: self.user_biases,
            user_ridge: self.settings.user_ridge,
            skill,
        }
    }

    fn fit_users(&mut self, ratings: &Ratings) {
        let placed = &self.features * self.map.transpose();
        let items = Latents::from_rows(self.map.nrows(), placed.row_iter().map(|row| to_f32(row.iter())));
        for (user, rated) in ratings.by_user().into_iter().enumerate() {
            let (bias, vector) = fit_user(rated, &items, self.mean, self.settings.user_ridge);
            self.user_biases[user] = bias;
            self.users.row_mut(user).copy_from_slice(&vector);
        }
    }

    /// Conjugate gradient on `Σ_i A_i W φ_i φ_iᵀ + ridge ∘ W = Σ_i m_i φ_iᵀ`, where `A_i` sums the
    /// outer products of item i's raters and `m_i` their residuals.
    fn fit_map(&mut self, ratings: &Ratings) {
        let (raters, moments) = self.item_statistics(ratings);
        let mut residual = moments.tr_mul(&self.features) - self.apply(&raters, &self.map);
        let mut direction = residual.clone();
        let mut size = residual.norm_squared();
        for _ in 0..self.settings.gradient_steps {
            let image = self.apply(&raters, &direction);
            let step = size / direction.dot(&image).max(f64::MIN_POSITIVE);
            self.map += &direction * step;
            residual -= image * step;
            let next = residual.norm_squared();
            direction = &residual + direction * (next / size.max(f64::MIN_POSITIVE));
            size = next;
        }
    }

    /// The left side of the normal equations.
    fn apply(&self, raters: &[DMatrix<f64>], map: &DMatrix<f64>) -> DMatrix<f64> {
        let mut placed = map * self.features.transpose();
        for (mut column, information) in placed.column_iter_mut().zip(raters) {
            let image = information * &column;
            column.copy_from(&image);
        }
        let mut result = placed * &self.features;
        for (row, (mut to, from)) in result.row_iter_mut().zip(map.row_iter()).enumerate() {
            let is_bias = row == self.settings.dimensions;
            to += from * if is_bias { self.settings.bias_ridge } else { self.settings.map_ridge };
        }
        result
    }

    fn item_statistics(&self, ratings: &Ratings) -> (Vec<DMatrix<f64>>, DMatrix<f64>) {
        let size = self.map.nrows();
        let mut raters = vec![DMatrix::zeros(size, size); self.features.nrows()];
        let mut moments = DMatrix::zeros(self.features.nrows(), size);
        for rating in ratings.entries() {
            let (user, item) = (rating.user as usize, rating.item as usize);
            let vector = DMatrix::from_iterator(size, 1, self.users.row(user).iter().map(|&v| f64::from(v)));
            let residual = f64::from(rating.value - self.mean - self.user_biases[user]);
            raters[item].ger(1.0, &vector.column(0), &vector.column(0), 1.0);
            moments.row_mut(item).iter_mut().zip(vector.iter()).for_each(|(sum, value)| *sum += residual * value);
        }
        (raters, moments)
    }
}

fn to_f32<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<f32> {
    values.map(|&value| value as f32).collect()
}
