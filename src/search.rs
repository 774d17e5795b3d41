//! Search without training: the best text that a budget of environment calls leads to.
//!
//! A [`Search`] is a machine without I/O like [`Rollout`](crate::rollout::Rollout): it hands out one
//! [`Effect`] at a time, is given its [`Reply`], and ends in a [`Trajectory`], from the anchor to the
//! best text it has seen. An episode goes one way and keeps what it has become; a search keeps every
//! text it has paid for, and can go on from any of them.
//!
//! Going on from a text is an *expansion*: propose actions, (shortlist some of them,) rewrite once for
//! each, place. Which text is expanded next is the [`Strategy`]. All strategies spend one budget, of
//! rewrites, so their results can be compared.
//!
//! In scope: which text is expanded next, the budget, the order of effects, checking replies. Out of
//! scope: how a shortlist is picked, retries, time, learning from one search for the next.

mod frontier;
mod nodes;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::catalog::Item;
use crate::error::{NumericError, Result, RolloutError};
use crate::objective::State;
use crate::policy::draw_uniformly;
use crate::profile::Profile;
use crate::rollout::machine::{self, Draw, Written, check_states, place_anchor, seed_of, usable, written, wrong};
use crate::rollout::{Effect, Ended, Machine, Next, Outcome, Reply, Step, Trajectory, check_sizes};
use frontier::Frontier;
use nodes::{ANCHOR, Nodes};

/// Which text is expanded next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Every text of the beam, depth by depth; of all their children the best go on.
    Beam {
        /// How many go on; 1 is greedy search.
        width: usize,
    },
    /// The best text that is not expanded yet, wherever it is in the tree.
    Tree,
    /// No choice at all: random paths of full depth from the anchor, each rewritten step by step.
    BestOfN,
}

/// Settings of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchSettings {
    /// Which text is expanded next.
    pub strategy: Strategy,
    /// Edits in a row, at most.
    pub depth: usize,
    /// Candidate actions asked for at each expansion.
    pub candidates: usize,
    /// How many of the candidates are rewritten; all where there are fewer. A random path rewrites one.
    pub shortlist: usize,
    /// Environment calls that may be spent: rewrites asked for.
    pub budget: usize,
    /// Rounds in a row (a layer of a beam, an expansion of a tree) that may bring nothing better than what is known; then
    /// the search ends. Without it, and for random paths, the whole budget is spent, as comparisons at equal cost want.
    #[serde(default)]
    pub patience: Option<usize>,
    /// Seeds everything drawn in the search.
    pub seed: u64,
}

/// A running search.
#[derive(Debug, Clone)]
pub struct Search {
    profile: Profile,
    settings: SearchSettings,
    nodes: Nodes,
    frontier: Frontier,
    /// The node that is being expanded.
    at: usize,
    expansions: usize,
    environment_calls: usize,
    failed_rewrites: usize,
    /// Why the last of them did.
    failure: String,
    progress: Progress,
    phase: Phase,
}

/// How far a search is from running out of patience.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Rounds in a row that brought nothing better.
    in_vain: usize,
    /// Whether the round that is under way has.
    has_gained: bool,
}

/// Which reply is awaited, with what is needed to make use of it.
#[derive(Debug, Clone)]
enum Phase {
    Anchor(Item),
    Actions,
    Shortlist(Vec<Action>, usize),
    Rewritten(Vec<Action>),
    RewrittenStates(Vec<Action>, Vec<Item>),
}

impl Strategy {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Beam { width: 1 } => "greedy-search",
            Strategy::Beam { .. } => "beam-search",
            Strategy::Tree => "tree-search",
            Strategy::BestOfN => "best-of-n",
        }
    }
}

impl Default for SearchSettings {
    /// Tree search to the paper's horizon, 20 candidates of which 10 are rewritten, at most the
    /// environment calls of an episode of that horizon that looks ahead at 20 candidates, and an end where nothing gains.
    fn default() -> Self {
        let (strategy, patience) = (Strategy::Tree, Some(1));
        SearchSettings { strategy, depth: 5, candidates: 20, shortlist: 10, budget: 100, patience, seed: 0 }
    }
}

impl SearchSettings {
    fn check(&self) -> Result<()> {
        check_sizes(self.depth, self.candidates)?;
        if self.shortlist == 0 {
            return Err(RolloutError::NoActions { step: 0 }.into());
        }
        if self.strategy == (Strategy::Beam { width: 0 }) {
            return Err(NumericError::BadSetting { what: "the width of the beam", why: "use at least 1" }.into());
        }
        // A path that the budget cuts short would be no fair draw, so not even the first one is begun.
        let least = if self.strategy == Strategy::BestOfN { self.depth } else { 1 };
        if self.budget < least {
            return Err(RolloutError::NoBudget { least }.into());
        }
        Ok(())
    }
}

impl Search {
    /// Starts a search at an existing item.
    ///
    /// # Errors
    /// [`RolloutError::NoHorizon`] for a depth of 0, [`NumericError::BadSetting`] for a size beyond those of an episode; [`RolloutError::NoActions`] when no candidate is asked for or
    /// none may be rewritten; [`NumericError::BadSetting`] for a beam of width 0; [`RolloutError::NoBudget`] for a
    /// budget of 0 or, for [`Strategy::BestOfN`], of less than one path.
    pub fn start(anchor: Item, profile: Profile, settings: SearchSettings) -> Result<(Search, Effect)> {
        settings.check()?;
        let effect = place_anchor(&anchor);
        let search = Search {
            profile,
            nodes: Nodes::default(),
            frontier: Frontier::start(settings.strategy, settings.depth),
            settings,
            at: ANCHOR,
            expansions: 0,
            environment_calls: 0,
            failed_rewrites: 0,
            failure: String::new(),
            progress: Progress::default(),
            phase: Phase::Anchor(anchor),
        };
        Ok((search, effect))
    }
}

impl Machine for Search {
    fn resume(mut self, reply: Reply) -> Result<Next<Search>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Actions);
        match (phase, reply) {
            (Phase::Anchor(item), Reply::States(states)) => self.anchor_placed(item, states),
            (Phase::Actions, Reply::Actions(actions)) => self.actions_proposed(actions),
            (Phase::Shortlist(actions, count), Reply::Shortlist(picked)) => {
                let actions = shortlisted(actions, count, &picked)?;
                self.rewrite(actions)
            }
            (Phase::Rewritten(actions), reply @ (Reply::Items(_) | Reply::Rewrites(_))) => {
                self.rewritten(actions, reply)
            }
            (Phase::RewrittenStates(actions, items), Reply::States(children)) => {
                check_states(&items, &children, self.anchor())?;
                self.expanded(actions, children)
            }
            _ => Err(wrong("it is of another kind")),
        }
    }

    fn anchor(&self) -> Option<&State> {
        self.nodes.anchor()
    }

    /// None: which way the search goes is known at its end.
    fn steps(&self) -> &[Step] {
        &[]
    }

    fn end_early(self, ended: Ended) -> Option<Trajectory> {
        self.nodes.anchor()?;
        let end = self.nodes.best_edited().unwrap_or(ANCHOR);
        Some(self.trajectory(end, ended))
    }
}

impl Search {
    fn anchor_placed(mut self, item: Item, mut states: Vec<State>) -> Result<Next<Self>> {
        check_states(&[item], &states, None)?;
        self.nodes = Nodes::from(states.remove(0));
        self.expand_next()
    }

    fn expand_next(mut self) -> Result<Next<Self>> {
        if self.frontier.is_between_rounds() && self.is_in_vain() {
            return self.finish(Ended::NoGain);
        }
        let Some(at) = self.frontier.next(&self.nodes, self.calls_left()) else {
            let ended = if self.calls_left() == 0 { Ended::Budget } else { Ended::Horizon };
            return self.finish(ended);
        };
        self.at = at;
        let effect = Effect::Propose {
            item: self.nodes.state(at).item.clone(),
            profile: self.profile.clone(),
            count: self.settings.candidates,
            seed: self.seed(Draw::Propose),
        };
        Ok(self.need(Phase::Actions, effect))
    }

    fn actions_proposed(self, proposed: Vec<Action>) -> Result<Next<Self>> {
        let mut actions = usable(proposed, self.settings.candidates);
        if actions.is_empty() {
            return self.expanded(Vec::new(), Vec::new());
        }
        if self.settings.strategy == Strategy::BestOfN {
            let drawn = draw_uniformly(actions.len(), self.seed(Draw::Choose)).index;
            return self.rewrite(vec![actions.swap_remove(drawn)]);
        }
        let count = self.settings.shortlist.min(self.calls_left());
        if actions.len() <= count {
            return self.rewrite(actions);
        }
        let (state, seed) = (self.nodes.state(self.at).clone(), self.seed(Draw::Choose));
        let effect = Effect::Shortlist { state, actions: actions.clone(), count, seed };
        Ok(self.need(Phase::Shortlist(actions, count), effect))
    }

    fn rewrite(mut self, actions: Vec<Action>) -> Result<Next<Self>> {
        self.environment_calls += actions.len();
        let item = &self.nodes.state(self.at).item;
        let effect = machine::rewrite(item, actions.clone(), self.settings.seed, self.expansions);
        Ok(self.need(Phase::Rewritten(actions), effect))
    }

    /// Counts a round that is over, if one is; whether patience has run out.
    fn is_in_vain(&mut self) -> bool {
        let Progress { in_vain, has_gained } = self.progress;
        let in_vain = if has_gained || self.expansions == 0 { 0 } else { in_vain + 1 };
        self.progress = Progress { in_vain, has_gained: false };
        self.settings.patience.is_some_and(|patience| in_vain >= patience.max(1))
    }

    fn rewritten(mut self, actions: Vec<Action>, reply: Reply) -> Result<Next<Self>> {
        let Written { actions, items, mut failed } = written(&self.nodes.state(self.at).item, actions, reply)?;
        self.failed_rewrites += failed.len();
        self.failure = failed.pop().unwrap_or(self.failure);
        if items.is_empty() {
            return self.expanded(Vec::new(), Vec::new());
        }
        let effect = Effect::Place { anchor: self.nodes.state(ANCHOR).item.clone(), items: items.clone() };
        Ok(self.need(Phase::RewrittenStates(actions, items), effect))
    }

    fn expanded(mut self, actions: Vec<Action>, children: Vec<State>) -> Result<Next<Self>> {
        let most = self.nodes.best(0..self.nodes.len()).map_or(f32::MIN, |best| self.nodes.state(best).utility);
        self.progress.has_gained |= children.iter().any(|child| child.utility > most);
        let children = self.nodes.add(self.at, actions, children);
        self.frontier.expanded(self.at, children, &self.nodes);
        self.expansions += 1;
        self.expand_next()
    }

    fn finish(self, ended: Ended) -> Result<Next<Self>> {
        let Some(best) = self.nodes.best_edited() else {
            return Err(match self.failed_rewrites {
                0 => RolloutError::NoActions { step: 0 },
                tried => RolloutError::RewritesFailed { tried, why: self.failure },
            }
            .into());
        };
        Ok(Next::Done(self.trajectory(best, ended)))
    }

    fn trajectory(self, end: usize, ended: Ended) -> Trajectory {
        let Search { environment_calls, failed_rewrites, .. } = self;
        let (anchor, steps) = self.nodes.into_path(end);
        // Its way leads to the best text, so that the last one counts.
        let counts = Outcome::Last;
        Trajectory { anchor, steps, environment_calls, failed_rewrites, verdict: None, counts, ended }
    }

    fn need(self, phase: Phase, effect: Effect) -> Next<Self> {
        Next::Need(Box::new(Search { phase, ..self }), effect)
    }

    fn calls_left(&self) -> usize {
        self.settings.budget - self.environment_calls
    }

    fn seed(&self, draw: Draw) -> u64 {
        seed_of(self.settings.seed, self.expansions, draw)
    }
}

/// The picked actions, in the order in which they were picked.
fn shortlisted(actions: Vec<Action>, count: usize, picked: &[usize]) -> Result<Vec<Action>> {
    if picked.is_empty() || picked.len() > count {
        return Err(wrong("a shortlist has at least one index, and no more than were asked for"));
    }
    let mut actions: Vec<Option<Action>> = actions.into_iter().map(Some).collect();
    let mut take = |index: &usize| actions.get_mut(*index).and_then(Option::take);
    let taken: Option<Vec<Action>> = picked.iter().map(&mut take).collect();
    taken.ok_or_else(|| wrong("a shortlist has indices of candidates, each once"))
}
