//! Where a search may go, and the two surfaces that need only the items' places: balls and a neighbour graph.

use crate::latent::{Latents, distance, dot, pull_into_ball};

/// A part of Z that a search does not leave.
pub(super) trait Surface {
    /// Length of a step of size 1, in the surface's own measure.
    fn scale(&self) -> f32;

    /// The point of the surface where a search from `point` begins.
    fn enter(&mut self, point: &[f32]) -> Vec<f32>;

    /// The next point, about `length` uphill of one that the surface gave before; none where no such step can be made.
    fn advance(&mut self, point: &[f32], gradient: &[f32], length: f32) -> Option<Vec<f32>>;
}

/// Balls of one radius around all items.
pub(super) struct Balls<'a> {
    items: &'a Latents,
    radius: f32,
}

impl<'a> Balls<'a> {
    pub(super) fn new(items: &'a Latents, radius: f32) -> Self {
        Balls { items, radius }
    }
}

impl Surface for Balls<'_> {
    fn scale(&self) -> f32 {
        self.radius
    }

    /// As all radii are equal, the nearest ball is that of the nearest item.
    fn enter(&mut self, point: &[f32]) -> Vec<f32> {
        let mut point = point.to_vec();
        if let Some(nearest) = self.items.nearest(&point, 1).first() {
            pull_into_ball(&mut point, self.items.row(nearest.index), self.radius);
        }
        point
    }

    fn advance(&mut self, point: &[f32], gradient: &[f32], length: f32) -> Option<Vec<f32>> {
        uphill(point, gradient, length).map(|free| self.enter(&free))
    }
}

/// The segments between each item and its nearest ones.
///
/// Edges are looked up where they are needed: a search sees few of the items, and the whole graph costs n² distances.
pub(super) struct Graph<'a> {
    items: &'a Latents,
    neighbours: usize,
    /// Where the search is. It stays in sight even where many items are nearer than the two ends of a long edge.
    edge: Option<(usize, usize)>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(items: &'a Latents, neighbours: usize) -> Self {
        Graph { items, neighbours: neighbours.min(items.len() - 1), edge: None }
    }

    /// The edges that the items nearest to a point bring, and the current one.
    fn edges_near(&self, point: &[f32]) -> impl Iterator<Item = (usize, usize)> {
        let near = self.items.nearest(point, self.neighbours + 1).into_iter();
        near.flat_map(|near| self.edges_of(near.index)).chain(self.edge)
    }

    fn edges_of(&self, item: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let near = self.items.nearest(self.items.row(item), self.neighbours + 1).into_iter();
        let others = near.map(|near| near.index).filter(move |other| *other != item);
        others.take(self.neighbours).map(move |other| (item, other))
    }
}

impl Surface for Graph<'_> {
    fn scale(&self) -> f32 {
        self.items.spacing()
    }

    /// The nearest point of the edges in sight.
    fn enter(&mut self, point: &[f32]) -> Vec<f32> {
        let feet = self.edges_near(point).map(|(a, b)| {
            let foot = foot(point, self.items.row(a), self.items.row(b));
            (distance(&foot, point), foot, (a, b))
        });
        let nearest = feet.min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, foot, edge) = nearest.expect("two items have an edge between them");
        self.edge = Some(edge);
        foot
    }

    fn advance(&mut self, point: &[f32], gradient: &[f32], length: f32) -> Option<Vec<f32>> {
        uphill(point, gradient, length).map(|free| self.enter(&free))
    }
}

/// The nearest point of a segment.
fn foot(point: &[f32], a: &[f32], b: &[f32]) -> Vec<f32> {
    let along: Vec<f32> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let from: Vec<f32> = a.iter().zip(point).map(|(a, x)| x - a).collect();
    let squared = dot(&along, &along);
    let share = if squared > 0.0 { (dot(&from, &along) / squared).clamp(0.0, 1.0) } else { 0.0 };
    a.iter().zip(&along).map(|(a, along)| a + share * along).collect()
}

/// The point at this distance along the gradient, where there is one.
fn uphill(point: &[f32], gradient: &[f32], length: f32) -> Option<Vec<f32>> {
    let slope = dot(gradient, gradient).sqrt();
    let moved = || point.iter().zip(gradient).map(|(x, g)| x + length * (g / slope)).collect();
    (slope > 0.0 && slope.is_finite()).then(moved)
}
