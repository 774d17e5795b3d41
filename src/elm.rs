//! The ELM baseline: jump to the best point of the latent space, then write a text for it.
//!
//! **Idea.** EAGLE edits texts and sees where they land. ELM (Tennenholtz et al. 2024, *Demystifying Embedding Spaces
//! using Large Language Models*) goes the other way round: it seeks the point z* of highest utility in Z itself, which
//! is cheap, and has a decoder describe the item that would lie there. Two things can go wrong, and both are measured:
//! z* may be a place where no text lies, and the text may not land on z*.
//!
//! **Search.** [`optimise`] is gradient ascent from an anchor's place, with steps of a given length that shrinks after
//! every step that does not help; the best point seen is the result. Utilities are linear or better far away from all
//! data, so the ascent is kept where texts have been seen, in one of three ways ([`Manifold`]):
//!
//! 1. *Ball*: within ε of some item, as the EAGLE paper has it. Projection is exact: onto the ball of the nearest item.
//! 2. *Neighbour graph*: on the edges between items and their k nearest, the cheap substitute for geodesics (Chen et
//!    al. 2019, *Fast approximate geodesics for deep generative models*). Every point is a mixture of two items.
//! 3. *Pull-back*: steps are measured by how much a small stochastic decoder's sentence vector changes, and end where
//!    that decoder no longer knows what it says; see [`decoder`].
//!
//! **Decoding.** [`Elm`] places the anchor, searches, asks the environment for a text that lies among the items near
//! z* ([`Effect::Decode`](crate::rollout::Effect::Decode)), and places that. [`Decoded::realisability_gap`] is the
//! distance between where it should lie and where it does.
//!
//! **Both together.** The paper leaves open whether ELM's optimum could guide EAGLE's edits.
//! [`Objective::toward`](crate::objective::Objective::toward) makes it the target of any rollout or search.
//!
//! **When it fails.** The ascent is local: it ends on the nearest hill, and with balls or a graph in the part where it
//! began. The graph's points are realisable only as far as a mixture of two items is. A decoder fitted to few items
//! bounds the ascent to little more than those. A trained decoder would read z* itself; the environment here is shown
//! neighbours and weights instead, so what lies across from z* on the far side of its neighbours reads the same.
//!
//! ```
//! use aquiline::elm::{ElmSettings, Manifold, optimise};
//! use aquiline::latent::Latents;
//! use aquiline::utility::{Person, Term, Utility};
//! // Ratings grow to the right without end; items do not.
//! let items = Latents::new(2, vec![0.0, 0.0, 1.0, 0.0, 2.0, 0.0])?;
//! let right = Person { offset: 0.0, vector: vec![1.0, 0.0] };
//! let utility = Utility { terms: vec![(1.0, Term::Affinity(right))] };
//! let settings = ElmSettings { manifold: Manifold::Ball { radius: 0.5 }, ..Default::default() };
//! let best = optimise(&utility, &items, &items, &[2.0, 0.0], &settings)?;
//! assert!((best.utility - 2.5).abs() < 1e-3);
//! # Ok::<(), aquiline::Error>(())
//! ```

pub mod decoder;
mod features;
mod machine;
mod pull_back;
mod surface;

use crate::error::{NumericError, Result};
use crate::latent::{Latents, Neighbour};
use crate::utility::{NEAREST, Utility};
use decoder::{Decoder, DecoderSettings};
pub use machine::{Decoded, Elm, Existing, Next};
use pull_back::PullBack;
use surface::{Balls, Graph, Surface};

/// A step that does not help makes the next ones this much shorter.
const SHRINK: f32 = 0.7;
/// Steps shorter than this share of the first end the ascent.
const SHORTEST: f32 = 1e-4;

/// What keeps the search near the data.
#[derive(Debug, Clone, PartialEq)]
pub enum Manifold {
    /// The union of balls around the existing items.
    Ball {
        /// Radius of each ball, in the units of Z; above 0.
        radius: f32,
    },
    /// The edges between each item and its nearest ones.
    NeighbourGraph {
        /// Edges that each item brings, at least 1; an edge holds in both directions.
        neighbours: usize,
    },
    /// Where a stochastic decoder to sentence vectors is sure, with steps in its metric.
    PullBack {
        /// How the decoder is fitted.
        decoder: DecoderSettings,
        /// The share of items whose spread the search may reach; above 0, at most 1.
        spread_quantile: f32,
    },
}

impl Manifold {
    /// The pull-back manifold of the default decoder, bounded by the 95th percentile of the items' spreads.
    pub fn pull_back() -> Self {
        Manifold::PullBack { decoder: DecoderSettings::default(), spread_quantile: 0.95 }
    }
}

/// Settings of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct ElmSettings {
    /// What keeps it near the data.
    pub manifold: Manifold,
    /// Steps at most.
    pub steps: usize,
    /// Length of the first step, as a share of the manifold's own scale: a ball's radius, the typical distance between
    /// nearest items on a graph, that distance in the decoder's metric on a pull-back.
    pub step_size: f32,
    /// Items nearest to the optimum that are reported, and that the environment is shown.
    pub nearest: usize,
    /// Seeds the decoder's fit and the environment.
    pub seed: u64,
}

impl Default for ElmSettings {
    /// A graph of 8 neighbours, which needs no scale, and quarter steps on it.
    fn default() -> Self {
        let manifold = Manifold::NeighbourGraph { neighbours: 8 };
        ElmSettings { manifold, steps: 200, step_size: 0.25, nearest: NEAREST, seed: 0 }
    }
}

/// The best point that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// The point, z*.
    pub latent: Vec<f32>,
    /// Utility there: never less than at the first point of the path.
    pub utility: f32,
    /// Every point of the ascent, in order; the first is the start, moved onto the manifold.
    pub path: Vec<Vec<f32>>,
    /// The items nearest to z*, nearest first.
    pub nearest: Vec<Neighbour>,
}

/// Seeks the point of highest utility near the data, uphill from `start`.
///
/// `items` are the existing items' places, n × d. `sentences` are their sentence vectors, one row for each item; only
/// [`Manifold::PullBack`] reads them. `start` has d components. Equal arguments give equal results.
///
/// # Errors
/// [`NumericError::BadSetting`] for a setting out of its range or fewer than two items, [`NumericError::WrongSize`] for
/// a start or sentences that do not fit the items, [`NumericError::NotFinite`] for NaN or infinity in any of them or in
/// the utility at the start.
pub fn optimise(
    utility: &Utility,
    items: &Latents,
    sentences: &Latents,
    start: &[f32],
    settings: &ElmSettings,
) -> Result<Optimum> {
    settings.check()?;
    check_items(items)?;
    check_width("the start", items.dimensions(), start.len())?;
    check_finite("the start", start)?;
    let mut surface = surface(items, sentences, settings)?;
    let start = surface.enter(start);
    if !is_usable(utility, &start) {
        return Err(NumericError::NotFinite { what: "the utility at the start" }.into());
    }
    let path = ascend(utility, surface.as_mut(), start, settings);
    let (utility, latent) = best(utility, &path);
    Ok(Optimum { nearest: items.nearest(&latent, settings.nearest.min(items.len())), latent, utility, path })
}

fn surface<'a>(items: &'a Latents, sentences: &Latents, settings: &ElmSettings) -> Result<Box<dyn Surface + 'a>> {
    Ok(match &settings.manifold {
        Manifold::Ball { radius } => Box::new(Balls::new(items, *radius)),
        Manifold::NeighbourGraph { neighbours } => Box::new(Graph::new(items, *neighbours)),
        Manifold::PullBack { decoder, spread_quantile } => {
            let decoder = Decoder::fit(items, sentences, decoder, settings.seed)?;
            Box::new(PullBack::new(decoder, items, *spread_quantile))
        }
    })
}

/// A step that lowers the utility is taken all the same, so that the ascent can follow a ridge on which it zigzags.
fn ascend(utility: &Utility, surface: &mut dyn Surface, start: Vec<f32>, settings: &ElmSettings) -> Vec<Vec<f32>> {
    let first = settings.step_size * surface.scale();
    let (mut length, mut point, mut path) = (first, start.clone(), vec![start]);
    for _ in 0..settings.steps {
        let value = utility.value(&point);
        let next = surface.advance(&point, &utility.gradient(&point), length);
        let next = next.filter(|next| *next != point && is_usable(utility, next));
        if next.as_ref().is_none_or(|next| utility.value(next) <= value) {
            length *= SHRINK;
        }
        if let Some(next) = next {
            path.push(next.clone());
            point = next;
        }
        if length <= SHORTEST * first {
            break;
        }
    }
    path
}

fn is_usable(utility: &Utility, point: &[f32]) -> bool {
    point.iter().all(|value| value.is_finite()) && utility.value(point).is_finite()
}

/// The first of the best points.
fn best(utility: &Utility, path: &[Vec<f32>]) -> (f32, Vec<f32>) {
    let valued = path.iter().map(|point| (utility.value(point), point));
    let better = |best: (f32, _), other: (f32, _)| if other.0 > best.0 { other } else { best };
    let (value, point) = valued.reduce(better).expect("a path begins at its start");
    (value, point.clone())
}

impl ElmSettings {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            _ if self.steps == 0 => bad("steps", "use at least 1"),
            _ if !is_length(self.step_size) => bad("step_size", "it must be finite and above 0"),
            _ if self.nearest == 0 => bad("nearest", "use at least 1"),
            _ => self.manifold.check(),
        }
    }
}

impl Manifold {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            Manifold::Ball { radius } if !is_length(*radius) => bad("radius", "it must be finite and above 0"),
            Manifold::NeighbourGraph { neighbours: 0 } => bad("neighbours", "use at least 1"),
            Manifold::PullBack { spread_quantile, .. } if !(*spread_quantile > 0.0 && *spread_quantile <= 1.0) => {
                bad("spread_quantile", "it must be above 0 and at most 1")
            }
            _ => Ok(()),
        }
    }
}

fn is_length(value: f32) -> bool {
    value.is_finite() && value > 0.0
}

fn check_items(items: &Latents) -> Result<()> {
    if items.len() < 2 {
        return Err(NumericError::BadSetting { what: "the catalog", why: "a manifold needs at least 2 items" }.into());
    }
    check_finite("the items' places", items.values())
}

fn check_width(what: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(NumericError::WrongSize { what, expected, found }.into()) }
}

fn check_finite(what: &'static str, values: &[f32]) -> Result<()> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(NumericError::NotFinite { what }.into())
}
