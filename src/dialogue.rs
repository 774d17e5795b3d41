//! What an episode asks of the world, as questions to a language model, and what the model answers, as replies.
//!
//! `Propose`, `Rewrite` and `Decode` are language; [`questions`] turns one of them into questions that can be asked side
//! by side, and [`reply`] puts their answers together again. A [`Question`] reads its answer itself: one that cannot be
//! used is asked once more, with what was wrong, and never a third time.
//!
//! **What a failure means.** An environment that refuses a rewrite, writes without end, or twice writes nothing usable has
//! failed at that rewrite ([`Rewrite::Failed`]), and the others stand. A proposer of whom one question fails is heard as far as the others go.
//! Everything else, such as a server that is gone or a budget that is spent, ends the episode with its error.

use crate::action::{Action, ActionSpace, Origin};
use crate::answer::{self, Ballot, Complaint};
use crate::catalog::Item;
use crate::error::{LlmError, Result};
use crate::llm::ChatRequest;
use crate::profile::{Passage, Profile};
use crate::prompt::{Prompts, Rated};
use crate::rollout::{Effect, Reply, Rewrite};

/// How questions are put.
#[derive(Debug, Clone)]
pub struct Interview<'a> {
    /// Their words.
    pub prompts: &'a Prompts,
    /// What the item was before its first edit.
    pub anchor: &'a Item,
    /// What every rewrite must keep.
    pub constraints: &'a [String],
    /// Temperature of proposals.
    pub proposal_temperature: f32,
    /// Temperature of rewrites; the paper's is 0.5.
    pub rewrite_temperature: f32,
    /// Which kinds of actions are asked for.
    pub space: ActionSpace,
}

/// One question, and how its answer is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What to ask.
    pub request: ChatRequest,
    reading: Reading,
    is_repair: bool,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// It cannot be used: ask this instead, once.
    Again(Box<Question>, Vec<Complaint>),
    /// It is read, as far as it can be.
    Done(Answer, Vec<Complaint>),
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Candidate edits, at least one.
    Actions(Vec<Action>),
    /// An item after an edit.
    Item(Box<Item>),
    /// A judge's answers; open questions stay open.
    Ballot(Box<Ballot>),
    /// A person in words, at least one passage.
    Portrait(Vec<Passage>),
    /// Nothing, also when it was asked again.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
enum Reading {
    Actions {
        wanted: usize,
        origin: Origin,
    },
    Item(Box<Item>),
    Ballot,
    /// Without these titles.
    Portrait(Vec<String>),
}

/// The questions of an effect; none if it is not for a language model.
pub fn questions(effect: &Effect, interview: &Interview<'_>) -> Vec<Question> {
    let Interview { prompts, anchor, constraints, proposal_temperature, rewrite_temperature, space } = *interview;
    let proposal = |request, wanted, origin, seed: u64| {
        Question::new(request, Reading::Actions { wanted, origin }, proposal_temperature, seed)
    };
    let written = |request, of: &Item, seed: u64| {
        Question::new(request, Reading::Item(Box::new(of.clone())), rewrite_temperature, seed)
    };
    match effect {
        Effect::Propose { item, profile, count, seed } => {
            let bundles = if space == ActionSpace::Combined { count / 4 } else { 0 };
            let single = count - bundles;
            let generic = if space == ActionSpace::Generic { single } else { single.div_ceil(2) };
            let free = usize::from(single > generic);
            let personalised = single - generic - free;
            let asked = [
                (generic, prompts.actions(item, generic), Origin::Generic),
                (personalised, prompts.personalised_actions(item, profile, personalised), Origin::Personalised),
                (free, prompts.edit(item, profile), Origin::Free),
                (bundles, prompts.macro_actions(item, profile, bundles), Origin::Personalised),
            ];
            let asked = asked.into_iter().zip(0..).filter(|((wanted, ..), _)| *wanted > 0);
            asked
                .map(|((wanted, request, origin), n)| proposal(request, wanted, origin, seed.wrapping_add(n)))
                .collect()
        }
        Effect::Rewrite { item, actions, seeds } => {
            let request = |action| prompts.rewrite(item, anchor, constraints, action);
            actions.iter().zip(seeds).map(|(action, seed)| written(request(action), item, *seed)).collect()
        }
        Effect::Decode { anchor, neighbours, weights, seed } => {
            vec![written(prompts.decode(anchor, neighbours, weights), anchor, *seed)]
        }
        _ => Vec::new(),
    }
}

/// The raters' form about an item and what was made of it: with the original on the left, and with the sides swapped.
pub fn judgements(prompts: &Prompts, profile: &Profile, [original, edited]: [&Item; 2], seed: u64) -> [Question; 2] {
    // A judge is to say what it thinks, not what it might; and both times alike.
    let ask = |a, b| Question::new(prompts.judge(profile, a, b), Reading::Ballot, 0.0, seed);
    [ask(original, edited), ask(edited, original)]
}

/// A person in words, from what they rated, most telling first.
pub fn portrait(prompts: &Prompts, rated: &[Rated<'_>], temperature: f32, seed: u64) -> Question {
    let titles = rated.iter().map(|rated| rated.item.title.clone()).collect();
    Question::new(prompts.profile(rated), Reading::Portrait(titles), temperature, seed)
}

/// The text of an item from its title; everything else of it stays.
pub fn description(prompts: &Prompts, item: &Item, temperature: f32, seed: u64) -> Question {
    let request = prompts.describe(&item.title, item.year);
    Question::new(request, Reading::Item(Box::new(item.clone())), temperature, seed)
}

/// Whether an error leaves an effect without a reply, whatever the other questions are answered.
pub fn is_lost(effect: &Effect, error: &LlmError) -> bool {
    use LlmError::{Refused, TooLong};
    !matches!((effect, error), (Effect::Propose { .. }, _) | (Effect::Rewrite { .. }, Refused { .. } | TooLong { .. }))
}

/// The reply to an effect, from the answers to its questions in their order.
///
/// # Errors
/// The first error that left the effect without a reply; [`LlmError::Unusable`] where nothing that was proposed, or
/// decoded, can be read.
pub fn reply(effect: &Effect, answers: Vec<std::result::Result<Answer, LlmError>>) -> Result<Reply> {
    match effect {
        Effect::Propose { .. } => proposed(answers),
        Effect::Rewrite { .. } => {
            let rewritten = answers.into_iter().map(|answer| match answer {
                Ok(Answer::Item(item)) => Ok(Rewrite::Written(*item)),
                Err(error) if is_lost(effect, &error) => Err(error.into()),
                Err(error) => Ok(Rewrite::Failed(error.to_string())),
                Ok(_) => Ok(Rewrite::Failed(unread("no text after an edit").to_string())),
            });
            Ok(whole(rewritten.collect::<Result<_>>()?))
        }
        _ => match answers.into_iter().next() {
            Some(Ok(Answer::Item(item))) => Ok(Reply::Items(vec![*item])),
            Some(Err(error)) => Err(error.into()),
            _ => Err(unusable("no text for a point")),
        },
    }
}

/// As items where all were written.
fn whole(rewrites: Vec<Rewrite>) -> Reply {
    let items: Option<Vec<Item>> = rewrites.iter().map(Rewrite::item).collect();
    items.map_or(Reply::Rewrites(rewrites), Reply::Items)
}

fn proposed(answers: Vec<std::result::Result<Answer, LlmError>>) -> Result<Reply> {
    let mut actions = Vec::new();
    let mut failure = None;
    for answer in answers {
        match answer {
            Ok(Answer::Actions(read)) => actions.extend(read),
            Ok(_) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match failure {
        _ if !actions.is_empty() => Ok(Reply::Actions(actions)),
        Some(error) => Err(error.into()),
        None => Err(unusable("no edit was proposed")),
    }
}

impl Question {
    fn new(request: ChatRequest, reading: Reading, temperature: f32, seed: u64) -> Self {
        let request = ChatRequest { temperature: Some(temperature), seed: Some(seed), ..request };
        Question { request, reading, is_repair: false }
    }

    /// Reads an answer.
    pub fn read(self, text: &str, prompts: &Prompts) -> Turn {
        let domain = &prompts.domain;
        let (answer, complaints) = match &self.reading {
            Reading::Actions { wanted, origin } => {
                let (actions, complaints) = answer::actions(text, domain, *wanted, *origin);
                (Some(Answer::Actions(actions)).filter(|_| !complaints.iter().any(Complaint::is_fatal)), complaints)
            }
            Reading::Ballot => {
                let (ballot, complaints) = answer::ballot(text, domain);
                let is_read = !complaints.iter().any(Complaint::is_fatal);
                (is_read.then(|| Answer::Ballot(Box::new(ballot))), complaints)
            }
            Reading::Portrait(titles) => {
                let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
                let (sections, complaints) = answer::profile(text, domain, &titles);
                let named = domain.sections.iter().zip(sections).filter(|(_, text)| !text.is_empty());
                let passages = named.map(|(wording, text)| Passage { heading: wording.name.clone(), text });
                let passages: Vec<Passage> = passages.collect();
                (Some(Answer::Portrait(passages)).filter(|_| !complaints.iter().any(Complaint::is_fatal)), complaints)
            }
            Reading::Item(of) => {
                let (item, complaints) = answer::item(text, domain, of);
                (item.map(|item| Answer::Item(Box::new(item))), complaints)
            }
        };
        match (answer, answer::repair(&complaints)) {
            (Some(answer), _) => Turn::Done(answer, complaints),
            (None, Some(repair)) if !self.is_repair => {
                let request = self.request.repaired(text, &repair);
                Turn::Again(Box::new(Question { request, is_repair: true, ..self }), complaints)
            }
            (None, _) => Turn::Done(Answer::Nothing, complaints),
        }
    }
}

/// The error of a question that got no usable answer, also when it was asked again.
pub(crate) fn unread(why: &str) -> LlmError {
    LlmError::Unusable { why: why.into() }
}

fn unusable(why: &str) -> crate::Error {
    unread(why).into()
}
