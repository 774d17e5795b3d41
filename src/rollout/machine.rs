//! What the machines of the engine have in common: how they are driven, how they ask, and how they
//! check what they are answered.

use std::collections::HashSet;

use super::{Effect, Ended, Reply, Rewrite, Step, Trajectory};
use crate::action::Action;
use crate::catalog::Item;
use crate::error::{NumericError, Result, RolloutError};
use crate::objective::State;

/// Something that asks the world for one thing after another until it has a trajectory.
pub trait Machine: Sized {
    /// Goes on with the reply to the last effect. Takes the machine by value, so that no effect
    /// can be skipped or answered twice.
    ///
    /// # Errors
    /// [`RolloutError::WrongReply`] for a reply that does not answer the effect,
    /// [`RolloutError::NoActions`] when nothing usable was proposed, [`RolloutError::RewritesFailed`] when every rewrite
    /// failed.
    fn resume(self, reply: Reply) -> Result<Next<Self>>;

    /// The anchor's state, once it is known.
    fn anchor(&self) -> Option<&State>;

    /// The steps that are sure to be in the trajectory.
    fn steps(&self) -> &[Step];

    /// Ends the run with what it has come to, for a reason of the world's; none before the anchor is known.
    fn end_early(self, ended: Ended) -> Option<Trajectory>;
}

/// What comes after a reply.
#[derive(Debug)]
pub enum Next<M> {
    /// The world is asked again.
    Need(Box<M>, Effect),
    /// The machine has come to its end.
    Done(Trajectory),
}

/// What a seed is drawn for.
pub(crate) enum Draw {
    Propose,
    Choose,
    Rewrite(u64),
}

/// A seed of its own for each draw at each turn (a step, an expansion) of a run.
pub(crate) fn seed_of(run: u64, turn: usize, draw: Draw) -> u64 {
    let draw = match draw {
        Draw::Propose => 0,
        Draw::Choose => 1,
        Draw::Rewrite(index) => 2 + index,
    };
    mixed(mixed(run ^ mixed(turn as u64)) ^ draw)
}

/// Asks for one rewrite of an item for each action.
pub(crate) fn rewrite(item: &Item, actions: Vec<Action>, run: u64, turn: usize) -> Effect {
    let seeds = (0..actions.len() as u64).map(|index| seed_of(run, turn, Draw::Rewrite(index))).collect();
    Effect::Rewrite { item: item.clone(), actions, seeds }
}

/// Asks where the anchor of a run lies.
pub(crate) fn place_anchor(anchor: &Item) -> Effect {
    Effect::Place { anchor: anchor.clone(), items: vec![anchor.clone()] }
}

/// The first `most` actions that have a text, each once, in their order.
pub(crate) fn usable(proposed: Vec<Action>, most: usize) -> Vec<Action> {
    let mut seen = HashSet::new();
    let different = |action: &Action| !action.text.trim().is_empty() && seen.insert(action.text.clone());
    proposed.into_iter().filter(different).take(most).collect()
}

/// What came of rewriting an item once for each action.
pub(crate) struct Written {
    /// The actions that were carried out.
    pub(crate) actions: Vec<Action>,
    /// What each of them made of the item.
    pub(crate) items: Vec<Item>,
    /// Why each of the others was not.
    pub(crate) failed: Vec<String>,
}

/// Reads the reply to a rewrite of an item, one for each action.
pub(crate) fn written(of: &Item, actions: Vec<Action>, reply: Reply) -> Result<Written> {
    let rewrites = match reply {
        Reply::Items(items) => items.into_iter().map(Rewrite::Written).collect(),
        Reply::Rewrites(rewrites) => rewrites,
        _ => return Err(wrong("it is of another kind")),
    };
    if rewrites.len() != actions.len() {
        return Err(wrong("one item for each action is needed"));
    }
    let mut written = Written { actions: Vec::new(), items: Vec::new(), failed: Vec::new() };
    for (action, rewrite) in actions.into_iter().zip(rewrites) {
        match rewrite {
            Rewrite::Written(item) => {
                written.actions.push(action);
                written.items.push(item);
            }
            Rewrite::Failed(why) => written.failed.push(why),
        }
    }
    check_rewrites(of, &written.items)?;
    Ok(written)
}

/// Checks that each rewrite changes what is said about an item, not which item it is.
pub(crate) fn check_rewrites(of: &Item, rewritten: &[Item]) -> Result<()> {
    let keeps = |item: &Item| item.id == of.id && item.title == of.title && !item.plot.trim().is_empty();
    if rewritten.iter().all(keeps) {
        return Ok(());
    }
    Err(wrong("a rewritten item must keep its id and title and have a plot"))
}

/// Checks that states are those of the items that were to be placed, each at a point of the anchor's space, where that is
/// known already.
pub(crate) fn check_states(items: &[Item], states: &[State], anchor: Option<&State>) -> Result<()> {
    if !items.iter().eq(states.iter().map(|state| &state.item)) {
        return Err(wrong("one state for each item is needed, in their order"));
    }
    let dimensions = anchor.or(states.first()).map_or(0, |state| state.latent.len());
    if states.iter().any(|state| state.latent.len() != dimensions) {
        return Err(wrong("all places must have the same dimension"));
    }
    let numbers = |state: &State| {
        let State { utility, uncertainty, affinity, novelty, identity, .. } = *state;
        [utility, uncertainty.unwrap_or(0.0), affinity, novelty, identity]
    };
    let is_finite = |state: &State| numbers(state).iter().chain(&state.latent).all(|value| value.is_finite());
    if states.iter().all(is_finite) {
        return Ok(());
    }
    Err(NumericError::NotFinite { what: "a state" }.into())
}

/// The error for a reply that does not answer its effect.
pub(crate) fn wrong(why: &'static str) -> crate::Error {
    RolloutError::WrongReply { why }.into()
}

/// SplitMix64's output function: spreads a counter over all bits.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
