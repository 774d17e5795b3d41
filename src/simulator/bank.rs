//! The hand-written phrase bank, `data/edits.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::tastes::Attribute;
use crate::action::Category;
use crate::catalog::Item;
use crate::profile::Profile;

const EMBEDDED: &str = include_str!("../../data/edits.json");

/// Words of a request that asks for less of something.
const TAKING_AWAY: [&str; 9] = ["cut", "drop", "remove", "without", "less", "fewer", "stop", "strip", "lose"];

/// All kinds of edit, and the words that betray an attribute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PhraseBank {
    lexicon: BTreeMap<Attribute, BTreeSet<String>>,
    edits: Vec<Kind>,
}

/// One kind of edit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Kind {
    pub(super) category: Category,
    pub(super) raises: BTreeMap<Attribute, f32>,
    pub(super) lowers: BTreeMap<Attribute, f32>,
    pub(super) genre: Option<String>,
    keywords: BTreeSet<String>,
    pub(super) actions: Vec<String>,
    pub(super) plot: Vec<String>,
    pub(super) likes: Vec<String>,
    pub(super) dislikes: Vec<String>,
}

impl PhraseBank {
    pub(super) fn embedded() -> Self {
        serde_json::from_str(EMBEDDED).expect("the embedded phrase bank is checked by a test")
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.edits.iter()
    }

    /// How many words of `text` betray an attribute.
    pub(super) fn betrays(&self, attribute: Attribute, text: &str) -> usize {
        let words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
        self.lexicon.get(&attribute).map_or(0, |lexicon| words.filter(|word| lexicon.contains(word)).count())
    }
}

impl Kind {
    /// Whether one of this kind's sentences stands in the plot.
    pub(super) fn is_woven_into(&self, item: &Item) -> bool {
        self.plot.iter().any(|sentence| item.plot.contains(sentence.as_str()))
    }

    /// How well the edit suits a user: liked genres and words count for it, disliked genres against it.
    pub(super) fn appeal(&self, profile: &Profile) -> i32 {
        let names = |genres: &[String]| self.genre.as_ref().is_some_and(|genre| genres.contains(genre));
        let shared = profile.words.iter().filter(|word| self.keywords.contains(*word)).count() as i32;
        2 * shared + 3 * i32::from(names(&profile.likes)) - 3 * i32::from(names(&profile.dislikes))
    }

    /// How clearly a request asks for this kind; 0 for not at all.
    ///
    /// A request that begins with one of its phrasings is clear. Else shared keywords count, and half of them where one takes something away and the other does not.
    pub(super) fn match_score(&self, request: &str, words: &BTreeSet<String>) -> f64 {
        if self.is_asked_by(request) {
            return 10.0;
        }
        let shared = self.keywords.intersection(words).count() as f64;
        let asks_for_less = TAKING_AWAY.iter().any(|word| words.contains(*word));
        if asks_for_less == self.takes_away() { shared } else { shared / 2.0 }
    }

    /// Whether a request begins with one of this kind's phrasings.
    pub(super) fn is_asked_by(&self, request: &str) -> bool {
        self.actions.iter().any(|action| request.starts_with(action))
    }

    fn takes_away(&self) -> bool {
        let strongest = |by: &BTreeMap<Attribute, f32>| by.values().copied().fold(0.0, f32::max);
        strongest(&self.lowers) > strongest(&self.raises)
    }

    /// Whether a reader would find that this kind takes away what the other one brings: doubt is what riddles live on, so
    /// that ambiguity and mystery count as one.
    pub(super) fn works_against(&self, other: &Kind) -> bool {
        let kin = |attribute: &Attribute| match attribute {
            Attribute::Ambiguity => Attribute::Mystery,
            other => *other,
        };
        let brings = |lowered: &Attribute| {
            other.raises.iter().any(|(raised, strength)| kin(raised) == kin(lowered) && *strength >= 2.0)
        };
        self.lowers.keys().any(brings)
    }

    /// Whether this kind takes away what the other one brings.
    pub(super) fn opposes(&self, other: &Kind) -> bool {
        self.lowers.keys().any(|attribute| other.raises.get(attribute).is_some_and(|strength| *strength >= 2.0))
    }
}
