//! The paper's experiments in the simulator's world: one world, many ways through it, honest judges.
//!
//! A [`World`] is a catalog whose ratings are divided: some users are a jury, and a part of everyone else's ratings is
//! withheld for them, so that a [`Judge`] never saw what the reward was fitted to. Of the users that the reward knows,
//! three quarters may be trained for; the rest are steered, each from one item.
//!
//! An [`Arm`] is a way to a better text. [`World::measure`] runs it for each of those pairs and says what each
//! [`Outcome`] gained: by U, by the judge, and, on the embedded catalog, by the hidden tastes. What it cost is counted
//! in environment calls, so that arms can be compared at equal cost.
//!
//! **How to read it.** A gain in U alone is a claim of the reward about itself. Where U grows and the judge or the hidden
//! tastes do not, an arm has learned the reward's errors.

mod foresight;
mod table;

use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::alignment::AlignmentSettings;
use crate::catalog::{Catalog, Item};
use crate::encoder::{DIMENSIONS, Encoder};
use crate::error::{DataError, Result, TrainingError};
use crate::eval::Interval;
use crate::judge::Judge;
use crate::latent::distance;
use crate::objective::identity;
use crate::ratings::Division;
use crate::rollout;
pub use crate::session::arm::{Arm, Pair};
use crate::session::arm::{Conditions, Found};
use crate::session::view::{Progress, Tell};
use crate::session::{Dataset, Session, TrainOptions};
use crate::simulator::tastes::{Attributes, Population, Tastes};
use crate::simulator::{Simulator, SimulatorSettings};
use crate::train::{ReferenceFit, UpdateLog};
pub use foresight::{Foresight, Told};
pub use table::{Metric, Row, Table};

/// Share of the users that are the jury.
const JURY: f64 = 0.5;
/// Share of everyone else's ratings that the reward never sees.
const WITHHELD: f64 = 0.25;
/// Edits of an episode.
const HORIZON: usize = 5;
/// One in so many users is steered and not trained for.
const STEERED: usize = 4;

/// What the simulated users truly enjoy. No reward, encoder or policy sees it.
#[derive(Debug, Clone)]
pub struct HiddenTastes {
    attributes: Vec<Attributes>,
    tastes: Tastes,
}

/// Where episodes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchors {
    /// The item of least utility among those that the user rated at most half of the top rating.
    Low,
    /// Any item that the user rated at least four fifths of the top rating.
    High,
}

/// What one arm did for one pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// For whom and from what.
    #[serde(flatten)]
    pub pair: Pair,
    /// U of the anchor; 1.0 is the top rating.
    pub utility_before: f64,
    /// U of the text it ended with, the no-harm gate aside.
    pub utility_after: f64,
    /// What the judge says the text gained, as a share of the top rating.
    pub judge_gain: f64,
    /// What the hidden tastes say it gained, in stars; none where they are not known.
    pub enjoyment_gain: Option<f64>,
    /// Distance in Z from the anchor.
    pub distance: f64,
    /// Cosine of the sentence vectors of title and plot, before and after.
    pub identity: f64,
    /// Texts asked of the environment.
    pub environment_calls: usize,
    /// Distance from the sought point to the text's place; only for jumps.
    pub realisability_gap: Option<f64>,
}

/// A fitted world in which arms are compared.
#[derive(Debug)]
pub struct World {
    session: Session,
    judge: Judge,
    judge_accuracy: Interval,
    hidden: Option<HiddenTastes>,
    trained_for: Vec<String>,
    steered: Vec<String>,
    seed: u64,
}

impl HiddenTastes {
    /// The embedded films and their tastes, rated by so many more people, and so much more by each, that after
    /// [`World::open`] has divided the ratings the reward is left with as many as [`Dataset::embedded`] has.
    ///
    /// # Errors
    /// As [`Dataset::embedded`].
    pub fn embedded(jsonl: &[u8], seed: u64) -> Result<(Dataset, Self)> {
        let Population { users, ratings: (fewest, most) } = Population::default();
        let population = Population {
            users: (users as f64 / (1.0 - JURY)) as usize,
            ratings: (with_withheld(fewest), with_withheld(most)),
        };
        let catalog = Catalog::from_jsonl(jsonl, "catalog.jsonl")?;
        let attributes = Attributes::from_jsonl(jsonl, "catalog.jsonl", &catalog)?;
        let tastes = Tastes::sample(&attributes, population, seed);
        let ratings = tastes.ratings(&catalog, &attributes, seed)?;
        Ok((Dataset { catalog, ratings, is_embedded: true }, HiddenTastes { attributes, tastes }))
    }
}

fn with_withheld(ratings: u32) -> u32 {
    (f64::from(ratings) / (1.0 - WITHHELD)) as u32
}

impl World {
    /// Divides the ratings, fits reward and judge, and draws who is steered. `cache` is that of [`Session::prepare`].
    ///
    /// # Errors
    /// As [`Session::prepare`] and [`Judge::fit`].
    pub async fn open(
        encoder: Encoder,
        dataset: Dataset,
        hidden: Option<HiddenTastes>,
        cache: Option<&[u8]>,
        seed: u64,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Self> {
        let division = dataset.ratings.divide(JURY, WITHHELD, seed);
        let dataset = Dataset { ratings: division.reward.clone(), ..dataset };
        let mut session = Session::new(encoder, dataset, seed);
        session.allow_simulator();
        session.prepare(cache, tick).await?;
        let judge = fit_judge(&division, &session, seed)?;
        let judge_accuracy = Interval::of_mean(&judge.accuracy(&division.reward), seed);
        let ratings = session.agent()?.ratings();
        let by_user = ratings.by_user();
        let known = (0..by_user.len()).filter(|&user| !by_user[user].is_empty());
        let mut users: Vec<String> = known.map(|user| ratings.users()[user].clone()).collect();
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let trained_for = users.split_off(users.len() / STEERED);
        Ok(World { session, judge, judge_accuracy, hidden, trained_for, steered: users, seed })
    }

    /// The session, with the policy that was trained or loaded last.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Share of the pairs of ratings that the judge never saw and orders rightly; 0.5 is chance.
    pub fn judge_accuracy(&self) -> Interval {
        self.judge_accuracy
    }

    /// The same world with another environment.
    pub fn with_simulator(self, simulator: Simulator) -> Self {
        World { session: self.session.with_simulator(simulator), ..self }
    }

    /// Fits a reference for the users that are not steered; `options.users` is not looked at.
    ///
    /// # Errors
    /// As [`Session::fit_reference`].
    pub async fn fit_reference(
        &mut self,
        options: &TrainOptions,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<ReferenceFit> {
        let options = TrainOptions { users: self.trained_for.clone(), ..options.clone() };
        self.session.fit_reference(&options, tick).await
    }

    /// Trains on from the reference or from the last policy, for the same users.
    ///
    /// # Errors
    /// As [`Session::train`].
    pub async fn train(
        &mut self,
        options: &TrainOptions,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<UpdateLog>> {
        let options = TrainOptions { users: self.trained_for.clone(), ..options.clone() };
        self.session.train(&options, tick).await
    }

    /// The policy as bytes, to go back to it later.
    ///
    /// # Errors
    /// [`TrainingError::Untrained`].
    pub fn policy_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.session.policy().ok_or(TrainingError::Untrained)?.to_bytes())
    }

    /// Goes back to a policy.
    ///
    /// # Errors
    /// As [`Session::load_policy`].
    pub fn load_policy(&mut self, bytes: &[u8]) -> Result<()> {
        self.session.load_policy(bytes)
    }

    /// The first `count` steered users that have such an anchor, with it; the same ones every time.
    ///
    /// # Errors
    /// [`DataError::Empty`] where nobody has one.
    pub fn pairs(&self, anchors: Anchors, count: usize) -> Result<Vec<Pair>> {
        let anchor = |user: &String| Some(Pair { user: user.clone(), item: self.anchor(user, anchors)? });
        let pairs: Vec<Pair> = self.steered.iter().filter_map(anchor).take(count).collect();
        if pairs.is_empty() {
            return Err(DataError::Empty { what: "the list of users with such an anchor" }.into());
        }
        Ok(pairs)
    }

    fn anchor(&self, user: &str, anchors: Anchors) -> Option<String> {
        let agent = self.session.agent().ok()?;
        match anchors {
            Anchors::Low => agent.low_rated(user, 0.5).ok().map(|item| item.id.clone()),
            Anchors::High => {
                let ratings = agent.ratings();
                let user = ratings.user_index(user).ok()?;
                let least = 0.8 * ratings.scale().1;
                let high: Vec<_> = ratings.by_user()[user].iter().filter(|rating| rating.value >= least).collect();
                let mut random = ChaCha8Rng::seed_from_u64(self.seed);
                random.set_stream(user as u64);
                high.choose(&mut random).map(|rating| ratings.items()[rating.item as usize].clone())
            }
        }
    }

    /// Runs an arm for each pair, `candidates` actions proposed at each step.
    ///
    /// # Errors
    /// As [`crate::session::Session::steer`], [`crate::session::Session::search`] and `tick`.
    pub async fn measure(
        &self,
        arm: &Arm,
        pairs: &[Pair],
        candidates: usize,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(pairs.len());
        for (done, pair) in pairs.iter().enumerate() {
            // As in the paper, the last text counts.
            let counts = rollout::Outcome::Last;
            let conditions = Conditions { pair, horizon: HORIZON, candidates, seed: self.seed, counts };
            let found = self.session.attempt(arm, conditions, async |_| Ok(())).await?;
            let outcome = self.outcome(pair, found).await?;
            // Which attributes a blend of other texts has is not known: the simulator knows those of its own edits.
            let is_blend = matches!(arm, Arm::Jump { .. });
            outcomes.push(Outcome { enjoyment_gain: outcome.enjoyment_gain.filter(|_| !is_blend), ..outcome });
            tick(Tell::Progress(Progress { kind: "pairs", done: done + 1, total: pairs.len(), unit: "pairs" })).await?;
        }
        Ok(outcomes)
    }

    async fn outcome(&self, pair: &Pair, found: Found) -> Result<Outcome> {
        let Found { anchor, state, environment_calls, realisability_gap } = found;
        let (from, to) = (self.session.encode_item(&anchor.item).await?, self.session.encode_item(&state.item).await?);
        Ok(Outcome {
            pair: pair.clone(),
            utility_before: f64::from(anchor.utility),
            utility_after: f64::from(state.utility),
            judge_gain: self.judged(&pair.user, &to)? - self.judged(&pair.user, &from)?,
            enjoyment_gain: self.enjoyment_gain(pair, &state.item)?,
            distance: f64::from(distance(&anchor.latent, &state.latent)),
            identity: f64::from(identity(&from[..DIMENSIONS], &to[..DIMENSIONS])),
            environment_calls,
            realisability_gap,
        })
    }

    /// What the judge says that a text is worth to a user, as a share of the top rating.
    fn judged(&self, user: &str, fields: &[f32]) -> Result<f64> {
        Ok(f64::from(self.judge.rating(self.session.agent()?.ratings().user_index(user)?, fields)?))
    }

    /// What the hidden tastes say that a text gained over its anchor, in stars.
    fn enjoyment_gain(&self, pair: &Pair, item: &Item) -> Result<Option<f64>> {
        let Some(HiddenTastes { attributes, tastes }) = &self.hidden else { return Ok(None) };
        let agent = self.session.agent()?;
        let user = agent.ratings().user_index(&pair.user)?;
        let before = &attributes[agent.catalog().index_of(&pair.item)?];
        let after = Simulator::new(SimulatorSettings::default()).true_attributes(before, item);
        Ok(Some(f64::from(tastes.enjoyment(user, &after) - tastes.enjoyment(user, before))))
    }
}

fn fit_judge(division: &Division, session: &Session, seed: u64) -> Result<Judge> {
    let fields = session.field_vectors()?;
    Judge::fit(division, &fields, &AlignmentSettings::for_items(fields.len(), seed.wrapping_add(1)))
}
