//! `aquiline train`: a reference, then updates, with a checkpoint after each.

use std::path::PathBuf;
use std::sync::Arc;

use aquiline::client::Client;
use aquiline::policy::ReferencePolicy;
use aquiline::session::TrainOptions;
use aquiline::session::view::{Tell, TrainEvent};
use aquiline::train::TrainSettings;

use crate::claims::is_same;
use crate::data::{DataArguments, bytes, read};
use crate::failure::{Failure, Outcome};
use crate::llm::LlmArguments;
use crate::output::{self, Destination};
use crate::world::{ModelArguments, World};
use crate::{values, wait};

/// Of `aquiline train`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    #[command(flatten)]
    llm: LlmArguments,
    /// Write the policy there, after the reference and after every update [default: the resumed file]
    #[arg(long, value_name = "CHECKPOINT", required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Go on from a checkpoint, with its settings, instead of fitting a reference
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["reference", "reference_episodes", "kl_weight"])]
    resume: Option<PathBuf>,
    /// What the reference is fitted to
    #[arg(long, default_value = "g-optimal")]
    reference: Reference,
    /// Size of the subset of d-optimal and greedy references
    #[arg(long, default_value_t = 10, value_parser = values::positive)]
    subset: usize,
    /// Episodes that the reference is fitted to
    #[arg(long, default_value_t = TrainOptions::default().reference_episodes, value_parser = values::positive)]
    reference_episodes: usize,
    /// Updates in this run
    #[arg(long, default_value_t = TrainOptions::default().updates)]
    updates: usize,
    /// Episodes of each update
    #[arg(long, default_value_t = TrainOptions::default().episodes, value_parser = values::positive)]
    episodes: usize,
    /// Edits in a row
    #[arg(long, default_value_t = TrainOptions::default().horizon, value_parser = values::positive)]
    horizon: usize,
    /// Candidate edits at each step
    #[arg(long, default_value_t = TrainOptions::default().candidates, value_parser = values::positive)]
    candidates: usize,
    /// Weight of staying close to the reference
    #[arg(long, default_value_t = TrainSettings::default().kl_weight, value_parser = values::weight)]
    kl_weight: f32,
    /// Rewrites that the updates of this run may ask for; they end before there would be more
    #[arg(long, value_name = "REWRITES")]
    budget: Option<usize>,
    /// Train for this user; several may be named [default: all]
    #[arg(long = "user", value_name = "ID")]
    users: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Reference {
    Uniform,
    Optimistic,
    GOptimal,
    DOptimal,
    Greedy,
}

/// Trains until the updates or the budget are used up, or until Ctrl-C.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let (resumed, out) = arguments.files()?;
    let writer = arguments.llm.writer(arguments.data.domain(), &arguments.models.cache, None)?;
    let world = World::open(&arguments.data, &arguments.models, Some(writer))?;
    let mut run = Run { out, options: arguments.options(), json: arguments.data.json, world };
    let outcome = run.all(resumed.as_deref(), arguments);
    run.world.end(outcome)
}

/// A run in progress.
struct Run {
    world: World,
    options: TrainOptions,
    out: Destination,
    json: bool,
}

impl Run {
    fn all(&mut self, resumed: Option<&[u8]>, arguments: &Arguments) -> Outcome<()> {
        self.begin(resumed, arguments.data.seed)?;
        let updates = self.updates(arguments.updates).map_err(|failure| self.explain(failure))?;
        if self.json {
            return Ok(());
        }
        output::line(format_args!("{updates} updates; the policy is in {}", self.out.path().display()))
    }

    /// With a policy: the resumed one, or a fitted reference.
    fn begin(&mut self, resumed: Option<&[u8]>, seed: u64) -> Outcome<()> {
        let Some(bytes) = resumed else {
            let client = self.client();
            let World { session, report, .. } = &mut self.world;
            let fitted = session.fit_reference(&self.options, async |told| report.tick(&told));
            let fitted = wait::for_answers(client.as_deref(), fitted);
            report.clear();
            let fit = fitted?;
            self.save()?;
            return self.tell(&TrainEvent::Reference { fit });
        };
        self.world.load_policy(bytes, seed)?;
        // Draws follow from the seed that the run began with.
        let settings = self.world.session.policy().map(|policy| policy.learner.settings().clone());
        self.options.settings = settings.unwrap_or_default();
        Ok(())
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.world.session.speaker().map(|speaker| speaker.client().clone())
    }

    /// Update by update, so that each is saved before the next begins.
    fn updates(&mut self, count: usize) -> Outcome<usize> {
        let of_each = self.options.episodes.saturating_mul(self.options.horizon);
        for done in 0..count {
            if self.options.budget.is_some_and(|left| left < of_each) {
                return Ok(done);
            }
            let client = self.client();
            let World { session, report, .. } = &mut self.world;
            // Likewise nothing may stop between an update and its checkpoint.
            let tick = async |told: Tell| match told {
                Tell::Progress(progress) if progress.kind == "train" => Ok(()),
                told => report.tick(&told),
            };
            let trained = wait::for_answers(client.as_deref(), session.train(&self.options, tick));
            report.clear();
            let logs = trained?;
            self.save()?;
            logs.iter().try_for_each(|&log| self.tell(&TrainEvent::Update { log }))?;
            let spent: usize = logs.iter().map(|log| log.environment_calls).sum();
            self.options.budget = self.options.budget.map(|left| left.saturating_sub(spent));
        }
        Ok(count)
    }

    fn save(&self) -> Outcome<()> {
        let policy = self.world.session.policy();
        policy.map_or(Ok(()), |policy| self.out.write(&policy.to_bytes()))
    }

    fn tell(&self, event: &TrainEvent) -> Outcome<()> {
        match event {
            _ if self.json => output::json(event),
            TrainEvent::Reference { fit } => output::line(format_args!(
                "reference: KL {:.3} on {} states held out of {}, where uniform has {:.3}",
                fit.kl,
                fit.held_out,
                fit.states + fit.held_out,
                fit.uniform_kl
            )),
            TrainEvent::Update { log } => output::line(format_args!(
                "update {}: gain {:+.4}, KL {:.3}, entropy {:.3}, explained {:+.2}",
                log.update, log.gain_mean, log.kl, log.entropy, log.explained_variance
            )),
        }
    }

    fn explain(&self, failure: Failure) -> Failure {
        match failure.is_interruption() {
            true => failure.with_hint(format!(
                "every finished update is in {0}; go on with --resume {0}",
                self.out.path().display()
            )),
            false => failure,
        }
    }
}

impl Arguments {
    /// The policy that is resumed, and where the policy goes: maybe to the file that it was read from.
    fn files(&self) -> Outcome<(Option<Vec<u8>>, Destination)> {
        match (&self.resume, &self.out) {
            (Some(resume), out) if out.as_ref().is_none_or(|out| is_same(resume, out)) => {
                let out = Destination::update(resume)?;
                Ok((Some(bytes(resume)?), out))
            }
            (resume, Some(out)) => {
                let resumed = resume.as_deref().map(read).transpose()?;
                Ok((resumed, Destination::check(out)?))
            }
            _ => Err(Failure::bad_input("name a file with --out")),
        }
    }

    fn options(&self) -> TrainOptions {
        let subset = self.subset;
        let reference = match self.reference {
            Reference::Uniform => ReferencePolicy::Uniform,
            Reference::Optimistic => ReferencePolicy::Optimistic,
            Reference::GOptimal => ReferencePolicy::GOptimal,
            Reference::DOptimal => ReferencePolicy::DOptimal { subset },
            Reference::Greedy => ReferencePolicy::Greedy { subset },
        };
        TrainOptions {
            reference,
            reference_episodes: self.reference_episodes,
            // One at a time: they are counted here.
            updates: 1,
            episodes: self.episodes,
            horizon: self.horizon,
            candidates: self.candidates,
            users: self.users.clone(),
            budget: self.budget,
            settings: TrainSettings { kl_weight: self.kl_weight, seed: self.data.seed, ..Default::default() },
            ..Default::default()
        }
    }
}
