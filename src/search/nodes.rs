//! Every text a search has seen, and the way to it.

use std::ops::Range;

use crate::action::Action;
use crate::objective::State;
use crate::rollout::{Choice, Step};

/// The first node.
pub(super) const ANCHOR: usize = 0;

/// The tree of texts. Children of one expansion lie side by side, behind their parent.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    state: State,
    /// Edits from the anchor.
    depth: usize,
    /// None for the anchor alone.
    origin: Option<Origin>,
}

/// Where a node comes from.
#[derive(Debug, Clone)]
struct Origin {
    parent: usize,
    action: Action,
    /// The nodes of the same expansion, with this one.
    siblings: Range<usize>,
}

impl From<State> for Nodes {
    /// A tree of the anchor alone.
    fn from(anchor: State) -> Self {
        Nodes { nodes: vec![Node { state: anchor, depth: 0, origin: None }] }
    }
}

impl Nodes {
    /// The anchor, once it is known.
    pub(super) fn anchor(&self) -> Option<&State> {
        self.nodes.get(ANCHOR).map(|node| &node.state)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn state(&self, node: usize) -> &State {
        &self.nodes[node].state
    }

    pub(super) fn depth(&self, node: usize) -> usize {
        self.nodes[node].depth
    }

    /// Adds the children of one expansion and returns their places.
    pub(super) fn add(&mut self, parent: usize, actions: Vec<Action>, children: Vec<State>) -> Range<usize> {
        let siblings = self.nodes.len()..self.nodes.len() + children.len();
        let depth = self.depth(parent) + 1;
        let node = |(action, state)| Node {
            state,
            depth,
            origin: Some(Origin { parent, action, siblings: siblings.clone() }),
        };
        self.nodes.extend(actions.into_iter().zip(children).map(node));
        siblings
    }

    /// Nodes by utility, highest first; ties go to the first.
    pub(super) fn ranked(&self, mut nodes: Vec<usize>) -> Vec<usize> {
        crate::order::sort_by(&mut nodes, |&a, &b| self.state(b).utility.total_cmp(&self.state(a).utility));
        nodes
    }

    /// The node of highest utility; ties go to the first.
    pub(super) fn best(&self, among: impl IntoIterator<Item = usize>) -> Option<usize> {
        let is_better = |a: usize, b: usize| self.state(a).utility.total_cmp(&self.state(b).utility).is_gt();
        among.into_iter().reduce(|best, other| if is_better(other, best) { other } else { best })
    }

    /// The best node that is not the anchor.
    pub(super) fn best_edited(&self) -> Option<usize> {
        self.best(ANCHOR + 1..self.nodes.len())
    }

    /// The anchor and the steps from there to a node.
    pub(super) fn into_path(mut self, mut to: usize) -> (State, Vec<Step>) {
        let mut steps = Vec::with_capacity(self.depth(to));
        while let Some(Origin { parent, siblings, .. }) = self.nodes[to].origin.clone() {
            // Parents lie before their children, so what lies behind is of no more use.
            self.nodes.truncate(siblings.end);
            steps.push(step(self.nodes.split_off(siblings.start), to - siblings.start));
            to = parent;
        }
        steps.reverse();
        (self.nodes.swap_remove(ANCHOR).state, steps)
    }
}

/// The step to one of the children of an expansion.
fn step(mut siblings: Vec<Node>, index: usize) -> Step {
    let candidates: Vec<Action> =
        siblings.iter().filter_map(|node| node.origin.as_ref()).map(|origin| origin.action.clone()).collect();
    Step {
        action: candidates[index].clone(),
        choice: Choice { index, log_probability: 0.0, design: None },
        candidate_utilities: siblings.iter().map(|node| node.state.utility).collect(),
        candidates,
        state: siblings.swap_remove(index).state,
    }
}
