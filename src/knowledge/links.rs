//! Link prediction: does the embedding find the hidden end of a triple?

use std::collections::BTreeSet;

use super::{Knowledge, Link, Triple};
use crate::error::{DataError, Result};

/// How well hidden ends of triples are found, heads and tails alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkPrediction {
    /// Mean of 1 / rank of the true entity; 1 is perfect.
    pub mean_reciprocal_rank: f64,
    /// Share of the true entities among the first ten; 1 for every graph of at most ten entities.
    pub hits_at_10: f64,
    /// The mean reciprocal rank that a random order has on the same triples: what to compare with.
    pub chance: f64,
}

impl Knowledge {
    /// Ranks all entities for each end of each triple; hold the triples out of the fit to believe the result.
    ///
    /// Ranks are filtered (Bordes et al. 2013 §4): other entities that make a known or an evaluated triple are no
    /// mistakes and are left out. Ties share their mean rank.
    ///
    /// # Errors
    /// [`DataError::Empty`] without triples, [`DataError::UnknownName`] for an entity or relation that was not fitted.
    pub fn evaluate(&self, triples: &[Triple]) -> Result<LinkPrediction> {
        if triples.is_empty() {
            return Err(DataError::Empty { what: "the list of triples" }.into());
        }
        let links = triples.iter().map(|triple| self.link(triple)).collect::<Result<Vec<Link>>>()?;
        let truths: BTreeSet<Link> = self.known.iter().chain(&links).copied().collect();
        let ranks: Vec<Rank> = links.iter().flat_map(|&link| [0, 2].map(|end| self.rank(link, end, &truths))).collect();
        let mean = |of: &dyn Fn(&Rank) -> f64| ranks.iter().map(of).sum::<f64>() / ranks.len() as f64;
        Ok(LinkPrediction {
            mean_reciprocal_rank: mean(&|rank| 1.0 / rank.place),
            hits_at_10: mean(&|rank| f64::from(u8::from(rank.place <= 10.0))),
            chance: mean(&|rank| harmonic(rank.candidates) / rank.candidates as f64),
        })
    }

    /// The rank of a link's own entity at one end, among all that would not be true as well.
    fn rank(&self, link: Link, end: usize, truths: &BTreeSet<Link>) -> Rank {
        let right = self.distance(link);
        let mut rank = Rank { place: 1.0, candidates: 1 };
        for entity in 0..self.entities.len() {
            let mut other = link;
            other[end] = entity;
            if truths.contains(&other) {
                continue;
            }
            let distance = self.distance(other);
            rank.candidates += 1;
            rank.place += if distance < right { 1.0 } else { 0.5 * f64::from(u8::from(distance == right)) };
        }
        rank
    }
}

struct Rank {
    /// From 1.
    place: f64,
    /// Entities that were ranked, the right one included.
    candidates: usize,
}

/// `1 + 1/2 + … + 1/count`.
fn harmonic(count: usize) -> f64 {
    (1..=count).map(|place| 1.0 / place as f64).sum()
}
