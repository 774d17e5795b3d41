//! A session: an encoder, a catalog and an agent, as a shell talks to them.
//!
//! The browser's worker, Node and the tests all hold one of these. It encodes a catalog once,
//! fits the agent, and performs the effects of its rollouts with the encoder, a policy and the
//! simulator. It still does no I/O: caches come and go as bytes, and every long call is given a
//! `tick` that it awaits between pieces of work, which may report progress or fail to cancel.

pub mod arm;
mod asked;
pub mod design;
mod episode;
pub mod evaluate;
pub mod factorize;
mod fitted;
mod people;
mod perform;
mod saved;
mod search;
mod tick;
mod training;
pub mod view;

use crate::action::ActionSpace;
use crate::agent::{Agent, best_of};
use crate::alignment::{Alignment, AlignmentSettings, Fitting};
use crate::catalog::{Catalog, Item};
use crate::client::Speaker;
use crate::encoder::cache::VectorCache;
use crate::encoder::{DIMENSIONS, Encoder};
use crate::error::{Error, NumericError, Result, RolloutError, TrainingError};
use crate::gap::{self, GapSettings};
use crate::latent::Latents;
use crate::llm::budget::Spent;
use crate::objective::{FIELDS, fields};
use crate::policy::ReferencePolicy;
use crate::ratings::Ratings;
use crate::rollout::transcript::{Run, Transcript};
use crate::rollout::{RolloutSettings, Trajectory};
use crate::simulator::tastes::{Attributes, Population, Tastes};
use crate::simulator::{Simulator, SimulatorSettings};
use crate::train::checkpoint::Checkpoint;
pub use design::DesignOptions;
use episode::EpisodeRequest;
pub use evaluate::EvaluateOptions;
use perform::{Chooser, Memory, encode_missing};
pub use search::SearchOptions;
use serde::Deserialize;
use tick::Tick;
pub use training::TrainOptions;
use view::{GapView, InfoView, Progress, Tell, View};

/// Vectors of texts of runs that are kept beside the catalog's: six megabytes.
const MOST_KEPT_OF_RUNS: usize = 4_000;

/// A catalog with its ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The items.
    pub catalog: Catalog,
    /// Ratings, numbered as the catalog's items.
    pub ratings: Ratings,
}

/// How an episode's actions are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Every candidate alike.
    Uniform,
    /// The best of all candidates.
    Optimistic,
    /// By the weights of the G-optimal design.
    GOptimal,
    /// The best of the design's subset.
    Greedy,
    /// The best of several uniform episodes.
    BestOfN,
    /// By the trained policy.
    Eagle,
    /// By the reference that the policy was trained from.
    EagleReference,
    /// The candidate that the policy's transition model predicts to gain most: what is left of EAGLE without a policy.
    Foresight,
}

/// One steering request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
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
}

/// Everything needed to steer.
#[derive(Debug)]
pub struct Session {
    encoder: Encoder,
    dataset: Option<Dataset>,
    seed: u64,
    cache: VectorCache,
    /// Vectors that the shell gave or was given.
    known_to_shell: std::cell::Cell<usize>,
    /// Texts of the catalog.
    catalog_texts: usize,
    /// Taken up before preparing.
    known_fit: Option<Alignment>,
    /// Names the fit there is or will be.
    fit_key: String,
    simulator: Simulator,
    speaker: Option<Speaker>,
    agent: Option<Agent>,
    policy: Option<Checkpoint>,
    /// Ratings of the people who were folded in.
    folded: std::collections::BTreeMap<String, Vec<(String, f32)>>,
    /// Out while an episode runs.
    memory: std::cell::RefCell<Option<Memory>>,
}

impl Method {
    /// Whether every candidate is rewritten before one is chosen.
    pub fn looks_ahead(self) -> bool {
        matches!(self, Method::Optimistic | Method::GOptimal | Method::Greedy)
    }

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Method::Uniform => "uniform",
            Method::Optimistic => "optimistic",
            Method::GOptimal => "g-optimal",
            Method::Greedy => "greedy",
            Method::BestOfN => "best-of-n",
            Method::Eagle => "eagle",
            Method::EagleReference => "eagle-reference",
            Method::Foresight => "foresight",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }
}

impl Default for SteerOptions {
    fn default() -> Self {
        let RolloutSettings { horizon, candidates, seed, .. } = RolloutSettings::default();
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
        }
    }
}

impl Dataset {
    /// The embedded films with the ratings of the simulated users.
    ///
    /// # Errors
    /// As [`Catalog::from_jsonl`] and [`Attributes::from_jsonl`].
    pub fn embedded(jsonl: &[u8], seed: u64) -> Result<Self> {
        let catalog = Catalog::from_jsonl(jsonl, "catalog.jsonl")?;
        let attributes = Attributes::from_jsonl(jsonl, "catalog.jsonl", &catalog)?;
        let tastes = Tastes::sample(&attributes, Population::default(), seed);
        Ok(Dataset { ratings: tastes.ratings(&catalog, &attributes, seed)?, catalog })
    }

    /// A MovieLens-format pair of csv files.
    ///
    /// # Errors
    /// As [`Catalog::from_movielens_csv`] and [`Ratings::from_movielens_csv`].
    pub fn movielens(movies: &[u8], ratings: &[u8]) -> Result<Self> {
        let catalog = Catalog::from_movielens_csv(movies, "movies.csv")?;
        let ratings = Ratings::from_movielens_csv(ratings, "ratings.csv", (0.5, 5.0))?.for_catalog(&catalog)?;
        Ok(Dataset { catalog, ratings })
    }

    /// The caller's own items, and ratings as (user id, item id, value).
    ///
    /// # Errors
    /// As [`Catalog::new`] and [`Ratings::new`].
    pub fn from_items(items: Vec<Item>, ratings: &[(String, String, f32)], scale: (f32, f32)) -> Result<Self> {
        let catalog = Catalog::new(items)?;
        let ratings = Ratings::from_ids(ratings, scale)?.for_catalog(&catalog)?;
        Ok(Dataset { catalog, ratings })
    }
}

impl Session {
    /// A session that still has to [`prepare`](Session::prepare).
    pub fn new(encoder: Encoder, dataset: Dataset, seed: u64) -> Self {
        Session {
            cache: VectorCache::new(encoder.fingerprint()),
            known_to_shell: std::cell::Cell::new(0),
            catalog_texts: FIELDS * dataset.catalog.len(),
            known_fit: None,
            fit_key: fitted::key(&dataset, encoder.fingerprint(), seed),
            simulator: Simulator::new(SimulatorSettings::default()),
            speaker: None,
            encoder,
            dataset: Some(dataset),
            seed,
            agent: None,
            policy: None,
            folded: std::collections::BTreeMap::new(),
            memory: std::cell::RefCell::new(None),
        }
    }

    /// The same session with another environment.
    pub fn with_simulator(self, simulator: Simulator) -> Self {
        Session { simulator, ..self }
    }

    /// Puts a language model in the simulator's place, or takes it away.
    pub fn set_speaker(&mut self, speaker: Option<Speaker>) {
        self.speaker = speaker;
    }

    /// The language model, where there is one.
    pub fn speaker(&self) -> Option<&Speaker> {
        self.speaker.as_ref()
    }

    /// Fingerprint of the encoder.
    pub fn fingerprint(&self) -> &str {
        self.encoder.fingerprint()
    }

    /// Encodes what `cache` lacks, then fits, unless [a known fit](Session::use_fit) was taken up. After an error or a cancellation it may be called
    /// again and goes on from there. A damaged or foreign cache is ignored.
    ///
    /// # Errors
    /// As [`Encoder::encode`], [`Fitting::start`] and `tick`.
    pub async fn prepare(&mut self, cache: Option<&[u8]>, mut tick: impl AsyncFnMut(Tell) -> Result<()>) -> Result<()> {
        if let Some(known) = cache.and_then(|bytes| VectorCache::from_bytes(bytes, self.fingerprint()).ok()) {
            self.known_to_shell.set(known.len());
            self.cache.absorb(known);
        }
        let Some(dataset) = &self.dataset else { return Ok(()) };
        let texts = texts_of(dataset.catalog.items());
        encode_missing(&self.encoder, &mut self.cache, &texts, "encode", &mut tick).await?;
        let fields = rows(&self.cache, &texts, FIELDS)?;
        let alignment = match self.known_fit.take() {
            Some(alignment) => alignment,
            None => fit(dataset, &fields, self.seed, &mut tick).await?,
        };
        let Some(Dataset { catalog, ratings }) = self.dataset.take() else { return Ok(()) };
        self.agent = Some(Agent::new(catalog, ratings, &fields, alignment)?);
        Ok(())
    }

    /// The vectors of all texts encoded so far, of the catalog and of runs, unless nothing is new since this was asked
    /// last. Of runs as many are kept as a shell can be expected to store.
    pub fn cache_bytes(&self) -> Option<Vec<u8>> {
        let mut all = self.cache.clone();
        if let Some(memory) = &*self.memory.borrow()
            && all.len() + memory.vectors.len() <= self.catalog_texts + MOST_KEPT_OF_RUNS
        {
            all.absorb(memory.vectors.clone());
        }
        let is_new = all.len() > self.known_to_shell.replace(all.len());
        is_new.then(|| all.to_bytes())
    }

    /// The fitted agent.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] before [`prepare`](Session::prepare) has succeeded.
    pub fn agent(&self) -> Result<&Agent> {
        let unprepared = NumericError::BadSetting { what: "the session", why: "prepare it first" };
        self.agent.as_ref().ok_or(unprepared.into())
    }

    /// The sentence vectors of every item's fields side by side, one row an item.
    ///
    /// # Errors
    /// As [`Session::agent`].
    pub fn field_vectors(&self) -> Result<Latents> {
        rows(&self.cache, &texts_of(self.agent()?.catalog().items()), FIELDS)
    }

    /// What the catalog tells about itself.
    ///
    /// # Errors
    /// As [`Session::agent`].
    pub fn info(&self) -> Result<InfoView> {
        Ok(InfoView::of(self.agent()?, &self.encoder))
    }

    /// The content gaps of one user or of a group, best first.
    ///
    /// # Errors
    /// As [`Agent::objective`] and [`gap::find`].
    pub fn gaps<T: AsRef<str>>(&self, users: &[T], count: usize) -> Result<Vec<GapView>> {
        let agent = self.agent()?;
        let objective = agent.objective(users)?;
        let gaps = gap::find(&objective.utility, agent.items(), &GapSettings { count, ..Default::default() })?;
        Ok(gaps.iter().map(|gap| GapView::of(gap, &objective, agent)).collect())
    }

    /// What a request usually costs with the language model; nothing without one.
    ///
    /// # Errors
    /// As [`Agent::objective`] and [`Catalog::index_of`].
    pub fn estimate(&self, options: &SteerOptions) -> Result<Spent> {
        let Some(speaker) = &self.speaker else { return Ok(Spent::default()) };
        let agent = self.agent()?;
        let anchor = &agent.catalog().items()[agent.catalog().index_of(&options.item)?];
        let (profile, settings) = (agent.profile(&options.user)?, self.settings(options, options.seed)?);
        let episodes = if options.policy == Method::BestOfN { options.subset } else { 1 };
        Ok(speaker.estimate(anchor, &profile, options.space, &settings).times(episodes))
    }

    /// Runs one request: events and progress go to `tick`, the trajectory and its record come back.
    ///
    /// # Errors
    /// As [`Agent::rollout`], [`crate::agent::drive`], and `tick`; a subset larger than the number of candidates
    /// is [`crate::error::DesignError::SubsetTooLarge`].
    pub async fn steer(
        &self,
        options: &SteerOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<(Trajectory, Transcript)> {
        options.check()?;
        let view = View::new(self.agent()?, &self.encoder, options);
        let (trajectory, transcript) = match options.policy {
            Method::BestOfN => {
                let best = self.best_of_n(options, &mut tick).await?;
                tick.tell(Tell::anchor(view.state(&best.0.anchor, &best.0.anchor), &options.user)).await?;
                for (index, step) in best.0.steps.iter().enumerate() {
                    tick.tell(Tell::step(view.step(index, step, &best.0.anchor))).await?;
                }
                best
            }
            _ => self.episode(options, options.seed, true, &mut tick).await?,
        };
        tick.tell(Tell::done(view.trajectory(&trajectory))).await?;
        Ok((trajectory, transcript))
    }

    async fn best_of_n(&self, options: &SteerOptions, tick: &mut dyn Tick) -> Result<(Trajectory, Transcript)> {
        let mut runs = Vec::new();
        for run in 0..options.subset {
            runs.push(self.episode(options, options.seed.wrapping_add(run as u64), false, tick).await?);
            let progress = Progress { kind: "candidates", done: run + 1, total: options.subset, unit: "actions" };
            tick.tell(Tell::Progress(progress)).await?;
        }
        let environment_calls = runs.iter().map(|(run, _)| run.environment_calls).sum();
        let calls = runs.iter_mut().flat_map(|(_, transcript)| std::mem::take(&mut transcript.calls)).collect();
        let best =
            best_of(runs.iter().map(|(run, _)| run.clone()).collect()).ok_or(RolloutError::NoActions { step: 0 })?;
        let of_best = runs.into_iter().find(|(run, _)| *run == best).map(|(_, transcript)| transcript);
        let of_best = of_best.unwrap_or_default();
        let run = of_best.run.map(|run| Run { other_calls: environment_calls - best.environment_calls, ..run });
        Ok((Trajectory { environment_calls, ..best }, Transcript { run, calls, ..of_best }))
    }

    async fn episode(
        &self,
        options: &SteerOptions,
        seed: u64,
        announce: bool,
        tick: &mut dyn Tick,
    ) -> Result<(Trajectory, Transcript)> {
        let agent = self.agent()?;
        let request = EpisodeRequest {
            user: &options.user,
            item: &options.item,
            chooser: self.chooser(options)?,
            settings: self.settings(options, seed)?,
            space: options.space,
            encoding: None,
        };
        let view = View::new(agent, &self.encoder, options);
        let announced = announce.then_some(&view);
        let run = self.with_memory(async |memory| self.run(&request, memory, announced, tick).await).await?;
        let what = Run {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            encoder: self.fingerprint().to_owned(),
            user: options.user.clone(),
            item: options.item.clone(),
            policy: options.policy.name().to_owned(),
            settings: request.settings,
            other_calls: 0,
        };
        Ok((run.trajectory, Transcript { run: Some(what), ..run.transcript }))
    }

    fn settings(&self, options: &SteerOptions, seed: u64) -> Result<RolloutSettings> {
        let lookahead = self.chooser(options)?.needs_lookahead();
        let SteerOptions { horizon, candidates, .. } = *options;
        Ok(RolloutSettings { horizon, candidates, lookahead, seed, ..Default::default() })
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
    fn check(&self) -> Result<()> {
        if self.subset > self.candidates {
            let (wanted, available) = (self.subset, self.candidates);
            return Err(Error::Design(crate::error::DesignError::SubsetTooLarge { wanted, available }));
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

async fn fit(dataset: &Dataset, fields: &Latents, seed: u64, tick: &mut dyn Tick) -> Result<Alignment> {
    let settings = AlignmentSettings::for_items(dataset.catalog.len(), seed);
    let mut fitting = Fitting::start(&dataset.ratings, fields, &settings)?;
    while !fitting.is_done() {
        fitting.sweep()?;
        let (done, total) = fitting.progress();
        tick.tell(Tell::Progress(Progress { kind: "fit", done, total, unit: "sweeps" })).await?;
    }
    Ok(fitting.finish())
}

fn texts_of(items: &[Item]) -> Vec<String> {
    items.iter().flat_map(fields).collect()
}

/// The vectors of texts, `width` of them side by side in each row.
fn rows(cache: &VectorCache, texts: &[String], width: usize) -> Result<Latents> {
    let values: Vec<f32> = texts.iter().filter_map(|text| cache.get(text)).flatten().copied().collect();
    Latents::new(width * DIMENSIONS, values)
}
