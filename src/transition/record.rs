//! A transition model as plain numbers, so that it can be written down and go on learning with the same bits.

use std::collections::VecDeque;

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::{Foresight, RECENT, TransitionModel, TransitionSettings};
use crate::error::{NumericError, Result};
use crate::ridge::RecursiveRidge;

/// Everything a [`TransitionModel`] knows.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionRecord {
    /// What is short.
    pub header: TransitionHeader,
    /// The factor of the information matrix, unknowns × unknowns, column by column.
    pub information: Vec<f64>,
    /// Unknowns × latent, column by column.
    pub coefficients: Vec<f64>,
}

/// The short part of a [`TransitionRecord`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionHeader {
    settings: TransitionSettings,
    sum: Vec<f64>,
    transitions: usize,
    scatter: f64,
    recent: VecDeque<Foresight>,
}

impl TransitionHeader {
    /// Rows and columns of the factor, and of the coefficients.
    pub fn shapes(&self) -> [[usize; 2]; 2] {
        let unknowns = self.settings.unknowns();
        [[unknowns, unknowns], [unknowns, self.settings.latent]]
    }
}

impl TransitionModel {
    /// What the model knows, as numbers.
    pub fn to_record(&self) -> TransitionRecord {
        let (information, coefficients) = self.regression.to_parts();
        let header = TransitionHeader {
            settings: self.settings.clone(),
            sum: self.sum.as_slice().to_vec(),
            transitions: self.transitions,
            scatter: self.scatter,
            recent: self.recent.clone(),
        };
        TransitionRecord { header, information, coefficients }
    }

    /// The model that a record was made of.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`], [`NumericError::NotFinite`], and those of [`TransitionModel::new`].
    pub fn from_record(record: TransitionRecord) -> Result<Self> {
        let TransitionRecord { header, information, coefficients } = record;
        header.settings.check()?;
        let [factor, solution] = header.shapes().map(|[rows, columns]| rows * columns);
        for (expected, found) in [
            (factor, information.len()),
            (solution, coefficients.len()),
            (header.settings.latent, header.sum.len()),
            (header.recent.len().min(RECENT), header.recent.len()),
        ] {
            if expected != found {
                return Err(
                    NumericError::WrongSize { what: "the record of a transition model", expected, found }.into()
                );
            }
        }
        let is_number = |number: &f64| number.is_finite();
        let sums_are_numbers = header.sum.iter().all(is_number) && is_number(&header.scatter);
        if !(sums_are_numbers && information.iter().chain(&coefficients).all(is_number)) {
            return Err(NumericError::NotFinite { what: "the record of a transition model" }.into());
        }
        let TransitionHeader { settings, sum, transitions, scatter, recent } = header;
        let regression = RecursiveRidge::from_parts(settings.unknowns(), settings.latent, information, coefficients);
        Ok(TransitionModel { settings, regression, sum: DVector::from_vec(sum), transitions, scatter, recent })
    }
}
