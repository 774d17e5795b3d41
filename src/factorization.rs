//! Behavioural embeddings: weighted alternating least squares with biases.
//!
//! A rating is modelled as `mean + b_user + b_item + u·v`. Each sweep fits, in turn, every user's
//! vector, every item's vector and the two kinds of bias by ridge least squares, all others held
//! fixed, so the penalised error falls with every sweep. Unobserved pairs may count too, as
//! residuals of 0 with a small weight (`unobserved_weight`), which is the implicit-feedback model
//! of the reference; for explicit ratings 0 predicts best.
//!
//! It fails quietly with too few ratings a user: the ridge then keeps vectors near 0 and the
//! prediction near the biases, which is the right answer to little evidence.
//!
//! References: Hu, Koren & Volinsky 2008, *Collaborative Filtering for Implicit Feedback
//! Datasets*; Tennenholtz et al. 2024 §5 uses the result as its latent space.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result};
use crate::latent::{Latents, MAX_DIMENSIONS, dot};
use crate::ratings::{Rating, Ratings};
use crate::ridge::{Ridge, is_ridge};

/// Settings of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Factorization {
    /// Dimension of the vectors.
    pub factors: usize,
    /// Strength with which vectors are drawn to 0, in units of one observation.
    pub ridge: f64,
    /// Strength with which biases are drawn to 0.
    pub bias_ridge: f64,
    /// Alternating sweeps.
    pub sweeps: usize,
    /// Weight of every unobserved pair, as a residual of 0; observed pairs weigh 1.
    pub unobserved_weight: f64,
    /// Seeds the starting point.
    pub seed: u64,
}

impl Default for Factorization {
    fn default() -> Self {
        Factorization { factors: 32, ridge: 14.0, bias_ridge: 3.0, sweeps: 15, unobserved_weight: 0.0, seed: 0 }
    }
}

/// The behavioural embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// Mean of all ratings.
    pub mean: f32,
    /// users × factors.
    pub users: Latents,
    /// items × factors.
    pub items: Latents,
    /// How much above the mean each user rates.
    pub user_biases: Vec<f32>,
    /// How much above the mean each item is rated.
    pub item_biases: Vec<f32>,
}

/// The same by id: the form in which factors leave a program and come into one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorsById {
    /// Mean of all ratings that were fitted; 0 where the vectors say everything.
    #[serde(default)]
    pub mean: f32,
    /// Every user.
    pub users: Vec<VectorById>,
    /// Every item.
    pub items: Vec<VectorById>,
    /// Error on ratings held out; nothing where none were.
    #[serde(default)]
    pub rmse: Option<f64>,
}

/// A user's or an item's vector, and how much above the mean they rate or it is rated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct VectorById {
    pub id: String,
    #[serde(default)]
    pub bias: f32,
    pub vector: Vec<f32>,
}

/// A fit under way.
#[derive(Debug)]
pub struct Fitting<'a> {
    settings: &'a Factorization,
    by_user: Vec<Vec<Rating>>,
    by_item: Vec<Vec<Rating>>,
    factors: Factors,
    done: usize,
}

/// A user described by a handful of ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedUser {
    /// How much above the mean the user rates.
    pub bias: f32,
    /// The user's vector.
    pub vector: Vec<f32>,
}

impl Factorization {
    /// Fits factors to ratings; equal inputs and seed give equal bits.
    ///
    /// `after_sweep(done, total)` may fail to cancel.
    ///
    /// ```
    /// use aquiline::factorization::Factorization;
    /// use aquiline::ratings::Ratings;
    /// let csv = b"userId,movieId,rating\n1,a,5\n1,b,1\n2,a,4\n2,b,2\n";
    /// let ratings = Ratings::from_movielens_csv(csv, "ratings.csv", (0.5, 5.0))?;
    /// let factors = Factorization { factors: 2, ..Default::default() }.fit(&ratings, |_, _| Ok(()))?;
    /// assert!(factors.predict(0, 0) > factors.predict(0, 1));
    /// # Ok::<(), aquiline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] without factors or with more than 512, or with a ridge below 0.000001.
    pub fn fit(&self, ratings: &Ratings, mut after_sweep: impl FnMut(usize, usize) -> Result<()>) -> Result<Factors> {
        let mut fitting = self.start(ratings)?;
        while !fitting.is_done() {
            fitting.sweep();
            after_sweep(fitting.done, self.sweeps)?;
        }
        Ok(fitting.finish())
    }

    /// The same sweep by sweep, for whoever has to do something else in between.
    ///
    /// # Errors
    /// As [`Factorization::fit`].
    pub fn start(&self, ratings: &Ratings) -> Result<Fitting<'_>> {
        self.check()?;
        let by_user = ratings.by_user().into_iter().map(<[Rating]>::to_vec).collect();
        Ok(Fitting { settings: self, by_user, by_item: ratings.by_item(), factors: self.initial(ratings), done: 0 })
    }

    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            _ if self.factors == 0 || self.factors > MAX_DIMENSIONS => bad("factors", "use 1 to 512"),
            _ if !is_ridge(self.ridge) => bad("ridge", "it must be finite and at least 0.000001"),
            _ if !is_ridge(self.bias_ridge) => bad("bias_ridge", "it must be finite and at least 0.000001"),
            _ if !(0.0..1.0).contains(&self.unobserved_weight) => bad("unobserved_weight", "it must be in [0, 1)"),
            _ => Ok(()),
        }
    }

    fn initial(&self, ratings: &Ratings) -> Factors {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut items = Latents::zeros(ratings.items().len(), self.factors);
        for item in 0..items.len() {
            items.row_mut(item).fill_with(|| random.random_range(-0.1..0.1));
        }
        Factors {
            mean: ratings.mean(),
            users: Latents::zeros(ratings.users().len(), self.factors),
            items,
            user_biases: vec![0.0; ratings.users().len()],
            item_biases: vec![0.0; ratings.items().len()],
        }
    }

    /// One vector for each group of ratings, the other side held fixed.
    fn fit_side(&self, groups: &[Vec<Rating>], others: &Latents, target: impl Fn(&Rating) -> (u32, f32)) -> Latents {
        let prior = self.prior(others);
        let vectors = groups.iter().map(|group| {
            let mut system = Ridge::with_prior(&prior, DVector::zeros(self.factors));
            for rating in group {
                let (other, residual) = target(rating);
                let weight = 1.0 - self.unobserved_weight;
                // The prior already counts this pair once with a residual of 0.
                system.observe(others.row(other as usize), f64::from(residual) / weight, weight);
            }
            system.solve().iter().map(|&value| value as f32).collect::<Vec<_>>()
        });
        Latents::from_rows(self.factors, vectors)
    }

    fn prior(&self, others: &Latents) -> DMatrix<f64> {
        let mut prior = DMatrix::identity(self.factors, self.factors) * self.ridge;
        if self.unobserved_weight > 0.0 {
            let rows =
                DMatrix::from_row_iterator(others.len(), self.factors, others.values().iter().map(|&v| f64::from(v)));
            prior += rows.tr_mul(&rows) * self.unobserved_weight;
        }
        prior
    }
}

impl Fitting<'_> {
    /// Whether all sweeps are done.
    pub fn is_done(&self) -> bool {
        self.done >= self.settings.sweeps
    }

    /// Biases, then users with items held fixed, then items with users held fixed.
    pub fn sweep(&mut self) {
        let Fitting { settings, by_user, by_item, factors, .. } = self;
        factors.fit_biases(by_user, by_item, settings.bias_ridge);
        factors.users = settings.fit_side(by_user, &factors.items, |r| (r.item, factors.residual(r)));
        factors.items = settings.fit_side(by_item, &factors.users, |r| (r.user, factors.residual(r)));
        self.done += 1;
    }

    /// Sweeps done, and of how many.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.settings.sweeps)
    }

    /// The factors as they are now.
    pub fn finish(self) -> Factors {
        self.factors
    }
}

impl Factors {
    /// Ready-made factors, for example from another library.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] when the parts do not fit together.
    pub fn new(
        mean: f32,
        users: Latents,
        items: Latents,
        user_biases: Vec<f32>,
        item_biases: Vec<f32>,
    ) -> Result<Self> {
        let wrong = |what, expected, found| Err(NumericError::WrongSize { what, expected, found }.into());
        if users.dimensions() != items.dimensions() {
            return wrong("an item's vector", users.dimensions(), items.dimensions());
        }
        if user_biases.len() != users.len() {
            return wrong("the list of user biases", users.len(), user_biases.len());
        }
        if item_biases.len() != items.len() {
            return wrong("the list of item biases", items.len(), item_biases.len());
        }
        if !mean.is_finite() || user_biases.iter().chain(&item_biases).any(|bias| !bias.is_finite()) {
            return Err(NumericError::NotFinite { what: "the biases" }.into());
        }
        Ok(Factors { mean, users, items, user_biases, item_biases })
    }

    /// The same by id, of the ratings that were fitted; `unseen` are those held out.
    pub fn by_id(&self, ratings: &Ratings, unseen: &Ratings) -> FactorsById {
        FactorsById {
            mean: self.mean,
            users: vectors_by_id(ratings.users(), &self.user_biases, &self.users),
            items: vectors_by_id(ratings.items(), &self.item_biases, &self.items),
            rmse: (!unseen.is_empty()).then(|| self.rmse(unseen)),
        }
    }

    /// The predicted rating, not clipped to the scale.
    pub fn predict(&self, user: usize, item: usize) -> f32 {
        self.mean + self.user_biases[user] + self.item_biases[item] + dot(self.users.row(user), self.items.row(item))
    }

    /// Root mean squared error on observations, predictions clipped to their scale.
    pub fn rmse(&self, ratings: &Ratings) -> f64 {
        let (lowest, highest) = ratings.scale();
        let predict = |r: &Rating| self.predict(r.user as usize, r.item as usize).clamp(lowest, highest);
        rmse(ratings.entries().iter().map(|rating| rating.value - predict(rating)))
    }

    /// Describes a new user by ratings of known items, as the fit would have with all else fixed.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for an item index out of range, [`NumericError::NotFinite`] for a
    /// rating that is no number.
    pub fn fold_in(&self, ratings: &[(usize, f32)], settings: &Factorization) -> Result<FoldedUser> {
        let residual = |&(item, value): &(usize, f32)| value - self.mean - self.item_biases[item];
        check_fold_in(ratings, self.items.len())?;
        let total: f32 = ratings.iter().map(residual).sum();
        let bias = total / (ratings.len() as f32 + settings.bias_ridge as f32);
        let mut system = Ridge::new(self.items.dimensions(), settings.ridge);
        for rating in ratings {
            system.observe(self.items.row(rating.0), f64::from(residual(rating) - bias), 1.0);
        }
        Ok(FoldedUser { bias, vector: system.solve().iter().map(|&value| value as f32).collect() })
    }

    fn residual(&self, rating: &Rating) -> f32 {
        rating.value - self.mean - self.user_biases[rating.user as usize] - self.item_biases[rating.item as usize]
    }

    fn fit_biases(&mut self, by_user: &[Vec<Rating>], by_item: &[Vec<Rating>], ridge: f64) {
        let interaction = |f: &Factors, r: &Rating| dot(f.users.row(r.user as usize), f.items.row(r.item as usize));
        for (user, group) in by_user.iter().enumerate() {
            let rest = |r: &Rating| r.value - self.mean - self.item_biases[r.item as usize] - interaction(self, r);
            self.user_biases[user] = shrunk_mean(group.iter().map(rest), ridge);
        }
        for (item, group) in by_item.iter().enumerate() {
            let rest = |r: &Rating| r.value - self.mean - self.user_biases[r.user as usize] - interaction(self, r);
            self.item_biases[item] = shrunk_mean(group.iter().map(rest), ridge);
        }
    }
}

fn vectors_by_id(ids: &[String], biases: &[f32], vectors: &Latents) -> Vec<VectorById> {
    let rows = ids.iter().zip(biases).zip(vectors.rows());
    rows.map(|((id, &bias), vector)| VectorById { id: id.clone(), bias, vector: vector.to_vec() }).collect()
}

/// Root mean square of errors; 0 for none.
pub fn rmse(errors: impl IntoIterator<Item = f32>) -> f64 {
    let (sum, count) =
        errors.into_iter().fold((0.0, 0), |(sum, count), error| (sum + f64::from(error) * f64::from(error), count + 1));
    (sum / f64::from(count.max(1))).sqrt()
}

pub(crate) fn check_fold_in(ratings: &[(usize, f32)], items: usize) -> Result<()> {
    if let Some(&(item, _)) = ratings.iter().find(|&&(item, _)| item >= items) {
        return Err(NumericError::WrongSize { what: "the catalog", expected: item + 1, found: items }.into());
    }
    if ratings.iter().any(|(_, value)| !value.is_finite()) {
        return Err(NumericError::NotFinite { what: "the list of ratings" }.into());
    }
    Ok(())
}

fn shrunk_mean(values: impl ExactSizeIterator<Item = f32>, ridge: f64) -> f32 {
    let count = values.len() as f64;
    (values.map(f64::from).sum::<f64>() / (count + ridge)) as f32
}
