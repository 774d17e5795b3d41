//! The surface of a stochastic decoder: steps in its metric, as far as it is sure.

use nalgebra::{Cholesky, DVector};

use super::decoder::Decoder;
use super::surface::Surface;
use crate::latent::{Latents, distance};

/// Where a decoder's spread is within a bound.
pub(super) struct PullBack<'a> {
    decoder: Decoder,
    items: &'a Latents,
    /// Largest spread that is allowed: that of one of the items.
    bound: f64,
}

impl<'a> PullBack<'a> {
    /// Bounds the spread by this quantile of the items' own spreads.
    pub(super) fn new(decoder: Decoder, items: &'a Latents, quantile: f32) -> Self {
        let bound = decoder.spread_quantile(items, quantile);
        PullBack { decoder, items, bound }
    }

    fn is_within(&self, point: &[f32]) -> bool {
        self.decoder.spread_at(point) <= self.bound
    }
}

impl Surface for PullBack<'_> {
    fn scale(&self) -> f32 {
        self.decoder.spacing() as f32
    }

    /// The point itself, or the nearest item at which the decoder is sure enough.
    fn enter(&mut self, point: &[f32]) -> Vec<f32> {
        if self.is_within(point) {
            return point.to_vec();
        }
        let sure = self.items.rows().filter(|item| self.is_within(item));
        let nearest = sure.min_by(|a, b| distance(a, point).total_cmp(&distance(b, point)));
        nearest.unwrap_or(point).to_vec()
    }

    /// A step of this length in the metric along the natural gradient `G⁻¹∇U`, unless it leads out of bounds.
    fn advance(&mut self, point: &[f32], gradient: &[f32], length: f32) -> Option<Vec<f32>> {
        let gradient = DVector::from_iterator(gradient.len(), gradient.iter().map(|&value| f64::from(value)));
        let natural = Cholesky::new(self.decoder.metric_at(point))?.solve(&gradient);
        // The metric's length of the natural gradient.
        let slope = gradient.dot(&natural).sqrt();
        let stride = f64::from(length) / slope;
        let moved: Vec<f32> = point.iter().zip(&natural).map(|(x, n)| (f64::from(*x) + stride * n) as f32).collect();
        // Without a slope, or with one beyond numbers, the moved point is none and its spread is not within bounds.
        self.is_within(&moved).then_some(moved)
    }
}
