//! One edit of one text: sentences woven in and taken out, the first one always kept.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::bank::{Kind, PhraseBank};
use super::tastes::Attribute;
use crate::catalog::{Item, sentences};

/// A plot that grows beyond this loses one of its inner sentences.
const MOST_WORDS: usize = 120;
/// Reasons to like or dislike that are kept.
pub(super) const MOST_REASONS: usize = 5;
/// Genres that are kept.
const MOST_GENRES: usize = 4;
/// Words of a request that are taken literally.
const MOST_LITERAL_WORDS: usize = 30;

/// The item after an edit of this kind.
pub(super) fn weave(item: &Item, kind: &Kind, bank: &PhraseBank, random: &mut ChaCha8Rng) -> Item {
    let mut sentences = sentences(&item.plot);
    remove_contradicted(&mut sentences, kind, bank);
    // After the first sentence, if there is one: it says what the item is.
    let place = random.random_range(1..=sentences.len().max(1) as u32).min(sentences.len() as u32) as usize;
    sentences.insert(place, pick(&kind.plot, random));
    shorten(&mut sentences, place);
    let mut edited = Item { plot: sentences.join(" "), ..item.clone() };
    edit_genres(&mut edited.genres, kind);
    for attribute in kind.lowers.keys() {
        edited.likes.retain(|reason| bank.betrays(*attribute, reason) == 0);
    }
    add_reason(&mut edited.likes, pick(&kind.likes, random));
    add_reason(&mut edited.dislikes, pick(&kind.dislikes, random));
    edited
}

/// The item with a request that no phrase is known for, quoted as what the film sets out to do.
pub(super) fn take_literally(item: &Item, request: &str) -> Item {
    let request: String = request.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = request.split_whitespace().take(MOST_LITERAL_WORDS).collect();
    let request = words.join(" ");
    let request = request.trim_end_matches(['.', '!', '?']);
    if request.is_empty() {
        return item.clone();
    }
    let mut letters = request.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    let mut sentences = sentences(&item.plot);
    sentences.push(format!("Throughout, the film keeps one promise: to {first}{}.", letters.as_str()));
    let place = sentences.len() - 1;
    shorten(&mut sentences, place);
    Item { plot: sentences.join(" "), ..item.clone() }
}

/// Takes out earlier edits of the same or an opposing kind, and, for each attribute that is to
/// fade, the inner sentence that shows it most.
fn remove_contradicted(sentences: &mut Vec<String>, kind: &Kind, bank: &PhraseBank) {
    for other in bank.kinds().filter(|other| std::ptr::eq(*other, kind) || kind.opposes(other)) {
        retain_after_first(sentences, |sentence| !other.plot.iter().any(|woven| woven == sentence));
    }
    for attribute in kind.lowers.keys() {
        let shows = |sentence: &&String| bank.betrays(*attribute, sentence);
        let most = sentences.iter().skip(1).max_by_key(shows).filter(|sentence| shows(sentence) > 0).cloned();
        if let Some(most) = most {
            retain_after_first(sentences, |sentence| sentence != most);
        }
    }
}

fn retain_after_first(sentences: &mut Vec<String>, keep: impl Fn(&str) -> bool) {
    let mut position = 0;
    sentences.retain(|sentence| {
        position += 1;
        position == 1 || keep(sentence)
    });
}

/// Drops inner sentences, oldest place first, until the plot is short enough again.
fn shorten(sentences: &mut Vec<String>, newest: usize) {
    let mut newest = newest;
    while sentences.len() > 2 && words(sentences) > MOST_WORDS {
        let dropped = if newest == 1 { 2 } else { 1 };
        sentences.remove(dropped);
        newest -= usize::from(dropped < newest);
    }
}

fn words(sentences: &[String]) -> usize {
    sentences.iter().map(|sentence| sentence.split_whitespace().count()).sum()
}

fn edit_genres(genres: &mut Vec<String>, kind: &Kind) {
    let faded: Vec<&str> = kind.lowers.iter().filter(|(_, by)| **by >= 2.0).filter_map(|(a, _)| genre_of(*a)).collect();
    genres.retain(|genre| !faded.contains(&genre.as_str()));
    if let Some(genre) = kind.genre.as_ref().filter(|genre| !genres.contains(genre)) {
        genres.truncate(MOST_GENRES - 1);
        genres.push(genre.clone());
    }
    if genres.is_empty() {
        genres.push("Drama".to_owned());
    }
}

/// The genre that goes when an attribute is taken out.
fn genre_of(attribute: Attribute) -> Option<&'static str> {
    match attribute {
        Attribute::Humour => Some("Comedy"),
        Attribute::Dread => Some("Horror"),
        Attribute::Romance => Some("Romance"),
        Attribute::Action => Some("Action"),
        Attribute::Mystery => Some("Mystery"),
        Attribute::Wonder => Some("Fantasy"),
        Attribute::Science => Some("Sci-Fi"),
        Attribute::Family => Some("Children"),
        Attribute::Art => Some("Musical"),
        _ => None,
    }
}

fn add_reason(reasons: &mut Vec<String>, reason: String) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
    if reasons.len() > MOST_REASONS {
        reasons.remove(0);
    }
}

fn pick(phrasings: &[String], random: &mut ChaCha8Rng) -> String {
    phrasings.choose(random).expect("every kind has a phrasing").clone()
}
