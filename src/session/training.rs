//! Training a policy in a session: targets for the reference, then episodes and updates by turns.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;

use super::Session;
use super::episode::{EpisodeRequest, EpisodeRun};
use super::perform::{Chooser, Memory, Transition};
use super::tick::Tick;
use super::view::{Progress, Tell, TrainEvent};
use crate::action::ActionSpace;
use crate::encoder::DIMENSIONS;
use crate::error::{DataError, NumericError, Result, RolloutError, TrainingError};
use crate::network::NetworkShape;
use crate::network::observation::{ACTION_LENGTH, StateEncoding};
use crate::objective::{FIELDS, State};
use crate::policy::ReferencePolicy;
use crate::rollout::{Outcome, RolloutSettings, Step, Trajectory};
use crate::train::checkpoint::Checkpoint;
use crate::train::{Baseline, Episode, Learner, ReferenceFit, Target, TrainSettings, UpdateLog};
use crate::transition::{TransitionModel, TransitionSettings};

/// What to train, and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct TrainOptions {
    /// What the reference is fitted to.
    pub reference: ReferencePolicy,
    /// Episodes whose states the reference is fitted to.
    pub reference_episodes: usize,
    /// Steps of each of these.
    pub reference_horizon: usize,
    /// Passes over those states.
    pub reference_epochs: usize,
    /// Updates of the policy.
    pub updates: usize,
    /// Episodes of each update.
    pub episodes: usize,
    /// Episodes of each update that begin with the same user and anchor.
    pub group: usize,
    /// Edits in a row.
    pub horizon: usize,
    /// Candidate actions at each step.
    pub candidates: usize,
    /// Which of the proposed actions may be chosen.
    pub space: ActionSpace,
    /// Users to train for, by id; empty for all.
    pub users: Vec<String>,
    /// Rewrites that the updates may ask for; they end before there would be more. The reference is not counted: it takes
    /// `reference_horizon` of them for each of its episodes, and where every candidate is tried `candidates` times as many.
    pub budget: Option<usize>,
    /// Of the learner.
    pub settings: TrainSettings,
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions {
            reference: ReferencePolicy::GOptimal,
            reference_episodes: 32,
            reference_horizon: 2,
            reference_epochs: 20,
            updates: 50,
            episodes: 32,
            group: 1,
            horizon: 5,
            candidates: 20,
            space: ActionSpace::default(),
            users: Vec::new(),
            budget: None,
            settings: TrainSettings::default(),
        }
    }
}

/// A run in progress.
struct Run<'a> {
    options: &'a TrainOptions,
    users: Vec<usize>,
    memory: Memory,
    /// Rewrites asked for so far.
    environment_calls: usize,
}

impl Session {
    /// The trained policy, to be written down.
    pub fn policy(&self) -> Option<&Checkpoint> {
        self.policy.as_ref()
    }

    /// Takes up a policy that was written down.
    ///
    /// # Errors
    /// As [`Checkpoint::from_bytes`]; [`NumericError::WrongSize`] for the policy of a catalog with another latent space.
    pub fn load_policy(&mut self, bytes: &[u8]) -> Result<()> {
        let policy = Checkpoint::from_bytes(bytes, self.fingerprint())?;
        let expected = self.encoding()?.width(FIELDS * DIMENSIONS);
        let found = policy.learner.parameters().shape().state;
        if expected != found {
            return Err(NumericError::WrongSize { what: "the policy's state", expected, found }.into());
        }
        self.policy = Some(policy);
        Ok(())
    }

    /// Fits a reference policy: episodes with every candidate tried, by the distribution that `options` name.
    ///
    /// # Errors
    /// As [`Session::train`]; nothing has changed then.
    pub async fn fit_reference(
        &mut self,
        options: &TrainOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<ReferenceFit> {
        let encoding = self.encoding()?;
        let mut run = self.start(options)?;
        let (targets, tried) = self.targets(&mut run, &encoding, &mut tick).await?;
        let mut transitions = TransitionModel::new(TransitionSettings {
            sentence: run.memory.table.width(),
            latent: self.agent()?.items().dimensions(),
            action_length: ACTION_LENGTH,
            ..Default::default()
        })?;
        learn_transitions(&mut transitions, &tried, &run.memory)?;
        let shape = NetworkShape::of(encoding.width(FIELDS * DIMENSIONS), run.memory.table.width());
        let mut learner = Learner::new(shape, options.settings.clone())?;
        let after_epoch = async |done, total| {
            tick.tell(Tell::Progress(Progress { kind: "reference-fit", done, total, unit: "epochs" })).await
        };
        let (table, device) = (&run.memory.table, self.encoder.device());
        let fit = learner.fit_reference(&targets, table, options.reference_epochs, device, after_epoch).await?;
        let fit = ReferenceFit { environment_calls: run.environment_calls, ..fit };
        self.policy = Some(Checkpoint { encoder: self.fingerprint().to_owned(), encoding, learner, transitions });
        self.memory.replace(Some(run.memory));
        tick.tell(Tell::Training(Box::new(TrainEvent::Reference { fit }))).await?;
        Ok(fit)
    }

    /// Trains the policy, from its reference or from where it was. Every update's log and checkpoint go to `tick`. After an error or
    /// a cancellation the policy is that of the last whole update.
    ///
    /// # Errors
    /// [`TrainingError::Untrained`] without a reference, [`TrainingError::NoBudget`], [`crate::error::DataError`] for
    /// unknown users, those of an episode, of [`Learner::update`] and of `tick`.
    pub async fn train(
        &mut self,
        options: &TrainOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<UpdateLog>> {
        let mut run = self.start(options)?;
        let mut logs = Vec::new();
        for done in 0..options.updates {
            let policy = self.policy.as_ref().ok_or(TrainingError::Untrained)?;
            if policy.learner.has_converged() || run.calls_left() < options.calls_per_update() {
                break;
            }
            let before = run.environment_calls;
            let (episodes, seen) = self.episodes(&mut run, policy, &mut tick).await?;
            let device = self.encoder.device().clone();
            let policy = self.policy.as_mut().ok_or(TrainingError::Untrained)?;
            let log = policy.learner.update(&episodes, &run.memory.table, &device).await?;
            let log = UpdateLog { environment_calls: run.environment_calls - before, ..log };
            learn_transitions(&mut policy.transitions, &seen, &run.memory)?;
            logs.push(log);
            let bytes = policy.to_bytes();
            tick.tell(Tell::Policy(bytes)).await?;
            tick.tell(Tell::Training(Box::new(TrainEvent::Update { log }))).await?;
            tick.tell(Tell::Progress(Progress {
                kind: "train",
                done: done + 1,
                total: options.updates,
                unit: "updates",
            }))
            .await?;
        }
        self.memory.replace(Some(run.memory));
        Ok(logs)
    }

    fn encoding(&self) -> Result<StateEncoding> {
        let agent = self.agent()?;
        Ok(StateEncoding::of(agent.items(), agent.alignment().users()))
    }

    fn start<'a>(&self, options: &'a TrainOptions) -> Result<Run<'a>> {
        options.check()?;
        let ratings = self.agent()?.ratings();
        let by_user = ratings.by_user();
        let has_rated = |user: usize| !by_user[user].is_empty();
        let known = |id: &String| match ratings.user_index(id) {
            // All that they rated has no text.
            Ok(user) if !has_rated(user) => Err(DataError::UnknownUser { id: id.clone() }.into()),
            found => found,
        };
        let users: Vec<usize> = match options.users.as_slice() {
            [] => (0..by_user.len()).filter(|&user| has_rated(user)).collect(),
            named => named.iter().map(known).collect::<Result<_>>()?,
        };
        if users.is_empty() {
            return Err(DataError::Empty { what: "the set of ratings" }.into());
        }
        let memory = self.memory.take().unwrap_or_else(|| Memory::new(self.fingerprint()));
        Ok(Run { options, users, memory, environment_calls: 0 })
    }

    async fn targets(
        &self,
        run: &mut Run<'_>,
        encoding: &StateEncoding,
        tick: &mut dyn Tick,
    ) -> Result<(Vec<Target>, Vec<Transition>)> {
        let TrainOptions { reference, reference_episodes, reference_horizon, candidates, space, .. } = *run.options;
        let (mut targets, mut transitions) = (Vec::new(), Vec::new());
        for done in 0..reference_episodes {
            let settings = RolloutSettings {
                horizon: reference_horizon,
                candidates,
                lookahead: reference.needs_lookahead(),
                seed: run.seed(Purpose::Reference, done as u64),
                outcome: Outcome::Last,
                ..Default::default()
            };
            let (user, item) = self.pair(&run.users, settings.seed)?;
            let chooser = Chooser::Computed(reference);
            let request = EpisodeRequest {
                user: &user,
                item: &item,
                chooser,
                space,
                settings,
                encoding: Some(encoding),
                header: None,
            };
            let episode = self.run(&request, &mut run.memory, None, &mut within_episode(tick)).await?.whole()?;
            run.environment_calls += episode.trajectory.environment_calls;
            targets.extend(episode.targets);
            transitions.extend(episode.transitions);
            let (done, total) = (done + 1, reference_episodes);
            tick.tell(Tell::Progress(Progress { kind: "targets", done, total, unit: "episodes" })).await?;
        }
        Ok((targets, transitions))
    }

    async fn episodes(
        &self,
        run: &mut Run<'_>,
        policy: &Checkpoint,
        tick: &mut dyn Tick,
    ) -> Result<(Vec<Episode>, Vec<Transition>)> {
        let TrainOptions { episodes: total, group: of_one_kind, horizon, candidates, space, .. } = *run.options;
        let first = policy.learner.progress().updates * total as u64;
        let (mut episodes, mut transitions) = (Vec::new(), Vec::new());
        run.memory.tidy(self.fingerprint());
        for number in 0..total {
            let group = number / of_one_kind;
            let (user, item) = self.pair(&run.users, run.seed(Purpose::Pair, first + group as u64))?;
            let seed = run.seed(Purpose::Episode, first + number as u64);
            let request = EpisodeRequest {
                user: &user,
                item: &item,
                chooser: Chooser::Trained(policy, None),
                space,
                settings: RolloutSettings {
                    horizon,
                    candidates,
                    lookahead: false,
                    seed,
                    outcome: Outcome::Last,
                    ..Default::default()
                },
                encoding: None,
                header: None,
            };
            let episode = self.run(&request, &mut run.memory, None, &mut within_episode(tick)).await?.whole()?;
            run.environment_calls += episode.trajectory.environment_calls;
            transitions.extend(steps(&episode.trajectory));
            episodes.extend(lesson(episode, group));
            tick.tell(Tell::Progress(Progress { kind: "episodes", done: number + 1, total, unit: "episodes" })).await?;
        }
        Ok((episodes, transitions))
    }

    /// A user, and an item that they rated, both by id.
    fn pair(&self, users: &[usize], seed: u64) -> Result<(String, String)> {
        let agent = self.agent()?;
        let ratings = agent.ratings();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let user = users[random.random_range(0..users.len())];
        let rated = ratings.by_user()[user];
        let item = rated[random.random_range(0..rated.len())].item as usize;
        Ok((ratings.users()[user].clone(), ratings.items()[item].clone()))
    }
}

/// The transitions of an episode.
fn steps(trajectory: &Trajectory) -> Vec<Transition> {
    let places = std::iter::once(&trajectory.anchor).chain(trajectory.steps.iter().map(|step| &step.state));
    let step = |(from, step): (&State, &Step)| Transition {
        from: from.latent.clone(),
        action: step.action.clone(),
        to: step.state.latent.clone(),
    };
    places.zip(&trajectory.steps).map(step).collect()
}

fn learn_transitions(model: &mut TransitionModel, seen: &[Transition], memory: &Memory) -> Result<()> {
    for Transition { from, action, to } in seen {
        if let Some(number) = memory.table.number_of(action) {
            model.observe(from, memory.table.row(number)?, to)?;
        }
    }
    Ok(())
}

/// An episode as the learner needs it; none where a safeguard ended it before its first step.
fn lesson(episode: EpisodeRun, group: usize) -> Option<Episode> {
    let EpisodeRun { trajectory, mut decisions, .. } = episode;
    // A step that a safeguard undid was decided, but never taken.
    decisions.truncate(trajectory.steps.len());
    let steps = trajectory.steps.iter().map(|step| step.state.utility);
    let utilities = std::iter::once(trajectory.anchor.utility).chain(steps).collect();
    (!decisions.is_empty()).then_some(Episode { decisions, utilities, group })
}

impl TrainOptions {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let needed = self.calls_per_update();
        match self {
            _ if self.horizon == 0 || self.reference_horizon == 0 => Err(RolloutError::NoHorizon.into()),
            _ if self.candidates == 0 => Err(RolloutError::NoActions { step: 0 }.into()),
            _ if self.updates == 0 => bad("updates", "use at least 1"),
            _ if self.episodes == 0 => bad("episodes", "use at least 1"),
            _ if self.group == 0 || self.group > self.episodes => {
                bad("group", "use at least 1 and at most all episodes")
            }
            _ if self.group == 1 && self.settings.baseline == Baseline::Group => {
                bad("group", "use at least 2 where an episode is compared with the others of its group")
            }
            _ if self.reference_episodes == 0 => bad("referenceEpisodes", "use at least 1"),
            _ => match self.budget {
                Some(budget) if budget < needed => Err(TrainingError::NoBudget { budget, needed }.into()),
                _ => self.settings.check(),
            },
        }
    }

    fn calls_per_update(&self) -> usize {
        self.episodes.saturating_mul(self.horizon)
    }
}

/// What a seed is drawn for.
#[derive(Clone, Copy)]
enum Purpose {
    Reference,
    Pair,
    Episode,
}

impl Run<'_> {
    /// Every draw of a run follows from its seed and a count, so that a resumed run draws what it would have drawn.
    fn seed(&self, purpose: Purpose, count: u64) -> u64 {
        let mut random = ChaCha8Rng::seed_from_u64(self.options.settings.seed);
        random.set_stream(purpose as u64 + 1);
        random.set_word_pos(u128::from(count) * 2);
        random.random()
    }

    fn calls_left(&self) -> usize {
        self.options.budget.unwrap_or(usize::MAX).saturating_sub(self.environment_calls)
    }
}

/// Names the small progress within one episode for what it is.
fn within_episode(tick: &mut dyn Tick) -> impl AsyncFnMut(Tell) -> Result<()> {
    async |told: Tell| match told {
        Tell::Progress(progress) => tick.tell(Tell::Progress(Progress { kind: "episode", ..progress })).await,
        other => tick.tell(other).await,
    }
}
