//! The joint fit of users and map, and what held-out items say about it.

use nalgebra::DMatrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::features::FeatureMap;
use super::{Alignment, Skill, check_rows};
use crate::error::{NumericError, Result};
use crate::factorization::rmse;
use crate::latent::Latents;
use crate::ratings::{Rating, Ratings, Split};
use crate::ridge::Ridge;

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
    /// finite and above 0.
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
            _ if ![self.user_ridge, self.map_ridge, self.bias_ridge].iter().all(|r| *r > 0.0 && r.is_finite()) => {
                bad("ridge", "every ridge must be finite and above 0")
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

impl Skill {
    /// What is said when nothing could be held out: no skill shown, and all scatter counted as misplacement.
    fn unknown(ratings: &Ratings) -> Self {
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

    fn measure(fitted: &Alignment, train: &Ratings, test: &Ratings, fields: &Latents) -> Result<Self> {
        let outcomes = outcomes(fitted, train, test, fields)?;
        let (calibrate, check): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|o| o.rating.item % 2 == 0);
        let (misplacement, noise) = scatter(&outcomes);
        let (calibrated_misplacement, calibrated_noise) = scatter(calibrate);
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

/// What happened with one held-out rating.
struct Outcome {
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
    let outcome = |rating: &Rating| {
        let placement = fitted.place(fields.row(rating.item as usize))?;
        let predicted = fitted.predict(rating.user as usize, &placement.latent).clamp(lowest, highest);
        Ok(Outcome {
            rating: *rating,
            predicted,
            error: rating.value - predicted,
            baseline_error: rating.value - means[rating.user as usize],
            unusualness: placement.unusualness,
        })
    };
    test.entries().iter().map(outcome).collect()
}

fn user_mean(rated: &[Rating], otherwise: f32) -> f32 {
    let sum: f32 = rated.iter().map(|rating| rating.value).sum();
    if rated.is_empty() { otherwise } else { sum / rated.len() as f32 }
}

/// Splits the errors into what all ratings of an item share (its misplacement) and what they do
/// not (noise), by the mean product of errors of different raters of one item.
fn scatter<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> (f32, f32) {
    let mut items: std::collections::BTreeMap<u32, (f64, f64, f64)> = std::collections::BTreeMap::new();
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

fn to_f32<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<f32> {
    values.map(|&value| value as f32).collect()
}
