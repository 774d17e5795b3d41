//! Ways to a better text, and what each leads to.

use super::{Outcome, Pair, World};
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::action::{Action, ActionSpace, Origin};
use crate::agent::best_of;
use crate::catalog::Item;
use crate::elm::{ElmSettings, Manifold, optimise};
use crate::encoder::DIMENSIONS;
use crate::error::{Result, RolloutError};
use crate::latent::{Latents, distance};
use crate::objective::{State, identity};
use crate::profile::Profile;
use crate::rollout::Trajectory;
use crate::search::{SearchSettings, Strategy};
use crate::session::view::{Progress, Tell};
use crate::session::{Method, SearchOptions, SteerOptions};

/// Edits of an episode.
const HORIZON: usize = 5;
/// Candidates that a search rewrites at each expansion.
const SHORTLIST: usize = 10;

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
struct Conditions<'a> {
    pair: &'a Pair,
    candidates: usize,
    seed: u64,
}

/// A text that an arm led to.
struct Found {
    anchor: State,
    state: State,
    environment_calls: usize,
    realisability_gap: Option<f64>,
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

impl World {
    /// Runs an arm for each pair, `candidates` actions proposed at each step.
    ///
    /// # Errors
    /// As [`crate::session::Session::steer`], [`crate::session::Session::search`] and `tick`.
    pub async fn measure(
        &self,
        arm: &Arm,
        pairs: &[Pair],
        candidates: usize,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(pairs.len());
        for (done, pair) in pairs.iter().enumerate() {
            let found = self.find(arm, Conditions { pair, candidates, seed: self.seed }).await?;
            outcomes.push(self.outcome(pair, found).await?);
            tick(Tell::Progress(Progress { kind: "pairs", done: done + 1, total: pairs.len(), unit: "pairs" })).await?;
        }
        Ok(outcomes)
    }

    async fn find(&self, arm: &Arm, conditions: Conditions<'_>) -> Result<Found> {
        match arm {
            &Arm::Episodes { method, space, temperature, count } => {
                let mut runs = Vec::with_capacity(count);
                for run in 0..count {
                    let choosing = SteerOptions { policy: method, space, temperature, ..Default::default() };
                    runs.push(self.episode(choosing, conditions.again(run)).await?);
                }
                Ok(Found::best(runs)?)
            }
            Arm::AtOnce => {
                let choosing = SteerOptions { policy: Method::Eagle, ..Default::default() };
                let episode = self.episode(choosing, conditions).await?;
                let actions: Vec<Action> = episode.steps.iter().map(|step| step.action.clone()).collect();
                let Found { environment_calls, .. } = Found::of(episode);
                let found = self.request(&[Action::at_once(&actions)], conditions).await?;
                Ok(Found { environment_calls: found.environment_calls + environment_calls, ..found })
            }
            Arm::OneShot { count } => self.one_shot(*count, conditions).await,
            &Arm::Search { strategy, budget, foresight, caution } => {
                let found = Found::of(
                    self.search(&SearchOptions { foresight, caution, ..conditions.search(strategy, budget) }).await?,
                );
                self.by_utility(found, conditions.pair)
            }
            Arm::Jump { manifold } => self.jump(manifold, conditions).await,
            Arm::JumpThenEdit { budget } => self.jump_then_edit(*budget, conditions).await,
        }
    }

    async fn episode(&self, choosing: SteerOptions, conditions: Conditions<'_>) -> Result<Trajectory> {
        let Conditions { pair, candidates, seed } = conditions;
        let (user, item) = (pair.user.clone(), pair.item.clone());
        let subset = SHORTLIST.min(candidates);
        let options = SteerOptions { user, item, candidates, subset, seed, ..choosing };
        Ok(self.session.steer(&options, async |_| Ok(())).await?.0)
    }

    async fn one_shot(&self, count: usize, conditions: Conditions<'_>) -> Result<Found> {
        let (agent, Pair { user, item }) = (self.session.agent()?, conditions.pair);
        let profile = Profile::of(agent.ratings().user_index(user)?, agent.ratings(), agent.catalog());
        let item = &agent.catalog().items()[agent.catalog().index_of(item)?];
        let mut requests = Vec::with_capacity(count);
        for run in 0..count {
            let Conditions { candidates, seed, .. } = conditions.again(run);
            let proposed = self.session.simulator().propose(item, &profile, candidates, seed);
            let written_for_user = proposed.into_iter().filter(|action| action.origin != Origin::Generic);
            let written_for_user: Vec<Action> = written_for_user.collect();
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            requests.push(Action::at_once(&written_for_user.sample(&mut random, HORIZON).cloned().collect::<Vec<_>>()));
        }
        self.request(&requests, conditions).await
    }

    /// The best text that one of some requests leads to, from the anchor in one call each.
    async fn request(&self, requests: &[Action], conditions: Conditions<'_>) -> Result<Found> {
        let (agent, Conditions { pair, seed, .. }) = (self.session.agent()?, conditions);
        let item = &agent.catalog().items()[agent.catalog().index_of(&pair.item)?];
        let anchor = self.state(&pair.user, item.clone()).await?;
        let mut state: Option<State> = None;
        for request in requests {
            let other = self.state(&pair.user, self.session.simulator().rewrite(item, request, seed)).await?;
            state = state.filter(|best| best.utility >= other.utility).or(Some(other));
        }
        let state = state.ok_or(RolloutError::NoActions { step: 0 })?;
        Ok(Found { anchor, state, environment_calls: requests.len(), realisability_gap: None })
    }

    async fn state(&self, user: &str, item: Item) -> Result<State> {
        let vectors = Latents::new(DIMENSIONS, self.session.encode_item(&item).await?)?;
        let states = self.session.agent()?.objective(&[user])?.states(vec![item], &vectors)?;
        Ok(states.into_iter().next().expect("an item has a state"))
    }

    async fn search(&self, options: &SearchOptions) -> Result<Trajectory> {
        Ok(self.session.search(options, async |_| Ok(())).await?.0)
    }

    /// What was found with another objective, as U values it.
    fn by_utility(&self, mut found: Found, pair: &Pair) -> Result<Found> {
        let utility = self.session.agent()?.objective(&[&pair.user])?.utility;
        for state in [&mut found.anchor, &mut found.state] {
            state.utility = utility.value(&state.latent);
        }
        Ok(found)
    }

    async fn jump(&self, manifold: &Manifold, Conditions { pair, seed, .. }: Conditions<'_>) -> Result<Found> {
        let settings = ElmSettings { manifold: manifold.clone(), seed, ..Default::default() };
        let decoded = self.session.jump(&pair.user, &pair.item, &settings, async |_| Ok(())).await?;
        Ok(Found {
            realisability_gap: Some(f64::from(decoded.realisability_gap)),
            environment_calls: decoded.environment_calls,
            anchor: decoded.anchor,
            state: decoded.state,
        })
    }

    /// Nearness to the optimum is worth as much as the optimum promises, so that neither drowns the other.
    async fn jump_then_edit(&self, budget: usize, conditions: Conditions<'_>) -> Result<Found> {
        let agent = self.session.agent()?;
        let pair = conditions.pair;
        let objective = agent.objective(&[&pair.user])?;
        let start = agent.items().row(agent.catalog().index_of(&pair.item)?);
        let no_sentences = Latents::from_rows(1, agent.items().rows().map(|_| [0.0]));
        let settings = ElmSettings { seed: conditions.seed, ..Default::default() };
        let optimum = optimise(&objective.utility, agent.items(), &no_sentences, start, &settings)?;
        let promise = optimum.utility - objective.utility.value(start);
        let away = distance(start, &optimum.latent).max(f32::EPSILON);
        let weight = 2.0 * promise.max(0.0) / (away * away);
        let toward = Some((optimum.latent.clone(), weight));
        let greedy = conditions.search(Strategy::Beam { width: 1 }, budget);
        let found = Found::of(self.search(&SearchOptions { toward, ..greedy }).await?);
        let realisability_gap = Some(f64::from(distance(&found.state.latent, &optimum.latent)));
        self.by_utility(Found { realisability_gap, ..found }, pair)
    }

    async fn outcome(&self, pair: &Pair, found: Found) -> Result<Outcome> {
        let Found { anchor, state, environment_calls, realisability_gap } = found;
        let (from, to) = (self.session.encode_item(&anchor.item).await?, self.session.encode_item(&state.item).await?);
        Ok(Outcome {
            pair: pair.clone(),
            utility_before: f64::from(anchor.utility),
            utility_after: f64::from(state.utility),
            judge_gain: self.judged(&pair.user, &to)? - self.judged(&pair.user, &from)?,
            enjoyment_gain: self.enjoyment_gain(pair, &state.item)?,
            distance: f64::from(distance(&anchor.latent, &state.latent)),
            identity: f64::from(identity(&from[..DIMENSIONS], &to[..DIMENSIONS])),
            environment_calls,
            realisability_gap,
        })
    }
}

impl Conditions<'_> {
    fn search(self, strategy: Strategy, budget: usize) -> SearchOptions {
        let Conditions { pair, candidates, seed } = self;
        SearchOptions {
            user: pair.user.clone(),
            item: pair.item.clone(),
            settings: SearchSettings { strategy, candidates, shortlist: SHORTLIST, budget, seed, ..Default::default() },
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
        let state = trajectory.last().clone();
        let Trajectory { anchor, environment_calls, .. } = trajectory;
        Found { anchor, state, environment_calls, realisability_gap: None }
    }

    fn best(runs: Vec<Trajectory>) -> Result<Self> {
        let environment_calls = runs.iter().map(|run| run.environment_calls).sum();
        let best = best_of(runs).ok_or(RolloutError::NoActions { step: 0 })?;
        Ok(Found { environment_calls, ..Found::of(best) })
    }
}
