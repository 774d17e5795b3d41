//! The candidate edits of one item, and the design over where they lead.

use serde::{Deserialize, Serialize};

use super::episode::EpisodeRequest;
use super::perform::Chooser;
use super::view::{StateView, Tell, View};
use super::{Session, SteerOptions};
use crate::action::{Action, ActionSpace};
use crate::design::subset;
use crate::error::{DesignError, Error, Result, RolloutError};
use crate::latent::Latents;
use crate::policy::ReferencePolicy;
use crate::rollout::{Choices, DesignSummary, Effect, RolloutSettings};

/// What to design over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DesignOptions {
    /// Id of the user.
    pub user: String,
    /// Id of the item.
    pub item: String,
    /// Candidate actions, each of which is tried once.
    pub candidates: usize,
    /// Size of the D-optimal subset; all candidates where there are fewer.
    pub subset: usize,
    /// Seeds proposals and rewrites.
    pub seed: u64,
}

impl Default for DesignOptions {
    fn default() -> Self {
        let SteerOptions { user, item, candidates, subset, seed, .. } = SteerOptions::default();
        DesignOptions { user, item, candidates, subset, seed }
    }
}

/// The candidates and their design.
#[derive(Debug, Clone, Serialize)]
pub struct DesignReport {
    /// For whom.
    pub user: String,
    /// From where.
    pub anchor: StateView,
    /// In the order in which they were proposed.
    pub candidates: Vec<Candidate>,
    /// Nothing where no candidate moves the item.
    pub certificate: Option<Certificate>,
}

/// That no design would be better: the largest leverage is at least the dimension, and equal to it at the optimum.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as in DesignSummary")]
pub struct Certificate {
    pub effective_rank: usize,
    pub optimality_gap: f64,
    pub largest_leverage: f64,
    pub support: usize,
}

/// One candidate, tried once.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// What was asked for.
    pub action: Action,
    /// Its share in the G-optimal design.
    pub weight: f64,
    /// How little the others tell about where it leads.
    pub leverage: Option<f64>,
    /// Whether it belongs to the D-optimal subset.
    pub in_subset: bool,
    /// Where it led.
    pub state: StateView,
}

impl Session {
    /// Tries every candidate once and designs over where they led.
    ///
    /// # Errors
    /// As [`Session::steer`].
    pub async fn design(
        &self,
        options: &DesignOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<DesignReport> {
        let DesignOptions { user, item, candidates, subset, seed } = options.clone();
        let steering = SteerOptions { user, item, candidates, subset, seed, ..Default::default() };
        steering.check()?;
        let request = EpisodeRequest {
            user: &steering.user,
            item: &steering.item,
            chooser: Chooser::Computed(ReferencePolicy::GOptimal),
            space: ActionSpace::default(),
            settings: RolloutSettings { horizon: 1, candidates, seed, ..Default::default() },
            encoding: None,
            header: None,
        };
        let run = self.with_memory(async |memory| self.run(&request, memory, None, &mut tick).await).await?;
        let choices = run.transcript.exchanges.iter().find_map(|exchange| match &exchange.effect {
            Effect::Choose(choices) => Some(choices),
            _ => None,
        });
        if let (Some(spent), None) = (run.spent, choices) {
            return Err(spent);
        }
        let choices = choices.ok_or(RolloutError::NoActions { step: 0 })?;
        DesignReport::of(choices, subset, &View::new(self.agent()?, &self.encoder, &steering))
    }
}

impl DesignReport {
    fn of(choices: &Choices, size: usize, view: &View<'_>) -> Result<Self> {
        let (weights, design) = ReferencePolicy::GOptimal.distribution(choices)?;
        let chosen = d_optimal(choices, size)?;
        let candidate = |(index, action): (usize, &Action)| Candidate {
            action: action.clone(),
            weight: weights[index],
            leverage: design.as_ref().map(|design| design.leverages[index]),
            in_subset: chosen.contains(&index),
            state: view.state(&choices.outcomes[index], &choices.state),
        };
        Ok(DesignReport {
            user: view.user().to_owned(),
            anchor: view.state(&choices.state, &choices.state),
            candidates: choices.actions.iter().enumerate().map(candidate).collect(),
            certificate: design.as_ref().map(Certificate::of),
        })
    }
}

impl Certificate {
    fn of(design: &DesignSummary) -> Self {
        Certificate {
            effective_rank: design.effective_rank,
            optimality_gap: design.optimality_gap,
            largest_leverage: design.leverages.iter().copied().fold(0.0, f64::max),
            support: design.weights.iter().filter(|weight| **weight > 0.0).count(),
        }
    }
}

/// The subset that greedy steering looks at; everything where no candidate moves the item.
fn d_optimal(choices: &Choices, size: usize) -> Result<Vec<usize>> {
    let from = &choices.state.latent;
    let moved = choices.outcomes.iter().flat_map(|to| to.latent.iter().zip(from).map(|(to, from)| to - from));
    let count = choices.outcomes.len();
    match subset(&Latents::new(from.len(), moved.collect())?, size.min(count)) {
        Ok(subset) => Ok(subset.actions),
        Err(Error::Design(DesignError::NoDisplacement)) => Ok((0..count).collect()),
        Err(error) => Err(error),
    }
}
