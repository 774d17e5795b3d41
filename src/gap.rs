//! Content gaps: where demand is high and no item is near.
//!
//! Candidates are the midpoints between each item and its neighbours, which lie among the data but
//! on no item. Each is moved uphill along the utility's gradient, never farther from the midpoint
//! than half the distance of the two items, so that it stays where texts have been seen. Of the
//! ones that end up within one radius of each other only the best is kept.
//!
//! It finds interior gaps, not the edge of the space: beyond the edge nothing is known.

use crate::error::{NumericError, Result};
use crate::latent::{Latents, Neighbour, distance, pull_into_ball};
use crate::utility::{NEAREST, Utility};

/// A region of high utility with no item.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentGap {
    /// Its centre.
    pub latent: Vec<f32>,
    /// Utility there.
    pub utility: f32,
    /// Distance to the nearest item.
    pub distance: f32,
    /// The nearest items.
    pub neighbours: Vec<Neighbour>,
}

/// How to look for gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct GapSettings {
    /// Gaps to return at most.
    pub count: usize,
    /// Items whose surroundings are searched: those of highest utility, leaving novelty aside.
    pub starts: usize,
    /// Neighbours of each start that a midpoint is taken with.
    pub neighbours: usize,
    /// Gradient steps from each midpoint.
    pub steps: usize,
}

impl Default for GapSettings {
    fn default() -> Self {
        GapSettings { count: 8, starts: 64, neighbours: 12, steps: 8 }
    }
}

/// Finds the gaps of highest utility, best first.
///
/// A gap is at least half the items' median nearest-neighbour distance (measured on the starts) away from every item,
/// and at least as far from every other gap.
///
/// # Errors
/// [`NumericError::BadSetting`] when there are fewer than two items or no count was asked for.
pub fn find(utility: &Utility, items: &Latents, settings: &GapSettings) -> Result<Vec<ContentGap>> {
    if items.len() < 2 {
        return Err(
            NumericError::BadSetting { what: "the catalog", why: "gaps lie between items: use at least 2" }.into()
        );
    }
    if settings.count == 0 {
        return Err(NumericError::BadSetting { what: "count", why: "ask for at least 1 gap" }.into());
    }
    let surroundings: Vec<(usize, Vec<Neighbour>)> = best_items(utility, items, settings.starts)
        .into_iter()
        .map(|item| (item, others(items, item, settings)))
        .collect();
    let spacing = typical_spacing(&surroundings);
    let mut gaps: Vec<ContentGap> = surroundings
        .iter()
        .flat_map(|(item, near)| near.iter().map(|near| between(items.row(*item), items.row(near.index))))
        .map(|(middle, reach)| describe(climb(middle, reach, utility, settings.steps), utility, items))
        .filter(|gap| gap.distance >= spacing)
        .collect();
    crate::order::sort_by(&mut gaps, |a, b| b.utility.total_cmp(&a.utility));
    Ok(spread_out(gaps, spacing, settings.count))
}

fn best_items(utility: &Utility, items: &Latents, count: usize) -> Vec<usize> {
    let mut ranked: Vec<(f32, usize)> = items.rows().map(|row| utility.demand(row)).zip(0..).collect();
    crate::order::sort_by(&mut ranked, |a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(count).map(|(_, item)| item).collect()
}

/// Neighbours of an item that lie elsewhere than the item itself.
fn others(items: &Latents, item: usize, settings: &GapSettings) -> Vec<Neighbour> {
    let near = items.nearest(items.row(item), settings.neighbours + 1);
    near.into_iter().filter(|near| near.index != item && near.distance > 0.0).collect()
}

fn typical_spacing(surroundings: &[(usize, Vec<Neighbour>)]) -> f32 {
    let mut nearest: Vec<f32> = surroundings.iter().filter_map(|(_, near)| Some(near.first()?.distance)).collect();
    crate::order::sort_numbers(&mut nearest);
    nearest.get(nearest.len() / 2).copied().unwrap_or(0.0) * 0.5
}

fn between(a: &[f32], b: &[f32]) -> (Vec<f32>, f32) {
    (a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect(), distance(a, b) / 2.0)
}

/// Gradient ascent with steps of a fixed share of `reach`, within a ball of that radius.
fn climb(start: Vec<f32>, reach: f32, utility: &Utility, steps: usize) -> Vec<f32> {
    let mut best = (utility.value(&start), start.clone());
    let mut point = start.clone();
    for _ in 0..steps {
        let gradient = utility.gradient(&point);
        let slope = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        if slope == 0.0 {
            break;
        }
        let stride = 0.25 * reach / slope;
        point.iter_mut().zip(&gradient).for_each(|(x, g)| *x += stride * g);
        pull_into_ball(&mut point, &start, reach);
        let value = utility.value(&point);
        if value > best.0 {
            best = (value, point.clone());
        }
    }
    best.1
}

fn describe(latent: Vec<f32>, utility: &Utility, items: &Latents) -> ContentGap {
    let neighbours = items.nearest(&latent, NEAREST);
    ContentGap { utility: utility.value(&latent), distance: neighbours[0].distance, neighbours, latent }
}

fn spread_out(ranked: Vec<ContentGap>, spacing: f32, count: usize) -> Vec<ContentGap> {
    let mut kept: Vec<ContentGap> = Vec::new();
    for gap in ranked {
        if kept.len() < count && kept.iter().all(|other| distance(&other.latent, &gap.latent) >= spacing) {
            kept.push(gap);
        }
    }
    kept
}
