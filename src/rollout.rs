//! The engine: one episode as a machine that asks for what it needs.
//!
//! In a browser the language model and the GPU can only be awaited, so neither is in here. A
//! [`Rollout`] hands out one [`Effect`] at a time and is given its [`Reply`]; whoever drives it may
//! take a reply from a network, a GPU, a simulator or a record of an earlier run.
//!
//! An episode of horizon H: encode the anchor; then H times propose actions, (look ahead at each
//! of them,) choose one, rewrite, encode. The reward is the utility of the last text; the *no-harm
//! gate* returns the anchor unless the last text is better (paper §2.3 and its limitations).
//!
//! In scope: the order of effects, checking replies, keeping the record. Out of scope: retries,
//! time, budgets, how anything is computed.

mod effect;
pub(crate) mod machine;
pub mod transcript;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::catalog::Item;
use crate::error::{Result, RolloutError};
use crate::latent::Latents;
use crate::objective::{Objective, State};
use crate::profile::Profile;
pub use effect::{Choice, Choices, DesignSummary, Effect, Reply};
use machine::{check_rewrites, encode, states, wrong};

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
}

impl Default for RolloutSettings {
    /// The paper's horizon, 20 candidates, with lookahead.
    fn default() -> Self {
        RolloutSettings { horizon: 5, candidates: 20, lookahead: true, seed: 0 }
    }
}

/// A running episode.
#[derive(Debug, Clone)]
pub struct Rollout {
    objective: Objective,
    profile: Profile,
    settings: RolloutSettings,
    anchor: Option<State>,
    steps: Vec<Step>,
    environment_calls: usize,
    phase: Phase,
}

/// What comes after a reply.
#[derive(Debug)]
pub enum Next {
    /// The world is asked again.
    Need(Box<Rollout>, Effect),
    /// The episode is over.
    Done(Trajectory),
}

/// Which reply is awaited, with what is needed to make use of it.
#[derive(Debug, Clone)]
enum Phase {
    Anchor(Item),
    Actions,
    Previews(Vec<Action>),
    PreviewVectors(Vec<Action>, Vec<Item>),
    Choice(Choices),
    Rewritten(Box<Step>),
    RewrittenVectors(Box<Step>, Vec<Item>),
}

impl Rollout {
    /// Starts an episode at an existing item.
    ///
    /// # Errors
    /// [`RolloutError::NoHorizon`] for a horizon of 0, [`RolloutError::NoActions`] when no candidate is asked for.
    pub fn start(
        anchor: Item,
        profile: Profile,
        objective: Objective,
        settings: RolloutSettings,
    ) -> Result<(Rollout, Effect)> {
        if settings.horizon == 0 {
            return Err(RolloutError::NoHorizon.into());
        }
        if settings.candidates == 0 {
            return Err(RolloutError::NoActions { step: 0 }.into());
        }
        let effect = encode(std::slice::from_ref(&anchor));
        let phase = Phase::Anchor(anchor);
        let rollout =
            Rollout { objective, profile, settings, anchor: None, steps: Vec::new(), environment_calls: 0, phase };
        Ok((rollout, effect))
    }

    /// The anchor's state, once it is known.
    pub fn anchor(&self) -> Option<&State> {
        self.anchor.as_ref()
    }

    /// The steps taken so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Goes on with the reply to the last effect. Takes the rollout by value, so that no effect
    /// can be skipped or answered twice.
    ///
    /// # Errors
    /// [`RolloutError::WrongReply`] for a reply that does not answer the effect,
    /// [`RolloutError::NoActions`] when nothing usable was proposed.
    pub fn resume(mut self, reply: Reply) -> Result<Next> {
        let phase = std::mem::replace(&mut self.phase, Phase::Actions);
        match (phase, reply) {
            (Phase::Anchor(item), Reply::Vectors(vectors)) => self.anchor_placed(item, &vectors),
            (Phase::Actions, Reply::Actions(actions)) => self.actions_proposed(actions),
            (Phase::Previews(actions), Reply::Items(items)) => self.previews_written(actions, items),
            (Phase::PreviewVectors(actions, items), Reply::Vectors(vectors)) => {
                let outcomes = states(&self.objective, items, &vectors)?;
                self.choose(actions, outcomes)
            }
            (Phase::Choice(choices), Reply::Choice(choice)) => self.chosen(choices, choice),
            (Phase::Rewritten(step), Reply::Items(items)) => self.rewritten(step, items),
            (Phase::RewrittenVectors(step, items), Reply::Vectors(vectors)) => {
                let state = states(&self.objective, items, &vectors)?.remove(0);
                self.arrived(Step { state, ..*step })
            }
            _ => Err(wrong("it is of another kind")),
        }
    }

    fn anchor_placed(mut self, item: Item, vectors: &Latents) -> Result<Next> {
        self.anchor = Some(states(&self.objective, vec![item], vectors)?.remove(0));
        self.propose()
    }

    fn propose(self) -> Result<Next> {
        let effect = Effect::Propose {
            item: self.state().item.clone(),
            profile: self.profile.clone(),
            count: self.settings.candidates,
            seed: self.seed(Draw::Propose),
        };
        Ok(self.need(Phase::Actions, effect))
    }

    fn actions_proposed(self, proposed: Vec<Action>) -> Result<Next> {
        let mut actions = different(proposed);
        actions.truncate(self.settings.candidates);
        if actions.is_empty() {
            return Err(RolloutError::NoActions { step: self.steps.len() }.into());
        }
        if !self.settings.lookahead {
            return self.choose(actions, Vec::new());
        }
        let (rollout, effect) = self.rewrite(actions.clone());
        Ok(rollout.need(Phase::Previews(actions), effect))
    }

    fn previews_written(self, actions: Vec<Action>, items: Vec<Item>) -> Result<Next> {
        check_rewrites(&self.state().item, actions.len(), &items)?;
        let effect = encode(&items);
        Ok(self.need(Phase::PreviewVectors(actions, items), effect))
    }

    fn choose(self, actions: Vec<Action>, outcomes: Vec<State>) -> Result<Next> {
        let (step, state, seed) = (self.steps.len(), self.state().clone(), self.seed(Draw::Choose));
        let choices = Choices { step, state, actions, outcomes, seed };
        let effect = Effect::Choose(choices.clone());
        Ok(self.need(Phase::Choice(choices), effect))
    }

    fn chosen(self, choices: Choices, choice: Choice) -> Result<Next> {
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

    fn rewritten(self, step: Box<Step>, items: Vec<Item>) -> Result<Next> {
        check_rewrites(&self.state().item, 1, &items)?;
        let effect = encode(&items);
        Ok(self.need(Phase::RewrittenVectors(step, items), effect))
    }

    fn arrived(mut self, step: Step) -> Result<Next> {
        self.steps.push(step);
        if self.steps.len() < self.settings.horizon {
            return self.propose();
        }
        let anchor = self.anchor.expect("an episode places its anchor first");
        Ok(Next::Done(Trajectory { anchor, steps: self.steps, environment_calls: self.environment_calls }))
    }

    fn rewrite(mut self, actions: Vec<Action>) -> (Self, Effect) {
        self.environment_calls += actions.len();
        let seeds = (0..actions.len() as u64).map(|index| self.seed(Draw::Rewrite(index))).collect();
        let effect = Effect::Rewrite { item: self.state().item.clone(), actions, seeds };
        (self, effect)
    }

    fn need(self, phase: Phase, effect: Effect) -> Next {
        Next::Need(Box::new(Rollout { phase, ..self }), effect)
    }

    fn state(&self) -> &State {
        let anchor = self.anchor.as_ref().expect("an episode places its anchor first");
        self.steps.last().map_or(anchor, |step| &step.state)
    }

    fn seed(&self, draw: Draw) -> u64 {
        let draw = match draw {
            Draw::Propose => 0,
            Draw::Choose => 1,
            Draw::Rewrite(index) => 2 + index,
        };
        mixed(mixed(self.settings.seed ^ mixed(self.steps.len() as u64)) ^ draw)
    }
}

enum Draw {
    Propose,
    Choose,
    Rewrite(u64),
}

impl Trajectory {
    /// The last text's state.
    pub fn last(&self) -> &State {
        self.steps.last().map_or(&self.anchor, |step| &step.state)
    }

    /// Whether the no-harm gate is closed: the last text is not better than the anchor.
    pub fn is_kept(&self) -> bool {
        self.last().utility <= self.anchor.utility
    }

    /// What the episode proposes: the last text if it is better than the anchor, else the anchor.
    pub fn outcome(&self) -> &State {
        if self.is_kept() { &self.anchor } else { self.last() }
    }
}

/// Actions with a text, each once, in their order.
fn different(proposed: Vec<Action>) -> Vec<Action> {
    let mut seen = std::collections::HashSet::new();
    proposed.into_iter().filter(|action| !action.text.trim().is_empty() && seen.insert(action.text.clone())).collect()
}

/// SplitMix64's output function: spreads a counter over all bits.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
