//! Sentence vectors of several fields to a few features: leading principal components of each.

use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result};
use crate::latent::{Latents, dot};

/// Sentence vectors have length 1; this brings features to a size that suits one ridge.
const SCALE: f32 = 10.0;

/// Rows that principal components are taken of, evenly spread over all: more would take long and change nothing.
const MOST_ROWS: usize = 10_000;

/// Directions with a smaller share of a field's largest variance are no features: the catalog says nothing about them, so
/// that neither a rating nor a distance can be read off them.
const LEAST_VARIANCE: f64 = 1e-4;

/// One field's part of the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Field {
    centre: Vec<f32>,
    /// features × components of the sentence vector, scaled.
    axes: Latents,
}

/// A fitted map from field vectors to features; the last feature is the constant 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FeatureMap {
    fields: Vec<Field>,
    /// Variance of each feature but the constant.
    variances: Vec<f32>,
}

impl FeatureMap {
    /// Fits on rows of field vectors; `sizes` and `weights` say how many features each field gives at most and how
    /// strongly they count. Every feature varies over the rows, so fewer or equal texts give fewer features.
    pub(super) fn fit(rows: &Latents, sizes: &[usize], weights: &[f32]) -> Self {
        let width = rows.dimensions() / sizes.len();
        let fields = sizes.iter().zip(weights).enumerate().map(|(field, (&size, &weight))| {
            let some = rows.rows().step_by(rows.len().div_ceil(MOST_ROWS).max(1));
            let part = Latents::from_rows(width, some.map(|row| &row[field * width..(field + 1) * width]));
            // A field that does not count has no features: nothing can be divided by their variance.
            let size = if weight == 0.0 { 0 } else { size.min(width) };
            let mut axes = part.principal_axes_above(LEAST_VARIANCE, size);
            for axis in 0..axes.len() {
                axes.row_mut(axis).iter_mut().for_each(|value| *value *= SCALE * weight);
            }
            Field { centre: part.centroid(), axes }
        });
        let mut map = FeatureMap { fields: fields.collect(), variances: Vec::new() };
        map.variances = map.measure_variances(rows);
        map
    }

    /// Number of features, the constant included.
    pub(super) fn len(&self) -> usize {
        self.fields.iter().map(|field| field.axes.len()).sum::<usize>() + 1
    }

    /// The features of one row of field vectors.
    pub(super) fn apply(&self, row: &[f32]) -> Result<Vec<f32>> {
        let expected = self.fields.iter().map(|field| field.centre.len()).sum();
        if row.len() != expected {
            return Err(NumericError::WrongSize { what: "the row of field vectors", expected, found: row.len() }.into());
        }
        Ok(self.project(row))
    }

    /// The features of many rows.
    pub(super) fn apply_all(&self, rows: &Latents) -> Latents {
        Latents::from_rows(self.len(), rows.rows().map(|row| self.project(row)))
    }

    /// Squared Mahalanobis distance over the number of features: 1 on average, 0 where there are none.
    pub(super) fn unusualness(&self, features: &[f32]) -> f32 {
        let squares = features.iter().zip(&self.variances).map(|(value, variance)| value * value / variance);
        squares.sum::<f32>() / self.variances.len().max(1) as f32
    }

    fn project(&self, row: &[f32]) -> Vec<f32> {
        let mut features = Vec::with_capacity(self.len());
        let mut rest = row;
        for field in &self.fields {
            let (part, after) = rest.split_at(field.centre.len());
            let centred: Vec<f32> = part.iter().zip(&field.centre).map(|(value, centre)| value - centre).collect();
            features.extend(field.axes.rows().map(|axis| dot(axis, &centred)));
            rest = after;
        }
        features.push(1.0);
        features
    }

    fn measure_variances(&self, rows: &Latents) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.len() - 1];
        for row in rows.rows() {
            let features = self.project(row);
            sums.iter_mut().zip(&features).for_each(|(sum, &value)| *sum += f64::from(value) * f64::from(value));
        }
        sums.iter().map(|sum| (sum / rows.len().max(1) as f64) as f32).collect()
    }
}
