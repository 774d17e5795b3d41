//! What transitions that are alike say beyond a line.
//!
//! A Gaussian process on what the line leaves over, with the kernel `exp(−‖a−a'‖²/2w² − ‖z−z'‖²/2v²)` over actions and
//! places, of the nearest transitions only (Gramacy & Apley 2015, *Local Gaussian process approximation for large
//! computer experiments*). What they left over is taken from the line as it is now, so nothing has to be refitted when
//! the line changes.

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::latent::Latents;

/// w, in units of an action's length: two wordings of one request are about this far apart.
const ACTION_WIDTH: f32 = 0.5;
/// v, in units of a latent's length.
const LATENT_WIDTH: f32 = 2.0;
/// Variance of the noise, relative to that of what a line leaves over.
const NOISE: f64 = 0.15;
/// Transitions that are kept before the older half is forgotten.
const MOST_KEPT: usize = 8192;

/// One transition that was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Row of its action.
    pub(super) action: usize,
    pub(super) latent: Vec<f32>,
    pub(super) next: Vec<f32>,
}

/// Transitions that were seen, and each of their actions once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Neighbourhood {
    pub(super) actions: Latents,
    pub(super) seen: Vec<Seen>,
}

/// Lengths that distances are measured in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    action: f32,
    latent: f32,
}

impl Widths {
    /// Of sentence vectors and latents that are typically this long.
    pub(super) fn of(action_length: f32, latent_length: f32) -> Self {
        Widths { action: ACTION_WIDTH * action_length, latent: LATENT_WIDTH * latent_length }
    }
}

impl Neighbourhood {
    /// Of actions with sentence vectors of this width; nothing was seen.
    pub(super) fn new(sentence: usize) -> Self {
        Neighbourhood { actions: Latents::zeros(0, sentence), seen: Vec::new() }
    }

    /// Keeps a transition.
    pub(super) fn insert(&mut self, latent: &[f32], action: &[f32], next: &[f32]) {
        if self.seen.len() >= MOST_KEPT {
            let older = std::mem::replace(self, Neighbourhood::new(self.actions.dimensions()));
            for Seen { action, latent, next } in &older.seen[older.seen.len() / 2..] {
                self.insert(latent, older.actions.row(*action), next);
            }
        }
        let known = self.actions.rows().position(|row| row == action);
        let action = known.unwrap_or_else(|| {
            self.actions.push(action);
            self.actions.len() - 1
        });
        self.seen.push(Seen { action, latent: latent.to_vec(), next: next.to_vec() });
    }

    /// What the `count` transitions nearest to an action at a place leave over on average, weighed by likeness;
    /// `left_over` says what one of them does. `places` are their distances from there, see [`Self::distances`].
    pub(super) fn correction(
        &self,
        places: &[f32],
        action: &[f32],
        count: usize,
        widths: Widths,
        left_over: impl Fn(&Seen) -> DVector<f64>,
    ) -> Option<DVector<f64>> {
        let of_actions: Vec<f32> = self.actions.rows().map(|row| scaled(row, action, widths.action)).collect();
        let mut nearest: Vec<(f32, usize)> =
            self.seen.iter().zip(places).map(|(seen, place)| place + of_actions[seen.action]).zip(0..).collect();
        let order = |one: &(f32, usize), other: &(f32, usize)| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
        if count < nearest.len() {
            nearest.select_nth_unstable_by(count, order);
            nearest.truncate(count);
        }
        nearest.sort_unstable_by(order);
        let near: Vec<&Seen> = nearest.iter().map(|&(_, index)| &self.seen[index]).collect();
        let alike = |distance: f32| f64::from(-distance).exp();
        let kernel = DMatrix::from_fn(near.len(), near.len(), |one, other| match one == other {
            true => 1.0 + NOISE,
            false => alike(self.distance(near[one], near[other], widths)),
        });
        let weights = Cholesky::new(kernel)?
            .solve(&DVector::from_iterator(near.len(), nearest.iter().map(|&(distance, _)| alike(distance))));
        near.iter().zip(weights.iter()).map(|(seen, &weight)| left_over(seen) * weight).reduce(|sum, one| sum + one)
    }

    /// How far each transition's start is from a place.
    pub(super) fn distances(&self, latent: &[f32], widths: Widths) -> Vec<f32> {
        self.seen.iter().map(|seen| scaled(&seen.latent, latent, widths.latent)).collect()
    }

    fn distance(&self, one: &Seen, other: &Seen, widths: Widths) -> f32 {
        let actions = match one.action == other.action {
            true => 0.0,
            false => scaled(self.actions.row(one.action), self.actions.row(other.action), widths.action),
        };
        actions + scaled(&one.latent, &other.latent, widths.latent)
    }
}

/// Half the squared distance in units of a width.
fn scaled(one: &[f32], other: &[f32], width: f32) -> f32 {
    // Sums side by side, because one after another each addition waits for the last.
    let ((ones, rest), (others, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = rest.iter().zip(other_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    (sums.iter().sum::<f32>() + rest) / (2.0 * width * width)
}
