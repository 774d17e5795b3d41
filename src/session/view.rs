//! What a session tells its shell: plain values, named as in the package's TypeScript types.

use serde::Serialize;

use super::SteerOptions;
use super::evaluate::EvaluateEvent;
use crate::action::Action;
use crate::agent::Agent;
use crate::alignment::{Skill, Verdict};
use crate::catalog::Item;
use crate::elm::Decoded;
use crate::encoder::Encoder;
use crate::error::Result;
use crate::gap::ContentGap;
use crate::latent::{Neighbour, distance};
use crate::objective::{Objective, State, fields};
use crate::profile::liked_genres;
use crate::ratings::Rating;
use crate::rollout::transcript::{Exchange, Run};
use crate::rollout::{DesignSummary, Ended, Step, Trajectory};
use crate::train::{ReferenceFit, UpdateLog};
use crate::utility::NEAREST;

/// What a `tick` is told.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Tell {
    /// How far a long piece of work is.
    Progress(Progress),
    /// Something happened in an episode.
    Event(Box<EpisodeEvent>),
    /// The policy has learned something.
    Training(Box<TrainEvent>),
    /// The policy after an update, to be written down.
    Policy(Vec<u8>),
    /// A comparison has a result.
    Comparison(Box<EvaluateEvent>),
    /// For the record: what will be run.
    Run(Box<Run>),
    /// For the record: an effect and its reply, as soon as it is answered.
    Exchange(Box<Exchange>),
}

/// Something that happened in training.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[allow(missing_docs, reason = "the fields are documented where their types are")]
pub enum TrainEvent {
    /// The reference policy has been fitted.
    Reference { fit: ReferenceFit },
    /// The policy has been updated.
    Update { log: UpdateLog },
}

/// How far a long piece of work is.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// Which work.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Done so far.
    pub done: usize,
    /// Of how many; 0 while that is not known.
    pub total: usize,
    /// What is counted.
    pub unit: &'static str,
}

/// Something that happened in an episode.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[allow(missing_docs, reason = "the fields are documented where their types are")]
pub enum EpisodeEvent {
    /// The anchor has been placed.
    Anchor { state: StateView, user: String },
    /// An edit has been made.
    Step { step: StepView },
    /// The episode is over.
    Done { trajectory: TrajectoryView },
}

/// A [`State`] seen from its anchor.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "as in State")]
pub struct StateView {
    pub item: Item,
    pub utility: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<f32>,
    pub affinity: f32,
    pub novelty: f32,
    /// Distance from the anchor in Z.
    pub distance: f32,
    /// Position on the map.
    pub place: [f32; 2],
    pub latent: Vec<f32>,
    /// Whether the text is longer than the encoder reads.
    pub truncated: bool,
}

/// A [`Step`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as in Step")]
pub struct StepView {
    pub index: usize,
    pub action: Action,
    pub log_probability: f32,
    pub candidates: Vec<Action>,
    pub candidate_utilities: Vec<f32>,
    pub design: Option<DesignView>,
    pub state: StateView,
    /// Filled in by the shell: the engine has no clock.
    pub milliseconds: f64,
}

/// A [`DesignSummary`] with the size of its support.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "as in DesignSummary")]
pub struct DesignView {
    #[serde(flatten)]
    pub summary: DesignSummary,
    pub support: usize,
}

/// A [`Trajectory`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as in Trajectory")]
pub struct TrajectoryView {
    pub user: String,
    pub policy: &'static str,
    pub seed: u64,
    pub anchor: StateView,
    pub steps: Vec<StepView>,
    pub outcome: StateView,
    /// Edits that led to the outcome; 0 is the anchor.
    pub outcome_step: usize,
    pub kept: bool,
    pub environment_calls: usize,
    pub failed_rewrites: usize,
    pub ended: Ended,
}

/// A [`ContentGap`].
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "as in ContentGap")]
pub struct GapView {
    pub place: [f32; 2],
    pub utility: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<f32>,
    pub affinity: f32,
    pub distance: f32,
    pub neighbours: Vec<NeighbourView>,
}

/// A [`Decoded`] jump.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "as in Decoded")]
pub struct ElmView {
    pub user: String,
    pub anchor: StateView,
    pub target: TargetView,
    pub nearest: Vec<NeighbourView>,
    pub state: StateView,
    pub realisability_gap: f32,
    pub environment_calls: usize,
}

/// The point that a jump sought.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct TargetView {
    pub latent: Vec<f32>,
    pub place: [f32; 2],
    pub utility: f32,
}

/// An existing item near a gap.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct NeighbourView {
    pub id: String,
    pub title: String,
    pub distance: f32,
}

/// What a catalog tells about itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each name says it")]
pub struct InfoView {
    pub encoder: String,
    pub skill: Skill,
    /// What may be expected of steering, given the skill.
    pub verdict: Verdict,
    pub items: Vec<ItemView>,
    pub users: Vec<UserView>,
    /// Lowest and highest rating.
    pub scale: (f32, f32),
    pub items_without_text: usize,
    /// Items whose text is longer than the encoder reads.
    pub items_truncated: usize,
}

/// An item on the map.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct ItemView {
    pub id: String,
    pub title: String,
    pub year: Option<u16>,
    pub genres: Vec<String>,
    pub place: [f32; 2],
}

/// A user one can steer for.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each name says it")]
pub struct UserView {
    pub id: String,
    pub ratings: usize,
    /// Genres liked most, at most three.
    pub likes: Vec<String>,
    /// Ids of the items they rated lowest, lowest first, at most five.
    pub low: Vec<String>,
}

/// Sees one request's states.
#[derive(Debug)]
pub(super) struct View<'a> {
    agent: &'a Agent,
    encoder: &'a Encoder,
    user: &'a str,
    policy: &'static str,
    seed: u64,
}

impl Tell {
    pub(super) fn anchor(state: StateView, user: &str) -> Self {
        Tell::Event(Box::new(EpisodeEvent::Anchor { state, user: user.to_owned() }))
    }

    pub(super) fn step(step: StepView) -> Self {
        Tell::Event(Box::new(EpisodeEvent::Step { step }))
    }

    pub(super) fn done(trajectory: TrajectoryView) -> Self {
        Tell::Event(Box::new(EpisodeEvent::Done { trajectory }))
    }
}

impl<'a> View<'a> {
    pub(super) fn new(agent: &'a Agent, encoder: &'a Encoder, options: &'a SteerOptions) -> Self {
        View { agent, encoder, user: &options.user, policy: options.policy.name(), seed: options.seed }
    }

    /// Of something that has another name than a policy's.
    pub(super) fn named(self, policy: &'static str) -> Self {
        View { policy, ..self }
    }

    pub(super) fn user(&self) -> &str {
        self.user
    }

    pub(super) fn state(&self, state: &State, anchor: &State) -> StateView {
        StateView {
            item: state.item.clone(),
            utility: state.utility,
            uncertainty: state.uncertainty,
            affinity: state.affinity,
            novelty: state.novelty,
            distance: distance(&state.latent, &anchor.latent),
            place: self.agent.map_place(&state.latent),
            latent: state.latent.clone(),
            truncated: is_truncated(self.encoder, &state.item),
        }
    }

    pub(super) fn step(&self, index: usize, step: &Step, anchor: &State) -> StepView {
        let support = |design: &DesignSummary| design.weights.iter().filter(|weight| **weight > 0.0).count();
        StepView {
            index,
            action: step.action.clone(),
            log_probability: step.choice.log_probability,
            candidates: step.candidates.clone(),
            candidate_utilities: step.candidate_utilities.clone(),
            design: step.choice.design.as_ref().map(|d| DesignView { summary: d.clone(), support: support(d) }),
            state: self.state(&step.state, anchor),
            milliseconds: 0.0,
        }
    }

    pub(super) fn trajectory(&self, trajectory: &Trajectory) -> TrajectoryView {
        let anchor = &trajectory.anchor;
        TrajectoryView {
            user: self.user.to_owned(),
            policy: self.policy,
            seed: self.seed,
            anchor: self.state(anchor, anchor),
            steps: trajectory.steps.iter().enumerate().map(|(index, step)| self.step(index, step, anchor)).collect(),
            outcome: self.state(trajectory.outcome(), anchor),
            outcome_step: trajectory.outcome_step(),
            kept: trajectory.is_kept(),
            environment_calls: trajectory.environment_calls,
            failed_rewrites: trajectory.failed_rewrites,
            ended: trajectory.ended,
        }
    }
}

impl NeighbourView {
    fn of(near: &Neighbour, agent: &Agent) -> Self {
        let item = &agent.catalog().items()[near.index];
        NeighbourView { id: item.id.clone(), title: item.title.clone(), distance: near.distance }
    }
}

impl ElmView {
    pub(super) fn of(decoded: Decoded, utility: f32, view: &View<'_>) -> Self {
        let Decoded { anchor, target, state, realisability_gap, environment_calls } = decoded;
        let nearest = view.agent.items().nearest(&target, NEAREST);
        ElmView {
            user: view.user.to_owned(),
            anchor: view.state(&anchor, &anchor),
            nearest: nearest.iter().map(|near| NeighbourView::of(near, view.agent)).collect(),
            target: TargetView { place: view.agent.map_place(&target), utility, latent: target },
            state: view.state(&state, &anchor),
            realisability_gap,
            environment_calls,
        }
    }
}

impl GapView {
    pub(super) fn of(gap: &ContentGap, objective: &Objective, agent: &Agent) -> Self {
        let neighbours = gap.neighbours.iter().map(|near| NeighbourView::of(near, agent));
        GapView {
            place: agent.map_place(&gap.latent),
            utility: gap.utility,
            uncertainty: objective.typical_uncertainty(),
            affinity: objective.utility.affinity(&gap.latent),
            distance: gap.distance,
            neighbours: neighbours.collect(),
        }
    }
}

impl InfoView {
    pub(super) fn of(agent: &Agent, encoder: &Encoder) -> Self {
        let (catalog, ratings) = (agent.catalog(), agent.ratings());
        let items = catalog.items().iter().zip(agent.items().rows()).map(|(item, latent)| ItemView {
            id: item.id.clone(),
            title: item.title.clone(),
            year: item.year,
            genres: item.genres.clone(),
            place: agent.map_place(latent),
        });
        let by_user = ratings.by_user();
        let users = (0..by_user.len()).filter(|&user| !by_user[user].is_empty());
        InfoView {
            encoder: encoder.fingerprint().to_owned(),
            skill: *agent.alignment().skill(),
            verdict: agent.alignment().skill().verdict(),
            items: items.collect(),
            users: users.map(|user| UserView::with(agent, user, by_user[user])).collect(),
            scale: ratings.scale(),
            items_without_text: catalog.without_text().len(),
            items_truncated: catalog.items().iter().filter(|item| is_truncated(encoder, item)).count(),
        }
    }
}

impl UserView {
    pub(super) fn of(agent: &Agent, user: &str) -> Result<Self> {
        let user = agent.ratings().user_index(user)?;
        Ok(UserView::with(agent, user, agent.ratings().by_user()[user]))
    }

    fn with(agent: &Agent, user: usize, rated: &[Rating]) -> Self {
        let (catalog, ratings) = (agent.catalog(), agent.ratings());
        let likes = liked_genres(rated, catalog).into_iter().take(3).collect();
        let mut rated = rated.to_vec();
        crate::order::sort_by(&mut rated, |a, b| a.value.total_cmp(&b.value));
        UserView {
            id: ratings.users()[user].clone(),
            ratings: rated.len(),
            likes,
            low: rated.iter().take(5).map(|rating| ratings.items()[rating.item as usize].clone()).collect(),
        }
    }
}

fn is_truncated(encoder: &Encoder, item: &Item) -> bool {
    fields(item).iter().any(|text| encoder.is_truncated(text))
}
