//! What the machines of the engine have in common: how they ask, and how they check what they are answered.

use super::Effect;
use crate::catalog::Item;
use crate::error::{Result, RolloutError};
use crate::latent::Latents;
use crate::objective::{FIELDS, Objective, State, fields};

/// Asks for the texts of items to be encoded.
pub(crate) fn encode(items: &[Item]) -> Effect {
    Effect::Encode { texts: items.iter().flat_map(fields).collect() }
}

/// Checks that there is one rewrite for each action, and that each changes what is said about an
/// item, not which item it is.
pub(crate) fn check_rewrites(of: &Item, actions: usize, rewritten: &[Item]) -> Result<()> {
    if rewritten.len() != actions {
        return Err(wrong("one item for each action is needed"));
    }
    let keeps = |item: &Item| item.id == of.id && item.title == of.title && !item.plot.trim().is_empty();
    if rewritten.iter().all(keeps) {
        return Ok(());
    }
    Err(wrong("a rewritten item must keep its id and title and have a plot"))
}

/// The states of items, given the reply to [`encode`].
pub(crate) fn states(objective: &Objective, items: Vec<Item>, vectors: &Latents) -> Result<Vec<State>> {
    if vectors.len() != items.len() * FIELDS {
        return Err(wrong("one vector for each text is needed"));
    }
    objective.states(items, vectors)
}

/// The error for a reply that does not answer its effect.
pub(crate) fn wrong(why: &'static str) -> crate::Error {
    RolloutError::WrongReply { why }.into()
}
