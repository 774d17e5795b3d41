//! The session behind most commands: models from a folder, data, and sentence vectors kept on disk.

use std::cell::Cell;
use std::path::PathBuf;

use aquiline::client::Client;
use aquiline::encoder::manifest::Manifest;
use aquiline::encoder::tokenize::TokenLimit;
use aquiline::encoder::{Encoder, open_device};
use aquiline::error::RolloutError;
use aquiline::profile::Passage;
use aquiline::rollout::transcript::Transcript;
use aquiline::rollout::{Ended, Trajectory};
use aquiline::session::design::DesignReport;
use aquiline::session::view::{EpisodeEvent, Tell, TrajectoryView};
use aquiline::session::{DesignOptions, Session, SteerOptions};

use crate::answers::Answers;
use crate::cache::CacheArguments;
use crate::claims::{Role, claim};
use crate::data::{DataArguments, read};
use crate::failure::{FETCH_MODELS, Failure, Outcome};
use crate::llm::Writer;
use crate::output::{Destination, note};
use crate::report::Report;
use crate::wait;

/// Where the encoder is, and where its vectors are kept.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelArguments {
    /// Folder of the model files [default: the cache folder's models]
    #[arg(long, value_name = "DIR", env = "AQUILINE_MODELS", hide_env_values = true, help_heading = "Models")]
    models: Option<PathBuf>,
    #[command(flatten)]
    pub cache: CacheArguments,
}

/// A session that is ready to steer.
pub struct World {
    /// The session.
    pub session: Session,
    /// Its progress.
    pub report: Report,
    /// Where the answers of its language model are kept.
    answers: Option<Answers>,
    /// Whether a spent budget left something to go on with.
    is_cut_short: Cell<bool>,
}

/// One episode: as the session tells it, and its record.
pub struct Episode {
    /// For people and for JSON.
    pub view: TrajectoryView,
    /// For measurements.
    pub trajectory: Trajectory,
    /// Every effect with its reply.
    pub transcript: Transcript,
}

/// Hears what a session tells, and keeps its end.
struct Told<H> {
    hear: H,
    failure: Option<Failure>,
    end: Option<TrajectoryView>,
}

/// Why a run stopped.
#[derive(Debug)]
pub enum Stop {
    /// What it told could not be printed or written.
    Here(Failure),
    /// It failed.
    There(aquiline::Error),
}

/// What a run comes to.
pub type Stopped<T> = std::result::Result<T, Stop>;

impl World {
    /// Reads the data, loads the encoder, encodes what is not kept yet, and fits. Without a writer it edits no texts, or
    /// has the simulator do it.
    pub fn open(data: &DataArguments, models: &ModelArguments, writer: Option<Writer>) -> Outcome<World> {
        let (dataset, space) = data.with_space()?;
        if let Some(Writer { speaker: None, simulator_by_name: false, .. }) = &writer
            && !dataset.is_embedded
        {
            return Err(aquiline::Error::from(RolloutError::NoEnvironment).into());
        }
        let report = Report::new();
        let mut session = Session::new(models.encoder()?, dataset, data.seed);
        space.iter().try_for_each(|factors| session.use_factors(factors))?;
        let store = models.vectors(session.fingerprint());
        store.iter().try_for_each(|path| claim(path, Role::Update))?;
        let known = store.as_ref().and_then(|path| std::fs::read(path).ok());
        let prepared = wait::for_value(session.prepare(known.as_deref(), async |told| report.tick(&told)));
        report.clear();
        // Also after Ctrl-C, so that the next run goes on from there.
        if let (Some(path), Some(bytes)) = (store, session.cache_bytes()) {
            keep(path, &bytes);
        }
        prepared?;
        let writer = writer.unwrap_or_default();
        session.set_speaker(writer.speaker);
        if writer.simulator_by_name {
            session.allow_simulator();
        }
        Ok(World { session, report, answers: writer.answers, is_cut_short: Cell::new(false) })
    }

    /// Ends a command: its answers are no longer needed, or the failure says where they are.
    pub fn end(&self, outcome: Outcome<()>) -> Outcome<()> {
        match &self.answers {
            Some(answers) if outcome.is_ok() && self.is_cut_short.get() => {
                answers.leave();
                Ok(())
            }
            Some(answers) => answers.end(outcome),
            None => outcome,
        }
    }

    /// Takes up a policy that was trained in this world.
    pub fn load_policy(&mut self, bytes: &[u8], seed: u64) -> Outcome<()> {
        self.session.load_policy(bytes)?;
        let trained = self.session.policy().map_or(seed, |policy| policy.learner.settings().seed);
        if trained != seed {
            note(format_args!(
                "note: the policy was trained with --seed {trained}; with another one it may be at a loss"
            ));
        }
        Ok(())
    }

    /// Runs one request; `hear` is told what happens when it does.
    pub fn steer(&self, options: &SteerOptions, hear: impl FnMut(&Tell) -> Outcome<()>) -> Stopped<Episode> {
        wait::for_answers(self.client(), self.steering(options, hear))
    }

    /// The same, beside others.
    pub async fn steering(&self, options: &SteerOptions, hear: impl FnMut(&Tell) -> Outcome<()>) -> Stopped<Episode> {
        let mut told = Told::new(hear);
        let run = self.session.steer(options, async |tell| {
            self.report.tick(&tell)?;
            if matches!(tell, Tell::Event(_)) {
                self.report.clear();
            }
            told.hear(tell)
        });
        let run = run.await;
        self.report.clear();
        let ((trajectory, transcript), view) = told.end(run)?;
        if trajectory.ended == Ended::Budget {
            self.is_cut_short.set(true);
        }
        Ok(Episode { view, trajectory, transcript })
    }

    /// The language model's client.
    pub fn client(&self) -> Option<&Client> {
        self.session.speaker().map(|speaker| speaker.client().as_ref())
    }

    /// Tries every candidate edit of an item once and designs over where they led.
    pub fn design(&self, options: &DesignOptions) -> aquiline::Result<DesignReport> {
        let design = self.session.design(options, async |tell: Tell| self.report.tick(&tell));
        let designed = wait::for_answers(self.client(), design);
        self.report.clear();
        designed
    }

    /// Has the language model describe a user, for every run that follows.
    pub fn write_profile(&mut self, user: &str, seed: u64) -> Outcome<()> {
        let client = self.session.speaker().map(|speaker| speaker.client().clone());
        let passages = wait::for_answers(client.as_deref(), self.session.write_profile(user, seed))?;
        passages.iter().for_each(|Passage { heading, text }| note(format_args!("{heading}: {text}")));
        Ok(())
    }

    /// Runs an episode again from its record; `hear` is told what happens.
    pub fn replay(&self, transcript: &Transcript, hear: impl FnMut(&Tell) -> Outcome<()>) -> Stopped<TrajectoryView> {
        let mut told = Told::new(hear);
        let run = wait::for_value(self.session.replay(transcript, async |tell| told.hear(tell)));
        Ok(told.end(run)?.1)
    }

    /// The user that was named, or the first.
    pub fn user(&self, named: Option<&str>) -> Outcome<String> {
        let ratings = self.session.agent()?.ratings();
        let first = ratings.entries().first().map(|rating| &ratings.users()[rating.user as usize]);
        Ok(named.or(first.map(String::as_str)).unwrap_or_default().to_owned())
    }

    /// The item that was named, or the one that the user rated lowest: there is most to do.
    pub fn item(&self, named: Option<&str>, user: &str) -> Outcome<String> {
        match named {
            Some(id) => Ok(id.to_owned()),
            None => Ok(self.session.agent()?.low_rated(user, 1.0)?.id.clone()),
        }
    }
}

impl ModelArguments {
    /// The encoder.
    pub fn encoder(&self) -> Outcome<Encoder> {
        let (weights, tokenizer) = (self.file("weights")?, self.file("tokenizer")?);
        let device = wait::for_value(open_device())?;
        Ok(Encoder::load(weights, &tokenizer, TokenLimit::default(), device)?)
    }

    /// The bytes of the model file with this role, checked.
    fn file(&self, role: &str) -> Outcome<Vec<u8>> {
        let manifest = Manifest::embedded();
        let file = manifest.file(role).expect("the embedded manifest names weights and tokenizer");
        let folder = self.models.clone().or_else(|| self.cache.models());
        let folder = folder.ok_or_else(|| Failure::bad_input("no folder of models").with_hint(FETCH_MODELS))?;
        let bytes = read(&folder.join(&file.name)).map_err(|failure| failure.with_hint(FETCH_MODELS))?;
        file.verify(&bytes)?;
        Ok(bytes)
    }

    /// The file of sentence vectors. Those of other builds differ in their last bits and are kept apart.
    pub fn vectors(&self, fingerprint: &str) -> Option<PathBuf> {
        Some(self.cache.folder()?.join("vectors").join(format!("native-{fingerprint}")))
    }
}

impl<H: FnMut(&Tell) -> Outcome<()>> Told<H> {
    fn new(hear: H) -> Self {
        Told { hear, failure: None, end: None }
    }

    /// A failure to hear stops the run.
    fn hear(&mut self, tell: Tell) -> aquiline::Result<()> {
        if let Err(failure) = (self.hear)(&tell) {
            self.failure = Some(failure);
            return Err(RolloutError::Cancelled.into());
        }
        if let Tell::Event(event) = tell
            && let EpisodeEvent::Done { trajectory } = *event
        {
            self.end = Some(trajectory);
        }
        Ok(())
    }

    fn end<T>(self, run: aquiline::Result<T>) -> Stopped<(T, TrajectoryView)> {
        match (self.failure, run) {
            (Some(failure), _) => Err(Stop::Here(failure)),
            (None, Err(error)) => Err(Stop::There(error)),
            (None, Ok(run)) => Ok((run, self.end.expect("a session tells the end of every run that succeeds"))),
        }
    }
}

impl Stop {
    /// What the library says, where it is not the command line that stopped.
    pub fn error(&self) -> Option<&aquiline::Error> {
        match self {
            Stop::There(error) => Some(error),
            Stop::Here(_) => None,
        }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Here(failure) => failure,
            Stop::There(error) => error.into(),
        }
    }
}

/// Without the file the next run takes longer, which is no reason to fail this one.
pub fn keep(path: PathBuf, bytes: &[u8]) {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let kept = folder.is_ok() && Destination::own(&path).and_then(|file| file.write(bytes)).is_ok();
    if !kept {
        note(format_args!("note: sentence vectors cannot be kept in {}", path.display()));
    }
}
