//! What a user's ratings say about them, in words.
//!
//! The proposer reads a profile to write personalised actions. A profile names genres and words
//! of liked plots, never titles or ratings (paper §3: "told not to leak titles or ratings").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Item};
use crate::ratings::{Rating, Ratings};

/// Words kept of the plots a user liked.
const WORDS: usize = 40;
/// Letters below which a word of a plot tells nothing.
const TELLING: usize = 4;
/// A genre's mean rating must differ this much from the user's own mean to be named.
const CLEAR_DIFFERENCE: f32 = 0.15;

/// A user's tastes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Genres rated above the user's mean, most liked first.
    pub likes: Vec<String>,
    /// Genres rated below it, least liked first.
    pub dislikes: Vec<String>,
    /// Words that liked plots share, most telling first.
    pub words: Vec<String>,
    /// The same person as a language model described them, where one was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Passage>,
}

/// A part of a written profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// What it is about.
    pub heading: String,
    /// What it says.
    pub text: String,
}

impl Profile {
    /// The profile of the user with this index.
    pub fn of(user: usize, ratings: &Ratings, catalog: &Catalog) -> Self {
        let rated = around_their_mean(ratings.by_user()[user], catalog);
        let genres = ranked_genres(&rated);
        let words =
            ranked(rated.iter().flat_map(|(item, d)| words_of(&item.plot, TELLING).into_iter().map(move |w| (w, *d))));
        Profile {
            likes: liked(&genres).collect(),
            dislikes: disliked(&genres).collect(),
            words: words.into_iter().filter(|(_, liking)| *liking > 0.0).take(WORDS).map(|(word, _)| word).collect(),
            written: Vec::new(),
        }
    }
}

/// The genres that someone with these ratings likes, best first: what a profile says of them, at a glance.
pub fn liked_genres(rated: &[Rating], catalog: &Catalog) -> Vec<String> {
    liked(&ranked_genres(&around_their_mean(rated, catalog))).collect()
}

fn around_their_mean<'a>(rated: &[Rating], catalog: &'a Catalog) -> Vec<(&'a Item, f32)> {
    let mean = rated.iter().map(|rating| rating.value).sum::<f32>() / rated.len().max(1) as f32;
    rated.iter().map(|rating| (&catalog.items()[rating.item as usize], rating.value - mean)).collect()
}

fn ranked_genres<'a>(rated: &[(&'a Item, f32)]) -> Vec<(&'a str, f32)> {
    ranked(rated.iter().flat_map(|(item, d)| item.genres.iter().map(move |genre| (genre.as_str(), *d))))
}

fn liked(genres: &[(&str, f32)]) -> impl Iterator<Item = String> {
    genres.iter().filter(|(_, liking)| *liking > CLEAR_DIFFERENCE).map(|(name, _)| (*name).to_owned())
}

fn disliked(genres: &[(&str, f32)]) -> impl Iterator<Item = String> {
    genres.iter().rev().filter(|(_, liking)| *liking < -CLEAR_DIFFERENCE).map(|(name, _)| (*name).to_owned())
}

/// Lower-case words of at least `shortest` letters, each once, in alphabetical order.
pub(crate) fn words_of(text: &str, shortest: usize) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() >= shortest);
    words.map(str::to_lowercase).collect()
}

/// Keys by their mean value, drawn to 0 where there is little evidence; best first.
fn ranked<Key: Ord>(observations: impl Iterator<Item = (Key, f32)>) -> Vec<(Key, f32)> {
    let mut sums: BTreeMap<Key, (f32, f32)> = BTreeMap::new();
    for (key, value) in observations {
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + value, sum.1 + 1.0);
    }
    let mut ranked: Vec<(Key, f32)> = sums.into_iter().map(|(key, (sum, count))| (key, sum / (count + 2.0))).collect();
    crate::order::sort_by(&mut ranked, |a, b| b.1.total_cmp(&a.1));
    ranked
}
