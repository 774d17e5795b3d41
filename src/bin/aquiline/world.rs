//! The session behind most commands: models from a folder, data, and sentence vectors kept on disk.

use std::path::PathBuf;

use aquiline::encoder::manifest::Manifest;
use aquiline::encoder::tokenize::TokenLimit;
use aquiline::encoder::{Encoder, open_device};
use aquiline::profile::Passage;
use aquiline::rollout::Trajectory;
use aquiline::rollout::transcript::Transcript;
use aquiline::session::design::DesignReport;
use aquiline::session::view::{EpisodeEvent, Tell, TrajectoryView};
use aquiline::session::{DesignOptions, Session, SteerOptions};

use crate::data::{DataArguments, read};
use crate::failure::{FETCH_MODELS, Failure, Outcome};
use crate::output::Destination;
use crate::report::Report;
use crate::wait;

/// Where the encoder is, and where its vectors are kept.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelArguments {
    /// Folder of the model files [default: the cache folder's models]
    #[arg(long, value_name = "DIR", env = "AQUILINE_MODELS", hide_env_values = true, help_heading = "Models")]
    models: Option<PathBuf>,
    /// Folder where sentence vectors are kept between runs [default: ~/.cache/aquiline]
    #[arg(long, value_name = "DIR", env = "AQUILINE_CACHE", hide_env_values = true, help_heading = "Models")]
    cache: Option<PathBuf>,
    /// Keep no sentence vectors and use none that were kept
    #[arg(long, help_heading = "Models")]
    no_cache: bool,
}

/// A session that is ready to steer.
pub struct World {
    /// The session.
    pub session: Session,
    /// Its progress.
    pub report: Report,
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

impl World {
    /// Reads the data, loads the encoder, encodes what is not kept yet, and fits.
    pub fn open(data: &DataArguments, models: &ModelArguments) -> Outcome<World> {
        let (dataset, space) = data.with_space()?;
        let report = Report::new();
        let mut session = Session::new(models.encoder()?, dataset, data.seed);
        space.iter().try_for_each(|factors| session.use_factors(factors))?;
        let store = models.vectors(session.fingerprint());
        let known = store.as_ref().and_then(|path| std::fs::read(path).ok());
        let prepared = wait::for_value(session.prepare(known.as_deref(), async |told| report.tick(&told)));
        report.clear();
        // Also after Ctrl-C, so that the next run goes on from there.
        if let (Some(path), Some(bytes)) = (store, session.cache_bytes()) {
            keep(path, &bytes);
        }
        prepared?;
        Ok(World { session, report })
    }

    /// Takes up a policy that was trained in this world.
    pub fn load_policy(&mut self, bytes: &[u8], seed: u64) -> Outcome<()> {
        self.session.load_policy(bytes)?;
        let trained = self.session.policy().map_or(seed, |policy| policy.learner.settings().seed);
        if trained != seed {
            eprintln!("note: the policy was trained with --seed {trained}; with another one it may be at a loss");
        }
        Ok(())
    }

    /// Runs one request.
    pub fn steer(&self, options: &SteerOptions) -> aquiline::Result<Episode> {
        let client = self.session.speaker().map(|speaker| speaker.client().as_ref());
        wait::for_answers(client, self.steering(options))
    }

    /// The same, beside others.
    pub async fn steering(&self, options: &SteerOptions) -> aquiline::Result<Episode> {
        let mut told = None;
        let tick = async |tell: Tell| {
            self.report.tick(&tell)?;
            keep_end(tell, &mut told);
            Ok(())
        };
        let run = self.session.steer(options, tick).await;
        self.report.clear();
        let (trajectory, transcript) = run?;
        let view = told.expect("a session tells the end of every episode that succeeds");
        Ok(Episode { view, trajectory, transcript })
    }

    /// Tries every candidate edit of an item once and designs over where they led.
    pub fn design(&self, options: &DesignOptions) -> aquiline::Result<DesignReport> {
        let design = self.session.design(options, async |tell: Tell| self.report.tick(&tell));
        let client = self.session.speaker().map(|speaker| speaker.client().as_ref());
        let designed = wait::for_answers(client, design);
        self.report.clear();
        designed
    }

    /// Has the language model describe a user, for every run that follows.
    pub fn write_profile(&mut self, user: &str, seed: u64) -> Outcome<()> {
        let client = self.session.speaker().map(|speaker| speaker.client().clone());
        let passages = wait::for_answers(client.as_deref(), self.session.write_profile(user, seed))?;
        passages.iter().for_each(|Passage { heading, text }| eprintln!("{heading}: {text}"));
        Ok(())
    }

    /// Runs an episode again from its record.
    pub fn replay(&self, transcript: &Transcript) -> aquiline::Result<TrajectoryView> {
        let mut told = None;
        wait::for_value(self.session.replay(transcript, async |tell| {
            keep_end(tell, &mut told);
            Ok(())
        }))?;
        Ok(told.expect("a session tells the end of every replay that succeeds"))
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
        let folder = self.models.clone().or_else(|| Some(self.cache_folder()?.join("models")));
        let folder = folder.ok_or_else(|| Failure::bad_input("no folder of models").with_hint(FETCH_MODELS))?;
        let bytes = read(&folder.join(&file.name)).map_err(|failure| failure.with_hint(FETCH_MODELS))?;
        file.verify(&bytes)?;
        Ok(bytes)
    }

    /// The file of sentence vectors. Those of other builds differ in their last bits and are kept apart.
    pub fn vectors(&self, fingerprint: &str) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        Some(self.cache_folder()?.join("vectors").join(format!("native-{fingerprint}")))
    }

    fn cache_folder(&self) -> Option<PathBuf> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let of_user = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        self.cache.clone().or_else(|| Some(of_user()?.join("aquiline")))
    }
}

fn keep_end(tell: Tell, end: &mut Option<TrajectoryView>) {
    if let Tell::Event(event) = tell
        && let EpisodeEvent::Done { trajectory } = *event
    {
        *end = Some(trajectory);
    }
}

/// Without the file the next run takes longer, which is no reason to fail this one.
pub fn keep(path: PathBuf, bytes: &[u8]) {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let kept = folder.is_ok() && Destination::check(&path).and_then(|file| file.write(bytes)).is_ok();
    if !kept {
        eprintln!("note: sentence vectors cannot be kept in {}", path.display());
    }
}
