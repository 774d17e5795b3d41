//! Ways to a better text that need no trained policy: search, and the jump of the ELM baseline.

use super::episode::{Followed, follow};
use super::evaluate::ManifoldName;
use super::perform::{Chooser, Memory, encode_missing};
use super::tick::Tick;
use super::view::{ElmView, Tell, View};
use super::{Session, SteerOptions, rows};
use crate::action::Action;
use crate::catalog::Item;
use crate::elm::{Decoded, Elm, ElmSettings, Existing, Next};
use crate::error::{NumericError, Result, TrainingError};
use crate::latent::Latents;
use crate::llm::desk::CallRecord;
use crate::objective::{FIELDS, Objective, fields};
use crate::policy::ReferencePolicy;
use crate::rollout::transcript::Transcript;
use crate::rollout::{Outcome, Trajectory};
use crate::search::SearchSettings;
use crate::simulator::Simulator;
use crate::transition::TransitionModel;

/// What a session searches for, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchOptions {
    /// Id of the user.
    pub user: String,
    /// Id of the item to start from.
    pub item: String,
    /// Strategy, budget and seed.
    pub settings: SearchSettings,
    /// Whether shortlists are picked by what the policy's transition model predicts, instead of by how unlike the
    /// requests read.
    pub foresight: bool,
    /// A place that the search is also to come near, and how much that weighs; see
    /// [`crate::objective::Objective::toward`].
    pub toward: Option<(Vec<f32>, f32)>,
    /// Standard deviations of caution; see [`crate::objective::Objective::with_caution`].
    pub caution: f32,
}

impl SearchOptions {
    fn objective(&self, session: &Session) -> Result<Objective> {
        let agent = session.agent()?;
        let objective = agent.objective(&[&self.user])?.with_caution(self.caution)?;
        let Some((target, weight)) = &self.toward else { return Ok(objective) };
        let (expected, found) = (agent.items().dimensions(), target.len());
        if expected != found {
            return Err(NumericError::WrongSize { what: "the place to come near", expected, found }.into());
        }
        Ok(objective.toward(target, *weight))
    }
}

impl Session {
    /// Searches within a budget of environment calls. Its anchor, its steps and its end are told when it is over. A spent
    /// budget of the language model ends it with the best text so far.
    ///
    /// # Errors
    /// As [`crate::agent::Agent::search`], [`crate::agent::drive`] and `tick`; [`TrainingError::Untrained`] where
    /// foresight is asked for and there is no policy.
    pub async fn search(
        &self,
        options: &SearchOptions,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<(Trajectory, Transcript)> {
        let (Followed { trajectory, exchanges, .. }, calls) = self.searched(options, tick).await?;
        Ok((trajectory, Transcript { run: None, exchanges, calls }))
    }

    /// As [`Session::search`], with the spent budget that ended it, where one did.
    pub(super) async fn searched(
        &self,
        options: &SearchOptions,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<(Followed, Vec<CallRecord>)> {
        let SearchOptions { user, item, settings, foresight, .. } = options;
        let start = self.agent()?.search(user, item, settings.clone())?;
        let objective = options.objective(self)?;
        let model = match foresight {
            true => Some(&self.policy.as_ref().ok_or(TrainingError::Untrained)?.transitions),
            false => None,
        };
        let steering =
            SteerOptions { user: user.clone(), item: item.clone(), seed: settings.seed, ..Default::default() };
        let view = View::new(self.agent()?, &self.encoder, &steering).named(settings.strategy.name());
        let search = async |memory: &mut Memory| {
            let mut performer = self.performer(user, item, Chooser::Computed(ReferencePolicy::Uniform), memory)?;
            performer.foresight = model;
            performer.objective = objective;
            // A search that need not spend its budget is for a text, one that must is for a comparison.
            performer.counts = if settings.patience.is_some() { Outcome::Best } else { Outcome::Last };
            follow(start, &mut performer, user, Some(&view), &mut tick).await
        };
        let followed = self.with_memory(search).await?;
        tick.tell(Tell::done(view.trajectory(&followed.trajectory))).await?;
        Ok((followed, self.take_calls()))
    }

    /// Seeks the best point of Z and has a text written for it: the ELM baseline.
    ///
    /// # Errors
    /// As [`Elm::start`], [`Elm::resume`] and `tick`, and for a user or an item that there is not.
    pub async fn jump(
        &self,
        user: &str,
        item: &str,
        settings: &ElmSettings,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Decoded> {
        let agent = self.agent()?;
        let catalog = agent.catalog();
        let anchor = catalog.items()[catalog.index_of(item)?].clone();
        let sentences = self.sentences()?;
        let existing = Existing { texts: catalog.items(), latents: agent.items(), sentences: &sentences };
        let jump = async |memory: &mut Memory| {
            let mut performer = self.performer(user, item, Chooser::Computed(ReferencePolicy::Uniform), memory)?;
            let (mut elm, mut effect) =
                Elm::start(anchor, existing, performer.objective.utility.clone(), settings.clone())?;
            loop {
                match elm.resume(performer.perform(&effect, &mut tick).await?)? {
                    Next::Need(next, asked) => (elm, effect) = (*next, asked),
                    Next::Done(decoded) => return Ok(decoded),
                }
            }
        };
        self.with_memory(jump).await
    }

    /// The same by the name of a manifold, as a shell is told of it.
    ///
    /// # Errors
    /// As [`Session::jump`].
    pub async fn elm(
        &self,
        user: &str,
        item: &str,
        manifold: ManifoldName,
        seed: u64,
        tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<ElmView> {
        let settings = ElmSettings { manifold: manifold.manifold(self)?, seed, ..Default::default() };
        let decoded = self.jump(user, item, &settings, tick).await?;
        let agent = self.agent()?;
        let steering = SteerOptions { user: user.to_owned(), item: item.to_owned(), seed, ..Default::default() };
        let view = View::new(agent, &self.encoder, &steering);
        let utility = agent.objective(&[user])?.utility.value(&decoded.target);
        Ok(ElmView::of(decoded, utility, &view))
    }

    /// The sentence vectors of an item's fields, side by side.
    ///
    /// # Errors
    /// As [`crate::encoder::Encoder::encode`].
    pub async fn encode_item(&self, item: &Item) -> Result<Vec<f32>> {
        let texts = fields(item);
        let encode = async |memory: &mut Memory| {
            encode_missing(&self.encoder, &mut memory.vectors, &texts, "candidates", &mut async |_| Ok(())).await?;
            Ok(rows(&memory.vectors, &texts, FIELDS)?.values().to_vec())
        };
        self.with_memory(encode).await
    }

    /// Requests as the transition model sees them, one row each, and the model.
    ///
    /// # Errors
    /// [`TrainingError::Untrained`] without a policy, and as [`crate::encoder::Encoder::encode`].
    pub async fn requests(&self, actions: &[Action]) -> Result<(Latents, &TransitionModel)> {
        let policy = self.policy.as_ref().ok_or(TrainingError::Untrained)?;
        let (user, item) = (&self.agent()?.ratings().users()[0], &self.agent()?.catalog().items()[0].id);
        let rows = async |memory: &mut Memory| {
            let mut performer = self.performer(user, item, Chooser::Computed(ReferencePolicy::Uniform), memory)?;
            let numbers = performer.numbered(actions, &mut async |_| Ok(())).await?;
            performer.rows(&numbers)
        };
        Ok((self.with_memory(rows).await?, &policy.transitions))
    }

    /// The environment.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The sentence vector of every item's title and plot.
    fn sentences(&self) -> Result<Latents> {
        let texts: Vec<String> = self
            .agent()?
            .catalog()
            .items()
            .iter()
            .map(|item| {
                let [text, _] = fields(item);
                text
            })
            .collect();
        rows(&self.cache, &texts, 1)
    }
}
