//! The policy π(a | s) and the value V(s) of the EAGLE agent: two small networks on the CPU or on WebGPU.
//!
//! The paper's agent is a language model that writes an action. Ours chooses among proposed actions, so that half a
//! million parameters are enough and training fits into a browser tab:
//!
//! - a *state tower* reads what is known at a decision: `q(s) = W₂ gelu(W₁ s + b₁)`,
//! - an *action tower* reads one candidate, whoever else is a candidate: `k(a) = W₄ gelu(W₃ a + b₃)`,
//! - `π(a | s) = softmax_a((q(s)·k(a) / √d + w · g(s, a)) / temperature)`, over any number of candidates and equivariant
//!   to their order, where g is what a transition model predicts the candidate to gain, in standard deviations over the
//!   candidates. One transition says more about an action than one reward does, so w is quick to learn,
//! - `V(s) = w₆ gelu(W₅ s + b₅) + b₆`, with no parameter in common, so that it can learn at a pace of its own.
//!
//! The files below in the order of a decision: [`observation`] turns a decision into numbers, [`parameters`] holds the
//! weights on the host, [`optimizer`] changes them.
//!
//! Weights live on the host and are uploaded for each pass. They are small, and so the optimiser's state, the
//! checkpoint and the bits of a resumed run do not depend on the device's own store.

pub mod observation;
pub mod optimizer;
pub mod parameters;

use std::collections::HashMap;

use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::{gelu, log_softmax};
use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result, TrainingError};
use observation::{ActionTable, Observation};
use parameters::{Parameters, Weight};

/// Gains are this loud, so that w need not grow far to be heard.
const GAIN_SCALE: f32 = 10.0;
/// Added to the score of a place that holds no candidate: its probability is exactly 0.
const NO_CANDIDATE: f32 = -1e9;
/// More would no longer be a small network, and a hostile checkpoint could ask for any amount of memory.
const MOST_PARAMETERS: usize = 1_000_000;

/// Sizes of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkShape {
    /// Numbers that describe a state.
    pub state: usize,
    /// Numbers that describe an action.
    pub action: usize,
    /// Width of the towers' hidden layers.
    pub hidden: usize,
    /// Dimension in which states and actions meet.
    pub key: usize,
}

/// What the networks say about one decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Log-probability of each candidate.
    pub log_probabilities: Vec<f32>,
    /// Expected return from here on.
    pub value: f32,
}

/// Decisions laid out for one pass.
#[derive(Debug)]
pub(crate) struct Batch {
    /// decisions × state.
    pub(crate) states: Tensor<2>,
    /// different actions × action.
    pub(crate) actions: Tensor<2>,
    /// decisions × most candidates: row of `actions`.
    pub(crate) candidates: Tensor<2, Int>,
    /// decisions × most candidates: predicted gains in standard deviations.
    pub(crate) gains: Tensor<2>,
    /// decisions × most candidates: 0, or [`NO_CANDIDATE`].
    pub(crate) mask: Tensor<2>,
    /// Most candidates of a decision.
    pub(crate) width: usize,
}

/// One pass over a [`Batch`].
#[derive(Debug)]
pub(crate) struct Forward {
    /// decisions × most candidates.
    pub(crate) log_probabilities: Tensor<2>,
    /// decisions × 1.
    pub(crate) values: Tensor<2>,
}

impl NetworkShape {
    /// Sizes for states and actions of these widths: 256 hidden units, 128 dimensions to meet in.
    pub fn of(state: usize, action: usize) -> Self {
        NetworkShape { state, action, hidden: 256, key: 128 }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        let sizes = Weight::ALL.map(|weight| weight.shape(self)).map(|[rows, columns]| rows.saturating_mul(columns));
        sizes.into_iter().fold(0, usize::saturating_add)
    }

    /// # Errors
    /// [`NumericError::BadSetting`] for a size of 0, or more than a million parameters.
    pub(crate) fn check(&self) -> Result<()> {
        let sizes = [self.state, self.action, self.hidden, self.key];
        if sizes.contains(&0) || self.parameters() > MOST_PARAMETERS {
            let why = "use sizes above 0 that make at most a million parameters";
            return Err(NumericError::BadSetting { what: "the network's shape", why }.into());
        }
        Ok(())
    }
}

/// Evaluates decisions; equal inputs give equal results, whatever else is in the batch (to 1e-6).
///
/// # Errors
/// [`TrainingError::NoCandidates`] for a decision without candidates, [`NumericError::WrongSize`] for states or actions
/// of another width than the parameters', [`TrainingError::NotFinite`] when the networks say no numbers.
pub async fn evaluate(
    parameters: &Parameters,
    temperature: f32,
    observations: &[Observation],
    table: &ActionTable,
    device: &Device,
) -> Result<Vec<Evaluation>> {
    if observations.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Batch::new(observations, table, parameters.shape(), device)?;
    let pass = forward(&parameters.upload(device), &batch, temperature);
    let log_probabilities = read(pass.log_probabilities).await?;
    let values = read(pass.values).await?;
    let rows = log_probabilities.chunks_exact(batch.width);
    let evaluations = observations.iter().zip(rows).zip(&values).map(|((observation, row), &value)| Evaluation {
        log_probabilities: row[..observation.candidates.len()].to_vec(),
        value,
    });
    let evaluations: Vec<Evaluation> = evaluations.collect();
    let finite = |e: &Evaluation| e.value.is_finite() && e.log_probabilities.iter().all(|value| value.is_finite());
    if evaluations.iter().all(finite) {
        return Ok(evaluations);
    }
    Err(TrainingError::NotFinite { what: "the networks' output" }.into())
}

/// Both networks on one batch; `weights` in the order of [`Weight::ALL`].
pub(crate) fn forward(weights: &[Tensor<2>], batch: &Batch, temperature: f32) -> Forward {
    let weight = |weight: Weight| weights[weight as usize].clone();
    let linear = |x: Tensor<2>, w: Weight, b: Weight| x.matmul(weight(w)) + weight(b);
    let state = gelu(linear(batch.states.clone(), Weight::State, Weight::StateBias));
    let action = gelu(linear(batch.actions.clone(), Weight::Action, Weight::ActionBias));
    let query = state.matmul(weight(Weight::Query));
    let key = action.matmul(weight(Weight::Key));
    let scale = 1.0 / (query.dims()[1] as f32).sqrt();
    // Every state meets every different action once; candidates are then picked from the products.
    let products = query.matmul(key.transpose()).gather(1, batch.candidates.clone()) * scale;
    let scores = (products + batch.gains.clone() * weight(Weight::Gain)) / temperature + batch.mask.clone();
    let hidden = gelu(linear(batch.states.clone(), Weight::Value, Weight::ValueBias));
    Forward { log_probabilities: log_softmax(scores, 1), values: linear(hidden, Weight::Worth, Weight::WorthBias) }
}

/// The values of a tensor, row by row.
pub(crate) async fn read(tensor: Tensor<2>) -> Result<Vec<f32>> {
    let failed = |why: String| crate::error::EncoderError::Device { why };
    let data = tensor.into_data_async().await.map_err(|e| failed(format!("{e:?}")))?;
    Ok(data.try_to_vec().map_err(|e| failed(format!("{e:?}")))?)
}

/// Row-major values as a tensor.
pub(crate) fn matrix(values: Vec<f32>, rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

impl Batch {
    pub(crate) fn new(
        observations: &[Observation],
        table: &ActionTable,
        shape: &NetworkShape,
        device: &Device,
    ) -> Result<Self> {
        for observation in observations {
            check_width("a state", shape.state, observation.state.len())?;
        }
        check_width("an action", shape.action, table.width())?;
        for Observation { candidates, gains, .. } in observations.iter().filter(|o| !o.gains.is_empty()) {
            check_width("the list of predicted gains", candidates.len(), gains.len())?;
        }
        let width = observations.iter().map(|observation| observation.candidates.len()).max().unwrap_or(0);
        if observations.iter().any(|observation| observation.candidates.is_empty()) {
            return Err(TrainingError::NoCandidates.into());
        }
        let mut used: Vec<u32> = observations.iter().flat_map(|o| o.candidates.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        table.sort(&mut used);
        let places: HashMap<u32, i32> = used.iter().copied().zip(0..).collect();
        let mut actions = Vec::with_capacity(used.len() * shape.action);
        for &action in &used {
            actions.extend_from_slice(table.row(action)?);
        }
        let mut candidates = vec![0_i32; observations.len() * width];
        let mut gains = vec![0.0; observations.len() * width];
        let mut mask = vec![NO_CANDIDATE; observations.len() * width];
        for (row, observation) in observations.iter().enumerate() {
            for (place, action) in (row * width..).zip(&observation.candidates) {
                candidates[place] = places[action];
                mask[place] = 0.0;
            }
            let predicted = in_deviations(&observation.gains);
            gains[row * width..][..predicted.len()].copy_from_slice(&predicted);
        }
        let states = observations.iter().flat_map(|observation| observation.state.iter().copied()).collect();
        let count = observations.len();
        Ok(Batch {
            states: matrix(states, count, shape.state, device),
            actions: matrix(actions, used.len(), shape.action, device),
            candidates: Tensor::from_data(TensorData::new(candidates, [count, width]), device),
            gains: matrix(gains, count, width, device),
            mask: matrix(mask, count, width, device),
            width,
        })
    }
}

/// Gains in standard deviations over the candidates, at most three, times [`GAIN_SCALE`].
fn in_deviations(gains: &[f32]) -> Vec<f32> {
    let count = gains.len().max(1) as f32;
    let mean = gains.iter().sum::<f32>() / count;
    let deviation = (gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f32>() / count).sqrt().max(1e-6);
    gains.iter().map(|gain| ((gain - mean) / deviation).clamp(-3.0, 3.0) * GAIN_SCALE).collect()
}

fn check_width(what: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(NumericError::WrongSize { what, expected, found }.into()) }
}
