//! Which node is expanded next.

use std::collections::VecDeque;
use std::ops::Range;

use super::Strategy;
use super::nodes::{ANCHOR, Nodes};

/// The nodes that may still be expanded, as a strategy keeps them.
#[derive(Debug, Clone)]
pub(super) struct Frontier {
    /// Nodes this deep are not expanded.
    depth: usize,
    open: Open,
}

#[derive(Debug, Clone)]
enum Open {
    /// What is left of the beam, and the children of what is not.
    Beam { width: usize, beam: VecDeque<usize>, children: Vec<usize> },
    /// In the order in which they were seen.
    Tree(Vec<usize>),
    /// The end of the path; none once no path can begin.
    Path(Option<usize>),
}

impl Frontier {
    pub(super) fn start(strategy: Strategy, depth: usize) -> Self {
        let open = match strategy {
            Strategy::Beam { width } => Open::Beam { width, beam: VecDeque::from([ANCHOR]), children: Vec::new() },
            Strategy::Tree => Open::Tree(vec![ANCHOR]),
            Strategy::BestOfN => Open::Path(Some(ANCHOR)),
        };
        Frontier { depth, open }
    }

    /// The node to expand with the calls that are left, if there is one.
    pub(super) fn next(&mut self, nodes: &Nodes, calls_left: usize) -> Option<usize> {
        if calls_left == 0 {
            return None;
        }
        match &mut self.open {
            Open::Beam { width, beam, children } => {
                if beam.is_empty() {
                    *beam = nodes.ranked(std::mem::take(children)).into_iter().take(*width).collect();
                }
                beam.pop_front()
            }
            Open::Tree(open) => {
                let best = nodes.best(open.iter().copied())?;
                open.retain(|&node| node != best);
                Some(best)
            }
            // A path that has begun can be paid for to its end.
            Open::Path(end) => end.filter(|&end| end != ANCHOR || self.depth <= calls_left),
        }
    }

    /// Whether every node of the round before has been expanded. Random paths have no rounds.
    pub(super) fn is_between_rounds(&self) -> bool {
        match &self.open {
            Open::Beam { beam, .. } => beam.is_empty(),
            Open::Tree(_) => true,
            Open::Path(_) => false,
        }
    }

    /// Takes in the children of a node; none where nothing usable was proposed.
    pub(super) fn expanded(&mut self, node: usize, children: Range<usize>, nodes: &Nodes) {
        let has_children = !children.is_empty();
        let mut deeper = children.filter(|&child| nodes.depth(child) < self.depth);
        match &mut self.open {
            Open::Beam { children, .. } => children.extend(deeper),
            Open::Tree(open) => open.extend(deeper),
            // The next path would find as little at an anchor that had no action.
            Open::Path(end) => *end = deeper.next().or((has_children || node != ANCHOR).then_some(ANCHOR)),
        }
    }
}
