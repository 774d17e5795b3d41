//! Ridge least squares, one small system at a time: the workhorse of every fit here. [`Ridge`] gathers observations and
//! is solved once; [`RecursiveRidge`] is solved at any time.

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

/// Ridge least squares of several targets on one row, solved anew with every observation.
///
/// Recursive least squares: the coefficients are those that [`Ridge`] finds for each target from all observations so
/// far. An observation updates the Cholesky factor of the information matrix `A = ridge·I + Σ row rowᵀ`, O(unknowns²).
/// The inverse would cost the same by Sherman and Morrison, but subtracts, and loses its positive eigenvalues to
/// rounding in the end; a factor only ever grows, and what is computed from it is a sum of squares.
#[derive(Debug, Clone)]
pub(crate) struct RecursiveRidge {
    information: Cholesky<f64, Dyn>,
    /// Unknowns × targets.
    coefficients: DMatrix<f64>,
}

impl RecursiveRidge {
    /// No observation yet; every coefficient is drawn to 0 with strength `ridge` > 0.
    pub(crate) fn new(unknowns: usize, targets: usize, ridge: f64) -> Self {
        RecursiveRidge {
            information: Cholesky::pack_dirty(DMatrix::identity(unknowns, unknowns) * ridge.sqrt()),
            coefficients: DMatrix::zeros(unknowns, targets),
        }
    }

    /// The factor and the coefficients, column by column.
    pub(crate) fn to_parts(&self) -> (Vec<f64>, Vec<f64>) {
        (self.information.l_dirty().as_slice().to_vec(), self.coefficients.as_slice().to_vec())
    }

    /// What [`RecursiveRidge::to_parts`] gave, of as many values as the sizes say.
    pub(crate) fn from_parts(unknowns: usize, targets: usize, information: Vec<f64>, coefficients: Vec<f64>) -> Self {
        RecursiveRidge {
            information: Cholesky::pack_dirty(DMatrix::from_vec(unknowns, unknowns, information)),
            coefficients: DMatrix::from_vec(unknowns, targets, coefficients),
        }
    }

    /// What the coefficients make of a row.
    pub(crate) fn predict(&self, row: &DVector<f64>) -> DVector<f64> {
        self.coefficients.tr_mul(row)
    }

    /// `row A⁻¹ rowᵀ`: the variance of a prediction in units of that of the noise, never negative.
    pub(crate) fn leverage(&self, row: &DVector<f64>) -> f64 {
        self.whiten(row).norm_squared()
    }

    /// Adds one observation.
    pub(crate) fn observe(&mut self, row: &DVector<f64>, targets: &DVector<f64>) {
        let errors = targets - self.predict(row);
        let mut gain = self.whiten(row);
        let shrinkage = 1.0 / (1.0 + gain.norm_squared());
        self.information.l_dirty().ad_solve_lower_triangular_mut(&mut gain);
        self.coefficients.ger(shrinkage, &gain, &errors, 1.0);
        self.information.rank_one_update(row, 1.0);
    }

    /// `L⁻¹ rowᵀ` with `A = L Lᵀ`.
    fn whiten(&self, row: &DVector<f64>) -> DVector<f64> {
        let mut whitened = row.clone();
        self.information.l_dirty().solve_lower_triangular_unchecked_mut(&mut whitened);
        whitened
    }
}
