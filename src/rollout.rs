//! The engine: one episode as a machine that asks for what it needs.
//!
//! In a browser the language model and the GPU can only be awaited, so neither is in here. A
//! [`Rollout`] hands out one [`Effect`] at a time and is given its [`Reply`]; whoever drives it may
//! take a reply from a network, a GPU, a simulator or a record of an earlier run.
//!
//! An episode of horizon H: place the anchor; then H times propose actions, (look ahead at each
//! of them,) choose one, rewrite, place. What comes of it is the best text on the way ([`Outcome::Best`]) or the last
//! one ([`Outcome::Last`], whose utility is the paper's reward); the *no-harm gate* returns the anchor unless that is
//! better (paper §2.3 and its limitations) and, where a reviewer is asked, allowed. There may be fewer than H steps:
//! [`Ended`] says why.
//!
//! A rewrite that fails is no step. With lookahead its candidate is out of the choice, without it another one is chosen;
//! a run of which every rewrite failed is an error.
//!
//! In scope: the order of effects, checking replies, keeping the record. Out of scope: retries,
//! time, budgets, how anything is computed.

mod effect;
mod guard;
pub(crate) mod machine;
pub mod transcript;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::catalog::Item;
use crate::error::{Error, NumericError, Result, RolloutError};
use crate::objective::State;
use crate::profile::Profile;
use crate::safeguard::{Safeguards, Verdict};
pub use effect::{Choice, Choices, DesignSummary, Effect, Outcome, Reply, Rewrite};
use machine::{Draw, Written, check_states, place_anchor, seed_of, usable, written, wrong};
pub use machine::{Machine, Next};

/// From here on an episode is refused.
const MAX_HORIZON: usize = 1_001;
/// From here on a number of candidates is refused.
const MAX_CANDIDATES: usize = 10_001;
/// Candidates of one step that are tried without lookahead, as long as their rewrites fail.
const MAX_TRIES: usize = 3;

/// One edit and where it led.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The action that was taken.
    pub action: Action,
    /// How it was chosen.
    pub choice: Choice,
    /// All candidates.
    pub candidates: Vec<Action>,
    /// Utility each candidate would have led to; empty without lookahead.
    pub candidate_utilities: Vec<f32>,
    /// The text after the edit, and its place.
    pub state: State,
}

/// A finished episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Where it began.
    pub anchor: State,
    /// The edits, in order.
    pub steps: Vec<Step>,
    /// Rewrites asked of the environment.
    pub environment_calls: usize,
    /// How many of them failed.
    #[serde(default)]
    pub failed_rewrites: usize,
    /// What the reviewer said about the text that counts, where one was asked; [bounded](Verdict::bounded).
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Which text counts.
    #[serde(default = "Outcome::unsaid")]
    pub counts: Outcome,
    /// Why there is no further step.
    #[serde(default)]
    pub ended: Ended,
}

/// Why a run has no further step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All steps of the horizon are taken, or nothing is left to search.
    #[default]
    Horizon,
    /// No candidate is predicted or found to gain.
    NoGain,
    /// Safeguards left no candidate.
    NoEdit,
    /// Every rewrite of the last turn failed.
    NoRewrite,
    /// A budget is spent: of rewrites, or of what a language model may cost.
    Budget,
}

/// Settings of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutSettings {
    /// Edits in a row (H).
    pub horizon: usize,
    /// Candidate actions asked for at each step.
    pub candidates: usize,
    /// Whether every candidate is rewritten and encoded before the choice.
    pub lookahead: bool,
    /// Seeds everything drawn in the episode.
    pub seed: u64,
    /// What the episode refuses to do.
    #[serde(default)]
    pub safeguards: Safeguards,
    /// Whether a reviewer is asked about the text that counts.
    #[serde(default)]
    pub review: bool,
    /// Which text counts, and with it whether the episode ends where nothing gains.
    #[serde(default = "Outcome::unsaid")]
    pub outcome: Outcome,
}

impl Default for RolloutSettings {
    /// The paper's horizon, 20 candidates, with lookahead, the default safeguards and no reviewer; the best text counts.
    fn default() -> Self {
        let (safeguards, outcome) = (Safeguards::default(), Outcome::Best);
        RolloutSettings { horizon: 5, candidates: 20, lookahead: true, seed: 0, safeguards, review: false, outcome }
    }
}

/// A running episode.
#[derive(Debug, Clone)]
pub struct Rollout {
    profile: Profile,
    settings: RolloutSettings,
    anchor: Option<State>,
    steps: Vec<Step>,
    environment_calls: usize,
    failed_rewrites: usize,
    ended: Ended,
    phase: Phase,
}

/// Which reply is awaited, with what is needed to make use of it.
#[derive(Debug, Clone)]
enum Phase {
    Anchor(Item),
    Actions,
    Previews(Vec<Action>),
    PreviewStates(Vec<Action>, Vec<Item>),
    /// And how many candidates of this step have failed.
    Choice(Choices, usize),
    Rewritten(Box<Chosen>),
    RewrittenState(Box<Step>, Vec<Item>),
    Verdict,
}

/// A choice that is being carried out, and what to choose from if it fails.
#[derive(Debug, Clone)]
struct Chosen {
    step: Step,
    others: Choices,
    failed: usize,
}

impl Rollout {
    /// Starts an episode at an existing item.
    ///
    /// # Errors
    /// [`RolloutError::NoHorizon`] for a horizon of 0, [`RolloutError::NoActions`] when no candidate is asked for,
    /// [`NumericError::BadSetting`] for more of either than make sense, and as [`Safeguards::check`].
    pub fn start(anchor: Item, profile: Profile, settings: RolloutSettings) -> Result<(Rollout, Effect)> {
        check_sizes(settings.horizon, settings.candidates)?;
        settings.safeguards.check()?;
        let effect = place_anchor(&anchor);
        let rollout = Rollout {
            profile,
            settings,
            anchor: None,
            steps: Vec::new(),
            environment_calls: 0,
            failed_rewrites: 0,
            ended: Ended::Horizon,
            phase: Phase::Anchor(anchor),
        };
        Ok((rollout, effect))
    }
}

impl Machine for Rollout {
    fn resume(mut self, reply: Reply) -> Result<Next<Rollout>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Actions);
        match (phase, reply) {
            (Phase::Anchor(item), Reply::States(states)) => self.anchor_placed(item, states),
            (Phase::Actions, Reply::Actions(actions)) => self.actions_proposed(actions),
            (Phase::Previews(actions), reply @ (Reply::Items(_) | Reply::Rewrites(_))) => {
                self.previews_written(actions, reply)
            }
            (Phase::PreviewStates(actions, items), Reply::States(outcomes)) => {
                check_states(&items, &outcomes, self.anchor.as_ref())?;
                self.choose_among_alike(actions, outcomes)
            }
            (Phase::Choice(choices, failed), Reply::Choice(choice)) => self.chosen(choices, choice, failed),
            (Phase::Choice(..), Reply::Stop) if self.settings.outcome == Outcome::Best => self.finish(Ended::NoGain),
            (Phase::Rewritten(chosen), reply @ (Reply::Items(_) | Reply::Rewrites(_))) => {
                self.rewritten(*chosen, reply)
            }
            (Phase::RewrittenState(step, items), Reply::States(mut states)) => {
                check_states(&items, &states, self.anchor.as_ref())?;
                self.arrived_if_alike(Step { state: states.remove(0), ..*step })
            }
            (Phase::Verdict, Reply::Verdict(verdict)) => self.done(Some(verdict.bounded())),
            _ => Err(wrong("it is of another kind")),
        }
    }

    fn anchor(&self) -> Option<&State> {
        self.anchor.as_ref()
    }

    fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn end_early(self, ended: Ended) -> Option<Trajectory> {
        self.anchor.is_some().then(|| Rollout { ended, ..self }.trajectory(None))
    }
}

impl Rollout {
    fn anchor_placed(mut self, item: Item, states: Vec<State>) -> Result<Next<Self>> {
        check_states(&[item], &states, None)?;
        self.anchor = states.into_iter().next();
        self.propose()
    }

    fn propose(self) -> Result<Next<Self>> {
        let effect = Effect::Propose {
            item: self.state().item.clone(),
            profile: self.profile.clone(),
            count: self.settings.candidates,
            seed: self.seed(Draw::Propose),
        };
        Ok(self.need(Phase::Actions, effect))
    }

    fn actions_proposed(self, proposed: Vec<Action>) -> Result<Next<Self>> {
        let mut actions = usable(proposed, usize::MAX);
        if actions.is_empty() {
            return Err(RolloutError::NoActions { step: self.steps.len() }.into());
        }
        self.retain_allowed(&mut actions);
        if actions.is_empty() {
            return self.finish(Ended::NoEdit);
        }
        actions.truncate(self.settings.candidates);
        if !self.settings.lookahead {
            return self.choose(actions, Vec::new());
        }
        let (rollout, effect) = self.rewrite(actions.clone());
        Ok(rollout.need(Phase::Previews(actions), effect))
    }

    fn previews_written(mut self, actions: Vec<Action>, reply: Reply) -> Result<Next<Self>> {
        let Written { actions, items, failed } = written(&self.state().item, actions, reply)?;
        self.failed_rewrites += failed.len();
        if items.is_empty() {
            return self.nothing_written(failed);
        }
        let effect = self.place(&items);
        Ok(self.need(Phase::PreviewStates(actions, items), effect))
    }

    /// Ends the episode with the steps it has; without any, nothing at all has come of it.
    fn nothing_written(self, mut failed: Vec<String>) -> Result<Next<Self>> {
        if self.steps.is_empty() {
            let why = failed.pop().unwrap_or_default();
            return Err(Error::from(RolloutError::RewritesFailed { tried: self.environment_calls, why }));
        }
        self.finish(Ended::NoRewrite)
    }

    fn choose(self, actions: Vec<Action>, outcomes: Vec<State>) -> Result<Next<Self>> {
        let (step, state, seed) = (self.steps.len(), self.state().clone(), self.seed(Draw::Choose));
        let anchor = self.placed_anchor().latent.clone();
        let RolloutSettings { horizon, outcome, .. } = self.settings;
        let choices = Choices { step, horizon, anchor, state, actions, outcomes, seed, outcome };
        Ok(self.ask_choice(choices, 0))
    }

    fn ask_choice(self, choices: Choices, failed: usize) -> Next<Self> {
        let effect = Effect::Choose(choices.clone());
        self.need(Phase::Choice(choices, failed), effect)
    }

    fn chosen(self, mut choices: Choices, choice: Choice, failed: usize) -> Result<Next<Self>> {
        let Some(action) = choices.actions.get(choice.index).cloned() else {
            return Err(wrong("the chosen index is not among the candidates"));
        };
        let index = choice.index;
        let step = Step {
            action: action.clone(),
            choice,
            candidates: choices.actions.clone(),
            candidate_utilities: choices.outcomes.iter().map(|outcome| outcome.utility).collect(),
            state: choices.state.clone(),
        };
        if self.settings.lookahead {
            return self.arrived(Step { state: choices.outcomes.swap_remove(index), ..step });
        }
        choices.actions.remove(index);
        let (rollout, effect) = self.rewrite(vec![action]);
        Ok(rollout.need(Phase::Rewritten(Box::new(Chosen { step, others: choices, failed })), effect))
    }

    fn rewritten(mut self, chosen: Chosen, reply: Reply) -> Result<Next<Self>> {
        let Chosen { step, others, failed: before } = chosen;
        let Written { items, failed, .. } = written(&self.state().item, vec![step.action.clone()], reply)?;
        if items.is_empty() {
            self.failed_rewrites += 1;
            let is_over = others.actions.is_empty() || before + 1 == MAX_TRIES;
            let others = Choices { seed: others.seed.wrapping_add(1), ..others };
            return if is_over { self.nothing_written(failed) } else { Ok(self.ask_choice(others, before + 1)) };
        }
        let effect = self.place(&items);
        Ok(self.need(Phase::RewrittenState(Box::new(step), items), effect))
    }

    fn arrived(mut self, step: Step) -> Result<Next<Self>> {
        self.steps.push(step);
        if self.steps.len() < self.settings.horizon { self.propose() } else { self.finish(Ended::Horizon) }
    }

    fn rewrite(mut self, actions: Vec<Action>) -> (Self, Effect) {
        self.environment_calls += actions.len();
        let effect = machine::rewrite(&self.state().item, actions, self.settings.seed, self.steps.len());
        (self, effect)
    }

    fn place(&self, items: &[Item]) -> Effect {
        Effect::Place { anchor: self.placed_anchor().item.clone(), items: items.to_vec() }
    }

    fn need(self, phase: Phase, effect: Effect) -> Next<Self> {
        Next::Need(Box::new(Rollout { phase, ..self }), effect)
    }

    fn state(&self) -> &State {
        self.steps.last().map_or_else(|| self.placed_anchor(), |step| &step.state)
    }

    fn placed_anchor(&self) -> &State {
        self.anchor.as_ref().expect("an episode places its anchor first")
    }

    fn seed(&self, draw: Draw) -> u64 {
        seed_of(self.settings.seed, self.steps.len(), draw)
    }
}

/// Checks edits in a row and candidates at each of them: at least one, and no more than memory holds.
pub(crate) fn check_sizes(horizon: usize, candidates: usize) -> Result<()> {
    let too_many = |what, why| Err(NumericError::BadSetting { what, why }.into());
    match (horizon, candidates) {
        (0, _) => Err(RolloutError::NoHorizon.into()),
        (_, 0) => Err(RolloutError::NoActions { step: 0 }.into()),
        (MAX_HORIZON.., _) => too_many("horizon", "use at most 1000"),
        (_, MAX_CANDIDATES..) => too_many("candidates", "use at most 10000"),
        _ => Ok(()),
    }
}

impl Trajectory {
    /// The last text's state.
    pub fn last(&self) -> &State {
        self.steps.last().map_or(&self.anchor, |step| &step.state)
    }

    /// Whether a reviewer refused the text that counts.
    pub fn is_refused(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| !verdict.allowed)
    }

    /// Whether the anchor is kept: the text that counts is refused, or not better (then the no-harm gate is closed).
    pub fn is_kept(&self) -> bool {
        self.outcome_step() == 0
    }

    /// Edits that led to the [outcome](Trajectory::outcome): 0 is the anchor, n the text after the nth step. Of equally
    /// good texts the first counts.
    pub fn outcome_step(&self) -> usize {
        if self.is_refused() { 0 } else { counting_step(&self.anchor, &self.steps, self.counts) }
    }

    /// What the run proposes: the text that counts if it is better than the anchor and not refused, else the anchor.
    pub fn outcome(&self) -> &State {
        self.outcome_step().checked_sub(1).map_or(&self.anchor, |step| &self.steps[step].state)
    }
}

/// Edits that lead to the text that counts; 0 where it is not better than the anchor.
fn counting_step(anchor: &State, steps: &[Step], counts: Outcome) -> usize {
    let looked_at = match counts {
        Outcome::Best => 0..steps.len(),
        Outcome::Last => steps.len().saturating_sub(1)..steps.len(),
    };
    let better = |(best, most): (usize, f32), step: usize| {
        let utility = steps[step].state.utility;
        if utility > most { (step + 1, utility) } else { (best, most) }
    };
    looked_at.fold((0, anchor.utility), better).0
}
