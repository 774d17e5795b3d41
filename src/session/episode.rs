//! One episode, or any other machine of the engine, driven with what a session has.

use super::Session;
use super::perform::{Chooser, Memory, Performer, Transition};
use super::tick::Tick;
use super::view::{Tell, View};
use crate::action::ActionSpace;
use crate::agent::{Event, drive};
use crate::error::Result;
use crate::network::observation::StateEncoding;
use crate::rollout::transcript::{Exchange, Transcript};
use crate::rollout::{Effect, Machine, RolloutSettings, Trajectory};
use crate::train::{Decision, Target};

/// One episode that is to be run.
pub(super) struct EpisodeRequest<'a> {
    pub(super) user: &'a str,
    pub(super) item: &'a str,
    pub(super) chooser: Chooser<'a>,
    pub(super) space: ActionSpace,
    pub(super) settings: RolloutSettings,
    pub(super) encoding: Option<&'a StateEncoding>,
}

/// One episode that was run.
pub(super) struct EpisodeRun {
    pub(super) trajectory: Trajectory,
    pub(super) transcript: Transcript,
    pub(super) decisions: Vec<Decision>,
    pub(super) targets: Vec<Target>,
    pub(super) transitions: Vec<Transition>,
}

impl Session {
    /// One episode; with a view, its anchor and steps are told.
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
        let (trajectory, transcript) = follow(start, &mut performer, request.user, view, tick).await?;
        let Performer { decisions, targets, transitions, .. } = performer;
        Ok(EpisodeRun { trajectory, transcript, decisions, targets, transitions })
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
        Ok(Performer {
            encoder: &self.encoder,
            catalog: &self.cache,
            simulator: &self.simulator,
            speaker: self.speaker.as_ref(),
            anchor: &catalog.items()[catalog.index_of(item)?],
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
            utility: agent.objective(&[user])?.utility,
        })
    }

    /// Lends what is remembered from run to run.
    pub(super) async fn with_memory<T>(&self, run: impl AsyncFnOnce(&mut Memory) -> Result<T>) -> Result<T> {
        let mut memory = self.memory.take().unwrap_or_else(|| Memory::new(self.fingerprint()));
        let result = run(&mut memory).await;
        memory.tidy(self.fingerprint());
        self.memory.replace(Some(memory));
        result
    }
}

/// Drives a machine to its end and keeps the record; with a view, its anchor and steps are told.
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
) -> Result<(Trajectory, Transcript)> {
    let mut transcript = Transcript::default();
    let mut anchor = None;
    let tick = std::cell::RefCell::new(tick);
    let perform = async |effect: Effect| {
        let mut tick = tick.borrow_mut();
        let reply = performer.perform(&effect, &mut **tick).await?;
        transcript.exchanges.push(Exchange { effect, reply: reply.clone() });
        Ok(reply)
    };
    let observe = async |event: Event<'_>| {
        let Some(view) = view else { return Ok(()) };
        let told = match event {
            Event::Anchor(state) => {
                anchor = Some(state.clone());
                Tell::anchor(view.state(state, state), user)
            }
            Event::Step(index, step) => Tell::step(view.step(index, step, anchor.as_ref().unwrap_or(&step.state))),
        };
        tick.borrow_mut().tell(told).await
    };
    let trajectory = drive(start, perform, observe).await?;
    Ok((trajectory, transcript))
}
