//! The behavioural embedding of a session's ratings.

use serde::Deserialize;

use super::Session;
use super::tick::Tick;
use super::view::{Progress, Tell};
use crate::error::{NumericError, Result};
use crate::factorization::{Factorization, Factors, FactorsById};
use crate::ratings::{Ratings, Split};

/// How to factorize.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct FactorizeOptions {
    /// Dimension of the vectors.
    pub factors: usize,
    /// Strength with which vectors are drawn to 0.
    pub ridge: f64,
    /// Alternating sweeps.
    pub sweeps: usize,
    /// Share of the ratings that the fit does not see.
    pub held_out: f64,
    /// Seeds the start and what is held out.
    pub seed: u64,
}

impl Default for FactorizeOptions {
    fn default() -> Self {
        let Factorization { factors, ridge, sweeps, seed, .. } = Factorization::default();
        FactorizeOptions { factors, ridge, sweeps, held_out: 0.1, seed }
    }
}

impl Session {
    /// Alternating least squares over the session's ratings; see [`Factorization`].
    ///
    /// # Errors
    /// As [`FactorizeOptions::fit`].
    pub async fn factorize(
        &self,
        options: &FactorizeOptions,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<FactorsById> {
        let (factors, Split { train, test }) = options.fit(self.agent()?.ratings(), tick).await?;
        Ok(factors.by_id(&train, &test))
    }
}

impl FactorizeOptions {
    /// Fits a share of the ratings, and gives the factors with what was fitted and what was held out.
    ///
    /// # Errors
    /// As [`Factorization::fit`], [`NumericError::BadSetting`] for a share outside of [0, 1), and `tick`.
    pub async fn fit(
        &self,
        ratings: &Ratings,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<(Factors, Split)> {
        let FactorizeOptions { factors, ridge, sweeps, held_out, seed } = *self;
        if !(0.0..1.0).contains(&held_out) {
            return Err(NumericError::BadSetting { what: "heldOut", why: "it must be in [0, 1)" }.into());
        }
        let split = ratings.split_ratings(held_out, seed);
        let settings = Factorization { factors, ridge, sweeps, seed, ..Default::default() };
        let mut fitting = settings.start(&split.train)?;
        while !fitting.is_done() {
            fitting.sweep();
            let (done, total) = fitting.progress();
            tick.tell(Tell::Progress(Progress { kind: "factorize", done, total, unit: "sweeps" })).await?;
        }
        Ok((fitting.finish(), split))
    }
}
