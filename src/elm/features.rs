//! The features of a decoder: Gaussian bumps around some of the items, their density, and their derivatives.

use nalgebra::{DMatrix, DVector};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::latent::Latents;

/// Width of a bump in typical distances between nearest centres: wide enough to overlap, so that the decoder is smooth
/// among the items instead of jumping from one to the next.
const WIDTH: f64 = 2.0;

/// Gaussian bumps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features {
    pub(super) centres: Latents,
    bandwidth: f64,
}

/// The features at a point, and what their derivatives need.
pub(super) struct Around {
    /// φ.
    pub(super) bumps: DVector<f64>,
    /// `log φ`.
    exponents: DVector<f64>,
    /// centres × d: row k is the gradient of `log φ_k`.
    slopes: DMatrix<f64>,
    /// `log Σ_k φ_k`.
    pub(super) log_density: f64,
}

impl Features {
    /// Around at most `count` of the items, drawn at random.
    pub(super) fn among(items: &Latents, count: usize, random: &mut ChaCha8Rng) -> Self {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.shuffle(random);
        let centres = Latents::from_rows(items.dimensions(), order.iter().take(count).map(|&item| items.row(item)));
        let bandwidth = WIDTH * f64::from(centres.spacing());
        // Where all centres coincide any width will do.
        Features { bandwidth: if bandwidth > 0.0 { bandwidth } else { 1.0 }, centres }
    }

    /// φ.
    pub(super) fn bumps(&self, point: &[f32]) -> Vec<f32> {
        self.exponents(point).map(|exponent| exponent.exp() as f32).collect()
    }

    fn exponents(&self, point: &[f32]) -> impl Iterator<Item = f64> {
        let squared = |centre: &[f32]| differences(point, centre).map(|away| away * away).sum::<f64>();
        self.centres.rows().map(move |centre| -0.5 * squared(centre) / (self.bandwidth * self.bandwidth))
    }

    /// Everything there is to know at a point.
    pub(super) fn around(&self, point: &[f32]) -> Around {
        let exponents = DVector::from_iterator(self.centres.len(), self.exponents(point));
        // All bumps may be too small for a number; their logarithms are not.
        let largest = exponents.max();
        let log_density = largest + exponents.map(|exponent| (exponent - largest).exp()).sum().ln();
        let slopes = self.centres.rows().flat_map(|centre| differences(point, centre));
        let slopes = slopes.map(|away| away / (self.bandwidth * self.bandwidth)).collect::<Vec<_>>();
        let slopes = DMatrix::from_row_iterator(self.centres.len(), point.len(), slopes);
        Around { bumps: exponents.map(f64::exp), exponents, slopes, log_density }
    }
}

impl Around {
    /// centres × d: row k is the gradient of φ_k.
    pub(super) fn bump_slopes(&self) -> DMatrix<f64> {
        DMatrix::from_fn(self.slopes.nrows(), self.slopes.ncols(), |k, axis| self.bumps[k] * self.slopes[(k, axis)])
    }

    /// The gradient of `log Σ_k φ_k`: a mean of the bumps' own, weighted by their size.
    pub(super) fn density_slope(&self) -> DVector<f64> {
        let shares = self.exponents.map(|exponent| (exponent - self.log_density).exp());
        self.slopes.tr_mul(&shares)
    }
}

/// The way from one point to another.
pub(super) fn differences(from: &[f32], to: &[f32]) -> impl Iterator<Item = f64> {
    from.iter().zip(to).map(|(from, to)| f64::from(*to) - f64::from(*from))
}
