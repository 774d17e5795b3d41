//! Where an episode heeds its safeguards, and how it ends.

use super::{Effect, Ended, Next, Outcome, Phase, Rollout, Step, Trajectory, counting_step};
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
        if actions.is_empty() { self.finish(Ended::NoEdit) } else { self.choose(actions, outcomes) }
    }

    /// Takes the step unless its text is too unlike the anchor's; the episode is over then, as the text before is all
    /// there is to go on from, and it has led here.
    pub(super) fn arrived_if_alike(self, step: Step) -> Result<Next<Self>> {
        let is_alike = self.settings.safeguards.keeps_identity(step.state.identity);
        if is_alike { self.arrived(step) } else { self.finish(Ended::NoEdit) }
    }

    /// Ends the episode, after a review of the text that counts where one is due.
    pub(super) fn finish(self, ended: Ended) -> Result<Next<Self>> {
        let rollout = Rollout { ended, ..self };
        let reviewed = match (rollout.settings.review, rollout.settings.outcome) {
            (false, _) => 0,
            (true, Outcome::Last) => rollout.steps.len(),
            (true, Outcome::Best) => counting_step(rollout.placed_anchor(), &rollout.steps, Outcome::Best),
        };
        let Some(step) = reviewed.checked_sub(1) else { return rollout.done(None) };
        let anchor = rollout.placed_anchor().item.clone();
        let effect = Effect::Review { anchor, item: rollout.steps[step].state.item.clone() };
        Ok(rollout.need(Phase::Verdict, effect))
    }

    pub(super) fn done(self, verdict: Option<Verdict>) -> Result<Next<Self>> {
        Ok(Next::Done(self.trajectory(verdict)))
    }

    pub(super) fn trajectory(self, verdict: Option<Verdict>) -> Trajectory {
        let Rollout { anchor, steps, environment_calls, failed_rewrites, ended, settings, .. } = self;
        let anchor = anchor.expect("an episode places its anchor first");
        Trajectory { anchor, steps, environment_calls, failed_rewrites, verdict, counts: settings.outcome, ended }
    }
}
