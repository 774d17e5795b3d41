//! One request for an episode: what may be asked for, what it is likely to cost, and how it runs.

use serde::Deserialize;

use super::episode::{EpisodeRequest, EpisodeRun};
use super::perform::Chooser;
use super::tick::Tick;
use super::view::{Progress, Tell, View};
use super::{Method, Session};
use crate::action::ActionSpace;
use crate::agent::best_of;
use crate::error::{DesignError, Error, NumericError, Result, RolloutError, TrainingError};
use crate::llm::budget::Spent;
use crate::policy::ReferencePolicy;
use crate::rollout::transcript::{Run, Transcript};
use crate::rollout::{Ended, Outcome, RolloutSettings, Trajectory, check_sizes};

/// One steering request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SteerOptions {
    /// Id of the user.
    pub user: String,
    /// Id of the item to start from.
    pub item: String,
    /// How actions are chosen.
    pub policy: Method,
    /// Edits in a row.
    pub horizon: usize,
    /// Candidate actions at each step.
    pub candidates: usize,
    /// Size of the design's subset, and number of episodes of best-of-N; at most `candidates`.
    pub subset: usize,
    /// Which of the proposed actions may be chosen.
    pub space: ActionSpace,
    /// Of a trained policy or its reference: at 0 the most probable action is taken, and higher ones draw more freely.
    /// Without it that of the training.
    pub temperature: Option<f32>,
    /// Seeds everything drawn.
    pub seed: u64,
    /// Which text counts: the best on the way, or the last as in the paper.
    pub outcome: Outcome,
}

impl Default for SteerOptions {
    fn default() -> Self {
        let RolloutSettings { horizon, candidates, seed, outcome, .. } = RolloutSettings::default();
        SteerOptions {
            user: String::new(),
            item: String::new(),
            policy: Method::Greedy,
            horizon,
            candidates,
            subset: 10,
            space: ActionSpace::default(),
            temperature: None,
            seed,
            outcome,
        }
    }
}

/// What came of a request.
pub(super) struct Steered {
    pub(super) trajectory: Trajectory,
    pub(super) transcript: Transcript,
    /// The spent budget that ended it, where one did.
    pub(super) spent: Option<Error>,
}

impl Session {
    /// What a request usually costs with the language model; nothing without one.
    ///
    /// # Errors
    /// As [`Session::steer`].
    pub fn estimate(&self, options: &SteerOptions) -> Result<Spent> {
        options.check()?;
        let Some(speaker) = &self.speaker else { return Ok(Spent::default()) };
        let agent = self.agent()?;
        let anchor = &agent.catalog().items()[agent.catalog().index_of(&options.item)?];
        let (profile, settings) = (agent.profile(&options.user)?, self.settings(options, options.seed)?);
        let episodes = if options.policy == Method::BestOfN { options.subset } else { 1 };
        Ok(speaker.estimate(anchor, &profile, options.space, &settings).times(episodes))
    }

    /// Runs one request: events and progress go to `tick`, the trajectory and its record come back. A spent budget of the
    /// language model ends it with what it has come to, see [`Ended::Budget`].
    ///
    /// # Errors
    /// As [`crate::agent::Agent::rollout`], [`crate::agent::drive`], and `tick`; a subset larger than the number of candidates
    /// is [`crate::error::DesignError::SubsetTooLarge`].
    pub async fn steer(
        &self,
        options: &SteerOptions,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<(Trajectory, Transcript)> {
        let Steered { trajectory, transcript, .. } = self.steered(options, tick).await?;
        Ok((trajectory, transcript))
    }

    /// As [`Session::steer`], with the spent budget that ended it, where one did.
    pub(super) async fn steered(
        &self,
        options: &SteerOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Steered> {
        options.check()?;
        let view = View::new(self.agent()?, &self.encoder, options);
        let steered = match options.policy {
            Method::BestOfN => {
                let steered = self.best_of_n(options, &mut tick).await?;
                let Trajectory { anchor, steps, .. } = &steered.trajectory;
                tick.tell(Tell::anchor(view.state(anchor, anchor), &options.user)).await?;
                for (index, step) in steps.iter().enumerate() {
                    tick.tell(Tell::step(view.step(index, step, anchor))).await?;
                }
                steered
            }
            _ => self.episode(options, options.seed, true, &mut tick).await?,
        };
        tick.tell(Tell::done(view.trajectory(&steered.trajectory))).await?;
        Ok(steered)
    }

    async fn best_of_n(&self, options: &SteerOptions, tick: &mut dyn Tick) -> Result<Steered> {
        let mut runs: Vec<Steered> = Vec::new();
        while runs.len() < options.subset && runs.last().is_none_or(|run| run.spent.is_none()) {
            runs.push(self.episode(options, options.seed.wrapping_add(runs.len() as u64), false, tick).await?);
            let progress = Progress { kind: "candidates", done: runs.len(), total: options.subset, unit: "actions" };
            tick.tell(Tell::Progress(progress)).await?;
        }
        let environment_calls = runs.iter().map(|run| run.trajectory.environment_calls).sum();
        let failed_rewrites = runs.iter().map(|run| run.trajectory.failed_rewrites).sum();
        let calls = runs.iter_mut().flat_map(|run| std::mem::take(&mut run.transcript.calls)).collect();
        let spent = runs.last_mut().and_then(|run| run.spent.take());
        let best = best_of(runs.iter().map(|run| run.trajectory.clone()).collect());
        let best = best.ok_or(RolloutError::NoActions { step: 0 })?;
        let of_best = runs.into_iter().find(|run| run.trajectory == best).map(|run| run.transcript);
        let of_best = of_best.unwrap_or_default();
        let run = of_best.run.map(|run| Run { other_calls: environment_calls - best.environment_calls, ..run });
        let ended = if spent.is_some() { Ended::Budget } else { best.ended };
        Ok(Steered {
            trajectory: Trajectory { environment_calls, failed_rewrites, ended, ..best },
            transcript: Transcript { run, calls, ..of_best },
            spent,
        })
    }

    async fn episode(&self, options: &SteerOptions, seed: u64, announce: bool, tick: &mut dyn Tick) -> Result<Steered> {
        let settings = self.settings(options, seed)?;
        let header = Run {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            encoder: self.fingerprint().to_owned(),
            user: options.user.clone(),
            item: options.item.clone(),
            policy: options.policy.name().to_owned(),
            settings: settings.clone(),
            other_calls: 0,
        };
        let request = EpisodeRequest {
            user: &options.user,
            item: &options.item,
            chooser: self.chooser(options)?,
            settings,
            space: options.space,
            encoding: None,
            header: announce.then(|| header.clone()),
        };
        let view = View::new(self.agent()?, &self.encoder, options);
        let announced = announce.then_some(&view);
        let run = self.with_memory(async |memory| self.run(&request, memory, announced, tick).await).await?;
        let EpisodeRun { trajectory, transcript, spent, .. } = run;
        Ok(Steered { trajectory, transcript: Transcript { run: Some(header), ..transcript }, spent })
    }

    fn settings(&self, options: &SteerOptions, seed: u64) -> Result<RolloutSettings> {
        let lookahead = self.chooser(options)?.needs_lookahead();
        let SteerOptions { horizon, candidates, outcome, .. } = *options;
        Ok(RolloutSettings { horizon, candidates, lookahead, seed, outcome, ..Default::default() })
    }

    fn chooser(&self, options: &SteerOptions) -> Result<Chooser<'_>> {
        let policy = || self.policy.as_ref().ok_or(TrainingError::Untrained);
        Ok(match options.policy {
            Method::Uniform | Method::BestOfN => Chooser::Computed(ReferencePolicy::Uniform),
            Method::Optimistic => Chooser::Computed(ReferencePolicy::Optimistic),
            Method::GOptimal => Chooser::Computed(ReferencePolicy::GOptimal),
            Method::Greedy => Chooser::Computed(ReferencePolicy::Greedy { subset: options.subset }),
            Method::Eagle => Chooser::Trained(policy()?, options.temperature),
            Method::EagleReference => Chooser::TrainedReference(policy()?, options.temperature),
            Method::Foresight => Chooser::Foresight(policy()?),
        })
    }
}

impl SteerOptions {
    pub(super) fn check(&self) -> Result<()> {
        check_sizes(self.horizon, self.candidates)?;
        if self.subset > self.candidates {
            let (wanted, available) = (self.subset, self.candidates);
            return Err(DesignError::SubsetTooLarge { wanted, available }.into());
        }
        if self.subset == 0 {
            return Err(NumericError::BadSetting { what: "subset", why: "use at least 1" }.into());
        }
        if self.temperature.is_some_and(|temperature| !(temperature.is_finite() && temperature >= 0.0)) {
            return Err(NumericError::BadSetting { what: "temperature", why: "use 0 or a finite number above" }.into());
        }
        Ok(())
    }
}
