//! The baseline as a machine that asks for what it needs, as a rollout does.

use serde::{Deserialize, Serialize};

use super::{ElmSettings, check_items, check_width, optimise};
use crate::catalog::Item;
use crate::error::Result;
use crate::latent::{Latents, Neighbour, distance};
use crate::objective::State;
use crate::rollout::machine::{check_rewrites, check_states, place_anchor, wrong};
use crate::rollout::{Effect, Reply};
use crate::utility::Utility;

/// The existing items, the same ones row by row.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// Their texts.
    pub texts: &'a [Item],
    /// Their places in Z.
    pub latents: &'a Latents,
    /// Their sentence vectors, one row for each item; read by [`Manifold::PullBack`](super::Manifold::PullBack) only.
    pub sentences: &'a Latents,
}

/// A running jump: place the anchor, seek z*, have its text written, place that.
#[derive(Debug, Clone)]
pub struct Elm<'a> {
    existing: Existing<'a>,
    utility: Utility,
    settings: ElmSettings,
    phase: Phase,
}

/// What comes after a reply.
#[derive(Debug)]
pub enum Next<'a> {
    /// The world is asked again.
    Need(Box<Elm<'a>>, Effect),
    /// The text is there.
    Done(Decoded),
}

/// A finished jump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decoded {
    /// Where it began.
    pub anchor: State,
    /// The point that was sought, z*.
    pub target: Vec<f32>,
    /// The text that was written for it, and where that lies.
    pub state: State,
    /// Distance between the two: how far z* is from being the place of this text.
    pub realisability_gap: f32,
    /// Texts asked of the environment.
    pub environment_calls: usize,
}

/// Which reply is awaited, with what is needed to make use of it.
#[derive(Debug, Clone)]
enum Phase {
    Anchor(Item),
    Text(State, Vec<f32>),
    TextState(State, Vec<f32>, Vec<Item>),
}

impl<'a> Elm<'a> {
    /// Starts at an existing item.
    ///
    /// # Errors
    /// As [`optimise`] for the settings and the existing items; [`crate::error::NumericError::WrongSize`] unless each
    /// of these has a text and a place.
    pub fn start(
        anchor: Item,
        existing: Existing<'a>,
        utility: Utility,
        settings: ElmSettings,
    ) -> Result<(Elm<'a>, Effect)> {
        settings.check()?;
        check_items(existing.latents)?;
        check_width("the list of texts", existing.latents.len(), existing.texts.len())?;
        let effect = place_anchor(&anchor);
        Ok((Elm { existing, utility, settings, phase: Phase::Anchor(anchor) }, effect))
    }

    /// Goes on with the reply to the last effect. Takes the machine by value, so that no effect can be skipped or
    /// answered twice.
    ///
    /// # Errors
    /// [`crate::error::RolloutError::WrongReply`] for a reply that does not answer the effect, and as [`optimise`].
    pub fn resume(self, reply: Reply) -> Result<Next<'a>> {
        match (self.phase.clone(), reply) {
            (Phase::Anchor(item), Reply::States(states)) => self.anchor_placed(item, states),
            (Phase::Text(anchor, target), Reply::Items(items)) => self.written(anchor, target, items),
            (Phase::TextState(anchor, target, items), Reply::States(states)) => {
                text_placed(anchor, target, &items, states)
            }
            _ => Err(wrong("it is of another kind")),
        }
    }

    fn anchor_placed(self, item: Item, mut states: Vec<State>) -> Result<Next<'a>> {
        check_states(&[item], &states, None)?;
        let anchor = states.remove(0);
        let Existing { texts, latents, sentences } = self.existing;
        let optimum = optimise(&self.utility, latents, sentences, &anchor.latent, &self.settings)?;
        let effect = Effect::Decode {
            anchor: anchor.item.clone(),
            neighbours: optimum.nearest.iter().map(|near| texts[near.index].clone()).collect(),
            weights: closeness(&optimum.nearest),
            seed: self.settings.seed,
        };
        Ok(self.need(Phase::Text(anchor, optimum.latent), effect))
    }

    fn written(self, anchor: State, target: Vec<f32>, items: Vec<Item>) -> Result<Next<'a>> {
        if items.len() != 1 {
            return Err(wrong("exactly one item is needed"));
        }
        check_rewrites(&anchor.item, &items)?;
        let effect = Effect::Place { anchor: anchor.item.clone(), items: items.clone() };
        Ok(self.need(Phase::TextState(anchor, target, items), effect))
    }

    fn need(self, phase: Phase, effect: Effect) -> Next<'a> {
        Next::Need(Box::new(Elm { phase, ..self }), effect)
    }
}

fn text_placed<'a>(anchor: State, target: Vec<f32>, items: &[Item], mut states: Vec<State>) -> Result<Next<'a>> {
    check_states(items, &states, Some(&anchor))?;
    let state = states.remove(0);
    let realisability_gap = distance(&state.latent, &target);
    Ok(Next::Done(Decoded { anchor, target, state, realisability_gap, environment_calls: 1 }))
}

/// Weights in inverse proportion to the distances, with sum 1. On the line between two items they are those of the
/// mixture that lies there.
fn closeness(nearest: &[Neighbour]) -> Vec<f32> {
    let farthest = nearest.iter().map(|near| near.distance).fold(0.0, f32::max);
    // An item at distance 0 takes nearly all of the weight; where all are at 0, all are alike.
    let least = if farthest > 0.0 { f64::from(farthest) * 1e-6 } else { 1.0 };
    let inverse: Vec<f64> = nearest.iter().map(|near| 1.0 / f64::from(near.distance).max(least)).collect();
    let sum: f64 = inverse.iter().sum();
    inverse.iter().map(|inverse| (inverse / sum) as f32).collect()
}
