//! Stochastic gradient descent on the margin ranking loss.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Knowledge, KnowledgeSettings, Link, length};
use crate::latent::Latents;

/// Draws of another entity until a triple is given up as one that no entity makes wrong.
const DRAWS: usize = 20;

/// Moves points and displacements until true triples are shorter of their aim than wrong ones.
pub(super) fn train(knowledge: &mut Knowledge, settings: &KnowledgeSettings, random: &mut ChaCha8Rng) {
    let mut links: Vec<Link> = knowledge.known.iter().copied().collect();
    for _ in 0..settings.epochs {
        links.shuffle(random);
        for &link in &links {
            if let Some(wrong) = corrupt(knowledge, link, random) {
                knowledge.tell_apart(link, wrong, settings);
            }
        }
        normalise(&mut knowledge.entity_vectors);
    }
}

/// Directions from a cube, which is uniform enough for a start and needs no logarithm.
pub(super) fn random_unit_vectors(count: usize, dimensions: usize, random: &mut ChaCha8Rng) -> Latents {
    let mut vectors = Latents::zeros(count, dimensions);
    for index in 0..count {
        vectors.row_mut(index).fill_with(|| random.random_range(-1.0..1.0));
    }
    normalise(&mut vectors);
    vectors
}

/// The same triple with another head or another tail, which no one knows to be true; none if chance finds none.
fn corrupt(knowledge: &Knowledge, link: Link, random: &mut ChaCha8Rng) -> Option<Link> {
    let entities = knowledge.entities.len() as u32;
    let mut draws = (0..DRAWS).map(|_| {
        let mut wrong = link;
        let end = if random.random_range(0..2_u32) == 0 { 0 } else { 2 };
        wrong[end] = random.random_range(0..entities) as usize;
        wrong
    });
    draws.find(|wrong| !knowledge.known.contains(wrong))
}

impl Knowledge {
    /// One gradient step on `max(0, margin + ‖right‖ − ‖wrong‖)`.
    fn tell_apart(&mut self, right: Link, wrong: Link, settings: &KnowledgeSettings) {
        let (toward, away) = (self.miss(right), self.miss(wrong));
        if settings.margin + length(&toward) - length(&away) > 0.0 {
            self.shift(right, &toward, -settings.learning_rate);
            self.shift(wrong, &away, settings.learning_rate);
        }
    }

    /// Changes how far a translation ends from its aim, by a step at each of its three vectors.
    fn shift(&mut self, [head, relation, tail]: Link, miss: &[f32], step: f32) {
        let length = length(miss);
        if length > 0.0 {
            add_scaled(self.entity_vectors.row_mut(head), miss, step / length);
            add_scaled(self.relation_vectors.row_mut(relation), miss, step / length);
            add_scaled(self.entity_vectors.row_mut(tail), miss, -step / length);
        }
    }
}

fn add_scaled(sum: &mut [f32], vector: &[f32], scale: f32) {
    sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += scale * value);
}

fn normalise(vectors: &mut Latents) {
    for index in 0..vectors.len() {
        let row = vectors.row_mut(index);
        let length = length(row);
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value /= length);
        }
    }
}
