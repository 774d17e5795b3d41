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
mod steer;
mod tick;
mod training;
pub mod view;

use crate::agent::Agent;
use crate::alignment::{Alignment, GivenSpace};
use crate::catalog::{Catalog, Item};
use crate::client::Speaker;
use crate::encoder::cache::VectorCache;
use crate::encoder::{DIMENSIONS, Encoder};
use crate::error::{DataError, NumericError, Result};
use crate::factorization::FactorsById;
use crate::gap::{self, GapSettings};
use crate::latent::Latents;
use crate::objective::{FIELDS, fields};
use crate::ratings::Ratings;
use crate::simulator::tastes::{Attributes, Population, Tastes};
use crate::simulator::{Simulator, SimulatorSettings};
use crate::train::checkpoint::Checkpoint;
pub use design::DesignOptions;
pub use evaluate::EvaluateOptions;
use perform::{Memory, encode_missing};
pub use search::SearchOptions;
use serde::Deserialize;
pub use steer::SteerOptions;
pub use training::TrainOptions;
use view::{GapView, InfoView, Tell};

/// A catalog with its ratings.
///
/// Of the embedded films [`Dataset::is_embedded`] is set: the simulator's sentences are about them, so that it edits them
/// without being asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The items.
    pub catalog: Catalog,
    /// Ratings, numbered as the catalog's items.
    pub ratings: Ratings,
    /// Whether these are the embedded films.
    pub is_embedded: bool,
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

/// Everything needed to steer.
#[derive(Debug)]
pub struct Session {
    encoder: Encoder,
    dataset: Option<Dataset>,
    /// The space that the caller brought.
    space: Option<GivenSpace>,
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
    /// Whether it may edit this catalog's texts.
    allows_simulator: bool,
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

impl Dataset {
    /// The embedded films with the ratings of the simulated users.
    ///
    /// # Errors
    /// As [`Catalog::from_jsonl`] and [`Attributes::from_jsonl`].
    pub fn embedded(jsonl: &[u8], seed: u64) -> Result<Self> {
        let catalog = Catalog::from_jsonl(jsonl, "catalog.jsonl")?;
        let attributes = Attributes::from_jsonl(jsonl, "catalog.jsonl", &catalog)?;
        let tastes = Tastes::sample(&attributes, Population::default(), seed);
        Ok(Dataset { ratings: tastes.ratings(&catalog, &attributes, seed)?, catalog, is_embedded: true })
    }

    /// A MovieLens-format pair of csv files.
    ///
    /// # Errors
    /// As [`Catalog::from_movielens_csv`] and [`Ratings::from_movielens_csv`].
    pub fn movielens(movies: &[u8], ratings: &[u8]) -> Result<Self> {
        let catalog = Catalog::from_movielens_csv(movies, "movies.csv")?;
        let ratings = Ratings::from_movielens_csv(ratings, "ratings.csv", (0.5, 5.0))?.for_catalog(&catalog)?;
        Ok(Dataset { catalog, ratings, is_embedded: false })
    }

    /// The caller's own items, and ratings as (user id, item id, value).
    ///
    /// # Errors
    /// As [`Catalog::new`] and [`Ratings::new`].
    pub fn from_items(items: Vec<Item>, ratings: &[(String, String, f32)], scale: (f32, f32)) -> Result<Self> {
        let catalog = Catalog::new(items)?;
        let ratings = Ratings::from_ids(ratings, scale)?.for_catalog(&catalog)?;
        Ok(Dataset { catalog, ratings, is_embedded: false })
    }

    /// Items that nobody has rated: their space is [given](Session::use_factors).
    ///
    /// # Errors
    /// As [`Ratings::none`].
    pub fn unrated(catalog: Catalog, scale: (f32, f32)) -> Result<Self> {
        let ids = catalog.items().iter().map(|item| item.id.clone()).collect();
        Ok(Dataset { ratings: Ratings::none(ids, scale)?, catalog, is_embedded: false })
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
            fit_key: fitted::key(&dataset, None, encoder.fingerprint(), seed),
            space: None,
            simulator: Simulator::new(SimulatorSettings::default()),
            allows_simulator: dataset.is_embedded,
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

    /// The same session with this simulator as its environment, whatever the catalog is.
    pub fn with_simulator(self, simulator: Simulator) -> Self {
        Session { simulator, allows_simulator: true, ..self }
    }

    /// Lets the simulator edit texts of any catalog, where there is no language model. Its sentences are about films; on
    /// the embedded films it needs no leave.
    pub fn allow_simulator(&mut self) {
        self.allows_simulator = true;
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

    /// Takes up, before [`prepare`](Session::prepare), a space that is there already: users and mean are those of
    /// `factors`, the map is fitted to their items. Ratings that there are measure the fit, those of other users are left
    /// out; who has none is described by what the space predicts for them, see [`GivenSpace::completed`].
    ///
    /// # Errors
    /// As [`GivenSpace::new`], and [`NumericError::BadSetting`] once the session is prepared.
    pub fn use_factors(&mut self, factors: &FactorsById) -> Result<()> {
        let late = NumericError::BadSetting { what: "the session", why: "give it factors before it is prepared" };
        let dataset = self.dataset.as_mut().ok_or(late)?;
        let space = GivenSpace::new(factors, &dataset.catalog)?;
        dataset.ratings = dataset.ratings.for_users(space.users().to_vec());
        self.fit_key = fitted::key(dataset, Some(&space), self.encoder.fingerprint(), self.seed);
        self.space = Some(space);
        Ok(())
    }

    /// Encodes what `cache` lacks, then fits, unless [a known fit](Session::use_fit) was taken up. After an error or a cancellation it may be called
    /// again and goes on from there. A damaged or foreign cache is ignored.
    ///
    /// # Errors
    /// [`DataError::Empty`] where there are neither ratings nor factors, as [`Encoder::encode`], those of the fit (see
    /// [`crate::alignment`]), and `tick`.
    pub async fn prepare(&mut self, cache: Option<&[u8]>, mut tick: impl AsyncFnMut(Tell) -> Result<()>) -> Result<()> {
        if let Some(known) = cache.and_then(|bytes| VectorCache::from_bytes(bytes, self.fingerprint()).ok()) {
            self.known_to_shell.set(known.len());
            self.cache.absorb(known);
        }
        let Some(dataset) = &self.dataset else { return Ok(()) };
        if dataset.ratings.is_empty() && self.space.is_none() {
            return Err(DataError::Empty { what: "the set of ratings" }.into());
        }
        let texts = texts_of(dataset.catalog.items());
        encode_missing(&self.encoder, &mut self.cache, &texts, "encode", &mut tick).await?;
        let fields = rows(&self.cache, &texts, FIELDS)?;
        let alignment = match self.known_fit.take() {
            Some(alignment) => alignment,
            None => fitted::fit(dataset, self.space.as_ref(), &fields, self.seed, &mut tick).await?,
        };
        let Some(Dataset { catalog, ratings, .. }) = self.dataset.take() else { return Ok(()) };
        let ratings = match self.space.take() {
            Some(space) => space.completed(&ratings)?,
            None => ratings,
        };
        self.agent = Some(Agent::new(catalog, ratings, &fields, alignment)?);
        Ok(())
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
}

fn texts_of(items: &[Item]) -> Vec<String> {
    items.iter().flat_map(fields).collect()
}

/// The vectors of texts, `width` of them side by side in each row.
fn rows(cache: &VectorCache, texts: &[String], width: usize) -> Result<Latents> {
    let values: Vec<f32> = texts.iter().filter_map(|text| cache.get(text)).flatten().copied().collect();
    Latents::new(width * DIMENSIONS, values)
}
