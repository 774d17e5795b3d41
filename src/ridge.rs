//! Ridge least squares, one small system at a time: the workhorse of every fit here.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Whether a strength keeps systems solvable in f64, whatever the observations.
pub(crate) fn is_ridge(strength: f64) -> bool {
    strength.is_finite() && strength >= 1e-6
}

/// The normal equations of `min Σ w (target − x·row)² + (x − prior)ᵀ ridge (x − prior)`.
///
/// Observations are added one by one; solves are in f64.
#[derive(Debug, Clone)]
pub(crate) struct Ridge {
    /// Only the lower triangle is kept.
    gram: DMatrix<f64>,
    moment: DVector<f64>,
    row: DVector<f64>,
}

impl Ridge {
    /// No observation yet; every coefficient is drawn to 0 with strength `ridge` > 0.
    pub(crate) fn new(unknowns: usize, ridge: f64) -> Self {
        Ridge {
            gram: DMatrix::identity(unknowns, unknowns) * ridge,
            moment: DVector::zeros(unknowns),
            row: DVector::zeros(unknowns),
        }
    }

    /// A system that starts from a known information matrix and moment.
    pub(crate) fn with_prior(gram: &DMatrix<f64>, moment: DVector<f64>) -> Self {
        Ridge { gram: gram.clone(), row: DVector::zeros(moment.len()), moment }
    }

    /// Adds one observation.
    pub(crate) fn observe(&mut self, row: &[f32], target: f64, weight: f64) {
        self.row.iter_mut().zip(row).for_each(|(to, &from)| *to = f64::from(from));
        self.gram.syger(weight, &self.row, &self.row, 1.0);
        self.moment.axpy(weight * target, &self.row, 1.0);
    }

    /// The information matrix, factorised.
    pub(crate) fn factorize(&self) -> Cholesky<f64, Dyn> {
        self.try_factorize().expect("a ridge above 0 keeps the information matrix positive definite")
    }

    /// The same for observations of any size: none where they are so large that f64 cannot see the ridge beside them.
    pub(crate) fn try_factorize(&self) -> Option<Cholesky<f64, Dyn>> {
        Cholesky::new(self.gram.clone())
    }

    /// The coefficients.
    pub(crate) fn solve(&self) -> DVector<f64> {
        self.factorize().solve(&self.moment)
    }
}
