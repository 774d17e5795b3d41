//! Safety: a subject is off limits, and the search for content gaps keeps out of it.
//!
//! Run with `cargo run --no-default-features --example safety`.

use std::sync::Arc;

use aquiline::gap::{self, GapSettings};
use aquiline::latent::{Latents, distance};
use aquiline::utility::{Creator, ForbiddenRegion, Term, Utility};

/// Where twelve stories lie. Two of them were taken down.
const STORIES: [[f32; 2]; 12] = [
    [0.0, 0.0],
    [0.4, 0.5],
    [0.3, -0.6],
    [0.9, 0.1],
    [1.0, 0.9],
    [1.1, -0.8],
    [1.9, 0.2],
    [2.1, -0.3],
    [2.0, 1.2],
    [2.9, 0.8],
    [3.0, -0.9],
    [3.2, 0.1],
];
const TAKEN_DOWN: [usize; 2] = [6, 7];

fn main() -> aquiline::Result<()> {
    let stories = Arc::new(Latents::from_rows(2, STORIES));
    let region = around_what_was_taken_down(&stories, 0.4);
    println!("Off limits: {:.2} around ({:+.2}, {:+.2}).", region.radius, region.centre[0], region.centre[1]);
    // An author is at home right there: within the region their slope is at most 1. Novelty's is at most 3 × 0.1, so any
    // weight above 1.3 leaves no maximum inside; more costs nothing outside and keeps a climb of few steps farther out.
    let author = Creator { home: vec![2.1, 0.3], reach: 1.0 };
    for weight in [0.0, 10.0] {
        let utility = Utility {
            terms: vec![
                (1.0, Term::Creator(author.clone())),
                (0.1, Term::Novelty { items: stories.clone(), cap: 1.0 }),
                (weight, Term::Constraint(region.clone())),
            ],
        };
        println!("\nThe region weighs {weight}:");
        for gap in gap::find(&utility, &stories, &GapSettings { count: 5, ..Default::default() })? {
            let inside = distance(&gap.latent, &region.centre) < region.radius;
            let said = if inside { ", OFF LIMITS" } else { "" };
            println!("  gap at ({:+.2}, {:+.2}), worth {:+.3}{said}", gap.latent[0], gap.latent[1], gap.utility);
        }
    }
    Ok(())
}

/// A ball around the stories that were taken down, larger by `margin`: texts are placed with an error.
fn around_what_was_taken_down(stories: &Latents, margin: f32) -> ForbiddenRegion {
    let bad = Latents::from_rows(2, TAKEN_DOWN.map(|story| stories.row(story)));
    let centre = bad.centroid();
    let radius = bad.rows().map(|row| distance(row, &centre)).fold(0.0, f32::max) + margin;
    ForbiddenRegion { centre, radius }
}
