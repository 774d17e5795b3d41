//! The engine: one episode as a machine that asks for what it needs.
//!
//! In a browser the language model and the GPU can only be awaited, so neither is in here. A
//! [`Rollout`] hands out one [`Effect`] at a time and is given its [`Reply`]; whoever drives it may
//! take a reply from a network, a GPU, a simulator or a record of an earlier run.
//!
//! An episode of horizon H: encode the anchor; then H times propose actions, (look ahead at each
//! of them,) choose one, rewrite, encode. The reward is the utility of the last text; the *no-harm
//! gate* returns the anchor unless the last text is better (paper §2.3 and its limitations), and,
//! where a review is asked for, allowed. [`Safeguards`] may leave fewer than H steps.
//!
//! In scope: the order of effects, checking replies, keeping the record. Out of scope: retries,
//! time, budgets, how anything is computed.

mod effect;
mod guard;
pub mod transcript;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::catalog::Item;
use crate::error::{Result, RolloutError};
use crate::latent::Latents;
use crate::objective::{FIELDS, Objective, State, fields};
use crate::profile::Profile;
use crate::safeguard::{Safeguards, Verdict};
pub use effect::{Choice, Choices, DesignSummary, Effect, Reply};

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
    /// What the reviewer said about the last text, where one was asked; at most a few short reasons are kept.
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
    objective: Objective,
    profile: Profile,
    settings: RolloutSettings,
    anchor: Option<State>,
    /// The sentence vector of the anchor's title and plot.
    anchor_sentence: Vec<f32>,
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
    RewrittenVectors(Box<Step>, Item),
    Verdict,
}

impl Rollout {
    /// Starts an episode at an existing item.
    ///
    /// # Errors
    /// [`RolloutError::NoHorizon`] for a horizon of 0, [`RolloutError::NoActions`] when no candidate is asked for,
    /// and as [`Safeguards::check`].
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
        settings.safeguards.check()?;
        let effect = encode(std::slice::from_ref(&anchor));
        let rollout = Rollout {
            objective,
            profile,
            settings,
            anchor: None,
            anchor_sentence: Vec::new(),
            steps: Vec::new(),
            environment_calls: 0,
            phase: Phase::Anchor(anchor),
        };
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
                let outcomes = self.compared(self.states(items, &vectors)?, &vectors);
                self.choose_among_alike(actions, outcomes)
            }
            (Phase::Choice(choices), Reply::Choice(choice)) => self.chosen(choices, choice),
            (Phase::Rewritten(step), Reply::Items(items)) => self.rewritten(step, items),
            (Phase::RewrittenVectors(step, item), Reply::Vectors(vectors)) => {
                let state = self.compared(self.states(vec![item], &vectors)?, &vectors).remove(0);
                self.arrived_if_alike(Step { state, ..*step })
            }
            (Phase::Verdict, Reply::Verdict(verdict)) => self.done(Some(verdict.bounded())),
            _ => Err(wrong("it is of another kind")),
        }
    }

    fn anchor_placed(mut self, item: Item, vectors: &Latents) -> Result<Next> {
        self.anchor = Some(self.states(vec![item], vectors)?.remove(0));
        self.anchor_sentence = vectors.row(0).to_vec();
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
        if actions.is_empty() {
            return Err(RolloutError::NoActions { step: self.steps.len() }.into());
        }
        self.retain_allowed(&mut actions);
        actions.truncate(self.settings.candidates);
        if actions.is_empty() {
            return self.finish();
        }
        if !self.settings.lookahead {
            return self.choose(actions, Vec::new());
        }
        let (rollout, effect) = self.rewrite(actions.clone());
        Ok(rollout.need(Phase::Previews(actions), effect))
    }

    fn previews_written(self, actions: Vec<Action>, items: Vec<Item>) -> Result<Next> {
        if items.len() != actions.len() {
            return Err(wrong("one item for each action is needed"));
        }
        self.check_identity(&items)?;
        let effect = encode(&items);
        Ok(self.need(Phase::PreviewVectors(actions, items), effect))
    }

    fn choose(self, actions: Vec<Action>, outcomes: Vec<State>) -> Result<Next> {
        let (step, state, seed) = (self.steps.len(), self.state().clone(), self.seed(Draw::Choose));
        let anchor = self.anchor.as_ref().map_or_else(Vec::new, |anchor| anchor.latent.clone());
        let choices = Choices { step, horizon: self.settings.horizon, anchor, state, actions, outcomes, seed };
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

    fn rewritten(self, step: Box<Step>, mut items: Vec<Item>) -> Result<Next> {
        let (Some(item), true) = (items.pop(), items.is_empty()) else {
            return Err(wrong("exactly one item is needed"));
        };
        self.check_identity(std::slice::from_ref(&item))?;
        let effect = encode(std::slice::from_ref(&item));
        Ok(self.need(Phase::RewrittenVectors(step, item), effect))
    }

    fn arrived(mut self, step: Step) -> Result<Next> {
        self.steps.push(step);
        if self.steps.len() < self.settings.horizon { self.propose() } else { self.finish() }
    }

    fn rewrite(mut self, actions: Vec<Action>) -> (Self, Effect) {
        self.environment_calls += actions.len();
        let seeds = (0..actions.len() as u64).map(|index| self.seed(Draw::Rewrite(index))).collect();
        let effect = Effect::Rewrite { item: self.state().item.clone(), actions, seeds };
        (self, effect)
    }

    /// A rewrite changes what is said about an item, not which item it is.
    fn check_identity(&self, rewritten: &[Item]) -> Result<()> {
        let Item { id, title, .. } = &self.state().item;
        let keeps = |item: &Item| item.id == *id && item.title == *title && !item.plot.trim().is_empty();
        if rewritten.iter().all(keeps) {
            return Ok(());
        }
        Err(wrong("a rewritten item must keep its id and title and have a plot"))
    }

    fn states(&self, items: Vec<Item>, vectors: &Latents) -> Result<Vec<State>> {
        if vectors.len() != items.len() * FIELDS {
            return Err(wrong("one vector for each text is needed"));
        }
        self.objective.states(items, vectors)
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

    /// Whether a reviewer refused the last text.
    pub fn is_refused(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| !verdict.allowed)
    }

    /// Whether the anchor is kept: the last text was refused, or the no-harm gate is closed, as it is not better.
    pub fn is_kept(&self) -> bool {
        self.is_refused() || self.last().utility <= self.anchor.utility
    }

    /// What the episode proposes: the last text if it is better than the anchor and not refused, else the anchor.
    pub fn outcome(&self) -> &State {
        if self.is_kept() { &self.anchor } else { self.last() }
    }
}

fn encode(items: &[Item]) -> Effect {
    Effect::Encode { texts: items.iter().flat_map(fields).collect() }
}

/// Actions with a text, each once, in their order.
fn different(proposed: Vec<Action>) -> Vec<Action> {
    let mut seen = std::collections::HashSet::new();
    proposed.into_iter().filter(|action| !action.text.trim().is_empty() && seen.insert(action.text.clone())).collect()
}

fn wrong(why: &'static str) -> crate::Error {
    RolloutError::WrongReply { why }.into()
}

/// SplitMix64's output function: spreads a counter over all bits.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
