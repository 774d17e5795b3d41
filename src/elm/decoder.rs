//! A small stochastic decoder from Z to sentence vectors, and the metric it pulls back.
//!
//! **Idea.** Where a little step in Z changes the text a lot, Z is long; where nothing is known about the texts, it
//! should be longer still, so that shortest ways keep to the data. For a decoder `f(z) = μ(z) + σ(z) ∘ ε` with standard
//! normal ε the expected metric says exactly that (Arvanitidis, Hansen & Hauberg 2018, *Latent Space Oddity*):
//! `G(z) = J_μᵀ J_μ + J_σᵀ J_σ`.
//!
//! **Steps.**
//! 1. Sentence vectors are reduced to their leading principal components.
//! 2. Features of z are Gaussian bumps `φ_k(z) = exp(−‖z − c_k‖² / 2h²)` around a seeded subset of the items; h is
//!    twice the median distance between nearest centres.
//! 3. μ is the mean of an ensemble of ridge regressions on φ, each fitted to its own bootstrap sample of the items.
//! 4. `σ_j(z) = e_j(z) + m_j · √(ρ₀ / ρ(z))`. e_j is the standard deviation over the ensemble. The second part is an
//!    inverse RBF: the density `ρ = Σ_k φ_k` falls to 0 off the data, so this grows there without end. The ensemble
//!    alone would not: far from all bumps its members agree, on nothing but the mean. m_j is what μ misses at the items
//!    (root mean square), and ρ₀ the median density at the items: at a typical item the part is as large as the error.
//!
//! Derivatives are exact. A hundredth of the metric's typical size is added to all directions, so that those which the
//! decoder does not see have a length too.
//!
//! **When it fails.** With few items in many dimensions every place is off the data, and the bound on the spread keeps
//! a search where it began. Beyond about 20 h the spread stays as it is, to remain a number, and the
//! metric grows with the distance only.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::features::{Around, Features, differences};
use super::{check_finite, check_items, check_width};
use crate::error::{NumericError, Result};
use crate::latent::{Latents, dot};
use crate::ridge::{Ridge, is_ridge};

/// Share of the metric's mean eigenvalue at the centres that every direction has at least.
const FLOOR: f64 = 0.01;
/// Largest exponent of the inverse RBF.
const STEEPEST: f64 = 100.0;
/// An ensemble's error is at least this share of the components' own standard deviation, however well it fits.
const LEAST_MISSED: f64 = 0.01;

/// How a decoder is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderSettings {
    /// Regressions in the ensemble, at least 2.
    pub members: usize,
    /// Principal components of the sentence vectors, at least 1; no more are used than there are.
    pub components: usize,
    /// Centres of the features, at least 2; no more are used than there are items.
    pub centres: usize,
    /// Strength with which coefficients are drawn to 0, in units of one item.
    pub ridge: f64,
}

impl Default for DecoderSettings {
    fn default() -> Self {
        DecoderSettings { members: 5, components: 16, centres: 64, ridge: 0.1 }
    }
}

/// A fitted decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoder {
    features: Features,
    /// For each regression, components × centres.
    members: Vec<DMatrix<f64>>,
    /// The mean regression.
    mean: DMatrix<f64>,
    /// What the mean misses of each component at the items.
    missed: DVector<f64>,
    /// Logarithm of the items' median density.
    log_density: f64,
    /// Least eigenvalue of the metric.
    floor: f64,
}

/// What a decoder says at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoding {
    /// μ: the expected sentence vector's principal components, from the centroid.
    pub mean: Vec<f64>,
    /// σ: the standard deviation of each.
    pub spread: Vec<f64>,
}

impl Decoder {
    /// Fits a decoder to items at n places (n × d) with n sentence vectors; equal arguments give equal decoders.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a setting out of its range or fewer than 2 items, [`NumericError::WrongSize`]
    /// unless there is one sentence vector for each item, [`NumericError::NotFinite`].
    pub fn fit(items: &Latents, sentences: &Latents, settings: &DecoderSettings, seed: u64) -> Result<Decoder> {
        settings.check()?;
        check_rows(items, sentences)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let features = Features::among(items, settings.centres, &mut random);
        let targets = components(sentences, settings.components);
        let bumps = Latents::from_rows(features.centres.len(), items.rows().map(|item| features.bumps(item)));
        let members: Vec<DMatrix<f64>> =
            (0..settings.members).map(|_| regression(&bumps, &targets, settings.ridge, &mut random)).collect();
        let mean = members.iter().sum::<DMatrix<f64>>() / members.len() as f64;
        let missed = missed(&mean, &bumps, &targets);
        let log_density = median(items.rows().map(|item| features.around(item).log_density));
        let decoder = Decoder { features, members, mean, missed, log_density, floor: 0.0 };
        Ok(Decoder { floor: decoder.typical_eigenvalue().max(1e-12) * FLOOR, ..decoder })
    }

    /// Mean and spread of the sentence vector at a point.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for a point of another space.
    pub fn decode(&self, point: &[f32]) -> Result<Decoding> {
        self.check(point)?;
        let around = self.features.around(point);
        let mean = (&self.mean * &around.bumps).iter().copied().collect();
        Ok(Decoding { mean, spread: self.spreads(&around).iter().copied().collect() })
    }

    /// The expected spread `√Σ_j σ_j²` at a point: how far texts decoded there typically lie from their mean.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn spread(&self, point: &[f32]) -> Result<f64> {
        self.check(point)?;
        Ok(self.spread_at(point))
    }

    /// The expected metric G at a point, d × d row by row: symmetric and positive definite.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn metric(&self, point: &[f32]) -> Result<Vec<f64>> {
        self.check(point)?;
        Ok(self.metric_at(point).iter().copied().collect())
    }

    /// The spread that this share of the items does not exceed.
    pub(super) fn spread_quantile(&self, items: &Latents, quantile: f32) -> f64 {
        let mut spreads: Vec<f64> = items.rows().map(|item| self.spread_at(item)).collect();
        crate::order::sort_numbers(&mut spreads);
        let rank = (quantile * spreads.len() as f32).ceil() as usize;
        spreads[rank.clamp(1, spreads.len()) - 1]
    }

    /// Median distance between nearest centres, in the metric.
    pub(super) fn spacing(&self) -> f64 {
        let centres = &self.features.centres;
        let lengths = centres.rows().filter_map(|centre| {
            let other = centres.nearest(centre, 2).into_iter().rfind(|near| near.distance > 0.0)?;
            let step = DVector::from_iterator(centre.len(), differences(centre, centres.row(other.index)));
            Some((&self.metric_at(centre) * &step).dot(&step).sqrt())
        });
        median(lengths)
    }

    pub(super) fn spread_at(&self, point: &[f32]) -> f64 {
        self.spreads(&self.features.around(point)).norm()
    }

    pub(super) fn metric_at(&self, point: &[f32]) -> DMatrix<f64> {
        let mut metric = self.seen_metric(point);
        // The second keeps rounding from making a very long metric indefinite.
        let floor = self.floor.max(1e-9 * metric.trace());
        (0..metric.nrows()).for_each(|axis| metric[(axis, axis)] += floor);
        metric
    }

    /// The metric without its floor.
    fn seen_metric(&self, point: &[f32]) -> DMatrix<f64> {
        let around = self.features.around(point);
        let bump_slopes = around.bump_slopes();
        let of_mean = &self.mean * &bump_slopes;
        let of_spread = self.ensemble_slopes(&around) * &bump_slopes + self.off_data_slopes(&around);
        let metric = of_mean.tr_mul(&of_mean) + of_spread.tr_mul(&of_spread);
        (&metric + metric.transpose()) / 2.0
    }

    fn typical_eigenvalue(&self) -> f64 {
        let centres = &self.features.centres;
        let traces = centres.rows().map(|centre| self.seen_metric(centre).trace());
        traces.sum::<f64>() / (centres.len() * centres.dimensions()) as f64
    }

    fn spreads(&self, around: &Around) -> DVector<f64> {
        self.ensemble_spreads(&self.deviations(around)) + &self.missed * self.growth(around)
    }

    /// What each member says beyond the mean.
    fn deviations(&self, around: &Around) -> Vec<DVector<f64>> {
        let mean = &self.mean * &around.bumps;
        self.members.iter().map(|member| member * &around.bumps - &mean).collect()
    }

    fn ensemble_spreads(&self, deviations: &[DVector<f64>]) -> DVector<f64> {
        let squares = deviations.iter().map(|deviation| deviation.component_mul(deviation)).sum::<DVector<f64>>();
        // Kept off 0, where a root has no derivative.
        (squares / deviations.len() as f64).map(|variance| (variance + 1e-12).sqrt())
    }

    /// The derivative of the ensemble's spreads by the bumps. Deviations sum to 0, so the mean's part drops out.
    fn ensemble_slopes(&self, around: &Around) -> DMatrix<f64> {
        let deviations = self.deviations(around);
        let scale = self.ensemble_spreads(&deviations) * deviations.len() as f64;
        let weighted = self.members.iter().zip(&deviations).map(|(member, deviation)| {
            let weights = deviation.component_div(&scale);
            DMatrix::from_fn(member.nrows(), member.ncols(), |row, column| weights[row] * member[(row, column)])
        });
        weighted.sum()
    }

    /// `√(ρ₀ / ρ)`.
    fn growth(&self, around: &Around) -> f64 {
        (0.5 * (self.log_density - around.log_density)).min(STEEPEST).exp()
    }

    /// The derivative of the inverse RBF part: `−½ · growth · ∇log ρ` for each component, times what is missed of it.
    fn off_data_slopes(&self, around: &Around) -> DMatrix<f64> {
        let slope = around.density_slope() * (-0.5 * self.growth(around));
        &self.missed * slope.transpose()
    }

    fn check(&self, point: &[f32]) -> Result<()> {
        check_width("the point", self.features.centres.dimensions(), point.len())?;
        check_finite("the point", point)
    }
}

impl DecoderSettings {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            _ if self.members < 2 => bad("members", "a spread needs at least 2"),
            _ if self.components == 0 => bad("components", "use at least 1"),
            _ if self.centres < 2 => bad("centres", "use at least 2"),
            _ if !is_ridge(self.ridge) => bad("ridge", "it must be finite and at least 0.000001"),
            _ => Ok(()),
        }
    }
}

fn check_rows(items: &Latents, sentences: &Latents) -> Result<()> {
    check_items(items)?;
    check_width("the list of sentence vectors", items.len(), sentences.len())?;
    check_finite("the sentence vectors", sentences.values())
}

/// Principal components from the centroid, one row for each sentence vector.
fn components(sentences: &Latents, count: usize) -> DMatrix<f64> {
    let (axes, centroid) = (sentences.principal_axes(count), sentences.centroid());
    let row = |sentence: &[f32]| {
        let centred: Vec<f32> = sentence.iter().zip(&centroid).map(|(value, centre)| value - centre).collect();
        axes.rows().map(|axis| f64::from(dot(axis, &centred))).collect::<Vec<_>>()
    };
    DMatrix::from_row_iterator(sentences.len(), axes.len(), sentences.rows().flat_map(row))
}

/// Ridge regression of all targets (items × components) on the bumps (items × centres), over a bootstrap sample of the
/// items: components × centres.
fn regression(bumps: &Latents, targets: &DMatrix<f64>, ridge: f64, random: &mut ChaCha8Rng) -> DMatrix<f64> {
    let mut system = Ridge::new(bumps.dimensions(), ridge);
    let mut moments = DMatrix::zeros(bumps.dimensions(), targets.ncols());
    for (item, times) in bootstrap(bumps.len(), random).into_iter().enumerate().filter(|(_, times)| *times > 0.0) {
        // The system has one right-hand side, the targets many: only its information matrix is used.
        system.observe(bumps.row(item), 0.0, times);
        let row = DVector::from_iterator(bumps.dimensions(), bumps.row(item).iter().map(|&bump| f64::from(bump)));
        moments.ger(times, &row, &targets.row(item).transpose(), 1.0);
    }
    system.factorize().solve(&moments).transpose()
}

/// How often each item is drawn in as many draws with replacement as there are items.
fn bootstrap(items: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut times = vec![0.0; items];
    (0..items).for_each(|_| times[random.random_range(0..items as u32) as usize] += 1.0);
    times
}

/// Root mean square error of each component at the items.
fn missed(mean: &DMatrix<f64>, bumps: &Latents, targets: &DMatrix<f64>) -> DVector<f64> {
    let bumps =
        DMatrix::from_row_iterator(bumps.len(), bumps.dimensions(), bumps.values().iter().map(|&bump| f64::from(bump)));
    let errors: DMatrix<f64> = targets - bumps * mean.transpose();
    let size = |column: &[f64]| (column.iter().map(|value| value * value).sum::<f64>() / column.len() as f64).sqrt();
    let sizes = errors.column_iter().zip(targets.column_iter());
    let sizes = sizes.map(|(error, target)| size(error.as_slice()).max(LEAST_MISSED * size(target.as_slice())));
    // Not 0 even for a component that never varies, so that the metric grows off the data in any case.
    DVector::from_iterator(targets.ncols(), sizes.map(|size| size.max(1e-6)).collect::<Vec<_>>())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    crate::order::sort_numbers(&mut values);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
