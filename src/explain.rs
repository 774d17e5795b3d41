//! Why an episode did what it did: each step's chances, its promise, what came of it, and which sentences it changed.
//!
//! Everything is read off a [`Trajectory`]; nothing is computed anew. Sentences are compared as wholes: a moved
//! sentence or other white space is no change, and one changed word removes a sentence and adds another.

use serde::Serialize;

use crate::action::Action;
use crate::catalog::sentences;
use crate::objective::State;
use crate::rollout::{Step, Trajectory};

/// One step, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepExplanation {
    /// What was asked for.
    pub action: Action,
    /// Probability with which the policy took it.
    pub probability: f64,
    /// The action's leverage in the design, where there was one: how little the other candidates told about it.
    pub leverage: Option<f64>,
    /// The action's weight in the design, where there was one.
    pub weight: Option<f64>,
    /// What lookahead promised: the candidate's utility less that of the text before.
    pub predicted_gain: Option<f32>,
    /// What came of it: the utility of the text after less that of the text before.
    pub realised_gain: f32,
    /// Place among the candidates by promised utility: 1 for the best, the same for equals.
    pub rank: Option<usize>,
    /// How many candidates there were.
    pub candidates: usize,
    /// Sentences of the plot that the step brought, in their order.
    pub sentences_added: Vec<String>,
    /// Sentences of the plot that the step took out, in their order.
    pub sentences_removed: Vec<String>,
}

/// Explains each step of an episode.
///
/// A record that lacks something, such as one of an episode without lookahead or without a design, leaves it out.
pub fn explain(trajectory: &Trajectory) -> Vec<StepExplanation> {
    let states = std::iter::once(&trajectory.anchor).chain(trajectory.steps.iter().map(|step| &step.state));
    states.zip(&trajectory.steps).map(|(before, step)| explain_step(before, step)).collect()
}

fn explain_step(before: &State, step: &Step) -> StepExplanation {
    let (chosen, design) = (step.choice.index, step.choice.design.as_ref());
    let promised = step.candidate_utilities.get(chosen).copied();
    let is_better = |promised: f32| step.candidate_utilities.iter().filter(|other| **other > promised).count();
    let (plot_before, plot_after) = (sentences_of(before), sentences_of(&step.state));
    StepExplanation {
        action: step.action.clone(),
        probability: f64::from(step.choice.log_probability).exp(),
        leverage: design.and_then(|design| design.leverages.get(chosen).copied()),
        weight: design.and_then(|design| design.weights.get(chosen).copied()),
        predicted_gain: promised.map(|promised| promised - before.utility),
        realised_gain: step.state.utility - before.utility,
        rank: promised.map(|promised| 1 + is_better(promised)),
        candidates: step.candidates.len(),
        sentences_added: without(&plot_after, &plot_before),
        sentences_removed: without(&plot_before, &plot_after),
    }
}

fn sentences_of(state: &State) -> Vec<String> {
    sentences(&state.item.plot.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The sentences that stand in one text more often than in another.
fn without(sentences: &[String], others: &[String]) -> Vec<String> {
    let mut others: Vec<&String> = others.iter().collect();
    let is_new = |sentence: &&String| match others.iter().position(|other| other == sentence) {
        Some(place) => {
            others.swap_remove(place);
            false
        }
        None => true,
    };
    sentences.iter().filter(is_new).cloned().collect()
}
