//! What kind of things the items are, in the words that prompts need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Task;
use crate::action::Category;
use crate::error::{DataError, Result};
use crate::llm::clean;

/// Characters of one word or phrase of a domain.
const MOST_WORDING: usize = 200;
/// Characters of an instruction that takes the place of ours.
const MOST_INSTRUCTION: usize = 4_000;
/// Sections of a written profile.
pub const SECTIONS: usize = 5;

/// The words of one kind of item: films, products, anything, or yours.
///
/// ```
/// use aquiline::prompt::Domain;
/// let mut games = Domain { noun: "board game".into(), plural: "board games".into(), ..Domain::products() };
/// games.person = "player".into();
/// assert!(games.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domain {
    /// One item: "film".
    pub noun: String,
    /// Several: "films".
    pub plural: String,
    /// Who rates them: "viewer".
    pub person: String,
    /// What they do with one: "watch".
    pub verb: String,
    /// Who would make such changes: "script editor".
    pub role: String,
    /// What the text of an item is called: "plot".
    pub text: String,
    /// What such a text tells: "what happens, to whom, and how it is told".
    pub tells: String,
    /// The five kinds of edit, in the order of [`Category::ALL`].
    pub categories: [Wording; 5],
    /// The five sections of a person's profile.
    pub sections: [Wording; SECTIONS],
    /// Instructions that take the place of ours, by task. `{count}`, `{noun}`, `{plural}`, `{person}`, `{role}` and
    /// `{text}` are filled in. Only what is to be done can be told otherwise: data stay data, and answers keep their form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instructions: BTreeMap<Task, String>,
}

/// A name, and what belongs under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// A heading.
    pub name: String,
    /// What belongs there.
    pub means: String,
}

impl Domain {
    /// Films: the paper's first domain, and that of the embedded catalog.
    pub fn films() -> Self {
        Domain {
            noun: "film".into(),
            plural: "films".into(),
            person: "viewer".into(),
            verb: "watch".into(),
            role: "script editor".into(),
            text: "plot".into(),
            tells: "what happens, to whom, and how it is told".into(),
            categories: [
                wording("Plot", "what happens, in which order, and how it ends"),
                wording("Character", "who it happens to, what they want, and what ties them together"),
                wording("Visual", "how it looks and sounds, and how the story is told"),
                wording("Theme", "what it is about beneath the events"),
                wording("Audience", "whom it is for, and in which mood they watch it"),
            ],
            sections: [
                wording("Overall", "what this person looks for in films"),
                wording("Genre", "genres and blends of genres that work for them, and some that do not"),
                wording("Direction", "pace, structure and tone of direction that they respond to"),
                wording("Aesthetic", "the look, the sound and the settings they enjoy"),
                wording(
                    "Other",
                    "anything else that sets them apart: endings, eras, kinds of hero, what puts them off",
                ),
            ],
            instructions: BTreeMap::new(),
        }
    }

    /// Products of a shop: the paper's second domain.
    pub fn products() -> Self {
        Domain {
            noun: "product".into(),
            plural: "products".into(),
            person: "customer".into(),
            verb: "buy".into(),
            role: "product designer".into(),
            text: "description".into(),
            tells: "what it is, what it is made of, and what it does for its owner".into(),
            categories: [
                wording("Features", "what it can do, and the details that make it do so"),
                wording("Function", "how it works, fits and holds in use"),
                wording("Design", "how it looks and feels: shape, colour, finish"),
                wording("Material", "what it is made of, how it is made, and what becomes of it"),
                wording("Marketing", "whom it is for, and how it is named and shown to them"),
            ],
            sections: [
                wording("Overall", "what this person looks for when they buy"),
                wording("Kind", "kinds of product that they come back to, and some that they avoid"),
                wording("Makers", "what they expect of whoever makes it: care, price, service"),
                wording("Aesthetic", "shapes, colours, materials and styles they like"),
                wording("Other", "anything else that sets them apart: occasions, fit, values, what puts them off"),
            ],
            instructions: BTreeMap::new(),
        }
    }

    /// Items of any kind: for a catalog of which no more is known.
    pub fn items() -> Self {
        Domain {
            noun: "item".into(),
            plural: "items".into(),
            person: "person".into(),
            verb: "choose".into(),
            role: "editor".into(),
            text: "description".into(),
            tells: "what it is, what sets it apart, and what one gets from it".into(),
            categories: [
                wording("Substance", "what it is at heart, and what happens in it or with it"),
                wording("Detail", "its parts and particulars, and how they hang together"),
                wording("Form", "how it looks, sounds or feels, and how it is put together"),
                wording("Purpose", "what it is for or about, beneath the surface"),
                wording("Audience", "whom it is for, and when they turn to it"),
            ],
            sections: [
                wording("Overall", "what this person looks for when they choose"),
                wording("Kind", "kinds and blends of kinds that they come back to, and some that they avoid"),
                wording("Manner", "how it should be made or told for them: pace, depth, tone, care"),
                wording("Aesthetic", "the looks, sounds, settings and styles they enjoy"),
                wording("Other", "anything else that sets them apart: occasions, values, what puts them off"),
            ],
            instructions: BTreeMap::new(),
        }
    }

    /// Looks at words that somebody else gave.
    ///
    /// # Errors
    /// [`DataError::Malformed`] for a word that is missing, too long, or has characters that nobody sees, and for two
    /// categories or sections of one name.
    pub fn check(&self) -> Result<()> {
        let words = [&self.noun, &self.plural, &self.person, &self.verb, &self.role, &self.text, &self.tells];
        let named = self.categories.iter().chain(&self.sections).flat_map(|wording| [&wording.name, &wording.means]);
        if let Some(bad) = words.into_iter().chain(named).find(|word| !is_plain(word, MOST_WORDING)) {
            return Err(malformed(format!("{:?} is no plain phrase", clean(bad, 40))));
        }
        if let Some((task, _)) = self.instructions.iter().find(|(_, text)| !is_plain(text, MOST_INSTRUCTION)) {
            return Err(malformed(format!("the instruction for {task:?} is no plain text")));
        }
        let repeats = |wordings: &[Wording]| {
            wordings.iter().enumerate().any(|(at, one)| wordings[..at].iter().any(|other| other.name == one.name))
        };
        if repeats(&self.categories) || repeats(&self.sections) {
            return Err(malformed("two categories or sections have the same name".into()));
        }
        Ok(())
    }

    /// The heading of a category.
    pub fn heading(&self, category: Category) -> &str {
        &self.categories[category as usize].name
    }

    /// A text of ours, or theirs, with this domain's words in it.
    pub(super) fn instruction(&self, task: Task, ours: &str, count: usize) -> String {
        let template = self.instructions.get(&task).map_or(ours, String::as_str);
        let words = [
            ("{count}", count.to_string()),
            ("{noun}", self.noun.clone()),
            ("{plural}", self.plural.clone()),
            ("{person}", self.person.clone()),
            ("{role}", self.role.clone()),
            ("{text}", self.text.clone()),
            ("{tells}", self.tells.clone()),
        ];
        words.into_iter().fold(template.to_owned(), |text, (slot, word)| text.replace(slot, &word))
    }
}

fn wording(name: &str, means: &str) -> Wording {
    Wording { name: name.into(), means: means.into() }
}

/// Whether a text is there, short enough, and all that one sees.
fn is_plain(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && clean(text, most) == text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn malformed(why: String) -> crate::Error {
    DataError::Malformed { file: "domain".into(), line: 1, why }.into()
}
