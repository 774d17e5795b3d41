//! What a text is worth to someone: the encoder's vectors, aligned into Z, then the utility there.
//!
//! **Caution.** A text unlike all that were seen lies at an uncertain place, and whoever picks the best of many texts
//! picks those whose error happens to be in their favour: an episode that maximises U alone drifts toward texts the
//! encoder understands least. The remedy is the lower confidence bound `U − caution · uncertainty`, which pays for worth
//! only as far as it is believed: the pessimism of offline learning, with the opposite sign of the optimism that bandits
//! explore with. 0 trusts the prediction; 1 takes what the truth exceeds about five times in six, if errors are normal.
//!
//! **When it fails.** The uncertainty is that of predicted *ratings* ([`Utility::rating_weight`]); all other terms are
//! taken at their word. It is as good as the alignment's calibration, and with much caution no edit that is new is worth
//! its risk, so that an episode stays at its anchor.
//!
//! **References.** Auer 2002, *Using confidence bounds for exploitation-exploration trade-offs*; Jin, Yang & Wang 2021,
//! *Is pessimism provably efficient for offline RL?*

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
    /// U at that place, less the objective's caution; 1.0 is the top rating without novelty.
    pub utility: f32,
    /// One standard deviation of U, from the text's uncertain place; none where it is unknown, see
    /// [`Skill::misplacement`](crate::alignment::Skill::misplacement).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<f32>,
    /// The part of U that is predicted rating.
    pub affinity: f32,
    /// The part of U that is novelty.
    pub novelty: f32,
    /// Likeness to the anchor's title and plot, the cosine of their sentence vectors: 1 at the anchor, and as long as
    /// nothing was compared.
    #[serde(default = "same")]
    pub identity: f32,
}

fn same() -> f32 {
    1.0
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
    /// Standard deviations that are subtracted from U; 0 takes predictions as they are.
    pub caution: f32,
}

impl Objective {
    /// The same objective, `caution` standard deviations below its prediction.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use aquiline::alignment::{AlignmentSettings, fit};
    /// use aquiline::catalog::Item;
    /// use aquiline::latent::Latents;
    /// use aquiline::objective::Objective;
    /// use aquiline::ratings::Ratings;
    /// use aquiline::utility::{Person, Utility};
    ///
    /// // Two texts an item, of which an encoder that knows one thing says one number each. One item is held out.
    /// let csv = b"userId,movieId,rating\nann,kites,5\nann,ghosts,1\nann,boats,4\nben,kites,4\nben,ghosts,2\nben,boats,5\n";
    /// let ratings = Ratings::from_movielens_csv(csv, "ratings.csv", (0.5, 5.0))?;
    /// let fields = Latents::new(2, vec![0.5, 0.0, -0.5, 0.1, 0.4, 0.2])?;
    /// let settings = AlignmentSettings { dimensions: 1, components: vec![1, 1], ..Default::default() };
    /// let alignment = Arc::new(fit(&ratings, &fields, &settings)?);
    /// let items = Arc::new(alignment.place_all(&fields)?);
    /// let utility = Utility::local_gap(Person { offset: 0.6, vector: vec![0.1, 0.2] }, items, 0.0, 1.0);
    /// let plain = Objective { alignment, utility, top_rating: 5.0, caution: 0.0 };
    ///
    /// // Nobody has read anything like this text, so a cautious objective trusts it less.
    /// let item = Item {
    ///     id: "moths".into(), title: "Moths".into(), year: None, genres: vec![], plot: "?".into(),
    ///     likes: vec![], dislikes: vec![],
    /// };
    /// let strange = Latents::new(1, vec![4.0, -3.0])?;
    /// let trusting = &plain.states(vec![item.clone()], &strange)?[0];
    /// let cautious = &plain.clone().with_caution(1.0)?.states(vec![item], &strange)?[0];
    /// assert!((trusting.utility - cautious.utility - trusting.uncertainty.unwrap()).abs() < 1e-4);
    /// assert!(plain.with_caution(-1.0).is_err());
    /// # Ok::<(), aquiline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] unless `caution` is finite and at least 0.
    pub fn with_caution(self, caution: f32) -> Result<Self> {
        if !(caution.is_finite() && caution >= 0.0) {
            return Err(NumericError::BadSetting { what: "caution", why: "it must be finite and at least 0" }.into());
        }
        Ok(Objective { caution, ..self })
    }

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

    /// The same with the [`State::identity`] of each item: how like its title and plot are to those of the anchor, whose
    /// sentence vector is `anchor`.
    ///
    /// # Errors
    /// As [`Objective::states`].
    pub fn states_beside(&self, anchor: &[f32], items: Vec<Item>, vectors: &Latents) -> Result<Vec<State>> {
        let sentences = vectors.rows().step_by(FIELDS);
        let compared = |(state, sentence)| State { identity: identity(anchor, sentence), ..state };
        Ok(self.states(items, vectors)?.into_iter().zip(sentences).map(compared).collect())
    }

    /// One standard deviation of the utility at the place of a typical text; none where it is unknown.
    ///
    /// Places without a text (content gaps) have no other: caution lowers them all alike and leaves their order.
    pub fn typical_uncertainty(&self) -> Option<f32> {
        self.of_utility(self.alignment.skill().misplacement.known().map(|misplacement| misplacement as f32))
    }

    /// Of the uncertainty of a rating that of the utility: 0 where no rating counts.
    fn of_utility(&self, rating: Option<f32>) -> Option<f32> {
        let weight = self.utility.rating_weight();
        if weight == 0.0 { Some(0.0) } else { rating.map(|deviation| deviation / self.top_rating * weight) }
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
        let uncertainty = self.of_utility(self.alignment.uncertainty(&placement));
        if self.caution > 0.0 && uncertainty.is_none() {
            let why = "the uncertainty is unknown here, so nothing can be subtracted: use 0";
            return Err(NumericError::BadSetting { what: "caution", why }.into());
        }
        let utility = self.utility.value(&placement.latent) - self.caution * uncertainty.unwrap_or(0.0);
        if !(utility.is_finite() && uncertainty.is_none_or(f32::is_finite)) {
            return Err(NumericError::NotFinite { what: "the utility" }.into());
        }
        Ok(State {
            utility,
            uncertainty,
            affinity: self.utility.affinity(&placement.latent),
            novelty: self.utility.novelty(&placement.latent),
            latent: placement.latent,
            identity: same(),
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

/// Likeness of two texts, the cosine of the angle between their sentence vectors: 1 for equal ones, 0 where it has no meaning.
pub fn identity(anchor: &[f32], other: &[f32]) -> f32 {
    if anchor == other {
        return 1.0;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let cosine = dot(anchor, other) / (dot(anchor, anchor) * dot(other, other)).sqrt();
    if cosine.is_finite() { cosine.clamp(-1.0, 1.0) as f32 } else { 0.0 }
}
