//! What a point of the latent space is worth: U(z; D) and its terms.
//!
//! The paper's general utility (Eq. 2) sums over users, creators and existing items; its
//! experiments use one user and the three nearest items:
//! `U(z; D) = ⟨z_user, z⟩ + λ Σ_{3 nearest} ‖z − z_i‖`. Here every term is a value, a utility is any
//! weighted sum of them, and ratings are divided by the top rating, so that 1.0 is the best rating.
//! Distances are measured between points that the same encoder placed (otherwise the encoder's own
//! error would count as novelty) and are capped (otherwise the farthest nonsense would win).

use std::sync::Arc;

use crate::latent::{Latents, distance, dot};

/// Existing items that count for novelty (paper §2.2).
pub const NEAREST: usize = 3;

/// Someone whose rating of a point is `offset + vector · z`, as a share of the top rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What they rate at the origin.
    pub offset: f32,
    /// How their rating changes along each dimension.
    pub vector: Vec<f32>,
}

/// Someone who makes items, and what they can make.
#[derive(Debug, Clone, PartialEq)]
pub struct Creator {
    /// Where their work lies.
    pub home: Vec<f32>,
    /// How far from there they still work well.
    pub reach: f32,
}

/// A ball that is not to be entered.
#[derive(Debug, Clone, PartialEq)]
pub struct ForbiddenRegion {
    /// Its centre.
    pub centre: Vec<f32>,
    /// Its radius.
    pub radius: f32,
}

/// One thing that makes a point worth more or less.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// The rating of one user.
    Affinity(Person),
    /// The summed ratings of many users.
    Group(Vec<Person>),
    /// `−‖z − home‖² / 2 reach²`: 0 at a creator's home, falling with distance. A place to be reached is the same
    /// thing: see [`crate::objective::Objective::toward`].
    Creator(Creator),
    /// Summed distance to the [`NEAREST`] existing items, each at most `cap`.
    Novelty {
        /// The existing items.
        items: Arc<Latents>,
        /// A distance that is as good as any longer one.
        cap: f32,
    },
    /// Minus the depth inside a forbidden region; 0 outside.
    Constraint(ForbiddenRegion),
}

/// A weighted sum of terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Utility {
    /// Weight and term.
    pub terms: Vec<(f32, Term)>,
}

impl Utility {
    /// The utility of the paper's experiments: one user's rating plus `weight` × novelty.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use aquiline::latent::Latents;
    /// use aquiline::utility::{Person, Utility};
    /// let items = Arc::new(Latents::new(2, vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0])?);
    /// let person = Person { offset: 0.6, vector: vec![0.1, 0.0] };
    /// let utility = Utility::local_gap(person, items, 0.02, 2.0);
    /// assert!(utility.value(&[1.5, 0.0]) > utility.value(&[-1.5, 0.0]));
    /// # Ok::<(), aquiline::Error>(())
    /// ```
    pub fn local_gap(person: Person, items: Arc<Latents>, weight: f32, cap: f32) -> Self {
        Utility { terms: vec![(1.0, Term::Affinity(person)), (weight, Term::Novelty { items, cap })] }
    }

    /// The worth of a point.
    pub fn value(&self, point: &[f32]) -> f32 {
        self.terms.iter().map(|(weight, term)| weight * term.value(point)).sum()
    }

    /// The direction in which the worth grows fastest, and how fast, where it is differentiable
    /// (almost everywhere); at a kink, one of the one-sided gradients.
    pub fn gradient(&self, point: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; point.len()];
        for (weight, term) in &self.terms {
            term.add_gradient(point, *weight, &mut gradient);
        }
        gradient
    }

    /// The part of the worth that comes from predicted ratings.
    pub fn affinity(&self, point: &[f32]) -> f32 {
        self.part(point, |term| matches!(term, Term::Affinity(_) | Term::Group(_)))
    }

    /// The part of the worth that comes from being far from what exists.
    pub fn novelty(&self, point: &[f32]) -> f32 {
        self.part(point, |term| matches!(term, Term::Novelty { .. }))
    }

    /// How strongly predicted ratings count in total: an error of all ratings by e moves the
    /// utility by e times this.
    pub fn rating_weight(&self) -> f32 {
        self.terms.iter().map(|(weight, term)| weight.abs() * term.people().len() as f32).sum()
    }

    fn part(&self, point: &[f32], belongs: impl Fn(&Term) -> bool) -> f32 {
        let terms = self.terms.iter().filter(|(_, term)| belongs(term));
        terms.map(|(weight, term)| weight * term.value(point)).sum()
    }
}

impl Person {
    /// The predicted rating of a point, as a share of the top rating; not clipped.
    pub fn rating(&self, point: &[f32]) -> f32 {
        self.offset + dot(&self.vector, point)
    }
}

impl Term {
    fn value(&self, point: &[f32]) -> f32 {
        match self {
            Term::Affinity(person) => person.rating(point),
            Term::Group(people) => people.iter().map(|person| person.rating(point)).sum(),
            Term::Creator(creator) => {
                let away = distance(&creator.home, point) / creator.reach;
                -0.5 * away * away
            }
            Term::Novelty { items, cap } => {
                items.nearest(point, NEAREST).iter().map(|near| near.distance.min(*cap)).sum()
            }
            Term::Constraint(region) => -(region.radius - distance(&region.centre, point)).max(0.0),
        }
    }

    fn add_gradient(&self, point: &[f32], weight: f32, gradient: &mut [f32]) {
        match self {
            Term::Affinity(_) | Term::Group(_) => {
                self.people().iter().for_each(|person| add_scaled(gradient, &person.vector, weight));
            }
            Term::Creator(creator) => {
                let scale = -weight / (creator.reach * creator.reach);
                add_difference(gradient, point, &creator.home, scale);
            }
            Term::Novelty { items, cap } => {
                for near in
                    items.nearest(point, NEAREST).iter().filter(|near| near.distance > 0.0 && near.distance < *cap)
                {
                    add_difference(gradient, point, items.row(near.index), weight / near.distance);
                }
            }
            Term::Constraint(region) => {
                let away = distance(&region.centre, point);
                if away > 0.0 && away < region.radius {
                    add_difference(gradient, point, &region.centre, weight / away);
                }
            }
        }
    }

    fn people(&self) -> &[Person] {
        match self {
            Term::Affinity(person) => std::slice::from_ref(person),
            Term::Group(people) => people,
            _ => &[],
        }
    }
}

fn add_scaled(sum: &mut [f32], vector: &[f32], scale: f32) {
    sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += scale * value);
}

fn add_difference(sum: &mut [f32], to: &[f32], from: &[f32], scale: f32) {
    sum.iter_mut().zip(to.iter().zip(from)).for_each(|(sum, (to, from))| *sum += scale * (to - from));
}
