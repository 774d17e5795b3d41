//! Ways to a better text, and what each leads to.

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::episode::Followed;
use super::perform::{Chooser, Memory};
use super::steer::Steered;
use super::tick::Tick;
use super::view::Tell;
use super::{Method, SearchOptions, Session, SteerOptions};
use crate::action::{Action, ActionSpace, Origin};
use crate::agent::best_of;
use crate::elm::{ElmSettings, Manifold, optimise};
use crate::error::{Result, RolloutError};
use crate::latent::{Latents, distance};
use crate::objective::State;
use crate::policy::ReferencePolicy;
use crate::rollout::machine::{Written, written};
use crate::rollout::{Effect, Outcome, Reply, Trajectory};
use crate::search::{SearchSettings, Strategy};

/// Candidates that a search rewrites at each expansion.
const SHORTLIST: usize = 10;

/// A user and the item that their episode begins with, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The user.
    pub user: String,
    /// The item.
    pub item: String,
}

/// A way to a better text.
#[derive(Debug, Clone, PartialEq)]
pub enum Arm {
    /// Episodes, of which the best by U counts.
    Episodes {
        /// How actions are chosen.
        method: Method,
        /// Which actions there are.
        space: ActionSpace,
        /// Temperature of a trained policy, where it is not that of the training.
        temperature: Option<f32>,
        /// How many.
        count: usize,
    },
    /// The actions of one episode of the policy, asked of the environment all at once (the paper's macro action).
    AtOnce,
    /// Five personalised actions drawn at random, asked all at once, `count` times, of which the best by U counts.
    OneShot {
        /// How many.
        count: usize,
    },
    /// Search without training.
    Search {
        /// Which text is expanded next.
        strategy: Strategy,
        /// Environment calls.
        budget: usize,
        /// Whether shortlists are picked by the policy's transition model.
        foresight: bool,
        /// Standard deviations of caution.
        caution: f32,
    },
    /// The ELM baseline: the best point of Z, and a text for it.
    Jump {
        /// What keeps the point near the data.
        manifold: Manifold,
    },
    /// The same point as the target of a greedy search by edits.
    JumpThenEdit {
        /// Environment calls.
        budget: usize,
    },
}

/// What an arm is run with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions<'a> {
    pub(crate) pair: &'a Pair,
    /// Edits in a row.
    pub(crate) horizon: usize,
    pub(crate) candidates: usize,
    pub(crate) seed: u64,
    /// Which text of an episode counts.
    pub(crate) counts: Outcome,
}

/// A text that an arm led to.
pub(crate) struct Found {
    pub(crate) anchor: State,
    pub(crate) state: State,
    pub(crate) environment_calls: usize,
    pub(crate) realisability_gap: Option<f64>,
}

impl Arm {
    /// A search without training and without caution.
    pub fn search(strategy: Strategy, budget: usize) -> Self {
        Arm::Search { strategy, budget, foresight: false, caution: 0.0 }
    }

    /// Episodes of one rewrite a step, all proposed actions allowed.
    pub fn episodes(method: Method, count: usize) -> Self {
        Arm::Episodes { method, space: ActionSpace::All, temperature: None, count }
    }
}

/// One pair while an arm is run for it.
struct Attempt<'a> {
    session: &'a Session,
    conditions: Conditions<'a>,
    tick: &'a mut dyn Tick,
}

impl Session {
    /// Runs an arm for one pair. Of what happens in its episodes only progress is told.
    pub(crate) async fn attempt(
        &self,
        arm: &Arm,
        conditions: Conditions<'_>,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Found> {
        Attempt { session: self, conditions, tick: &mut tick }.run(arm).await
    }
}

impl Attempt<'_> {
    async fn run(&mut self, arm: &Arm) -> Result<Found> {
        match arm {
            &Arm::Episodes { method, space, temperature, count } => {
                let mut runs = Vec::new();
                for run in 0..count {
                    let choosing = SteerOptions { policy: method, space, temperature, ..Default::default() };
                    runs.push(self.episode(choosing, self.conditions.again(run)).await?);
                }
                Ok(Found::best(runs)?)
            }
            Arm::AtOnce => {
                let choosing = SteerOptions { policy: Method::Eagle, ..Default::default() };
                let episode = self.episode(choosing, self.conditions).await?;
                let actions: Vec<Action> = episode.steps.iter().map(|step| step.action.clone()).collect();
                let Found { environment_calls, .. } = Found::of(episode);
                let found = self.request(vec![Action::at_once(&actions)]).await?;
                Ok(Found { environment_calls: found.environment_calls + environment_calls, ..found })
            }
            Arm::OneShot { count } => self.one_shot(*count).await,
            &Arm::Search { strategy, budget, foresight, caution } => {
                let options = SearchOptions { foresight, caution, ..self.conditions.search(strategy, budget) };
                let found = self.search(&options).await?;
                self.by_utility(found)
            }
            Arm::Jump { manifold } => self.jump(manifold).await,
            Arm::JumpThenEdit { budget } => self.jump_then_edit(*budget).await,
        }
    }

    async fn episode(&mut self, choosing: SteerOptions, conditions: Conditions<'_>) -> Result<Trajectory> {
        let Conditions { pair, horizon, candidates, seed, counts: outcome } = conditions;
        let (user, item) = (pair.user.clone(), pair.item.clone());
        let subset = SHORTLIST.min(candidates);
        let options = SteerOptions { user, item, horizon, candidates, subset, seed, outcome, ..choosing };
        let Steered { trajectory, spent, .. } = self.session.steered(&options, progress_of(self.tick)).await?;
        // What was cut short cannot be compared.
        spent.map_or(Ok(trajectory), Err)
    }

    async fn one_shot(&mut self, count: usize) -> Result<Found> {
        let Pair { user, item } = self.conditions.pair;
        let agent = self.session.agent()?;
        let (profile, item) = (agent.profile(user)?, agent.catalog().items()[agent.catalog().index_of(item)?].clone());
        let mut requests = Vec::new();
        for run in 0..count {
            let Conditions { candidates, seed, horizon, .. } = self.conditions.again(run);
            let propose = Effect::Propose { item: item.clone(), profile: profile.clone(), count: candidates, seed };
            let Reply::Actions(proposed) = self.perform(&propose).await? else { continue };
            let written_for_user = proposed.into_iter().filter(|action| action.origin != Origin::Generic);
            let written_for_user: Vec<Action> = written_for_user.collect();
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            requests.push(Action::at_once(&written_for_user.sample(&mut random, horizon).cloned().collect::<Vec<_>>()));
        }
        self.request(requests).await
    }

    /// The best text that one of some requests leads to, from the anchor in one call each.
    async fn request(&mut self, requests: Vec<Action>) -> Result<Found> {
        let Conditions { pair, seed, .. } = self.conditions;
        let agent = self.session.agent()?;
        let item = agent.catalog().items()[agent.catalog().index_of(&pair.item)?].clone();
        let environment_calls = requests.len();
        let (seeds, actions) = (vec![seed; environment_calls], requests.clone());
        let rewrite = Effect::Rewrite { item: item.clone(), seeds, actions };
        let Written { items, mut failed, .. } = written(&item, requests, self.perform(&rewrite).await?)?;
        if items.is_empty() {
            let why = failed.pop().unwrap_or_default();
            return Err(RolloutError::RewritesFailed { tried: environment_calls, why }.into());
        }
        let place = Effect::Place { anchor: item.clone(), items: [vec![item], items].concat() };
        let Reply::States(states) = self.perform(&place).await? else {
            return Err(RolloutError::NoActions { step: 0 }.into());
        };
        let better = |best: State, other: State| if other.utility > best.utility { other } else { best };
        let mut states = states.into_iter();
        let (Some(anchor), Some(state)) = (states.next(), states.reduce(better)) else {
            return Err(RolloutError::NoActions { step: 0 }.into());
        };
        Ok(Found { anchor, state, environment_calls, realisability_gap: None })
    }

    async fn perform(&mut self, effect: &Effect) -> Result<Reply> {
        let (session, Pair { user, item }) = (self.session, self.conditions.pair);
        let perform = async |memory: &mut Memory| {
            let uniform = Chooser::Computed(ReferencePolicy::Uniform);
            session.performer(user, item, uniform, memory)?.perform(effect, &mut progress_of(self.tick)).await
        };
        session.with_memory(perform).await
    }

    async fn search(&mut self, options: &SearchOptions) -> Result<Found> {
        let (Followed { trajectory, spent, .. }, _) = self.session.searched(options, progress_of(self.tick)).await?;
        spent.map_or(Ok(Found::of(trajectory)), Err)
    }

    /// What was found with another objective, as U values it.
    fn by_utility(&self, mut found: Found) -> Result<Found> {
        let utility = self.session.agent()?.objective(&[&self.conditions.pair.user])?.utility;
        for state in [&mut found.anchor, &mut found.state] {
            state.utility = utility.value(&state.latent);
        }
        Ok(found)
    }

    async fn jump(&mut self, manifold: &Manifold) -> Result<Found> {
        let Conditions { pair, seed, .. } = self.conditions;
        let settings = ElmSettings { manifold: manifold.clone(), seed, ..Default::default() };
        let decoded = self.session.jump(&pair.user, &pair.item, &settings, progress_of(self.tick)).await?;
        Ok(Found {
            realisability_gap: Some(f64::from(decoded.realisability_gap)),
            environment_calls: decoded.environment_calls,
            anchor: decoded.anchor,
            state: decoded.state,
        })
    }

    /// Nearness to the optimum is worth as much as the optimum promises, so that neither drowns the other.
    async fn jump_then_edit(&mut self, budget: usize) -> Result<Found> {
        let agent = self.session.agent()?;
        let Conditions { pair, seed, .. } = self.conditions;
        let objective = agent.objective(&[&pair.user])?;
        let start = agent.items().row(agent.catalog().index_of(&pair.item)?);
        let no_sentences = Latents::from_rows(1, agent.items().rows().map(|_| [0.0]));
        let settings = ElmSettings { seed, ..Default::default() };
        let optimum = optimise(&objective.utility, agent.items(), &no_sentences, start, &settings)?;
        let promise = optimum.utility - objective.utility.value(start);
        let away = distance(start, &optimum.latent).max(f32::EPSILON);
        let weight = 2.0 * promise.max(0.0) / (away * away);
        let toward = Some((optimum.latent.clone(), weight));
        let greedy = self.conditions.search(Strategy::Beam { width: 1 }, budget);
        let found = self.search(&SearchOptions { toward, ..greedy }).await?;
        let realisability_gap = Some(f64::from(distance(&found.state.latent, &optimum.latent)));
        self.by_utility(Found { realisability_gap, ..found })
    }
}

/// A tick that hears of progress, and not of what happens in an episode.
fn progress_of(tick: &mut dyn Tick) -> impl AsyncFnMut(Tell) -> Result<()> {
    async |told| match told {
        Tell::Progress(_) => tick.tell(told).await,
        _ => Ok(()),
    }
}

impl Conditions<'_> {
    fn search(self, strategy: Strategy, budget: usize) -> SearchOptions {
        let Conditions { pair, horizon: depth, candidates, seed, .. } = self;
        let shortlist = SHORTLIST;
        SearchOptions {
            user: pair.user.clone(),
            item: pair.item.clone(),
            // Arms are compared at equal cost.
            settings: SearchSettings { strategy, depth, candidates, shortlist, budget, patience: None, seed },
            ..Default::default()
        }
    }

    /// The same with another seed.
    fn again(self, run: usize) -> Self {
        Conditions { seed: self.seed.wrapping_add(run as u64), ..self }
    }
}

impl Found {
    fn of(trajectory: Trajectory) -> Self {
        let state = match trajectory.counts {
            Outcome::Best => trajectory.outcome().clone(),
            Outcome::Last => trajectory.last().clone(),
        };
        let Trajectory { anchor, environment_calls, .. } = trajectory;
        Found { anchor, state, environment_calls, realisability_gap: None }
    }

    fn best(runs: Vec<Trajectory>) -> Result<Self> {
        let environment_calls = runs.iter().map(|run| run.environment_calls).sum();
        let best = best_of(runs).ok_or(RolloutError::NoActions { step: 0 })?;
        Ok(Found { environment_calls, ..Found::of(best) })
    }
}
