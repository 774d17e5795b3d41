//! The policy π(a | s) and the value V(s) of the EAGLE agent: two small networks on the CPU or on WebGPU.
//!
//! The paper's agent is a language model that writes an action. Ours chooses among proposed actions, so that half a
//! million parameters are enough and training fits into a browser tab:
//!
//! - a *state tower* reads what is known at a decision: `q(s) = W₂ relu(W₁ s + b₁)`,
//! - an *action tower* reads one candidate, whoever else is a candidate: `k(a) = W₄ relu(W₃ a + b₃)`,
//! - `π(a | s) = softmax_a((q(s)·k(a) / √d + w · g(s, a)) / temperature)`, over any number of candidates and equivariant
//!   to their order, where g is what a transition model predicts the candidate to gain, in standard deviations over the
//!   candidates. One transition says more about an action than one reward does, so w is quick to learn,
//! - `V(s) = w₆ relu(W₅ s + b₅) + b₆`, with no parameter in common, so that it can learn at a pace of its own.
//!
//! The files below in the order of a decision: [`observation`] turns a decision into numbers, [`parameters`] holds the
//! weights on the host, [`optimizer`] changes them.
//!
//! Weights live on the host and are uploaded for each pass. They are small, and so the optimiser's state, the
//! checkpoint and the bits of a resumed run do not depend on the device's own store.

pub mod observation;
pub mod optimizer;
pub mod parameters;

use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::relu;
use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result, TrainingError};
use observation::{ActionTable, Observation};
use parameters::{Parameters, Weight};

/// Gains are this loud, so that w need not grow far to be heard.
const GAIN_SCALE: f32 = 200.0;
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
    states: Tensor<2>,
    /// different actions × action.
    actions: Tensor<2>,
    /// For each decision the row of `actions` of every candidate.
    candidates: Vec<Vec<usize>>,
    /// For each decision the predicted gain of every candidate, in standard deviations; 0 where nothing is predicted.
    gains: Vec<Vec<f32>>,
    /// Different actions.
    different: usize,
}

/// One pass over a [`Batch`]: what the device keeps for the way back, and what the host reads.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) policy: PolicyPass,
    value_hidden: Tensor<2>,
    /// V of each decision.
    pub(crate) values: Vec<f32>,
}

/// The policy's part of a [`Pass`].
#[derive(Debug)]
pub(crate) struct PolicyPass {
    state_hidden: Tensor<2>,
    action_hidden: Tensor<2>,
    query: Tensor<2>,
    key: Tensor<2>,
    /// Log-probability of every candidate of each decision.
    pub(crate) log_probabilities: Vec<Vec<f32>>,
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
    let batch = Batch::new(&observations.iter().collect::<Vec<_>>(), table, parameters.shape(), device)?;
    let Pass { policy, values, .. } = forward(&parameters.upload(device), &batch, temperature).await?;
    let evaluations = policy.log_probabilities.into_iter().zip(values);
    let evaluations: Vec<Evaluation> =
        evaluations.map(|(log_probabilities, value)| Evaluation { log_probabilities, value }).collect();
    let finite = |e: &Evaluation| e.value.is_finite() && e.log_probabilities.iter().all(|value| value.is_finite());
    if evaluations.iter().all(finite) {
        return Ok(evaluations);
    }
    Err(TrainingError::NotFinite { what: "the networks' output" }.into())
}

/// Both networks on one batch; `weights` in the order of [`Weight::ALL`].
pub(crate) async fn forward(weights: &[Tensor<2>], batch: &Batch, temperature: f32) -> Result<Pass> {
    let policy = forward_policy(weights, batch, temperature).await?;
    let value_hidden = relu(linear(weights, &batch.states, Weight::Value, Weight::ValueBias));
    let values = read(linear(weights, &value_hidden, Weight::Worth, Weight::WorthBias)).await?;
    Ok(Pass { policy, value_hidden, values })
}

/// The policy alone.
///
/// Every state meets every different action once; the host picks the candidates from the products, because most
/// actions are candidates more than once.
pub(crate) async fn forward_policy(weights: &[Tensor<2>], batch: &Batch, temperature: f32) -> Result<PolicyPass> {
    let weight = |weight: Weight| weights[weight as usize].clone();
    let state_hidden = relu(linear(weights, &batch.states, Weight::State, Weight::StateBias));
    let action_hidden = relu(linear(weights, &batch.actions, Weight::Action, Weight::ActionBias));
    let query = state_hidden.clone().matmul(weight(Weight::Query));
    let key = action_hidden.clone().matmul(weight(Weight::Key));
    let products = read(query.clone().matmul(key.clone().transpose())).await?;
    let trust = read(weight(Weight::Gain)).await?[0];
    let scale = scale(&query);
    let rows = products.chunks_exact(batch.different).zip(&batch.candidates).zip(&batch.gains);
    let score = |products: &[f32], action: usize, gain: f32| (products[action] * scale + trust * gain) / temperature;
    let log_probabilities = rows
        .map(|((products, candidates), gains)| {
            log_softmax(candidates.iter().zip(gains).map(|(&action, &gain)| score(products, action, gain)).collect())
        })
        .collect();
    Ok(PolicyPass { state_hidden, action_hidden, query, key, log_probabilities })
}

/// The way back: from the slopes of a loss along every candidate's score (before the softmax) and every value to those
/// along all weights, in the order of [`Weight::ALL`].
///
/// Written out, because it is short, and because a library for it would be a tenth of what a browser downloads.
pub(crate) async fn backward(
    weights: &[Tensor<2>],
    batch: &Batch,
    pass: &Pass,
    temperature: f32,
    along_scores: &[Vec<f32>],
    along_values: &[f32],
) -> Result<Vec<Vec<f32>>> {
    let Pass { policy, value_hidden, .. } = pass;
    let device = batch.states.device();
    let (along_products, along_trust) = batch.scattered(along_scores, scale(&policy.query), temperature);
    let along_products = matrix(along_products, batch.candidates.len(), batch.different, &device);
    let along_values = matrix(along_values.to_vec(), along_values.len(), 1, &device);
    let along_query = along_products.clone().matmul(policy.key.clone());
    let along_key = along_products.transpose().matmul(policy.query.clone());
    // The slope of relu: 1 where it is above 0. Said this way, because the CPU backend has vectors for it.
    let slope = |hidden: &Tensor<2>| (hidden.clone() * 1e30).clamp_max(1.0);
    let through = |along: &Tensor<2>, weight: Weight, hidden: &Tensor<2>| {
        along.clone().matmul(weights[weight as usize].clone().transpose()) * slope(hidden)
    };
    let along_state = through(&along_query, Weight::Query, &policy.state_hidden);
    let along_action = through(&along_key, Weight::Key, &policy.action_hidden);
    let along_hidden = through(&along_values, Weight::Worth, value_hidden);
    let onto = |input: &Tensor<2>, along: &Tensor<2>| input.clone().transpose().matmul(along.clone());
    let mut slopes = Vec::with_capacity(Weight::ALL.len());
    for weight in Weight::ALL {
        slopes.push(match weight {
            Weight::State => read(onto(&batch.states, &along_state)).await?,
            Weight::StateBias => read(along_state.clone().sum_dim(0)).await?,
            Weight::Query => read(onto(&policy.state_hidden, &along_query)).await?,
            Weight::Action => read(onto(&batch.actions, &along_action)).await?,
            Weight::ActionBias => read(along_action.clone().sum_dim(0)).await?,
            Weight::Key => read(onto(&policy.action_hidden, &along_key)).await?,
            Weight::Gain => vec![along_trust],
            Weight::Value => read(onto(&batch.states, &along_hidden)).await?,
            Weight::ValueBias => read(along_hidden.clone().sum_dim(0)).await?,
            Weight::Worth => read(onto(value_hidden, &along_values)).await?,
            Weight::WorthBias => read(along_values.clone().sum_dim(0)).await?,
        });
    }
    Ok(slopes)
}

/// The values of a tensor, row by row.
pub(crate) async fn read(tensor: Tensor<2>) -> Result<Vec<f32>> {
    let failed = |why: String| crate::error::EncoderError::Device { why };
    let data = tensor.into_data_async().await.map_err(|e| failed(format!("{e:?}")))?;
    Ok(data.try_into_vec().map_err(|e| failed(format!("{e:?}")))?)
}

/// Row-major values as a tensor.
pub(crate) fn matrix(values: Vec<f32>, rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// `x W + b`.
fn linear(weights: &[Tensor<2>], input: &Tensor<2>, weight: Weight, bias: Weight) -> Tensor<2> {
    input.clone().matmul(weights[weight as usize].clone()) + weights[bias as usize].clone()
}

impl Batch {
    pub(crate) fn new(
        observations: &[&Observation],
        table: &ActionTable,
        shape: &NetworkShape,
        device: &Device,
    ) -> Result<Self> {
        for observation in observations {
            check_width("a state", shape.state, observation.state.len())?;
        }
        check_width("an action", shape.action, table.width())?;
        for Observation { candidates, gains, .. } in observations.iter().copied().filter(|o| !o.gains.is_empty()) {
            check_width("the list of predicted gains", candidates.len(), gains.len())?;
        }
        if observations.iter().any(|observation| observation.candidates.is_empty()) {
            return Err(TrainingError::NoCandidates.into());
        }
        let mut used: Vec<u32> = observations.iter().flat_map(|o| o.candidates.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        table.sort(&mut used);
        let mut actions = Vec::with_capacity(used.len() * shape.action);
        for &action in &used {
            actions.extend_from_slice(table.row(action)?);
        }
        let mut places = vec![0; used.iter().max().map_or(0, |&last| last as usize + 1)];
        used.iter().zip(0..).for_each(|(&action, place)| places[action as usize] = place);
        let mut states = Vec::with_capacity(observations.len() * shape.state);
        observations.iter().for_each(|observation| states.extend_from_slice(&observation.state));
        let places_of = |o: &&Observation| o.candidates.iter().map(|&action| places[action as usize]).collect();
        Ok(Batch {
            states: matrix(states, observations.len(), shape.state, device),
            actions: matrix(actions, used.len(), shape.action, device),
            candidates: observations.iter().map(places_of).collect(),
            gains: observations.iter().map(|observation| in_deviations(observation)).collect(),
            different: used.len(),
        })
    }

    /// Slopes along scores as slopes along the products of states and different actions, and along the trust in gains.
    fn scattered(&self, along_scores: &[Vec<f32>], scale: f32, temperature: f32) -> (Vec<f32>, f32) {
        let mut along_products = vec![0.0; self.candidates.len() * self.different];
        let mut along_trust = 0.0;
        let rows = along_products.chunks_exact_mut(self.different).zip(along_scores);
        for ((row, slopes), (candidates, gains)) in rows.zip(self.candidates.iter().zip(&self.gains)) {
            for ((slope, &action), gain) in slopes.iter().zip(candidates).zip(gains) {
                row[action] += slope / temperature * scale;
                along_trust += slope / temperature * gain;
            }
        }
        (along_products, along_trust)
    }
}

/// Gains in standard deviations over the candidates, at most three, times [`GAIN_SCALE`].
fn in_deviations(observation: &Observation) -> Vec<f32> {
    let Observation { candidates, gains, .. } = observation;
    if gains.is_empty() {
        return vec![0.0; candidates.len()];
    }
    let count = gains.len() as f32;
    let mean = gains.iter().sum::<f32>() / count;
    let deviation = (gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f32>() / count).sqrt().max(1e-6);
    gains.iter().map(|gain| ((gain - mean) / deviation).clamp(-3.0, 3.0) * GAIN_SCALE).collect()
}

/// Keys of many dimensions have long products.
fn scale(query: &Tensor<2>) -> f32 {
    1.0 / (query.dims()[1] as f32).sqrt()
}

fn log_softmax(mut scores: Vec<f32>) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
    let normaliser = highest + sum.ln();
    scores.iter_mut().for_each(|score| *score -= normaliser);
    scores
}

fn check_width(what: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(NumericError::WrongSize { what, expected, found }.into()) }
}
