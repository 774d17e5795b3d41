//! What a text is worth to someone: the encoder's vectors, aligned into Z, then the utility there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alignment::Alignment;
use crate::catalog::Item;
use crate::error::{NumericError, Result};
use crate::latent::Latents;
use crate::utility::{Creator, Term, Utility};

/// An item's text and where it lands (paper §2.3: the state of the decision process).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The text.
    pub item: Item,
    /// Its place in Z.
    pub latent: Vec<f32>,
    /// U at that place; 1.0 is the top rating without novelty.
    pub utility: f32,
    /// One standard deviation of `utility`, from the text's uncertain place.
    pub uncertainty: f32,
    /// The part of U that is predicted rating.
    pub affinity: f32,
    /// The part of U that is novelty.
    pub novelty: f32,
}

/// A utility over texts.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Places sentence vectors.
    pub alignment: Arc<Alignment>,
    /// Values places.
    pub utility: Utility,
    /// The rating that is worth 1.0.
    pub top_rating: f32,
}

impl Objective {
    /// The state of each item, given the vectors of all their [`fields`] in a row.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] unless there are [`FIELDS`] vectors for each item,
    /// [`NumericError::NotFinite`] where vectors lead to no finite utility.
    pub fn states(&self, items: Vec<Item>, vectors: &Latents) -> Result<Vec<State>> {
        let expected = items.len() * FIELDS;
        if vectors.len() != expected {
            return Err(NumericError::WrongSize { what: "the list of vectors", expected, found: vectors.len() }.into());
        }
        let width = FIELDS * vectors.dimensions();
        let rows = vectors.values().chunks_exact(width);
        items.into_iter().zip(rows).map(|(item, features)| self.state(item, features)).collect()
    }

    /// One standard deviation of the utility at the place of a typical text.
    pub fn typical_uncertainty(&self) -> f32 {
        self.alignment.skill().misplacement / self.top_rating * self.utility.rating_weight()
    }

    /// The same utility, less `weight × ‖z − target‖² / 2`: what a search maximises that is to end near a place, such
    /// as the optimum that [`crate::elm::optimise`] found. `target` has the dimension of Z.
    ///
    /// The states of the new objective report the pursued worth as `utility`, and the no-harm gate goes by it; their
    /// `affinity` and `novelty` are untouched. This objective stays as it is, so what a text is really worth remains
    /// `self.utility.value(&state.latent)`.
    pub fn toward(&self, target: &[f32], weight: f32) -> Objective {
        let pursuit = Term::Creator(Creator { home: target.to_vec(), reach: 1.0 });
        let mut pursued = self.clone();
        pursued.utility.terms.push((weight, pursuit));
        pursued
    }

    fn state(&self, item: Item, features: &[f32]) -> Result<State> {
        let placement = self.alignment.place(features)?;
        let utility = self.utility.value(&placement.latent);
        let uncertainty = self.alignment.uncertainty(&placement) / self.top_rating * self.utility.rating_weight();
        if !(utility.is_finite() && uncertainty.is_finite()) {
            return Err(NumericError::NotFinite { what: "the utility" }.into());
        }
        Ok(State {
            utility,
            uncertainty,
            affinity: self.utility.affinity(&placement.latent),
            novelty: self.utility.novelty(&placement.latent),
            latent: placement.latent,
            item,
        })
    }
}

/// Number of texts that describe one item.
pub const FIELDS: usize = 2;

/// The texts of an item that are encoded separately: its title and plot, its genres and year.
///
/// Kept apart they predict ratings of unseen items clearly better than as one text.
pub fn fields(item: &Item) -> [String; FIELDS] {
    let year = item.year.map_or("unknown".to_owned(), |year| year.to_string());
    [format!("{}. {}", item.title, item.plot), format!("Genres: {}. Year: {year}.", item.genres.join(", "))]
}
