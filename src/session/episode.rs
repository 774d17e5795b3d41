//! One episode, or any other machine of the engine, driven with what a session has.

use super::perform::{Chooser, Memory, Performer, Transition};
use super::tick::Tick;
use super::view::{Tell, View};
use super::{Method, Session, SteerOptions};
use crate::action::ActionSpace;
use crate::agent::{Event, drive_within_budget};
use crate::error::{EncoderError, Error, LlmError, Result, RolloutError};
use crate::llm::desk::CallRecord;
use crate::network::observation::StateEncoding;
use crate::objective::State;
use crate::profile::Profile;
use crate::rollout::transcript::{Exchange, Run, Transcript};
use crate::rollout::{Effect, Machine, Outcome, Reply, Rollout, RolloutSettings, Trajectory};
use crate::train::{Decision, Target};

/// One episode that is to be run.
pub(super) struct EpisodeRequest<'a> {
    pub(super) user: &'a str,
    pub(super) item: &'a str,
    pub(super) chooser: Chooser<'a>,
    pub(super) space: ActionSpace,
    pub(super) settings: RolloutSettings,
    pub(super) encoding: Option<&'a StateEncoding>,
    /// What is told of the run before it begins, where it is told.
    pub(super) header: Option<Run>,
}

/// One episode that was run.
pub(super) struct EpisodeRun {
    pub(super) trajectory: Trajectory,
    pub(super) transcript: Transcript,
    pub(super) decisions: Vec<Decision>,
    pub(super) targets: Vec<Target>,
    pub(super) transitions: Vec<Transition>,
    /// The spent budget that ended it, where one did.
    pub(super) spent: Option<Error>,
}

impl EpisodeRun {
    /// The run, where it came to its own end.
    pub(super) fn whole(self) -> Result<Self> {
        match self.spent {
            Some(spent) => Err(spent),
            None => Ok(self),
        }
    }
}

impl Session {
    /// One episode; with a view, its anchor and steps are told, and every exchange.
    pub(super) async fn run(
        &self,
        request: &EpisodeRequest<'_>,
        memory: &mut Memory,
        view: Option<&View<'_>>,
        tick: &mut dyn Tick,
    ) -> Result<EpisodeRun> {
        let start = self.agent()?.rollout(request.user, request.item, request.settings.clone())?;
        let mut performer = self.performer(request.user, request.item, request.chooser, memory)?;
        performer.encoding = request.encoding;
        performer.space = request.space;
        performer.counts = request.settings.outcome;
        if let Some(run) = &request.header {
            tick.tell(Tell::Run(Box::new(run.clone()))).await?;
        }
        let Followed { trajectory, exchanges, spent } = follow(start, &mut performer, request.user, view, tick).await?;
        let Performer { decisions, targets, transitions, .. } = performer;
        let transcript = Transcript { run: None, exchanges, calls: self.take_calls() };
        Ok(EpisodeRun { trajectory, transcript, decisions, targets, transitions, spent })
    }

    pub(super) fn performer<'a>(
        &'a self,
        user: &str,
        item: &str,
        chooser: Chooser<'a>,
        memory: &'a mut Memory,
    ) -> Result<Performer<'a>> {
        let agent = self.agent()?;
        let catalog = agent.catalog();
        if self.speaker.is_none() && !self.allows_simulator {
            return Err(RolloutError::NoEnvironment.into());
        }
        Ok(Performer {
            encoder: &self.encoder,
            catalog: &self.cache,
            simulator: &self.simulator,
            speaker: self.speaker.as_ref(),
            anchor: &catalog.items()[catalog.index_of(item)?],
            counts: Outcome::Last,
            agent,
            memory,
            chooser,
            space: ActionSpace::default(),
            user: agent.ratings().user_index(user)?,
            decisions: Vec::new(),
            encoding: None,
            targets: Vec::new(),
            transitions: Vec::new(),
            foresight: None,
            objective: agent.objective(&[user])?,
        })
    }

    /// Runs an episode again from its record, without a language model and without an encoder.
    ///
    /// # Errors
    /// [`EncoderError::Fingerprint`] for a record of another encoder, [`crate::error::RolloutError::Diverged`] for one of
    /// another catalog, fit or version, as [`Transcript::run`] and [`Rollout::start`], and `tick`.
    pub async fn replay(
        &self,
        transcript: &Transcript,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Trajectory> {
        let Run { encoder, user, item, policy, settings, other_calls, .. } = transcript.run()?;
        let written = transcript.profile().map_or_else(Vec::new, |profile| profile.written.clone());
        if encoder != self.fingerprint() {
            let (expected, found) = (self.fingerprint().to_owned(), encoder.clone());
            return Err(EncoderError::Fingerprint { expected, found }.into());
        }
        let agent = self.agent()?;
        let profile = Profile { written, ..agent.profile(user)? };
        let anchor = agent.catalog().items()[agent.catalog().index_of(item)?].clone();
        let start = Rollout::start(anchor, profile, settings.clone())?;
        let policy = Method::named(policy).unwrap_or(Method::Greedy);
        let (user, seed) = (user.clone(), settings.seed);
        let options = SteerOptions { user, item: item.clone(), policy, seed, ..Default::default() };
        let view = View::new(agent, &self.encoder, &options);
        let (mut replay, mut told) =
            (transcript.replay(), Told { view: Some(&view), user: &options.user, anchor: None });
        let perform = async |effect: Effect| replay.perform(&effect);
        let observe = async |event: Event<'_>| match told.of(event) {
            Some(told) => tick.tell(told).await,
            None => Ok(()),
        };
        let (trajectory, _) = drive_within_budget(start, perform, observe).await?;
        let environment_calls = trajectory.environment_calls + other_calls;
        let trajectory = Trajectory { environment_calls, ..trajectory };
        tick.tell(Tell::done(view.trajectory(&trajectory))).await?;
        Ok(trajectory)
    }

    pub(super) fn take_calls(&self) -> Vec<CallRecord> {
        self.speaker.as_ref().map_or_else(Vec::new, |speaker| speaker.client().take_log())
    }

    /// Lends what is remembered from run to run.
    pub(super) async fn with_memory<T>(&self, run: impl AsyncFnOnce(&mut Memory) -> Result<T>) -> Result<T> {
        let mut memory = self.memory.take().unwrap_or_else(|| Memory::new(self.fingerprint()));
        let result = run(&mut memory).await;
        // Another run may have come to its end meanwhile.
        if let Some(other) = self.memory.take() {
            memory.vectors.absorb(other.vectors);
        }
        memory.tidy(self.fingerprint());
        self.memory.replace(Some(memory));
        result
    }
}

/// What came of driving a machine.
pub(super) struct Followed {
    pub(super) trajectory: Trajectory,
    pub(super) exchanges: Vec<Exchange>,
    /// The spent budget that ended it, where one did.
    pub(super) spent: Option<Error>,
}

/// Drives a machine to its end, or to that of a language model's budget, and keeps the record; with a view, its anchor and
/// steps are told, and every exchange.
#[expect(
    clippy::await_holding_refcell_ref,
    reason = "driving alternates between the two closures, so `tick` is never borrowed twice"
)]
pub(super) async fn follow<M: Machine>(
    start: (M, Effect),
    performer: &mut Performer<'_>,
    user: &str,
    view: Option<&View<'_>>,
    tick: &mut dyn Tick,
) -> Result<Followed> {
    let mut exchanges = Vec::new();
    let tick = std::cell::RefCell::new(tick);
    let perform = async |effect: Effect| {
        let mut tick = tick.borrow_mut();
        let reply = match performer.perform(&effect, &mut **tick).await {
            Err(Error::Llm(LlmError::Budget { limit })) => Reply::Spent(limit.to_owned()),
            performed => performed?,
        };
        let exchange = Exchange { effect, reply: reply.clone() };
        if view.is_some() {
            tick.tell(Tell::Exchange(Box::new(exchange.clone()))).await?;
        }
        exchanges.push(exchange);
        Ok(reply)
    };
    let mut told = Told { view, user, anchor: None };
    let observe = async |event: Event<'_>| match told.of(event) {
        Some(told) => tick.borrow_mut().tell(told).await,
        None => Ok(()),
    };
    let (trajectory, spent) = drive_within_budget(start, perform, observe).await?;
    Ok(Followed { trajectory, exchanges, spent })
}

/// Events as they are told.
struct Told<'a> {
    view: Option<&'a View<'a>>,
    user: &'a str,
    anchor: Option<State>,
}

impl Told<'_> {
    fn of(&mut self, event: Event<'_>) -> Option<Tell> {
        let view = self.view?;
        Some(match event {
            Event::Anchor(state) => {
                self.anchor = Some(state.clone());
                Tell::anchor(view.state(state, state), self.user)
            }
            Event::Step(index, step) => Tell::step(view.step(index, step, self.anchor.as_ref().unwrap_or(&step.state))),
        })
    }
}
