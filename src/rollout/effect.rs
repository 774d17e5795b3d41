//! What an episode or a search asks of the world, and what the world answers.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::catalog::Item;
use crate::design::Design;
use crate::objective::State;
use crate::profile::Profile;
use crate::safeguard::Verdict;

/// What an episode or a search needs from the world next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// List `count` candidate actions for an item.
    Propose {
        /// The text now.
        item: Item,
        /// Whom to write personalised actions for.
        profile: Profile,
        /// How many actions.
        count: usize,
        /// Makes the answer repeatable where the proposer can.
        seed: u64,
    },
    /// Rewrite an item once for each action, each from the same item.
    Rewrite {
        /// The text now.
        item: Item,
        /// What to change.
        actions: Vec<Action>,
        /// One seed for each action.
        seeds: Vec<u64>,
    },
    /// Place items in Z and value them there.
    Place {
        /// The item that the run began with, which the others' identity is measured by.
        anchor: Item,
        /// The items.
        items: Vec<Item>,
    },
    /// Choose one of the candidates.
    Choose(Choices),
    /// Pick the `count` candidates that explore best, before any of them is rewritten.
    ///
    /// The shell answers with an optimal design over predicted displacements, or over the actions'
    /// sentence vectors. Only a search asks for it.
    Shortlist {
        /// Where the search is.
        state: State,
        /// The candidates, all different, more than `count`.
        actions: Vec<Action>,
        /// How many to pick at most.
        count: usize,
        /// Makes the answer repeatable where it is drawn.
        seed: u64,
    },
    /// Write the text of a point that lies among known items: the anchor, told as if it lay there (see [`crate::elm`]).
    Decode {
        /// Whose id and title the text keeps.
        anchor: Item,
        /// The items nearest to the point, nearest first.
        neighbours: Vec<Item>,
        /// How near the point is to each neighbour; they sum to 1.
        weights: Vec<f32>,
        /// Makes the answer repeatable where the environment can.
        seed: u64,
    },
    /// Review a text: may it be used? (moderation, a fact check) Only an episode asks for it.
    Review {
        /// The text the episode began with.
        anchor: Item,
        /// The text it ended with.
        item: Item,
    },
}

/// What the world answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "value", rename_all = "kebab-case")]
pub enum Reply {
    /// To [`Effect::Propose`].
    Actions(Vec<Action>),
    /// To [`Effect::Rewrite`], in the order of the actions, where all of them were carried out; to [`Effect::Decode`],
    /// exactly one.
    Items(Vec<Item>),
    /// To [`Effect::Rewrite`], in the order of the actions, where some were not.
    Rewrites(Vec<Rewrite>),
    /// To [`Effect::Place`], in the order of the items.
    States(Vec<State>),
    /// To [`Effect::Choose`].
    Choice(Choice),
    /// To [`Effect::Choose`]: no candidate is predicted or found to gain, so the episode ends with the steps it has.
    /// Only where the best text counts.
    Stop,
    /// To [`Effect::Shortlist`]: different indices of candidates, at least one.
    Shortlist(Vec<usize>),
    /// To [`Effect::Review`].
    Verdict(Verdict),
    /// To any effect: this limit of a language model's budget is spent, so that the run ends with what it has come to.
    Spent(String),
}

/// What became of one rewrite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rewrite {
    /// The item after the edit.
    Written(Item),
    /// Nothing, and why: the environment refused, or wrote nothing usable.
    Failed(String),
}

/// Which text of an episode counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The best one on the way; the episode also ends as soon as no candidate is predicted or found to gain.
    #[default]
    Best,
    /// The last one, after all steps of the horizon, as in the paper.
    Last,
}

impl Rewrite {
    /// The item, where it was written.
    pub fn item(&self) -> Option<Item> {
        match self {
            Rewrite::Written(item) => Some(item.clone()),
            Rewrite::Failed(_) => None,
        }
    }
}

impl Outcome {
    /// What records mean that do not say.
    pub(crate) fn unsaid() -> Self {
        Outcome::Last
    }
}

/// What a policy chooses from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Step, from 0.
    pub step: usize,
    /// Steps of the episode.
    pub horizon: usize,
    /// Where the episode began.
    pub anchor: Vec<f32>,
    /// Where the episode is.
    pub state: State,
    /// The candidates, all different.
    pub actions: Vec<Action>,
    /// Where each candidate would lead; empty without lookahead.
    pub outcomes: Vec<State>,
    /// Seeds the draw.
    pub seed: u64,
    /// Which text of the episode will count.
    #[serde(default = "Outcome::unsaid")]
    pub outcome: Outcome,
}

/// What a policy chose, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Index of the action.
    pub index: usize,
    /// Log-probability the policy gave to it.
    pub log_probability: f32,
    /// The design over the candidates, where the policy computed one.
    pub design: Option<DesignSummary>,
}

/// The part of a design that explains a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesignSummary {
    /// Largest leverage − dimension; 0 at the optimum.
    pub optimality_gap: f64,
    /// Dimension of the span of the displacements.
    pub effective_rank: usize,
    /// Weight of each candidate.
    pub weights: Vec<f64>,
    /// Leverage of each candidate, how little the design tells about where it leads: at the optimum `effective_rank` for
    /// those of positive weight, and at most that for the others.
    #[serde(default)]
    pub leverages: Vec<f64>,
}

impl From<Design> for DesignSummary {
    fn from(design: Design) -> Self {
        DesignSummary {
            optimality_gap: design.optimality_gap,
            effective_rank: design.dimension,
            weights: design.weights,
            leverages: design.leverages,
        }
    }
}
