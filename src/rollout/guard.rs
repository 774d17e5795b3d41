//! Where an episode heeds its safeguards, and how it ends.

use super::{Effect, Next, Phase, Rollout, Step, Trajectory};
use crate::action::Action;
use crate::error::Result;
use crate::objective::State;
use crate::safeguard::Verdict;

impl Rollout {
    /// Drops what nearly repeats or contradicts an earlier step.
    pub(super) fn retain_allowed(&self, actions: &mut Vec<Action>) {
        let taken = || self.steps.iter().map(|step| &step.action);
        actions.retain(|action| self.settings.safeguards.allows(action, taken()));
    }

    /// Goes on with the candidates that lead to a text like the anchor's, if there are any.
    pub(super) fn choose_among_alike(self, actions: Vec<Action>, outcomes: Vec<State>) -> Result<Next<Self>> {
        let is_alike = |outcome: &State| self.settings.safeguards.keeps_identity(outcome.identity);
        let alike = actions.into_iter().zip(outcomes).filter(|(_, outcome)| is_alike(outcome));
        let (actions, outcomes): (Vec<Action>, Vec<State>) = alike.unzip();
        if actions.is_empty() { self.finish() } else { self.choose(actions, outcomes) }
    }

    /// Takes the step unless its text is too unlike the anchor's; the episode is over then, as the text before is all
    /// there is to go on from, and it has led here.
    pub(super) fn arrived_if_alike(self, step: Step) -> Result<Next<Self>> {
        if self.settings.safeguards.keeps_identity(step.state.identity) { self.arrived(step) } else { self.finish() }
    }

    /// Ends the episode, after a review of its last text where one is due.
    pub(super) fn finish(self) -> Result<Next<Self>> {
        if !self.settings.review || self.steps.is_empty() {
            return self.done(None);
        }
        let anchor = self.placed_anchor().item.clone();
        let effect = Effect::Review { anchor, item: self.state().item.clone() };
        Ok(self.need(Phase::Verdict, effect))
    }

    pub(super) fn done(self, verdict: Option<Verdict>) -> Result<Next<Self>> {
        let Rollout { anchor, steps, environment_calls, .. } = self;
        let anchor = anchor.expect("an episode places its anchor first");
        Ok(Next::Done(Trajectory { anchor, steps, environment_calls, verdict }))
    }
}
