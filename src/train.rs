//! The learner: REINFORCE with a value baseline, kept close to a reference policy (paper §4, Algorithm 1 and Table 7).
//!
//! Read it from top to bottom, in the order of the method:
//!
//! 1. [`Learner::fit_reference`]: π is fitted to a distribution q over candidates (uniform, optimistic or G-optimal) by
//!    weighted cross-entropy, `−Σ_a q_a log π(a|s)`, and a copy of it becomes π_ref.
//! 2. The caller runs episodes with [`Learner::evaluate`]. It alone talks to the environment.
//! 3. [`Learner::update`]: advantages by GAE (Schulman et al. 2016), then one step on
//!    `−Σ_t A_t log π(a_t|s_t) + α·KL(π‖π_ref) + (V − R)²`. The paper prints the KL term with the other sign; meant is
//!    that the agent is kept close.
//! 4. A [`checkpoint::Checkpoint`] after any update; a run that goes on from there has the bits of one that never stopped.
//!
//! **What the log says** (names as in TRL): `reward` is the utility of the last text, `gain` what that is
//! above the anchor's, `kl` the exact KL divergence
//! from π_ref per decision, in nats, `entropy` that of π, `explained_variance` the share of the variance of returns that
//! V explains (below 0: worse than a constant), `zero_variance_share` the share of groups whose rewards are all equal and
//! teach nothing, `clipped` whether the policy's gradient was shortened.
//!
//! **When it fails.** With few episodes an update the gradient is mostly chance: the KL term then holds π at π_ref. With
//! α = 0 it may find texts that fool the alignment: look at a judge that never saw the reward.

mod advantage;
pub mod checkpoint;
mod settings;

use burn::prelude::*;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result, TrainingError};
use crate::network::observation::{ActionTable, Observation};
use crate::network::optimizer::{GradientNorms, Optimizer, OptimizerSettings};
use crate::network::parameters::Parameters;
use crate::network::{Batch, Evaluation, NetworkShape, backward, evaluate, forward, forward_policy};
use advantage::{Estimate, estimate};
pub use settings::{Baseline, TrainSettings};

/// Updates that a mean reward is taken over before it is compared.
pub const SMOOTHING: usize = 5;
/// Share of the states that the reference is not fitted to, to say how well it fits.
const HELD_OUT: f64 = 0.1;
/// States of one step of the reference fit.
const STATES_PER_STEP: usize = 64;

/// A decision and what was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What was known.
    pub observation: Observation,
    /// Place of the chosen action among the candidates.
    pub chosen: usize,
}

/// An episode as the learner needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// The decisions, in order; at least one.
    pub decisions: Vec<Decision>,
    /// Utility of the anchor and after each step: one more than decisions.
    pub utilities: Vec<f32>,
    /// Episodes of one group began with the same user and anchor.
    pub group: usize,
}

/// A distribution q over the candidates of one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The state and its candidates.
    pub observation: Observation,
    /// Weight of each candidate; the sum is 1.
    pub weights: Vec<f32>,
}

/// How well π_ref fits q, as KL(q‖π_ref) in nats on states that it was not fitted to. The pass to stop after was chosen on
/// the same states, so on others it is a little worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceFit {
    /// States fitted to.
    pub states: usize,
    /// States held out.
    pub held_out: usize,
    /// KL(q‖π_ref) on the held-out states.
    pub kl: f32,
    /// KL(q‖uniform) there: what a policy that knows nothing has.
    pub uniform_kl: f32,
    /// Rewrites that the targets took. The learner asks for none: who runs the episodes fills it in.
    #[serde(default)]
    pub environment_calls: usize,
}

/// What one update did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the head of the module explains them")]
pub struct UpdateLog {
    pub update: u64,
    pub episodes: usize,
    pub reward_mean: f32,
    pub reward_std: f32,
    pub gain_mean: f32,
    pub kl: f32,
    pub entropy: f32,
    pub policy_loss: f32,
    pub value_loss: f32,
    pub explained_variance: f32,
    pub zero_variance_share: f32,
    pub gradient_norm: f32,
    pub clipped: bool,
    /// Rewrites that the episodes took. The learner asks for none: who runs the episodes fills it in.
    #[serde(default)]
    pub environment_calls: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Updates done.
    pub updates: u64,
    /// Episodes used.
    pub episodes: u64,
    /// Mean reward of every update.
    pub rewards: Vec<f32>,
}

/// Means over the decisions of an update.
#[derive(Default)]
struct Losses {
    policy: f32,
    kl: f32,
    entropy: f32,
    value: f32,
}

/// π, V, π_ref and everything that changes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Learner {
    settings: TrainSettings,
    parameters: Parameters,
    reference: Parameters,
    optimizer: Optimizer,
    progress: Progress,
}

impl Learner {
    /// An untrained learner; its reference is its own start, which is nearly uniform.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a shape or settings without meaning.
    pub fn new(shape: NetworkShape, settings: TrainSettings) -> Result<Self> {
        settings.check()?;
        let parameters = Parameters::init(shape, settings.seed)?;
        Ok(Learner {
            optimizer: Optimizer::new(&parameters),
            reference: parameters.clone(),
            parameters,
            settings,
            progress: Progress::default(),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &TrainSettings {
        &self.settings
    }

    /// The weights of π and V.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The weights of π_ref.
    pub fn reference(&self) -> &Parameters {
        &self.reference
    }

    /// The optimiser's running means of the gradient, in the order of [`crate::network::parameters::Weight::ALL`].
    pub fn first_moments(&self) -> &[Vec<f32>] {
        &self.optimizer.first
    }

    /// How far the run is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Fits π to targets by weighted cross-entropy, `epochs` times over all of them, and keeps a copy as π_ref: as it
    /// was after the pass that did best on the held-out states.
    ///
    /// `after_epoch(done, total)` is awaited after every pass and may fail to cancel; nothing has changed then.
    ///
    /// # Errors
    /// [`TrainingError::NoEpisodes`] without targets, [`NumericError::BadSetting`] for weights that are no distribution,
    /// those of [`evaluate`], and whatever `after_epoch` returns.
    pub async fn fit_reference(
        &mut self,
        targets: &[Target],
        table: &ActionTable,
        epochs: usize,
        device: &Device,
        mut after_epoch: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<ReferenceFit> {
        check_targets(targets)?;
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let mut order: Vec<&Target> = targets.iter().collect();
        order.shuffle(&mut random);
        let (held_out, fitted) = order.split_at((targets.len() as f64 * HELD_OUT) as usize);
        let (mut parameters, mut optimizer) = (self.parameters.clone(), Optimizer::new(&self.parameters));
        let mut fitted = fitted.to_vec();
        let mut best =
            (self.reference_fit(&parameters, fitted.len(), held_out, table, device).await?, parameters.clone());
        for epoch in 0..epochs {
            fitted.shuffle(&mut random);
            for targets in fitted.chunks(STATES_PER_STEP) {
                let gradient = self.reference_gradient(&parameters, targets, table, device).await?;
                optimizer.step(&mut parameters, &gradient, &self.settings.optimizer)?;
            }
            let fit = self.reference_fit(&parameters, fitted.len(), held_out, table, device).await?;
            // Few states are soon known by heart. Without any held out, the last pass has to do.
            if fit.kl < best.0.kl || held_out.is_empty() {
                best = (fit, parameters.clone());
            }
            after_epoch(epoch + 1, epochs).await?;
        }
        let (fit, parameters) = best;
        self.reference = parameters.clone();
        self.optimizer = Optimizer::new(&parameters);
        self.parameters = parameters;
        Ok(fit)
    }

    /// What π and V say now.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub async fn evaluate(
        &self,
        observations: &[Observation],
        table: &ActionTable,
        device: &Device,
    ) -> Result<Vec<Evaluation>> {
        evaluate(&self.parameters, self.settings.temperature, observations, table, device).await
    }

    /// What π_ref says; its value has no meaning.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub async fn evaluate_reference(
        &self,
        observations: &[Observation],
        table: &ActionTable,
        device: &Device,
    ) -> Result<Vec<Evaluation>> {
        evaluate(&self.reference, self.settings.temperature, observations, table, device).await
    }

    /// One step on episodes that were run with π as it is now.
    ///
    /// # Errors
    /// [`TrainingError::NoEpisodes`], [`TrainingError::NotFinite`] for a utility that is no number, and those of
    /// [`evaluate`]. After an error nothing has changed.
    pub async fn update(&mut self, episodes: &[Episode], table: &ActionTable, device: &Device) -> Result<UpdateLog> {
        check_episodes(episodes)?;
        let decisions: Vec<&Decision> = episodes.iter().flat_map(|episode| &episode.decisions).collect();
        let observations: Vec<&Observation> = decisions.iter().map(|decision| &decision.observation).collect();

        // π and π_ref on the same decisions.
        let temperature = self.settings.temperature;
        let batch = Batch::new(&observations, table, self.parameters.shape(), device)?;
        let reference = forward_policy(&self.reference.upload(device), &batch, temperature).await?.log_probabilities;
        let weights = self.parameters.upload(device);
        let pass = forward(&weights, &batch, temperature).await?;

        // Advantages and returns.
        let Estimate { advantages, returns, zero_variance_share } = estimate(episodes, &pass.values, &self.settings);

        // −A log π(a|s) + α KL(π‖π_ref) + (V − R)², each a mean over decisions, and their slopes along scores and values.
        let count = decisions.len() as f32;
        let mut losses = Losses::default();
        let mut along_scores = Vec::with_capacity(decisions.len());
        let mut along_values = Vec::with_capacity(decisions.len());
        for (index, decision) in decisions.iter().enumerate() {
            let (log_p, log_ref, advantage) =
                (&pass.policy.log_probabilities[index], &reference[index], advantages[index]);
            let kl: f32 = log_p.iter().zip(log_ref).map(|(p, reference)| p.exp() * (p - reference)).sum();
            let miss = pass.values[index] - returns[index];
            losses.policy -= advantage * log_p[decision.chosen] / count;
            losses.kl += kl / count;
            losses.entropy -= log_p.iter().map(|p| p.exp() * p).sum::<f32>() / count;
            losses.value += miss * miss / count;
            let slope = |(candidate, (p, reference)): (usize, (&f32, &f32))| {
                let taken = f32::from(u8::from(candidate == decision.chosen));
                let away = p.exp() * (p - reference - kl);
                (advantage * (p.exp() - taken) + self.settings.kl_weight * away) / count
            };
            along_scores.push(log_p.iter().zip(log_ref).enumerate().map(slope).collect());
            along_values.push(2.0 * miss / count);
        }
        if self.settings.baseline == Baseline::Group {
            along_values.fill(0.0);
        }
        let gradient = backward(&weights, &batch, &pass, temperature, &along_scores, &along_values).await?;
        let norms = self.optimizer.step(&mut self.parameters, &gradient, &self.settings.optimizer)?;

        let rewards: Vec<f32> = episodes.iter().filter_map(|episode| episode.utilities.last().copied()).collect();
        let (reward_mean, reward_std) = mean_and_deviation(&rewards);
        self.progress.updates += 1;
        self.progress.episodes += episodes.len() as u64;
        self.progress.rewards.push(reward_mean);
        Ok(UpdateLog {
            update: self.progress.updates,
            episodes: episodes.len(),
            reward_mean,
            reward_std,
            gain_mean: episodes.iter().map(gain).sum::<f32>() / episodes.len() as f32,
            kl: losses.kl,
            entropy: losses.entropy,
            policy_loss: losses.policy,
            value_loss: losses.value,
            explained_variance: explained_variance(&returns, &pass.values),
            zero_variance_share,
            gradient_norm: norms.policy,
            clipped: is_clipped(norms, &self.settings.optimizer),
            environment_calls: 0,
        })
    }

    /// Whether the mean reward of the last updates has not grown for as long as `patience` says.
    pub fn has_converged(&self) -> bool {
        let TrainSettings { patience, .. } = self.settings;
        let smoothed: Vec<f32> = self.progress.rewards.windows(SMOOTHING).map(|w| mean_and_deviation(w).0).collect();
        if patience == 0 || smoothed.len() <= patience {
            return false;
        }
        let (before, recent) = smoothed.split_at(smoothed.len() - patience);
        let best = |means: &[f32]| means.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        best(recent) <= best(before)
    }

    async fn reference_gradient(
        &self,
        parameters: &Parameters,
        targets: &[&Target],
        table: &ActionTable,
        device: &Device,
    ) -> Result<Vec<Vec<f32>>> {
        let observations: Vec<&Observation> = targets.iter().map(|target| &target.observation).collect();
        let batch = Batch::new(&observations, table, parameters.shape(), device)?;
        let weights = parameters.upload(device);
        let temperature = self.settings.temperature;
        let pass = forward(&weights, &batch, temperature).await?;
        // The slope of −Σ_a q_a log π(a|s) along a score is π(a|s) − q_a.
        let count = targets.len() as f32;
        let slopes = |(log_p, target): (&Vec<f32>, &&Target)| {
            log_p.iter().zip(&target.weights).map(|(p, q)| (p.exp() - q) / count).collect()
        };
        let along_scores: Vec<Vec<f32>> = pass.policy.log_probabilities.iter().zip(targets).map(slopes).collect();
        backward(&weights, &batch, &pass, temperature, &along_scores, &vec![0.0; targets.len()]).await
    }

    async fn reference_fit(
        &self,
        parameters: &Parameters,
        states: usize,
        held_out: &[&Target],
        table: &ActionTable,
        device: &Device,
    ) -> Result<ReferenceFit> {
        let observations: Vec<Observation> = held_out.iter().map(|target| target.observation.clone()).collect();
        let fitted = evaluate(parameters, self.settings.temperature, &observations, table, device).await?;
        let count = held_out.len().max(1) as f32;
        let fit = held_out
            .iter()
            .zip(&fitted)
            .map(|(target, fitted)| divergence(&target.weights, |i| fitted.log_probabilities[i]));
        let none = held_out.iter().map(|target| divergence(&target.weights, |_| -(target.weights.len() as f32).ln()));
        Ok(ReferenceFit {
            states,
            held_out: held_out.len(),
            kl: fit.sum::<f32>() / count,
            uniform_kl: none.sum::<f32>() / count,
            environment_calls: 0,
        })
    }
}

fn check_targets(targets: &[Target]) -> Result<()> {
    let is_distribution = |target: &Target| {
        target.weights.len() == target.observation.candidates.len()
            && target.weights.iter().all(|weight| *weight >= 0.0)
            && (target.weights.iter().sum::<f32>() - 1.0).abs() < 1e-3
    };
    match targets {
        [] => Err(TrainingError::NoEpisodes.into()),
        _ if targets.iter().all(is_distribution) => Ok(()),
        _ => {
            Err(NumericError::BadSetting { what: "a target", why: "give one weight for each candidate, 1 in sum" }
                .into())
        }
    }
}

fn check_episodes(episodes: &[Episode]) -> Result<()> {
    let chosen_exists = |decision: &Decision| decision.chosen < decision.observation.candidates.len();
    if episodes.is_empty() || episodes.iter().any(|episode| episode.decisions.is_empty()) {
        return Err(TrainingError::NoEpisodes.into());
    }
    for Episode { decisions, utilities, .. } in episodes {
        let (expected, found) = (decisions.len() + 1, utilities.len());
        if expected != found {
            return Err(NumericError::WrongSize { what: "an episode's utilities", expected, found }.into());
        }
        if utilities.iter().any(|utility| !utility.is_finite()) {
            return Err(TrainingError::NotFinite { what: "the reward" }.into());
        }
        if !decisions.iter().all(chosen_exists) {
            return Err(TrainingError::NoCandidates.into());
        }
    }
    Ok(())
}

fn gain(episode: &Episode) -> f32 {
    let ends = episode.utilities.last().zip(episode.utilities.first());
    ends.map_or(0.0, |(last, first)| last - first)
}

fn is_clipped(norms: GradientNorms, settings: &OptimizerSettings) -> bool {
    norms.policy > settings.most_gradient
}

/// KL(q‖p) in nats.
fn divergence(q: &[f32], log_p: impl Fn(usize) -> f32) -> f32 {
    q.iter().enumerate().filter(|(_, q)| **q > 0.0).map(|(index, q)| q * (q.ln() - log_p(index))).sum()
}

fn explained_variance(returns: &[f32], values: &[f32]) -> f32 {
    let errors: Vec<f32> = returns.iter().zip(values).map(|(actual, predicted)| actual - predicted).collect();
    let (_, deviation) = mean_and_deviation(returns);
    let (_, error) = mean_and_deviation(&errors);
    if deviation > 0.0 { 1.0 - (error / deviation).powi(2) } else { 0.0 }
}

pub(crate) fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt())
}
