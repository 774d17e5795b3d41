//! What a point of the latent space is worth: U(z; D) and its terms.
//!
//! The paper's general utility (Eq. 2) sums over users, creators and existing items; its
//! experiments use one user and the three nearest items:
//! `U(z; D) = ⟨z_user, z⟩ + λ Σ_{3 nearest} ‖z − z_i‖`. Here every term is a value, a utility is any
//! weighted sum of them, and ratings are divided by the top rating, so that 1.0 is the best rating.
//! Distances are measured between points that the same encoder placed (otherwise the encoder's own
//! error would count as novelty) and are capped (otherwise the farthest nonsense would win).
//!
//! Beside these stand what people prefer (the module `preference`), consistency with known facts
//! (`knowledge`) and safety ([`ForbiddenRegion`]). Terms come in their own units (shares of a rating,
//! logits, distances), so give each a weight that makes its spread over the items comparable. How far
//! a prediction is believed is no term but the caution of an objective.

use std::sync::Arc;

use crate::knowledge::RequiredFacts;
use crate::latent::{Latents, distance, dot};
use crate::preference::Preference;

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

/// Safety: a ball that is not to be entered, for example around the items that moderators took down.
///
/// **Idea.** Its term costs the depth inside, `−max(0, radius − ‖z − centre‖)`. The cost is 0 outside, so what is
/// allowed is ranked as if there were no region, and its slope inside is 1 however shallow. That makes it an *exact*
/// penalty: with a weight above the steepest slope of all other terms together, the way out goes uphill from every point
/// inside (but the very centre), and no maximum is left there. A squared depth would be smoother and would let every
/// maximum in a little. The slope of a rating is at most the length of the person's vector, of novelty 3 × its weight.
/// Far more weight costs nothing outside and keeps the search for gaps, which climbs in a few long steps, clear of the
/// border.
///
/// **When it fails.** With a smaller weight the region is a price and can be worth paying. Gaps and episodes are ranked,
/// not filtered: what lies inside comes last and is found when all else is exhausted, so check what must not pass. A text
/// is placed with an error; enlarge the radius by it. And a place is not a wording: this keeps steering out of a subject
/// and does not replace a filter that reads texts.
///
/// **References.** Zangwill 1967, *Non-linear programming via penalty functions*; Han & Mangasarian 1979, *Exact penalty
/// functions in nonlinear programming*.
///
/// ```
/// use aquiline::utility::{ForbiddenRegion, Person, Term, Utility};
/// // Someone likes it the more the farther east, and between here and there is a subject that is off limits.
/// let person = Person { offset: 0.5, vector: vec![0.2, 0.0] };
/// let region = ForbiddenRegion { centre: vec![2.0, 0.0], radius: 1.0 };
/// let utility = Utility { terms: vec![(1.0, Term::Affinity(person)), (1.0, Term::Constraint(region))] };
/// assert!(utility.value(&[0.9, 0.0]) > utility.value(&[1.5, 0.0]), "entering does not pay");
/// assert!(utility.gradient(&[1.5, 0.0])[0] < 0.0, "and the way out is back");
/// assert!(utility.value(&[3.5, 0.0]) > utility.value(&[0.9, 0.0]), "beyond it all is as it was");
/// ```
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
    /// The rating of one user, however far beyond the scale.
    Affinity(Person),
    /// The rating of one user, held to the scale: no text is worth more than the top rating, however far a prediction
    /// reaches beyond the texts that were seen.
    Rating {
        /// Who rates.
        person: Person,
        /// Lowest and highest rating, as shares of the highest.
        scale: (f32, f32),
    },
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
    /// What people prefer, in logits, fitted from pairs.
    Preference(Preference),
    /// Minus the distance from what required facts ask for, in the space of a knowledge graph; 0 is full consistency.
    Knowledge(RequiredFacts),
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

    /// The same utility if these were all items there are. Where the nearest ones are among them it is equal, and
    /// elsewhere it is never lower (unless being far is held against a point).
    pub(crate) fn among(&self, items: &Arc<Latents>) -> Self {
        let mut utility = self.clone();
        for (_, term) in &mut utility.terms {
            if let Term::Novelty { items: all, .. } = term {
                *all = items.clone();
            }
        }
        utility
    }

    /// The part of the worth that comes from predicted ratings.
    pub fn affinity(&self, point: &[f32]) -> f32 {
        self.part(point, |term| matches!(term, Term::Affinity(_) | Term::Rating { .. } | Term::Group(_)))
    }

    /// The part of the worth that comes from being far from what exists.
    pub fn novelty(&self, point: &[f32]) -> f32 {
        self.part(point, |term| matches!(term, Term::Novelty { .. }))
    }

    /// The worth without what comes from being far: what ranks places that already have an item.
    pub fn demand(&self, point: &[f32]) -> f32 {
        self.part(point, |term| !matches!(term, Term::Novelty { .. }))
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
            Term::Rating { person, scale: (lowest, highest) } => person.rating(point).max(*lowest).min(*highest),
            Term::Group(people) => people.iter().map(|person| person.rating(point)).sum(),
            Term::Creator(creator) => {
                let away = distance(&creator.home, point) / creator.reach;
                -0.5 * away * away
            }
            Term::Novelty { items, cap } => {
                items.nearest(point, NEAREST).iter().map(|near| near.distance.min(*cap)).sum()
            }
            Term::Constraint(region) => -(region.radius - distance(&region.centre, point)).max(0.0),
            Term::Preference(preference) => preference.value(point),
            Term::Knowledge(facts) => facts.value(point),
        }
    }

    fn add_gradient(&self, point: &[f32], weight: f32, gradient: &mut [f32]) {
        match self {
            // Beyond the scale more is no better.
            Term::Rating { person, scale: (lowest, highest) }
                if !(*lowest..*highest).contains(&person.rating(point)) => {}
            Term::Affinity(_) | Term::Rating { .. } | Term::Group(_) => {
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
            Term::Preference(preference) => add_scaled(gradient, &preference.weights, weight),
            Term::Knowledge(facts) => add_scaled(gradient, &facts.gradient(point), weight),
        }
    }

    fn people(&self) -> &[Person] {
        match self {
            Term::Affinity(person) | Term::Rating { person, .. } => std::slice::from_ref(person),
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
