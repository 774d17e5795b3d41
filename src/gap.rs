//! Content gaps: where demand is high and no item is near.
//!
//! Candidates are the midpoints between each item and its neighbours, which lie among the data but
//! on no item. Each is moved uphill along the utility's gradient, never farther from the midpoint
//! than half the distance of the two items, so that it stays where texts have been seen. Of the
//! ones that end up within one radius of each other only the best is kept.
//!
//! **Large catalogs.** A look at every item for every step would take minutes. So the way uphill sees only the items
//! nearest to where it started. Fewer items can only make a place look farther from all of them, so what it ends at is
//! worth what it seems or less: the ends are looked at among all items from the most promising on, until no other end
//! can be better. What is returned is thus ranked and described by all items, and the ways alone are approximate.
//!
//! It finds interior gaps, not the edge of the space: beyond the edge nothing is known.

use std::sync::Arc;

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
    /// Items nearest to each start that are looked at on the way uphill; the neighbours are always among them.
    pub in_view: usize,
    /// Gradient steps from each midpoint.
    pub steps: usize,
}

impl Default for GapSettings {
    fn default() -> Self {
        GapSettings { count: 8, starts: 64, neighbours: 12, in_view: 64, steps: 8 }
    }
}

/// Finds the gaps of highest utility, best first. What is novel is what is far from `items`.
///
/// A gap is at least half the items' median nearest-neighbour distance (measured on the starts) away from every item,
/// and at least as far from every other gap.
///
/// There are none where all items lie at one point.
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
    let starts = best_items(utility, items, settings.starts);
    let surroundings: Vec<Surroundings> =
        starts.into_iter().map(|item| Surroundings::of(item, items, settings)).collect();
    let spacing = typical_spacing(&surroundings);
    // Places that only rounding tells apart are one place, and nothing lies between.
    if spacing <= ROUNDING {
        return Ok(Vec::new());
    }
    let mut ends: Vec<End> = surroundings.iter().flat_map(|around| around.climb(utility, settings)).collect();
    ends.retain(|end| end.distance >= spacing);
    crate::order::sort_by(&mut ends, |a, b| b.at_most.total_cmp(&a.at_most));
    Ok(spread_out(ends, spacing, settings.count, utility, items))
}

/// Distances in Z that are no more than rounding; ratings differ by some tenths.
const ROUNDING: f32 = 1e-6;

/// An item and those nearest to it.
struct Surroundings {
    place: Vec<f32>,
    /// The item itself and the nearest ones.
    in_view: Arc<Latents>,
    /// Rows of those in view that lie elsewhere, with their distances; nearest first.
    neighbours: Vec<Neighbour>,
}

/// Where a way uphill ended, as seen among the items around its start.
struct End {
    latent: Vec<f32>,
    /// The most that it can be worth among all items.
    at_most: f32,
    /// The farthest that the nearest item can be.
    distance: f32,
}

fn best_items(utility: &Utility, items: &Latents, count: usize) -> Vec<usize> {
    let mut ranked: Vec<(f32, usize)> = items.rows().map(|row| utility.demand(row)).zip(0..).collect();
    if count < ranked.len() {
        ranked.select_nth_unstable_by(count, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(count);
    }
    crate::order::sort_by(&mut ranked, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().map(|(_, item)| item).collect()
}

impl Surroundings {
    fn of(item: usize, items: &Latents, settings: &GapSettings) -> Self {
        let place = items.row(item).to_vec();
        let count = settings.in_view.max(settings.neighbours).saturating_add(1);
        let near = items.nearest(&place, count);
        let in_view = Latents::from_rows(items.dimensions(), near.iter().map(|near| items.row(near.index)));
        let rows = near.iter().enumerate().map(|(row, near)| Neighbour { index: row, ..*near });
        let neighbours = rows.filter(|near| near.distance > 0.0).take(settings.neighbours).collect();
        Surroundings { place, in_view: Arc::new(in_view), neighbours }
    }

    fn climb(&self, utility: &Utility, settings: &GapSettings) -> Vec<End> {
        let utility = utility.among(&self.in_view);
        let middles = self.neighbours.iter().map(|near| between(&self.place, self.in_view.row(near.index)));
        let ends = middles.map(|(middle, reach)| climb(middle, reach, &utility, settings.steps));
        ends.map(|(at_most, latent)| {
            let distance = self.in_view.nearest(&latent, 1)[0].distance;
            End { latent, at_most, distance }
        })
        .collect()
    }
}

fn typical_spacing(surroundings: &[Surroundings]) -> f32 {
    let nearest = surroundings.iter().filter_map(|around| Some(around.neighbours.first()?.distance));
    let mut nearest: Vec<f32> = nearest.collect();
    crate::order::sort_numbers(&mut nearest);
    nearest.get(nearest.len() / 2).copied().unwrap_or(0.0) * 0.5
}

fn between(a: &[f32], b: &[f32]) -> (Vec<f32>, f32) {
    (a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect(), distance(a, b) / 2.0)
}

/// Gradient ascent with steps of a fixed share of `reach`, within a ball of that radius: the highest value met and where.
fn climb(start: Vec<f32>, reach: f32, utility: &Utility, steps: usize) -> (f32, Vec<f32>) {
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
    best
}

/// The best gaps that keep their distance from each other, of ends that are sorted by the most that they can be worth.
/// An end is looked at among all items only when no better one is known.
fn spread_out(ends: Vec<End>, spacing: f32, count: usize, utility: &Utility, items: &Latents) -> Vec<ContentGap> {
    let mut kept: Vec<ContentGap> = Vec::new();
    let is_free =
        |kept: &[ContentGap], latent: &[f32]| kept.iter().all(|other| distance(&other.latent, latent) >= spacing);
    // Worst first, so that the best is taken off the end.
    let mut known: Vec<ContentGap> = Vec::new();
    let mut ends = ends.into_iter().peekable();
    while kept.len() < count {
        let next = ends.peek().map(|end| end.at_most);
        match known.pop_if(|gap| next.is_none_or(|at_most| gap.utility >= at_most)) {
            Some(gap) if is_free(&kept, &gap.latent) => kept.push(gap),
            Some(_) => {}
            None => {
                let Some(end) = ends.next() else { break };
                if !is_free(&kept, &end.latent) {
                    continue;
                }
                let gap = describe(end.latent, utility, items);
                if gap.distance >= spacing {
                    let place = known.partition_point(|other| other.utility < gap.utility);
                    known.insert(place, gap);
                }
            }
        }
    }
    kept
}

fn describe(latent: Vec<f32>, utility: &Utility, items: &Latents) -> ContentGap {
    let neighbours = items.nearest(&latent, NEAREST);
    let nearest = Latents::from_rows(items.dimensions(), neighbours.iter().map(|near| items.row(near.index)));
    let utility = utility.among(&Arc::new(nearest)).value(&latent);
    ContentGap { utility, distance: neighbours[0].distance, neighbours, latent }
}
