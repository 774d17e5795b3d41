//! A simulator: a seeded stand-in for the environment LLM and for the LLM that proposes actions.
//!
//! It needs no key, no download and no network, so that a demo and the tests have something to
//! steer. It is not a language model: it recognises which of about ninety kinds of edit a request
//! asks for and weaves a hand-written sentence of that kind into the plot. It keeps what makes the
//! item that item (title, year, first sentence). What it cannot recognise it takes literally. As the
//! decoder of the ELM baseline it blends whole sentences of several items.
//!
//! [`Simulator::weak`] and [`Simulator::strong`] are two environments for transfer experiments:
//! they differ in how often they do what they are asked.

mod bank;
mod blend;
mod edit;
pub mod tastes;

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::action::{Action, Category, Origin};
use crate::catalog::Item;
use crate::error::{Result, RolloutError};
use crate::profile::{Profile, words_of};
use crate::rollout::{Effect, Reply};
use bank::{Kind, PhraseBank};
use tastes::Attributes;

/// A seeded stand-in for an LLM.
#[derive(Debug, Clone)]
pub struct Simulator {
    bank: PhraseBank,
    settings: SimulatorSettings,
}

/// How well the simulator does what it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorSettings {
    /// Chance that an edit is of the kind that was asked for; otherwise it is another one of the same category.
    pub fidelity: f64,
    /// 0 always takes the best matching kind and the first phrasing; higher spreads over others.
    pub temperature: f64,
}

impl Default for SimulatorSettings {
    /// Mostly faithful, at the paper's temperature.
    fn default() -> Self {
        SimulatorSettings { fidelity: 0.95, temperature: 0.5 }
    }
}

impl Simulator {
    /// A simulator with the embedded phrase bank.
    pub fn new(settings: SimulatorSettings) -> Self {
        Simulator { bank: PhraseBank::embedded(), settings }
    }

    /// The cheap environment of transfer experiments: often does something else.
    pub fn weak() -> Self {
        Simulator::new(SimulatorSettings { fidelity: 0.6, temperature: 1.0 })
    }

    /// The good environment of transfer experiments: nearly always does what it is asked.
    pub fn strong() -> Self {
        Simulator::new(SimulatorSettings { fidelity: 0.98, temperature: 0.3 })
    }

    /// Up to `count` different actions for an item, over all categories: the first half written
    /// from the item alone, the other half with the profile in view, the last of them in words of its own.
    pub fn propose(&self, item: &Item, profile: &Profile, count: usize, seed: u64) -> Vec<Action> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut unused: Vec<&Kind> = self.bank.kinds().filter(|kind| !kind.is_woven_into(item)).collect();
        unused.shuffle(&mut random);
        let mut categories = Category::ALL.into_iter().cycle();
        let generic = write(&mut unused, count.div_ceil(2), Origin::Generic, &mut categories, &mut random);
        crate::order::sort_by_key(&mut unused, |kind| std::cmp::Reverse(kind.appeal(profile)));
        let free = (count > 1).then(|| write_freely(&mut unused, profile, &mut categories, &mut random)).flatten();
        let left = (count / 2).saturating_sub(1);
        let personalised = write(&mut unused, left, Origin::Personalised, &mut categories, &mut random);
        generic.into_iter().chain(personalised).chain(free).collect()
    }

    /// The actions that suit what has been made of an anchor so far: those of a kind that takes away what an edit since
    /// then has brought, or brings what one has taken away, are left out. Requests in words of their own are kept, and all
    /// are where none suits.
    pub fn suiting(&self, anchor: &Item, item: &Item, actions: Vec<Action>) -> Vec<Action> {
        let is_new = |kind: &&Kind| kind.is_woven_into(item) && !kind.is_woven_into(anchor);
        let woven: Vec<&Kind> = self.bank.kinds().filter(is_new).collect();
        let is_against = |kind: &Kind| woven.iter().any(|other| kind.works_against(other) || other.works_against(kind));
        let suits =
            |action: &&Action| !self.bank.kinds().any(|kind| kind.is_asked_by(&action.text) && is_against(kind));
        let suiting: Vec<Action> = actions.iter().filter(suits).cloned().collect();
        if suiting.is_empty() { actions } else { suiting }
    }

    /// Rewrites an item as an action asks.
    ///
    /// Any text is a valid action, and the edits of a macro action are made one after another; equal arguments give
    /// equal items.
    pub fn rewrite(&self, item: &Item, action: &Action, seed: u64) -> Item {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        action.requests().fold(item.clone(), |item, request| self.edit(&item, request, action.category, &mut random))
    }

    /// Writes the text of a point that lies among known items: a stand-in for the decoder of [`crate::elm`].
    ///
    /// It keeps the anchor's id, title, year, genres and first sentence. The rest are whole sentences from the
    /// neighbours' plots, in proportion to their weights, as long as the anchor's plot and between 50 and 110 words
    /// where the sentences allow it; reasons to like and dislike likewise. Weights below 0 and such as are no numbers
    /// count as 0; what the neighbours cannot fill is filled from the anchor. Equal arguments give equal items.
    pub fn decode(&self, anchor: &Item, neighbours: &[Item], weights: &[f32], seed: u64) -> Item {
        blend::blend(anchor, neighbours, weights, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    /// Answers an effect that is language.
    ///
    /// # Errors
    /// [`RolloutError::WrongReply`] for one that is not.
    pub fn reply(&self, effect: &Effect) -> Result<Reply> {
        match effect {
            Effect::Propose { item, profile, count, seed } => {
                Ok(Reply::Actions(self.propose(item, profile, *count, *seed)))
            }
            Effect::Rewrite { item, actions, seeds } => {
                let rewrites = actions.iter().zip(seeds);
                Ok(Reply::Items(rewrites.map(|(action, seed)| self.rewrite(item, action, *seed)).collect()))
            }
            Effect::Decode { anchor, neighbours, weights, seed } => {
                Ok(Reply::Items(vec![self.decode(anchor, neighbours, weights, *seed)]))
            }
            _ => Err(RolloutError::WrongReply { why: "a simulator only proposes, rewrites and decodes" }.into()),
        }
    }

    /// What a text truly is, for evaluation only: the anchor's attributes plus those of every
    /// edit that can be read in the text. No reward, encoder or policy may call this.
    pub fn true_attributes(&self, anchor: &Attributes, item: &Item) -> Attributes {
        let woven = self.bank.kinds().filter(|kind| kind.is_woven_into(item));
        woven.fold(anchor.clone(), |attributes, kind| attributes.shifted(&kind.raises, &kind.lowers))
    }

    fn edit(&self, item: &Item, request: &str, category: Category, random: &mut ChaCha8Rng) -> Item {
        match self.recognise(request, random) {
            Some(kind) => edit::weave(item, self.performed(kind, category, random), &self.bank, random),
            None => edit::take_literally(item, request),
        }
    }

    /// The kind of edit a request asks for, by the words it shares with each kind.
    fn recognise(&self, request: &str, random: &mut ChaCha8Rng) -> Option<&Kind> {
        // Short ones too: "cut" turns a request around.
        let words = words_of(request, 3);
        let scored = self.bank.kinds().map(|kind| (kind, kind.match_score(request, &words)));
        let scored: Vec<(&Kind, f64)> = scored.filter(|(_, score)| *score > 0.0).collect();
        let best = scored.iter().map(|(_, score)| *score).fold(0.0, f64::max);
        let temperature = self.settings.temperature.max(1e-3);
        let weight = |&(_, score): &(&Kind, f64)| ((score - best) / temperature).exp();
        scored.choose_weighted(random, weight).ok().map(|(kind, _)| *kind)
    }

    /// The kind itself, or, when the simulator is unfaithful, another one of the same category.
    fn performed<'a>(&'a self, asked: &'a Kind, category: Category, random: &mut ChaCha8Rng) -> &'a Kind {
        // A fidelity that is no number is no fidelity.
        if random.random_range(0.0..1.0) < self.settings.fidelity {
            return asked;
        }
        let others: Vec<&Kind> = self.bank.kinds().filter(|kind| kind.category == category).collect();
        others.choose(random).copied().unwrap_or(asked)
    }
}

/// Takes the first kind of the next category and asks for it as someone would who has this user in mind.
fn write_freely(
    unused: &mut Vec<&Kind>,
    profile: &Profile,
    categories: &mut impl Iterator<Item = Category>,
    random: &mut ChaCha8Rng,
) -> Option<Action> {
    let request = write(unused, 1, Origin::Free, categories, random).pop()?;
    let loved: Vec<&str> = profile.likes.iter().take(2).map(String::as_str).collect();
    if loved.is_empty() {
        return Some(request);
    }
    let text = format!("{} Do it for a viewer who loves {} films.", request.text, loved.join(" and "));
    Some(Action { text, ..request })
}

/// Takes kinds from the front of `unused`, the categories in turn, and writes each as an action.
fn write(
    unused: &mut Vec<&Kind>,
    count: usize,
    origin: Origin,
    categories: &mut impl Iterator<Item = Category>,
    random: &mut ChaCha8Rng,
) -> Vec<Action> {
    let mut actions = Vec::new();
    while actions.len() < count && !unused.is_empty() {
        let Some(category) = categories.next() else { break };
        let Some(position) = unused.iter().position(|kind| kind.category == category) else { continue };
        let kind = unused.remove(position);
        let text = kind.actions.choose(random).expect("every kind has a phrasing");
        actions.push(Action { text: text.clone(), category, origin });
    }
    actions
}
