//! The environment and the proposer of an episode, played by a language model.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select, try_join};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Client;
use crate::action::{Action, ActionSpace, Category, Origin};
use crate::answer::Ballot;
use crate::catalog::Item;
use crate::dialogue::{self, Answer, Interview, Question, Turn};
use crate::error::{LlmError, Result, RolloutError};
use crate::llm::budget::Spent;
use crate::profile::{Passage, Profile};
use crate::prompt::{Prompts, Rated};
use crate::raters::Opinion;
use crate::rollout::{Effect, Reply, RolloutSettings};

/// As long as most.
const USUAL_EDIT: &str = "Let the youngest of them find out first, so that everything that the others say to her afterwards has two meanings.";

/// Whoever proposes, rewrites and decodes by asking a language model.
#[derive(Debug)]
pub struct Speaker {
    client: Arc<Client>,
    /// The words of questions.
    pub prompts: Prompts,
    /// What every rewrite must keep.
    pub constraints: Vec<String>,
    /// Temperature of proposals.
    pub proposal_temperature: f32,
    /// Temperature of rewrites.
    pub rewrite_temperature: f32,
}

/// How far the questions of one effect have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Questions that are answered.
    pub done: usize,
    /// All of them.
    pub total: usize,
}

impl Speaker {
    /// A speaker with the paper's temperature for rewrites and a higher one for proposals, which are to differ.
    pub fn new(client: Client, prompts: Prompts) -> Self {
        let client = Arc::new(client);
        Speaker { client, prompts, constraints: Vec::new(), proposal_temperature: 0.8, rewrite_temperature: 0.5 }
    }

    /// Who asks for it; a shell may keep a hold of it, to stop it.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// What an episode usually costs that begins at an item: all of its questions, as if each step were its first.
    pub fn estimate(&self, anchor: &Item, profile: &Profile, space: ActionSpace, settings: &RolloutSettings) -> Spent {
        let RolloutSettings { horizon, candidates, lookahead, seed, .. } = *settings;
        let (item, profile) = (anchor.clone(), profile.clone());
        let propose = Effect::Propose { item: item.clone(), profile, count: candidates, seed };
        let edit = Action { text: USUAL_EDIT.into(), category: Category::Plot, origin: Origin::Generic };
        let rewrites = if lookahead { candidates } else { 1 };
        let rewrite = Effect::Rewrite { item, actions: vec![edit; rewrites], seeds: vec![seed; rewrites] };
        let interview = self.interview(anchor, space);
        let asked =
            [propose, rewrite].iter().flat_map(|effect| dialogue::questions(effect, &interview)).collect::<Vec<_>>();
        let step = self.client.estimate(asked.iter().map(|question| &question.request));
        step.times(horizon)
    }

    /// Answers an effect that is language, for an episode that began at `anchor` and chooses among actions of `space`. Its
    /// questions are asked side by side; `tell` hears of each answer, and ends all of them by an error.
    ///
    /// # Errors
    /// As [`dialogue::reply`] and `tell`; [`RolloutError::Cancelled`] when the client is [stopped](Client::stop).
    pub async fn reply(
        &self,
        effect: &Effect,
        anchor: &Item,
        space: ActionSpace,
        tell: impl AsyncFnMut(Asked) -> Result<()>,
    ) -> Result<Reply> {
        let questions = dialogue::questions(effect, &self.interview(anchor, space));
        dialogue::reply(effect, self.unless_stopped(self.ask_all(questions, effect, tell)).await?)
    }

    /// Has a pair judged blind, an item and what was made of it, once from each side.
    ///
    /// # Errors
    /// The first error of the two questions; a ballot that cannot be read is empty. [`RolloutError::Cancelled`] as
    /// [`Speaker::reply`].
    pub async fn opinion(&self, profile: &Profile, pair: [&Item; 2], seed: u64) -> Result<Opinion> {
        let [first, second] = dialogue::judgements(&self.prompts, profile, pair, seed);
        let ballot = async |question| match self.ask(question).await? {
            Answer::Ballot(ballot) => Ok::<_, LlmError>(*ballot),
            _ => Ok(Ballot::default()),
        };
        let both = async { Ok(try_join(ballot(first), ballot(second)).await?) };
        let (original_first, edited_first) = self.unless_stopped(both).await?;
        Ok(Opinion { original_first, edited_first })
    }

    /// Has a person described, from what they rated, most telling first.
    ///
    /// # Errors
    /// As the question's; [`LlmError::Unusable`] where nothing can be read, [`RolloutError::Cancelled`] as
    /// [`Speaker::reply`].
    pub async fn portrait(&self, rated: &[Rated<'_>], seed: u64) -> Result<Vec<Passage>> {
        let question = dialogue::portrait(&self.prompts, rated, self.rewrite_temperature, seed);
        match self.unless_stopped(async { Ok(self.ask(question).await?) }).await? {
            Answer::Portrait(passages) => Ok(passages),
            _ => Err(dialogue::unread("no description of the person").into()),
        }
    }

    /// Has the text of an item written, from its title.
    ///
    /// # Errors
    /// As [`Speaker::portrait`].
    pub async fn describe(&self, item: &Item, seed: u64) -> Result<Item> {
        let question = dialogue::description(&self.prompts, item, self.rewrite_temperature, seed);
        match self.unless_stopped(async { Ok(self.ask(question).await?) }).await? {
            Answer::Item(item) => Ok(*item),
            _ => Err(dialogue::unread("no text for a title").into()),
        }
    }

    async fn unless_stopped<T>(&self, asking: impl Future<Output = Result<T>>) -> Result<T> {
        match select(pin!(asking), pin!(self.client.stopped())).await {
            Either::Left((answered, _)) => answered,
            Either::Right(_) => Err(RolloutError::Cancelled.into()),
        }
    }

    fn interview<'a>(&'a self, anchor: &'a Item, space: ActionSpace) -> Interview<'a> {
        Interview {
            prompts: &self.prompts,
            anchor,
            constraints: &self.constraints,
            proposal_temperature: self.proposal_temperature,
            rewrite_temperature: self.rewrite_temperature,
            space,
        }
    }

    async fn ask_all(
        &self,
        questions: Vec<Question>,
        effect: &Effect,
        mut tell: impl AsyncFnMut(Asked) -> Result<()>,
    ) -> Result<Vec<std::result::Result<Answer, LlmError>>> {
        let total = questions.len();
        let mut answers = vec![Ok(Answer::Nothing); total];
        let ask = |(index, question)| async move { (index, self.ask(question).await) };
        let mut asking: FuturesUnordered<_> = questions.into_iter().enumerate().map(ask).collect();
        while let Some((index, answer)) = asking.next().await {
            if let Err(error) = &answer
                && dialogue::is_lost(effect, error)
            {
                return Err(error.clone().into());
            }
            answers[index] = answer;
            tell(Asked { done: total - asking.len(), total }).await?;
        }
        Ok(answers)
    }

    async fn ask(&self, mut question: Question) -> std::result::Result<Answer, LlmError> {
        loop {
            let reply = self.client.ask(question.request.clone()).await?;
            match question.read(&reply.text, &self.prompts) {
                Turn::Again(repaired, _) => question = *repaired,
                Turn::Done(answer, _) => return Ok(answer),
            }
        }
    }
}
