//! Knowledge-graph consistency: facts as translations between points, and items held to the facts they must satisfy.
//!
//! **Idea.** A fact is a triple (head, relation, tail): *Night Tide* — takes place in — *harbour*. TransE gives every
//! entity a point and every relation one displacement, so that `head + relation ≈ tail` holds for what is true; a triple
//! is as plausible as the translation is short of its aim, `−‖h + r − t‖`. To ask the same of a text that is no entity
//! yet, a linear map M takes the latent space Z to the entities' space; it is fitted by ridge regression on the items
//! that are entities. A point of Z is then worth the mean of `−‖M z + r − t‖` over the facts it is required to be
//! consistent with ([`RequiredFacts`], a term of a utility).
//!
//! **Steps.**
//! 1. Entities start at random on the unit sphere, relations at random with length 1.
//! 2. Every epoch takes the triples in random order. Each is set against one with its head or its tail replaced by a
//!    random other entity, which is in no known triple, and both move down the gradient of the margin ranking loss
//!    `max(0, margin + ‖h + r − t‖ − ‖h' + r − t'‖)`. (Bordes et al. take mini-batches and accept accidental truths; a
//!    small graph has too many of these.)
//! 3. After every epoch entities are put back on the unit sphere, or the loss would shrink by growing everything.
//!
//! **Is it any good?** [`Knowledge::evaluate`] hides an end of triples that were not fitted and ranks all entities for
//! it; [`EntityMap::explained`] says how much of an entity's point the map foretells from an item's place alone.
//! Read both before a term gets a weight.
//!
//! **When it fails.** One displacement a relation cannot be symmetric unless it is 0, and draws all tails of one head
//! together where there are many: TransE is for relations that are close to functions, such as genre, place or
//! author; long chains of one relation (next to, north of) do not fit on a sphere. Entities of one triple lie where
//! chance and that triple put them. Facts that a text's place in Z does not show (a name, a year)
//! cannot be asked of it, and a ridge draws all items toward the average entity, so that compare values between points
//! and never with 0. Not for graphs of many millions: one thread, and every epoch sees every triple.
//!
//! **References.** Bordes, Usunier, Garcia-Durán, Weston & Yakhnenko 2013, *Translating embeddings for modeling
//! multi-relational data*; Ruffinelli, Broscheit & Gemulla 2020, *You CAN teach an old dog new tricks!* (what training
//! details are worth).
//!
//! ```
//! use aquiline::knowledge::{EntityMap, Knowledge, KnowledgeSettings, RequiredFacts, Triple};
//! use aquiline::latent::Latents;
//! use aquiline::utility::{Term, Utility};
//! // Four films, two at sea and two in the desert, and their places in Z: the sea lies east.
//! let films = [("tide", "sea"), ("gull", "sea"), ("dune", "desert"), ("well", "desert")];
//! let triples = films.map(|(film, place)| Triple::new(film, "takes place in", place));
//! let knowledge = Knowledge::fit(&triples, &KnowledgeSettings::default())?;
//! let sea = knowledge.plausibility("gull", "takes place in", "sea")?;
//! assert!(sea > knowledge.plausibility("gull", "takes place in", "desert")?);
//! // Which film is which row, and then: wherever a new text lies, it is to be about the sea.
//! let latents = Latents::new(2, vec![1.0, 0.2, 0.9, -0.2, -1.0, 0.1, -0.8, -0.1])?;
//! let rows = [(0, "tide"), (1, "gull"), (2, "dune"), (3, "well")];
//! let map = EntityMap::fit(&knowledge, &latents, &rows, 0.1)?;
//! let facts = RequiredFacts::new(&knowledge, map, &[("takes place in", "sea")])?;
//! let utility = Utility { terms: vec![(1.0, Term::Knowledge(facts))] };
//! assert!(utility.value(&[0.7, 0.0]) > utility.value(&[-0.7, 0.0]));
//! # Ok::<(), aquiline::Error>(())
//! ```

mod facts;
mod links;
mod training;

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::{DataError, NumericError, Result};
use crate::latent::Latents;
pub use facts::{EntityMap, RequiredFacts};
pub use links::LinkPrediction;

/// More dimensions than any graph of names needs; a bound on memory.
const MOST_DIMENSIONS: usize = 1024;

/// Indices of head, relation and tail.
type Link = [usize; 3];

/// A fact: what, in which relation, to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triple {
    /// The entity the fact is about.
    pub head: String,
    /// The relation.
    pub relation: String,
    /// The entity it stands in that relation to.
    pub tail: String,
}

/// How to embed a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct KnowledgeSettings {
    /// Dimension of the entities' space.
    pub dimensions: usize,
    /// How much farther from its aim a wrong triple should end than a right one; entities lie on the unit sphere.
    pub margin: f32,
    /// Length of a gradient step.
    pub learning_rate: f32,
    /// Passes over all triples.
    pub epochs: usize,
    /// Seeds the start, the order and the wrong triples.
    pub seed: u64,
}

/// A knowledge graph with a point for each entity and a displacement for each relation.
#[derive(Debug, Clone, PartialEq)]
pub struct Knowledge {
    /// Sorted, as are the relations: an index is a place in this list.
    entities: Vec<String>,
    relations: Vec<String>,
    known: BTreeSet<Link>,
    entity_vectors: Latents,
    relation_vectors: Latents,
}

impl Triple {
    /// A fact from its three names.
    pub fn new(head: impl Into<String>, relation: impl Into<String>, tail: impl Into<String>) -> Self {
        Triple { head: head.into(), relation: relation.into(), tail: tail.into() }
    }
}

impl Default for KnowledgeSettings {
    fn default() -> Self {
        KnowledgeSettings { dimensions: 16, margin: 1.0, learning_rate: 0.02, epochs: 300, seed: 0 }
    }
}

impl Knowledge {
    /// Embeds a graph; neither the order of its triples nor repetition changes the result, and equal seeds give equal
    /// bits.
    ///
    /// # Errors
    /// [`DataError::Empty`] without triples, [`NumericError::BadSetting`] for settings without meaning,
    /// [`NumericError::NotFinite`] where a learning rate is so large that the points run away.
    pub fn fit(triples: &[Triple], settings: &KnowledgeSettings) -> Result<Self> {
        settings.check()?;
        if triples.is_empty() {
            return Err(DataError::Empty { what: "the list of triples" }.into());
        }
        let entities = sorted(triples.iter().flat_map(|triple| [&triple.head, &triple.tail]));
        let relations = sorted(triples.iter().map(|triple| &triple.relation));
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        let mut knowledge = Knowledge {
            known: BTreeSet::new(),
            entity_vectors: training::random_unit_vectors(entities.len(), settings.dimensions, &mut random),
            relation_vectors: training::random_unit_vectors(relations.len(), settings.dimensions, &mut random),
            entities,
            relations,
        };
        knowledge.known = triples.iter().map(|triple| knowledge.link(triple)).collect::<Result<_>>()?;
        training::train(&mut knowledge, settings, &mut random);
        knowledge.checked()
    }

    /// The names of all entities, sorted.
    pub fn entities(&self) -> &[String] {
        &self.entities
    }

    /// The names of all relations, sorted.
    pub fn relations(&self) -> &[String] {
        &self.relations
    }

    /// Dimension of the entities' space.
    pub fn dimensions(&self) -> usize {
        self.entity_vectors.dimensions()
    }

    /// An entity's point, of length 1.
    ///
    /// # Errors
    /// [`DataError::UnknownName`].
    pub fn entity(&self, name: &str) -> Result<&[f32]> {
        Ok(self.entity_vectors.row(self.entity_index(name)?))
    }

    /// A relation's displacement.
    ///
    /// # Errors
    /// [`DataError::UnknownName`].
    pub fn relation(&self, name: &str) -> Result<&[f32]> {
        Ok(self.relation_vectors.row(self.relation_index(name)?))
    }

    /// How plausible a fact is: `−‖h + r − t‖`, at most 0; for comparing facts of one relation.
    ///
    /// # Errors
    /// [`DataError::UnknownName`].
    pub fn plausibility(&self, head: &str, relation: &str, tail: &str) -> Result<f32> {
        let link = [self.entity_index(head)?, self.relation_index(relation)?, self.entity_index(tail)?];
        Ok(-self.distance(link))
    }

    /// How far a translation ends from its aim.
    fn distance(&self, link: Link) -> f32 {
        length(&self.miss(link))
    }

    /// `h + r − t`.
    fn miss(&self, [head, relation, tail]: Link) -> Vec<f32> {
        let moved = self.entity_vectors.row(head).iter().zip(self.relation_vectors.row(relation));
        moved.zip(self.entity_vectors.row(tail)).map(|((head, relation), tail)| head + relation - tail).collect()
    }

    fn link(&self, triple: &Triple) -> Result<Link> {
        let relation = self.relation_index(&triple.relation)?;
        Ok([self.entity_index(&triple.head)?, relation, self.entity_index(&triple.tail)?])
    }

    fn entity_index(&self, name: &str) -> Result<usize> {
        index(&self.entities, name, "entity")
    }

    fn relation_index(&self, name: &str) -> Result<usize> {
        index(&self.relations, name, "relation")
    }

    fn checked(self) -> Result<Self> {
        let mut values = self.entity_vectors.values().iter().chain(self.relation_vectors.values());
        if values.any(|value| !value.is_finite()) {
            return Err(NumericError::NotFinite { what: "the embedding of the knowledge graph" }.into());
        }
        Ok(self)
    }
}

impl KnowledgeSettings {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let is_positive = |value: f32| value.is_finite() && value > 0.0;
        match self {
            _ if !(1..=MOST_DIMENSIONS).contains(&self.dimensions) => bad("dimensions", "use 1 to 1024"),
            _ if !is_positive(self.margin) => bad("margin", "it must be finite and above 0"),
            _ if !is_positive(self.learning_rate) => bad("learning_rate", "it must be finite and above 0"),
            _ if self.epochs == 0 => bad("epochs", "use at least 1"),
            _ => Ok(()),
        }
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn index(names: &[String], name: &str, what: &'static str) -> Result<usize> {
    let found = names.binary_search_by(|other| other.as_str().cmp(name));
    found.map_err(|_| DataError::UnknownName { what, id: name.to_owned() }.into())
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}
