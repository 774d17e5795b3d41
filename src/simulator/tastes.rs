//! The world behind the embedded catalog: attributes of items, hidden tastes of users, and the
//! ratings that follow from them.
//!
//! A user belongs to one of eight hand-written archetypes, with personal deviations. They rate
//! the items they are drawn to (and a few others), each as
//! `3.4 + enjoyment + the item's quality + the user's mildness + noise`, rounded to half stars.
//! Only ratings leave this module toward fits; attributes and tastes are for evaluation.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;

use crate::catalog::{Catalog, malformed};
use crate::error::{NumericError, Result};
use crate::ratings::{Rating, Ratings};

/// Users of the embedded world.
pub const USERS: usize = 420;
/// Lowest and highest rating.
pub const SCALE: (f32, f32) = (0.5, 5.0);

/// A quality a viewer can have a taste for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each name says it")]
pub enum Attribute {
    Humour,
    Warmth,
    Dread,
    Romance,
    Action,
    Mystery,
    Wonder,
    Science,
    History,
    Family,
    Friendship,
    Nature,
    Art,
    Justice,
    Ambiguity,
    Spectacle,
}

const ATTRIBUTES: usize = 16;

/// How strongly an item has each attribute, 0 to 3 when written by hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes([f32; ATTRIBUTES]);

/// How many people rate how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    /// Users.
    pub users: usize,
    /// Fewest and most ratings of one user.
    pub ratings: (u32, u32),
}

impl Default for Population {
    /// Those of the embedded world.
    fn default() -> Self {
        Population { users: USERS, ratings: (28, 52) }
    }
}

/// What the users of the embedded world enjoy. Hidden from every fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Tastes {
    /// One taste an attribute, for every user.
    users: Vec<[f32; ATTRIBUTES]>,
    /// Fewest and most ratings of one user.
    ratings: (u32, u32),
    /// What an average item has: enjoyment is measured from there.
    average: [f32; ATTRIBUTES],
}

/// What each archetype likes (positive) and avoids (negative); all else is 0.
const ARCHETYPES: [&[(Attribute, f32)]; 8] = {
    use Attribute as A;
    [
        // Solves it before the detective does.
        &[(A::Mystery, 1.0), (A::Ambiguity, 0.7), (A::Justice, 0.4), (A::Romance, -0.6), (A::Spectacle, -0.4)],
        // Comes to laugh and to leave lighter.
        &[(A::Humour, 1.0), (A::Warmth, 0.6), (A::Friendship, 0.6), (A::Dread, -1.0), (A::Ambiguity, -0.6)],
        // Wants to be afraid.
        &[(A::Dread, 1.1), (A::Mystery, 0.5), (A::Ambiguity, 0.3), (A::Warmth, -0.6), (A::Family, -0.5)],
        // Looks at the stars, and at how things work.
        &[(A::Science, 1.1), (A::Wonder, 0.6), (A::Spectacle, 0.6), (A::History, -0.4), (A::Romance, -0.4)],
        // Two people, one summer.
        &[(A::Romance, 1.1), (A::Art, 0.6), (A::Warmth, 0.5), (A::Action, -0.8), (A::Science, -0.5)],
        // Faster, higher, louder.
        &[(A::Action, 1.1), (A::Spectacle, 0.8), (A::Friendship, 0.3), (A::Art, -0.6), (A::Ambiguity, -0.7)],
        // Sits between two children.
        &[(A::Family, 1.0), (A::Wonder, 0.8), (A::Humour, 0.4), (A::Nature, 0.4), (A::Dread, -1.1), (A::Justice, -0.3)],
        // Reads the programme notes.
        &[(A::History, 0.9), (A::Justice, 0.9), (A::Nature, 0.5), (A::Art, 0.4), (A::Action, -0.5), (A::Wonder, -0.5)],
    ]
};

impl Attributes {
    /// From hand-given strengths; what is not named is 0.
    pub fn new(strengths: &BTreeMap<Attribute, f32>) -> Self {
        Attributes::default().shifted(strengths, &BTreeMap::new())
    }

    /// Strength of one attribute.
    pub fn strength(&self, attribute: Attribute) -> f32 {
        self.0[attribute as usize]
    }

    /// With some attributes raised and others lowered, each kept between 0 and 4.
    pub fn shifted(&self, raised: &BTreeMap<Attribute, f32>, lowered: &BTreeMap<Attribute, f32>) -> Self {
        let mut shifted = self.clone();
        for (&attribute, by) in raised {
            shifted.0[attribute as usize] = (shifted.0[attribute as usize] + by).min(4.0);
        }
        for (&attribute, by) in lowered {
            shifted.0[attribute as usize] = (shifted.0[attribute as usize] - by).max(0.0);
        }
        shifted
    }

    /// The hand-given attributes in a catalog's jsonl, in the order of the catalog's items.
    ///
    /// # Errors
    /// [`crate::error::DataError::Malformed`] for an item without attributes or with an unknown one.
    pub fn from_jsonl(bytes: &[u8], file: &str, catalog: &Catalog) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        struct Line {
            id: String,
            attributes: BTreeMap<Attribute, f32>,
        }
        let mut attributes = vec![Attributes::default(); catalog.len()];
        for (line, bytes) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let parsed: Line = serde_json::from_slice(bytes).map_err(|e| malformed(file, line, e.to_string()))?;
            attributes[catalog.index_of(&parsed.id)?] = Attributes::new(&parsed.attributes);
        }
        Ok(attributes)
    }
}

impl Tastes {
    /// Invents users for a catalog with these attributes.
    pub fn sample(items: &[Attributes], population: Population, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let users = (0..population.users).map(|user| {
            let mut taste = [0.0; ATTRIBUTES];
            ARCHETYPES[user % ARCHETYPES.len()]
                .iter()
                .for_each(|&(attribute, liking)| taste[attribute as usize] = liking);
            taste.map(|liking| liking + 0.2 * bell(&mut random))
        });
        let users = users.collect();
        let mean =
            |attribute: usize| items.iter().map(|item| item.0[attribute]).sum::<f32>() / items.len().max(1) as f32;
        Tastes { users, ratings: population.ratings, average: std::array::from_fn(mean) }
    }

    /// How much more a user enjoys an item than an average one, in stars before rounding.
    pub fn enjoyment(&self, user: usize, item: &Attributes) -> f32 {
        let liking = self.users[user].iter().zip(item.0.iter().zip(&self.average));
        0.42 * liking.map(|(taste, (strength, average))| taste * (strength - average)).sum::<f32>()
    }

    /// The ratings these users give.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] unless there is one set of attributes for each item.
    pub fn ratings(&self, catalog: &Catalog, items: &[Attributes], seed: u64) -> Result<Ratings> {
        if items.len() != catalog.len() {
            let (expected, found) = (catalog.len(), items.len());
            return Err(NumericError::WrongSize { what: "the list of attributes", expected, found }.into());
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let quality: Vec<f32> = items.iter().map(|_| 0.3 * bell(&mut random)).collect();
        let mut entries = Vec::new();
        for user in 0..self.users.len() {
            let mildness = 0.3 * bell(&mut random);
            for item in self.watched(user, items, &mut random) {
                let stars =
                    3.4 + self.enjoyment(user, &items[item]) + quality[item] + mildness + 0.4 * bell(&mut random);
                let value = ((stars * 2.0).round() / 2.0).clamp(SCALE.0, SCALE.1);
                entries.push(Rating { user: user as u32, item: item as u32, value });
            }
        }
        let users = (1..=self.users.len()).map(|number| format!("viewer-{number:03}")).collect();
        Ratings::new(users, catalog.items().iter().map(|item| item.id.clone()).collect(), entries, SCALE)
    }

    /// The items a user sees: those they expect to enjoy, and some by chance.
    fn watched(&self, user: usize, items: &[Attributes], random: &mut ChaCha8Rng) -> Vec<usize> {
        let count = random.random_range(self.ratings.0..=self.ratings.1) as usize;
        let drawn = |(index, item)| (self.enjoyment(user, item) + 1.2 * bell(random), index);
        let mut drawn: Vec<(f32, usize)> = items.iter().enumerate().map(drawn).collect();
        crate::order::sort_by(&mut drawn, |a, b| b.0.total_cmp(&a.0));
        drawn.into_iter().take(count).map(|(_, index)| index).collect()
    }
}

/// About normal with variance 1: a sum of twelve uniform numbers, so that every platform computes
/// the same bits (no logarithm is involved).
fn bell(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random_range(-0.5..0.5_f32)).sum()
}
