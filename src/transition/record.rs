//! A transition model as plain numbers, so that it can be written down and go on learning with the same bits.

use std::collections::VecDeque;

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::local::{Neighbourhood, Seen};
use super::{Foresight, RECENT, TransitionModel, TransitionSettings};
use crate::error::{NumericError, Result};
use crate::latent::Latents;
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
    /// The different actions that neighbours are known of, rows of sentence vectors.
    pub actions: Vec<f32>,
    /// The transitions kept, in rows of the action's number, the latent and the next.
    pub seen: Vec<f32>,
}

/// The short part of a [`TransitionRecord`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionHeader {
    settings: TransitionSettings,
    sum: Vec<f64>,
    transitions: usize,
    scatter: f64,
    agreement: f64,
    corrections: f64,
    recent: VecDeque<Foresight>,
}

impl TransitionHeader {
    /// Rows and columns of the factor, and of the coefficients.
    pub fn shapes(&self) -> [[usize; 2]; 2] {
        let unknowns = self.settings.unknowns();
        [[unknowns, unknowns], [unknowns, self.settings.latent]]
    }

    /// Columns of the actions, and of the transitions kept.
    pub fn widths(&self) -> [usize; 2] {
        [self.settings.sentence, 1 + 2 * self.settings.latent]
    }

    fn neighbourhood(&self, actions: Vec<f32>, seen: Vec<f32>) -> Result<Neighbourhood> {
        let [sentence, row] = self.widths();
        let (actions, rows) = (Latents::new(sentence, actions)?, Latents::new(row, seen)?);
        let seen = rows.rows().map(|row| {
            // A number that is too large, negative or no whole one names no row.
            let action = (0..actions.len()).nth(row[0] as usize).filter(|&action| action as f32 == row[0]);
            let what = "an action in the record of a transition model";
            let action =
                action.ok_or(NumericError::WrongSize { what, expected: actions.len(), found: row[0] as usize })?;
            let (latent, next) = row[1..].split_at(self.settings.latent);
            Ok(Seen { action, latent: latent.to_vec(), next: next.to_vec() })
        });
        Ok(Neighbourhood { seen: seen.collect::<Result<_>>()?, actions })
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
            agreement: self.agreement,
            corrections: self.corrections,
            recent: self.recent.clone(),
        };
        let Neighbourhood { actions, seen } = &self.neighbourhood;
        let row = |Seen { action, latent, next }: &Seen| [&[*action as f32], &latent[..], &next[..]].concat();
        let seen = seen.iter().flat_map(row).collect();
        TransitionRecord { header, information, coefficients, actions: actions.values().to_vec(), seen }
    }

    /// The model that a record was made of.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`], [`NumericError::NotFinite`], and those of [`TransitionModel::new`].
    pub fn from_record(record: TransitionRecord) -> Result<Self> {
        let TransitionRecord { header, information, coefficients, actions, seen } = record;
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
        let sums = header.sum.iter().chain([&header.scatter, &header.agreement, &header.corrections]);
        if !sums.chain(&information).chain(&coefficients).all(is_number) {
            return Err(NumericError::NotFinite { what: "the record of a transition model" }.into());
        }
        let neighbourhood = header.neighbourhood(actions, seen)?;
        let TransitionHeader { settings, sum, transitions, scatter, agreement, corrections, recent } = header;
        let regression = RecursiveRidge::from_parts(settings.unknowns(), settings.latent, information, coefficients);
        let sum = DVector::from_vec(sum);
        Ok(TransitionModel {
            settings,
            regression,
            neighbourhood,
            agreement,
            corrections,
            sum,
            transitions,
            scatter,
            recent,
        })
    }
}
