//! A decision in numbers: what is known about the state, and which actions are candidates.
//!
//! Sentence vectors come with the utility's point of view: where the text lies in Z, where the anchor lay, what the user
//! likes. Latents and users are brought to mean 0 and variance 1 over the catalog, so that no network has to learn their
//! units.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, Category, Origin};
use crate::error::{NumericError, Result};
use crate::latent::Latents;

/// Sentence vectors have length 1 and some hundred components; this makes them as loud as the rest.
const SENTENCE_SCALE: f32 = 10.0;
/// How long a row of an [`ActionTable`] is, about.
pub const ACTION_LENGTH: f32 = SENTENCE_SCALE;
/// Categories and the origin.
const KINDS: usize = Category::ALL.len() + 1;

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The state, as a [`StateEncoding`] describes it.
    pub state: Vec<f32>,
    /// The candidates: rows of an [`ActionTable`].
    pub candidates: Vec<u32>,
    /// How much each candidate is predicted to gain; empty where nothing is predicted.
    pub gains: Vec<f32>,
}

/// Every action seen so far, in numbers: most are candidates more than once.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionTable {
    width: usize,
    rows: Vec<f32>,
    actions: Vec<Action>,
    numbers: HashMap<Action, u32>,
}

/// How latents and users of one catalog become numbers of like size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateEncoding {
    latents: Vec<Scale>,
    users: Vec<Scale>,
}

/// Mean and standard deviation of one coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Scale {
    mean: f32,
    deviation: f32,
}

/// What a [`StateEncoding`] describes.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Sentence vectors of the text, side by side.
    pub sentences: &'a [f32],
    /// Where the text lies.
    pub latent: &'a [f32],
    /// Where the episode began.
    pub anchor: &'a [f32],
    /// The user's vector.
    pub user: &'a [f32],
    /// Step, from 0.
    pub step: usize,
    /// Steps of the episode.
    pub horizon: usize,
}

impl StateEncoding {
    /// Measures the items and users of a catalog.
    pub fn of(items: &Latents, users: &Latents) -> Self {
        StateEncoding { latents: scales(items), users: scales(users) }
    }

    /// Numbers in a state whose sentence vectors have `sentences` components together.
    pub fn width(&self, sentences: usize) -> usize {
        sentences + 2 * self.latents.len() + self.users.len() + 1
    }

    /// The state in numbers.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for latents or a user of another dimension.
    pub fn encode(&self, situation: &Situation) -> Result<Vec<f32>> {
        let Situation { sentences, latent, anchor, user, step, horizon } = *situation;
        for (what, expected, found) in [
            ("a latent", self.latents.len(), latent.len()),
            ("the anchor's latent", self.latents.len(), anchor.len()),
            ("the user's vector", self.users.len(), user.len()),
        ] {
            if expected != found {
                return Err(NumericError::WrongSize { what, expected, found }.into());
            }
        }
        let mut state = Vec::with_capacity(self.width(sentences.len()));
        state.extend(sentences.iter().map(|value| value * SENTENCE_SCALE));
        state.extend(scaled(latent, &self.latents));
        state.extend(scaled(anchor, &self.latents));
        state.extend(scaled(user, &self.users));
        state.push(step as f32 / horizon.max(1) as f32);
        Ok(state)
    }
}

impl ActionTable {
    /// An empty table for sentence vectors of this many components.
    pub fn new(sentence: usize) -> Self {
        ActionTable { width: sentence + KINDS, rows: Vec::new(), actions: Vec::new(), numbers: HashMap::new() }
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The row of an action, if it is known.
    pub fn number_of(&self, action: &Action) -> Option<u32> {
        self.numbers.get(action).copied()
    }

    /// The row of an action, which is added if it is new.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for a sentence vector of another width.
    pub fn insert(&mut self, action: &Action, sentence: &[f32]) -> Result<u32> {
        let (expected, found) = (self.width - KINDS, sentence.len());
        if expected != found {
            return Err(NumericError::WrongSize { what: "an action's sentence vector", expected, found }.into());
        }
        if let Some(known) = self.number_of(action) {
            return Ok(known);
        }
        let number = self.numbers.len() as u32;
        self.rows.extend(sentence.iter().map(|value| value * SENTENCE_SCALE));
        self.rows.extend(Category::ALL.map(|category| f32::from(u8::from(category == action.category))));
        self.rows.push(f32::from(u8::from(action.origin != Origin::Generic)));
        self.actions.push(action.clone());
        self.numbers.insert(action.clone(), number);
        Ok(number)
    }

    /// Puts different rows into an order that does not depend on when they were added: sums over them then have equal
    /// bits in a run that goes on elsewhere.
    pub(crate) fn sort(&self, rows: &mut [u32]) {
        let text = |row: u32| self.actions.get(row as usize).map(|a| (&a.text, a.category, a.origin));
        rows.sort_by_key(|&row| (text(row), row));
    }

    /// An action in numbers.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for a row that there is not.
    pub fn row(&self, number: u32) -> Result<&[f32]> {
        let start = number as usize * self.width;
        let found = self.numbers.len();
        let unknown = NumericError::WrongSize { what: "the table of actions", expected: number as usize + 1, found };
        self.rows.get(start..start + self.width).ok_or(unknown.into())
    }
}

fn scales(rows: &Latents) -> Vec<Scale> {
    let count = rows.len().max(1) as f32;
    let mean = |axis: usize| rows.rows().map(|row| row[axis]).sum::<f32>() / count;
    let scale = |axis| {
        let mean = mean(axis);
        let variance = rows.rows().map(|row| (row[axis] - mean).powi(2)).sum::<f32>() / count;
        // A coordinate that never varies, such as the bias coordinate of users, says nothing.
        Scale { mean, deviation: variance.sqrt().max(1e-6) }
    };
    (0..rows.dimensions()).map(scale).collect()
}

fn scaled(values: &[f32], scales: &[Scale]) -> impl Iterator<Item = f32> {
    // What lies far outside of the catalog is as far as a few deviations, or one number would drown all others.
    values.iter().zip(scales).map(|(value, scale)| ((value - scale.mean) / scale.deviation).clamp(-5.0, 5.0))
}
