//! Points of the latent space Z, and the few things everyone asks of them.

use std::ops::{Mul, Sub};

use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};
use wide::f32x4;

use crate::error::{NumericError, Result};

/// Dimensions of a space, at most: beyond that the small dense systems of this crate are no longer small.
pub(crate) const MAX_DIMENSIONS: usize = 512;

/// Variance that is taken for rounding, as a share of the mean squared length of points.
const ROUNDING: f64 = 1e-10;

/// Many points of one space: a row-major matrix, one row a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Matrix", into = "Matrix")]
pub struct Latents {
    dimensions: usize,
    values: Vec<f32>,
}

/// The form of [`Latents`] that is written down.
#[derive(Serialize, Deserialize)]
struct Matrix {
    dimensions: usize,
    values: Vec<f32>,
}

impl TryFrom<Matrix> for Latents {
    type Error = crate::Error;

    fn try_from(Matrix { dimensions, values }: Matrix) -> Result<Self> {
        Latents::new(dimensions, values)
    }
}

impl From<Latents> for Matrix {
    fn from(Latents { dimensions, values }: Latents) -> Self {
        Matrix { dimensions, values }
    }
}

/// A point near another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Row of the point.
    pub index: usize,
    /// Euclidean distance.
    pub distance: f32,
}

impl Latents {
    /// Points from row-major values.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] unless `values` is a whole number of rows,
    /// [`NumericError::NotFinite`] for NaN or infinity.
    pub fn new(dimensions: usize, values: Vec<f32>) -> Result<Self> {
        if dimensions == 0 || !values.len().is_multiple_of(dimensions) {
            let whole = values.len() / dimensions.max(1) * dimensions;
            return Err(
                NumericError::WrongSize { what: "the matrix of points", expected: whole, found: values.len() }.into()
            );
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(NumericError::NotFinite { what: "the matrix of points" }.into());
        }
        Ok(Latents { dimensions, values })
    }

    /// `count` points at the origin.
    pub fn zeros(count: usize, dimensions: usize) -> Self {
        Latents { dimensions, values: vec![0.0; count * dimensions] }
    }

    /// Collects rows of equal length; `dimensions` is their length.
    pub fn from_rows(dimensions: usize, rows: impl IntoIterator<Item = impl AsRef<[f32]>>) -> Self {
        let mut values = Vec::new();
        for row in rows {
            assert_eq!(row.as_ref().len(), dimensions, "rows of a matrix have one length");
            values.extend_from_slice(row.as_ref());
        }
        Latents { dimensions, values }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Dimension of the space.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// One point.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// One point that a caller names, if it is there and somewhere.
    pub(crate) fn checked_row(&self, index: usize) -> Result<&[f32]> {
        if index >= self.len() {
            let expected = index.saturating_add(1);
            return Err(NumericError::WrongSize { what: "the catalog", expected, found: self.len() }.into());
        }
        let row = self.row(index);
        if row.iter().any(|value| !value.is_finite()) {
            return Err(NumericError::NotFinite { what: "an item's place" }.into());
        }
        Ok(row)
    }

    /// Adds a point of as many dimensions.
    pub(crate) fn push(&mut self, point: &[f32]) {
        assert_eq!(point.len(), self.dimensions, "rows of a matrix have one length");
        self.values.extend_from_slice(point);
    }

    /// One point, to be changed.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// All points in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> + Clone {
        self.values.chunks_exact(self.dimensions)
    }

    /// All values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The `k` points nearest to `point`, nearest first; ties go to the lower index.
    pub fn nearest(&self, point: &[f32], k: usize) -> Vec<Neighbour> {
        let mut nearest: Vec<Neighbour> = Vec::new();
        for (index, row) in self.rows().enumerate() {
            let distance = squared_distance(row, point);
            if nearest.len() == k && nearest.last().is_none_or(|last| distance >= last.distance) {
                continue;
            }
            let place = nearest.partition_point(|other| other.distance <= distance);
            nearest.insert(place, Neighbour { index, distance });
            nearest.truncate(k);
        }
        nearest.iter().map(|n| Neighbour { distance: n.distance.sqrt(), ..*n }).collect()
    }

    /// How far apart neighbours typically are: the median distance of a point to the nearest one elsewhere, measured
    /// on at most 400 points; 0 where all coincide.
    pub fn spacing(&self) -> f32 {
        let elsewhere = |point: &[f32]| {
            let distances = self.rows().map(|row| squared_distance(row, point)).filter(|distance| *distance > 0.0);
            distances.min_by(f32::total_cmp)
        };
        let mut nearest: Vec<f32> =
            self.rows().step_by(self.len().div_ceil(400).max(1)).filter_map(elsewhere).collect();
        crate::order::sort_numbers(&mut nearest);
        nearest.get(nearest.len() / 2).map_or(0.0, |squared| squared.sqrt())
    }

    /// Mean of all points.
    pub fn centroid(&self) -> Vec<f32> {
        let mut sum = vec![0.0_f64; self.dimensions];
        for row in self.rows() {
            sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        sum.iter().map(|sum| (sum / self.len().max(1) as f64) as f32).collect()
    }

    /// The `count` directions in which the points vary most, unit rows, largest variance first.
    ///
    /// The sign of each direction is fixed (its largest component is positive), so equal points
    /// give equal axes everywhere.
    pub fn principal_axes(&self, count: usize) -> Latents {
        self.axes_where(count, |_, _| true)
    }

    /// As [`Latents::principal_axes`], without directions in which the points hardly vary: those whose variance is at most
    /// `share` of the largest one, or no more than rounding leaves. There may be fewer than `count` rows, and none where
    /// all points are equal.
    pub(crate) fn principal_axes_above(&self, share: f64, count: usize) -> Latents {
        let rounding = ROUNDING * self.values.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>();
        self.axes_where(count, |variance, largest| variance > rounding && variance > share * largest)
    }

    fn axes_where(&self, count: usize, is_kept: impl Fn(f64, f64) -> bool) -> Latents {
        let eigen = SymmetricEigen::new(self.scatter());
        let by_variance = &mut |a, b| f64::total_cmp(&eigen.eigenvalues[b], &eigen.eigenvalues[a]);
        let order = crate::order::indices(self.dimensions, by_variance);
        let largest = order.first().map_or(0.0, |&column| eigen.eigenvalues[column]);
        let kept = order.iter().take(count).filter(|&&column| is_kept(eigen.eigenvalues[column], largest));
        let axes = kept.map(|&column| {
            let axis: Vec<f32> = eigen.eigenvectors.column(column).iter().map(|&value| value as f32).collect();
            let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
            axis.into_iter().map(|value| value * largest.signum()).collect::<Vec<_>>()
        });
        Latents::from_rows(self.dimensions, axes)
    }

    /// Covariance matrix around the centroid, times the number of points.
    fn scatter(&self) -> DMatrix<f64> {
        let centroid = self.centroid();
        let centred = self.rows().flat_map(|row| row.iter().zip(&centroid).map(|(&x, &c)| f64::from(x - c)));
        let centred = DMatrix::from_row_iterator(self.len(), self.dimensions, centred.collect::<Vec<_>>());
        centred.tr_mul(&centred)
    }
}

/// Inner product.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a, b, f32x4::mul, f32::mul)
}

/// Euclidean distance.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    squared_distance(a, b).sqrt()
}

/// Moves a point outside a ball straight to its surface.
pub fn pull_into_ball(point: &mut [f32], centre: &[f32], radius: f32) {
    let away = distance(point, centre);
    if away > radius {
        point.iter_mut().zip(centre).for_each(|(x, c)| *x = c + (*x - c) * radius / away);
    }
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a, b, squared_difference, squared_difference)
}

fn squared_difference<N: Copy + Sub<Output = N> + Mul<Output = N>>(a: N, b: N) -> N {
    let difference = a - b;
    difference * difference
}

/// Sums over two vectors, eight sums at once: a single one would have each addition wait for the last. The lanes are
/// written out because what is compiled to be small gets none of its own.
#[inline]
fn sum_of(a: &[f32], b: &[f32], lanes: fn(f32x4, f32x4) -> f32x4, one: fn(f32, f32) -> f32) -> f32 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let (mut low, mut high) = (f32x4::ZERO, f32x4::ZERO);
    for (a, b) in a.iter().zip(b) {
        let ([a_low, a_high], [b_low, b_high]) = (halves(a), halves(b));
        low += lanes(a_low, b_low);
        high += lanes(a_high, b_high);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(&a, &b)| one(a, b)).sum();
    // In the same order on every machine.
    (low + high).to_array().iter().sum::<f32>() + rest
}

fn halves(&[a, b, c, d, e, f, g, h]: &[f32; 8]) -> [f32x4; 2] {
    [f32x4::from([a, b, c, d]), f32x4::from([e, f, g, h])]
}
