//! The behavioural embedding of a session's ratings.

use serde::{Deserialize, Serialize};

use super::Session;
use super::tick::Tick;
use super::view::{Progress, Tell};
use crate::error::{NumericError, Result};
use crate::factorization::Factorization;
use crate::latent::Latents;
use crate::ratings::Split;

/// How to factorize.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
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

/// Factors by id.
#[derive(Debug, Clone, Serialize)]
pub struct FactorsView {
    /// Mean of all ratings that were fitted.
    pub mean: f32,
    /// Every user.
    pub users: Vec<VectorView>,
    /// Every item.
    pub items: Vec<VectorView>,
    /// Error on the ratings held out; nothing without any.
    pub rmse: Option<f64>,
}

/// A user's or an item's bias and vector.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct VectorView {
    pub id: String,
    pub bias: f32,
    pub vector: Vec<f32>,
}

impl Session {
    /// Alternating least squares over the session's ratings; see [`Factorization`].
    ///
    /// # Errors
    /// As [`Factorization::fit`], [`NumericError::BadSetting`] for a share outside of [0, 1), and `tick`.
    pub async fn factorize(
        &self,
        options: &FactorizeOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<FactorsView> {
        let FactorizeOptions { factors, ridge, sweeps, held_out, seed } = *options;
        if !(0.0..1.0).contains(&held_out) {
            return Err(NumericError::BadSetting { what: "heldOut", why: "it must be in [0, 1)" }.into());
        }
        let ratings = self.agent()?.ratings();
        let Split { train, test } = ratings.split_ratings(held_out, seed);
        let settings = Factorization { factors, ridge, sweeps, seed, ..Default::default() };
        let mut fitting = settings.start(&train)?;
        while !fitting.is_done() {
            fitting.sweep();
            let (done, total) = fitting.progress();
            tick.tell(Tell::Progress(Progress { kind: "factorize", done, total, unit: "sweeps" })).await?;
        }
        let factors = fitting.finish();
        Ok(FactorsView {
            mean: factors.mean,
            users: views(ratings.users(), &factors.user_biases, &factors.users),
            items: views(ratings.items(), &factors.item_biases, &factors.items),
            rmse: (!test.is_empty()).then(|| factors.rmse(&test)),
        })
    }
}

fn views(ids: &[String], biases: &[f32], vectors: &Latents) -> Vec<VectorView> {
    let rows = ids.iter().zip(biases).zip(vectors.rows());
    rows.map(|((id, &bias), vector)| VectorView { id: id.clone(), bias, vector: vector.to_vec() }).collect()
}
