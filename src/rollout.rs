//! The engine: one episode as a machine that asks for what it needs.
//!
//! In a browser the language model and the GPU can only be awaited, so neither is in here. A
//! [`Rollout`] hands out one [`Effect`] at a time and is given its [`Reply`]; whoever drives it may
//! take a reply from a network, a GPU, a simulator or a record of an earlier run.
//!
//! An episode of horizon H: place the anchor; then H times propose actions, (look ahead at each
//! of them,) choose one, rewrite, place. The reward is the utility of the last text; the *no-harm
//! gate* returns the anchor unless the last text is better (paper §2.3 and its limitations) and,
//! where a reviewer is asked, allowed. [`Safeguards`] may leave fewer than H steps.
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
use crate::error::{Result, RolloutError};
use crate::objective::State;
use crate::profile::Profile;
use crate::safeguard::{Safeguards, Verdict};
pub use effect::{Choice, Choices, DesignSummary, Effect, Reply};
use machine::{Draw, check_rewrites, check_states, place_anchor, seed_of, usable, wrong};
pub use machine::{Machine, Next};

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
    /// The edits, in order; fewer than the horizon where safeguards left nothing to do.
    pub steps: Vec<Step>,
    /// Rewrites asked of the environment.
    pub environment_calls: usize,
    /// What the reviewer said about the last text, where one was asked; [bounded](Verdict::bounded).
    #[serde(default)]
    pub verdict: Option<Verdict>,
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
    /// Whether a reviewer is asked about the last text.
    #[serde(default)]
    pub review: bool,
}

impl Default for RolloutSettings {
    /// The paper's horizon, 20 candidates, with lookahead, the default safeguards and no reviewer.
    fn default() -> Self {
        let safeguards = Safeguards::default();
        RolloutSettings { horizon: 5, candidates: 20, lookahead: true, seed: 0, safeguards, review: false }
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
    phase: Phase,
}

/// Which reply is awaited, with what is needed to make use of it.
#[derive(Debug, Clone)]
enum Phase {
    Anchor(Item),
    Actions,
    Previews(Vec<Action>),
    PreviewStates(Vec<Action>, Vec<Item>),
    Choice(Choices),
    Rewritten(Box<Step>),
    RewrittenState(Box<Step>, Vec<Item>),
    Verdict,
}

impl Rollout {
    /// Starts an episode at an existing item.
    ///
    /// # Errors
    /// [`RolloutError::NoHorizon`] for a horizon of 0, [`RolloutError::NoActions`] when no candidate is asked for,
    /// and as [`Safeguards::check`].
    pub fn start(anchor: Item, profile: Profile, settings: RolloutSettings) -> Result<(Rollout, Effect)> {
        if settings.horizon == 0 {
            return Err(RolloutError::NoHorizon.into());
        }
        if settings.candidates == 0 {
            return Err(RolloutError::NoActions { step: 0 }.into());
        }
        settings.safeguards.check()?;
        let effect = place_anchor(&anchor);
        let rollout = Rollout {
            profile,
            settings,
            anchor: None,
            steps: Vec::new(),
            environment_calls: 0,
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
            (Phase::Previews(actions), Reply::Items(items)) => self.previews_written(actions, items),
            (Phase::PreviewStates(actions, items), Reply::States(outcomes)) => {
                check_states(&items, &outcomes, self.anchor.as_ref())?;
                self.choose_among_alike(actions, outcomes)
            }
            (Phase::Choice(choices), Reply::Choice(choice)) => self.chosen(choices, choice),
            (Phase::Rewritten(step), Reply::Items(items)) => self.rewritten(step, items),
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
            return self.finish();
        }
        actions.truncate(self.settings.candidates);
        if !self.settings.lookahead {
            return self.choose(actions, Vec::new());
        }
        let (rollout, effect) = self.rewrite(actions.clone());
        Ok(rollout.need(Phase::Previews(actions), effect))
    }

    fn previews_written(self, actions: Vec<Action>, items: Vec<Item>) -> Result<Next<Self>> {
        check_rewrites(&self.state().item, actions.len(), &items)?;
        let effect = self.place(&items);
        Ok(self.need(Phase::PreviewStates(actions, items), effect))
    }

    fn choose(self, actions: Vec<Action>, outcomes: Vec<State>) -> Result<Next<Self>> {
        let (step, state, seed) = (self.steps.len(), self.state().clone(), self.seed(Draw::Choose));
        let anchor = self.placed_anchor().latent.clone();
        let choices = Choices { step, horizon: self.settings.horizon, anchor, state, actions, outcomes, seed };
        let effect = Effect::Choose(choices.clone());
        Ok(self.need(Phase::Choice(choices), effect))
    }

    fn chosen(self, choices: Choices, choice: Choice) -> Result<Next<Self>> {
        let Choices { state, actions, mut outcomes, .. } = choices;
        let Some(action) = actions.get(choice.index).cloned() else {
            return Err(wrong("the chosen index is not among the candidates"));
        };
        let candidate_utilities = outcomes.iter().map(|outcome| outcome.utility).collect();
        let index = choice.index;
        let step = Step { action: action.clone(), choice, candidates: actions, candidate_utilities, state };
        if self.settings.lookahead {
            return self.arrived(Step { state: outcomes.swap_remove(index), ..step });
        }
        let (rollout, effect) = self.rewrite(vec![action]);
        Ok(rollout.need(Phase::Rewritten(Box::new(step)), effect))
    }

    fn rewritten(self, step: Box<Step>, items: Vec<Item>) -> Result<Next<Self>> {
        check_rewrites(&self.state().item, 1, &items)?;
        let effect = self.place(&items);
        Ok(self.need(Phase::RewrittenState(step, items), effect))
    }

    fn arrived(mut self, step: Step) -> Result<Next<Self>> {
        self.steps.push(step);
        if self.steps.len() < self.settings.horizon { self.propose() } else { self.finish() }
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

impl Trajectory {
    /// The last text's state.
    pub fn last(&self) -> &State {
        self.steps.last().map_or(&self.anchor, |step| &step.state)
    }

    /// Whether a reviewer refused the last text.
    pub fn is_refused(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| !verdict.allowed)
    }

    /// Whether the anchor is kept: the last text is refused, or not better (then the no-harm gate is closed).
    pub fn is_kept(&self) -> bool {
        self.is_refused() || self.last().utility <= self.anchor.utility
    }

    /// What the episode proposes: the last text if it is better than the anchor and not refused, else the anchor.
    pub fn outcome(&self) -> &State {
        if self.is_kept() { &self.anchor } else { self.last() }
    }
}
