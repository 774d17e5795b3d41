//! The joint fit of users and map, and what held-out items say about it.

use std::sync::Arc;

use nalgebra::DMatrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::features::FeatureMap;
use super::skill::misplacement_and_noise;
use super::{Alignment, Skill, check_rows};
use crate::error::{NumericError, Result};
use crate::latent::{Latents, MAX_DIMENSIONS};
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
    /// Strength with which the map is drawn to 0: the strongest that is tried.
    pub map_ridge: f64,
    /// The same for the bias coordinate: the weakest that is tried.
    pub bias_ridge: f64,
    /// How often the map's ridge is eased to a third, and then how often the bias coordinate's is tripled, as long as
    /// that predicts held-out items better. Where texts say much about tastes, a strong ridge on the map would make all
    /// places nearly alike; where items are few, a weak one on the bias learns each of them by heart.
    pub trials: usize,
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
            trials: 3,
            sweeps: 8,
            gradient_steps: 15,
            held_out: 0.1,
            seed: 0,
        }
    }
}

/// Between two ridges that are tried.
const RIDGE_STEP: f64 = 3.0;
/// Turns with each further ridge: the fit goes on from where it was.
const SWEEPS_OF_TRIAL: usize = 3;
/// Rated items of which one can be held out.
const FEWEST_RATED: usize = 3;
/// Held-out items from which a ridge can be chosen.
const ENOUGH_HELD_OUT: f64 = 40.0;

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
    features: FeatureMap,
    current: JointFit<'a>,
    /// While some items are held out: which, and what was seen of them.
    trial: Option<Trial<'a>>,
    skill: Skill,
    /// Root mean squared error on held-out ratings of the best ridges so far.
    error: f64,
    done: usize,
    total: usize,
}

/// The fit with items held out.
struct Trial<'a> {
    split: Split,
    /// The best so far, to go on from.
    best: Option<JointFit<'a>>,
    /// Sweeps left with the ridges of now.
    left: usize,
    /// Ridges left to be tried, of the map and then of the bias coordinate.
    ridges: [usize; 2],
}

/// Strength with which the rows of the map are drawn to 0.
#[derive(Clone, Copy)]
struct Ridges {
    map: f64,
    bias: f64,
}

impl<'a> Fitting<'a> {
    /// Prepares a fit. `fields` has one row for each item of `ratings`: the sentence vectors of its
    /// fields side by side.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] when rows or settings do not fit the ratings,
    /// [`NumericError::BadSetting`] without dimensions or with more than 512, with a weight that is not finite, too large or
    /// too small, or with a ridge that is not finite or below 0.000001.
    pub fn start(ratings: &'a Ratings, fields: &'a Latents, settings: &'a AlignmentSettings) -> Result<Self> {
        check_rows(ratings, fields)?;
        settings.check(fields)?;
        let split = hold_out(ratings, settings);
        let features = FeatureMap::fit(fields, &settings.components, &settings.weights);
        let rows = Arc::new(Features::of(&features.apply_all(fields)));
        let (left, ridges) = (settings.sweeps, [settings.trials; 2]);
        let has_both = settings.sweeps > 0 && !split.train.is_empty() && !split.test.is_empty();
        let trial = has_both.then_some(Trial { split, best: None, left, ridges });
        let of_trial = trial.as_ref().map_or(0, |_| settings.sweeps + 2 * settings.trials * SWEEPS_OF_TRIAL);
        let start = Ridges { map: settings.map_ridge, bias: settings.bias_ridge };
        Ok(Fitting {
            current: JointFit::start(settings, ratings, rows, start),
            trial,
            skill: Skill::unmeasured(ratings),
            error: f64::INFINITY,
            done: 0,
            total: of_trial + settings.sweeps,
            ratings,
            fields,
            settings,
            features,
        })
    }

    /// Sweeps done or no longer needed, and sweeps in all.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.total)
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
        self.done += 1;
        let Some(trial) = &mut self.trial else {
            self.current.sweep(self.ratings);
            return Ok(());
        };
        self.current.sweep(&trial.split.train);
        trial.left -= 1;
        if trial.left == 0 {
            self.judge_ridge()?;
        }
        Ok(())
    }

    /// Goes on with the next ridge if that may help, else ends the trial with the best ones.
    fn judge_ridge(&mut self) -> Result<()> {
        let Some(trial) = &mut self.trial else { return Ok(()) };
        let Split { train, test } = &trial.split;
        let fitted = self.current.clone().finish(train, &self.features, self.skill);
        let (skill, error) = Skill::measure(&fitted, train, test, self.fields, misplacement_and_noise)?;
        match &trial.best {
            Some(best) if error >= self.error => {
                let is_of_map = self.current.ridges.map != best.ridges.map;
                trial.ridges[usize::from(!is_of_map)] = 0;
            }
            _ => (self.skill, self.error, trial.best) = (skill, error, Some(self.current.clone())),
        }
        let best = trial.best.clone().expect("the first ridges are the best so far");
        match trial.next(best.ridges) {
            Some(ridges) => self.current = JointFit { ridges, ..best },
            None => {
                self.current = JointFit::start(self.settings, self.ratings, best.features, best.ridges);
                self.trial = None;
                self.done = self.total - self.settings.sweeps;
            }
        }
        Ok(())
    }

    /// The alignment as far as it was fitted.
    pub fn finish(self) -> Alignment {
        self.current.finish(self.ratings, &self.features, self.skill)
    }
}

/// Divides the ratings by items: a share of those that have ratings is held out, and of three or more at least one, unless no
/// share is asked for.
fn hold_out(ratings: &Ratings, settings: &AlignmentSettings) -> Split {
    let mut is_rated = vec![false; ratings.items().len()];
    ratings.entries().iter().for_each(|rating| is_rated[rating.item as usize] = true);
    let rated: Vec<usize> = (0..is_rated.len()).filter(|&item| is_rated[item]).collect();
    let one = if rated.len() >= FEWEST_RATED && settings.held_out > 0.0 { 1.0 / rated.len() as f64 } else { 0.0 };
    // A little more than one share, so that rounding does not make none of it.
    ratings.split_items(&rated, settings.held_out.max(one * 1.001), settings.seed)
}

impl Trial<'_> {
    /// The ridges to be tried after the best ones so far.
    fn next(&mut self, best: Ridges) -> Option<Ridges> {
        self.left = SWEEPS_OF_TRIAL;
        let [of_map, of_bias] = &mut self.ridges;
        if *of_map > 0 {
            *of_map -= 1;
            return Some(Ridges { map: best.map / RIDGE_STEP, ..best });
        }
        *of_bias = of_bias.checked_sub(1)?;
        Some(Ridges { bias: best.bias * RIDGE_STEP, ..best })
    }
}

impl AlignmentSettings {
    /// The default for a catalog of this size: of a small one more is held out, up to a quarter, as a few items tell no
    /// ridge from another.
    pub fn for_items(items: usize, seed: u64) -> Self {
        let held_out = (ENOUGH_HELD_OUT / items.max(1) as f64).clamp(0.1, 0.25);
        AlignmentSettings { held_out, seed, ..Default::default() }
    }

    pub(super) fn check(&self, fields: &Latents) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let parts = self.components.len();
        match self {
            _ if self.dimensions == 0 || self.dimensions > MAX_DIMENSIONS => bad("dimensions", "use 1 to 512"),
            _ if parts == 0 || self.weights.len() != parts => bad("weights", "give one for each field"),
            _ if !self.weights.iter().all(|&weight| weight == 0.0 || (1e-3..=1e3).contains(&weight.abs())) => {
                bad("weights", "every weight must be 0, or from 0.001 to 1000")
            }
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

#[derive(Clone)]
struct JointFit<'a> {
    settings: &'a AlignmentSettings,
    ridges: Ridges,
    mean: f32,
    features: Arc<Features>,
    /// dimensions × features.
    map: DMatrix<f64>,
    users: Latents,
    user_biases: Vec<f32>,
}

/// What is known of every item, laid out for products from either side: to turn it round costs as much as the product.
struct Features {
    /// items × features.
    rows: DMatrix<f64>,
    /// features × items.
    columns: DMatrix<f64>,
}

impl Features {
    fn of(rows: &Latents) -> Self {
        let values = rows.values().iter().map(|&value| f64::from(value));
        let columns = DMatrix::from_iterator(rows.dimensions(), rows.len(), values);
        Features { rows: columns.transpose(), columns }
    }
}

impl<'a> JointFit<'a> {
    fn start(settings: &'a AlignmentSettings, ratings: &Ratings, features: Arc<Features>, ridges: Ridges) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        let columns = features.rows.ncols();
        let size = 0.5 / (columns as f64).sqrt();
        let mut map = DMatrix::zeros(settings.dimensions + 1, columns);
        for row in 0..settings.dimensions {
            for column in 0..columns - 1 {
                map[(row, column)] = random.random_range(-size..size);
            }
        }
        JointFit {
            settings,
            ridges,
            mean: ratings.mean(),
            features,
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
        let placed = &self.features.rows * self.map.transpose();
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
        let mut residual = moments.tr_mul(&self.features.rows) - self.apply(&raters, &self.map);
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
        let mut placed = map * &self.features.columns;
        for (mut column, information) in placed.column_iter_mut().zip(raters) {
            let image = information * &column;
            column.copy_from(&image);
        }
        let mut result = placed * &self.features.rows;
        for (row, (mut to, from)) in result.row_iter_mut().zip(map.row_iter()).enumerate() {
            let is_bias = row == self.settings.dimensions;
            to += from * if is_bias { self.ridges.bias } else { self.ridges.map };
        }
        result
    }

    fn item_statistics(&self, ratings: &Ratings) -> (Vec<DMatrix<f64>>, DMatrix<f64>) {
        let size = self.map.nrows();
        let mut raters = vec![DMatrix::zeros(size, size); self.features.rows.nrows()];
        let mut moments = DMatrix::zeros(self.features.rows.nrows(), size);
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
