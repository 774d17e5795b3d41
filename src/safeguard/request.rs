//! What an action asks for, as far as its words betray it: things to bring and things to take away.
//!
//! Grammar by word lists, so English only, and in favour of silence: a request that is not understood contradicts
//! nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Whether there is to be more of it.
    brings: bool,
    /// Its content words, as stems; at least one.
    about: BTreeSet<String>,
}

impl Request {
    /// Whether this asks for less of what the other asks for more of, or the other way round.
    pub(super) fn is_against(&self, other: &Request) -> bool {
        let shared = self.about.intersection(&other.about).count();
        self.brings != other.brings && 2 * shared >= self.about.len().min(other.about.len())
    }
}

/// The requests of a text that say whether they bring or take away.
pub(super) fn requests_of(text: &str) -> Vec<Request> {
    text.split(['.', ';', ':', '!', '?', '\n', '(', ')', '"']).flat_map(requests_of_sentence).collect()
}

fn requests_of_sentence(sentence: &str) -> Vec<Request> {
    let mut reader = Reader::default();
    for part in sentence.split([',', '—', '–']) {
        let words = words(part);
        for (place, word) in words.iter().enumerate() {
            reader.read(word, &words[place + 1..]);
        }
        reader.enumerate();
    }
    reader.finish();
    reader.requests
}

/// Lower-case words in their order, "don't" and "villain's" as one word each.
fn words(part: &str) -> Vec<String> {
    let without_apostrophes = part.replace(['\'', '’'], "").to_lowercase();
    let words = without_apostrophes.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Reads a sentence word by word.
#[derive(Default)]
struct Reader {
    /// Whether the words that follow are to come or to go; none before anything was asked for.
    brings: Option<bool>,
    /// Whether a "not" came before that.
    is_negated: bool,
    /// What was named since.
    about: BTreeSet<String>,
    /// Whether a list may go on: something was named, and then there was a comma or an "and".
    is_in_list: bool,
    requests: Vec<Request>,
}

impl Reader {
    fn read(&mut self, word: &str, rest: &[String]) {
        let meaning = meaning(word);
        let is_over = self.is_in_list && !matches!(meaning, Some(Meaning::And | Meaning::Determiner));
        if is_over {
            self.finish();
        }
        self.is_in_list &= meaning == Some(Meaning::And);
        match meaning {
            Some(Meaning::Not) => self.negate(),
            Some(Meaning::Bring) => self.ask(true),
            Some(Meaning::TakeAway) => self.ask(false),
            Some(Meaning::TakeAwayWithParticle) if has_particle(rest) => self.ask(false),
            Some(Meaning::And) => self.enumerate(),
            Some(Meaning::Clause) => self.turn_to_another_clause(),
            Some(Meaning::Determiner | Meaning::Empty | Meaning::TakeAwayWithParticle) => {}
            Some(Meaning::Topic(topic)) => self.name(topic),
            None => self.name(&stem(word)),
        }
    }

    fn negate(&mut self) {
        self.finish_if_named();
        self.is_negated = !self.is_negated;
    }

    /// "Stop adding", "give less", "cut more of": where several words ask for one thing, all must bring to bring.
    fn ask(&mut self, brings: bool) {
        self.finish_if_named();
        self.brings = Some(self.brings.unwrap_or(true) && brings);
    }

    fn name(&mut self, thing: &str) {
        if self.brings.is_some() && thing.chars().count() > 2 {
            self.about.insert(thing.to_owned());
        }
    }

    /// What has been named may be the first of several things.
    fn enumerate(&mut self) {
        if !self.about.is_empty() {
            self.keep();
            self.is_in_list = true;
        } else if self.brings.is_none() {
            self.is_negated = false;
        }
    }

    /// "Cut the scenes with the dog": where nothing has been named yet, it comes now.
    fn turn_to_another_clause(&mut self) {
        self.finish_if_named();
        if self.brings.is_none() {
            self.is_negated = false;
        }
    }

    fn finish_if_named(&mut self) {
        if !self.about.is_empty() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.keep();
        (self.brings, self.is_negated, self.is_in_list) = (None, false, false);
    }

    fn keep(&mut self) {
        let about = std::mem::take(&mut self.about);
        if let (Some(brings), false) = (self.brings, about.is_empty()) {
            self.requests.push(Request { brings: brings != self.is_negated, about });
        }
    }
}

/// What a word does in a request, unless it names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Asks for something, or for more of it.
    Bring,
    /// Asks for less of something, or for none.
    TakeAway,
    /// Takes something away with a particle: take out, leave out, tone down.
    TakeAwayWithParticle,
    /// Turns a request round.
    Not,
    /// Goes on with a list, or with something else.
    And,
    /// Speaks of something else from here on.
    Clause,
    /// Begins a thing, and so goes on with a list.
    Determiner,
    /// Says nothing about what is asked for: grammar, degree, and the parts that every text has.
    Empty,
    /// Another word for the same thing.
    Topic(&'static str),
}

/// Words as they stand.
const GRAMMAR: [(Meaning, &str); 5] = [
    (Meaning::Not, "not never dont no nor cannot"),
    (Meaning::And, "and or"),
    (
        Meaning::Clause,
        "but so until till which that who whom whose where when while because as then instead with for to from in into \
         on at by before after behind through about during than between if",
    ),
    (Meaning::Determiner, "the a an any all every each some its his her their these those this both most"),
    (
        Meaning::Empty,
        "of off out away down back up is are be it them they him one ones two few much many little very too also even \
         just only once again here there such own other another entirely completely altogether whole entire has",
    ),
];
/// Words in all their forms.
const VOCABULARY: [(Meaning, &str); 4] = [
    (
        Meaning::TakeAway,
        "cut drop remove less fewer without stop strip lose delete omit reduce eliminate lower shorten trim avoid skip \
         soften weaken minimise minimize downplay erase exclude scrap discard",
    ),
    (Meaning::TakeAwayWithParticle, "take leave tone dial play write"),
    (
        Meaning::Bring,
        "add more give bring introduce insert include increase expand extend raise restore heighten strengthen amplify \
         intensify emphasise emphasize deepen lengthen",
    ),
    (
        Meaning::Empty,
        "let make put have get keep lot bit kind sort thing story film movie plot text scene moment part half act lead \
         hero protagonist character person people viewer audience reader user sequence element",
    ),
];
/// Different words for one thing, the first for all.
const TOPICS: [&str; 11] = [
    "romance romantic love lover kiss wedding courtship flirt flirtation",
    "comedy comic comedic joke gag humour humor funny laugh laughter slapstick farce",
    "violence violent fight gunplay brawl battle combat gore",
    "chase pursuit",
    "horror scary terror fear frighten haunt ghost",
    "music musical song sing singer concert choir",
    "magic magical supernatural spell wizard enchanted",
    "family relative relation parent sibling",
    "friend friendship",
    "mystery puzzle riddle whodunit",
    "politics political election",
];
const PARTICLES: [&str; 4] = ["out", "away", "off", "down"];

/// Every form of every word above; a word in two lists means what the first says.
static MEANINGS: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    let mut meanings = HashMap::new();
    for (meaning, words) in GRAMMAR {
        meanings.extend(words.split_whitespace().map(|word| (word.to_owned(), meaning)));
    }
    let topics = TOPICS.iter().map(|words| (Meaning::Topic(words.split(' ').next().unwrap_or(words)), *words));
    for (meaning, words) in VOCABULARY.into_iter().chain(topics) {
        for form in words.split_whitespace().flat_map(inflections) {
            meanings.entry(form).or_insert(meaning);
        }
    }
    meanings
});

fn meaning(word: &str) -> Option<Meaning> {
    MEANINGS.get(word).copied()
}

/// The forms that an English word may take, and some that it does not.
fn inflections(word: &str) -> Vec<String> {
    let short = word.strip_suffix(['e', 'y']).unwrap_or(word);
    let last = &word[word.len() - 1..];
    let regular = ["", "s", "es"].map(|ending| format!("{word}{ending}"));
    let shortened = ["ed", "ing", "ies", "ied"].map(|ending| format!("{short}{ending}"));
    let doubled = ["ed", "ing"].map(|ending| format!("{word}{last}{ending}"));
    regular.into_iter().chain(shortened).chain(doubled).collect()
}

/// Whether "out" or the like follows within the clause.
fn has_particle(rest: &[String]) -> bool {
    let in_clause = rest.iter().take_while(|word| !matches!(meaning(word), Some(Meaning::Clause | Meaning::And)));
    in_clause.into_iter().any(|word| PARTICLES.contains(&word.as_str()))
}

/// A word without its inflection, roughly: "parrots" and "parrot" are one, and so are "dancing" and "dances".
fn stem(word: &str) -> String {
    let singular = match word.strip_suffix("ies") {
        Some(rest) if !rest.is_empty() => format!("{rest}y"),
        _ if word.ends_with("ss") => word.to_owned(),
        _ => without_ending(word, &["es", "s"]).to_owned(),
    };
    let bare = without_ending(&singular, &["ing", "ed", "e"]);
    let mut letters: Vec<char> = bare.chars().collect();
    if letters.len() > 2 && letters.last() == letters.get(letters.len() - 2) {
        letters.pop();
    }
    letters.into_iter().collect()
}

/// The word without the first of these endings that leaves at least three letters.
fn without_ending<'a>(word: &'a str, endings: &[&str]) -> &'a str {
    let left = |ending: &&str| word.strip_suffix(*ending).filter(|rest| rest.chars().count() >= 3);
    endings.iter().find_map(left).unwrap_or(word)
}
