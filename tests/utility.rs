//! What a point is worth: each term by its definition, their weighted sum, and its gradient.

use std::f32::consts::TAU;
use std::sync::Arc;

use aquiline::knowledge::{EntityMap, Knowledge, KnowledgeSettings, RequiredFacts, Triple};
use aquiline::latent::{Latents, distance, dot};
use aquiline::preference::Preference;
use aquiline::utility::{Creator, ForbiddenRegion, NEAREST, Person, Term, Utility};
use proptest::prelude::*;

fn person(offset: f32, vector: &[f32]) -> Person {
    Person { offset, vector: vector.to_vec() }
}

fn one(term: Term) -> Utility {
    Utility { terms: vec![(1.0, term)] }
}

fn novelty(points: &[[f32; 2]], cap: f32) -> Term {
    Term::Novelty { items: Arc::new(Latents::from_rows(2, points)), cap }
}

/// Four items on a line, one unit apart.
const LINE: [[f32; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]];

#[track_caller]
fn assert_near(found: f32, right: f32) {
    assert!((found - right).abs() < 1e-5, "{found} where {right} is right");
}

#[test]
fn affinity_is_the_rating_as_a_share_of_the_top_rating() {
    let utility = one(Term::Affinity(person(0.6, &[0.1, -0.2])));
    assert_near(utility.value(&[0.0, 0.0]), 0.6);
    assert_near(utility.value(&[2.0, 1.0]), 0.6);
    assert_near(utility.value(&[4.0, 0.0]), 1.0);
}

#[test]
fn affinity_is_not_clipped_at_the_top() {
    assert_near(one(Term::Affinity(person(0.6, &[0.1]))).value(&[10.0]), 1.6);
}

#[test]
fn novelty_sums_the_distances_to_the_three_nearest_items() {
    let utility = one(novelty(&LINE, 100.0));
    assert_eq!(NEAREST, 3);
    assert_near(utility.value(&[0.0, 0.0]), 0.0 + 1.0 + 2.0);
    assert_near(utility.value(&[1.5, 0.0]), 0.5 + 0.5 + 1.5);
    assert_near(utility.value(&[5.0, 0.0]), 2.0 + 3.0 + 4.0);
}

#[test]
fn each_distance_is_capped() {
    let utility = one(novelty(&LINE, 1.5));
    assert_near(utility.value(&[0.0, 0.0]), 0.0 + 1.0 + 1.5);
    assert_near(utility.value(&[100.0, 0.0]), 4.5);
    assert_near(utility.value(&[1e6, 1e6]), 4.5);
}

#[test]
fn novelty_is_zero_where_three_items_coincide() {
    let here = [2.0, -1.0];
    let utility = one(novelty(&[here, [9.0, 9.0], here, here, here], 100.0));
    assert_eq!(utility.value(&here), 0.0);
    assert_eq!(utility.gradient(&here), [0.0, 0.0]);
}

#[test]
fn novelty_counts_the_items_there_are_where_there_are_few() {
    assert_near(one(novelty(&LINE[..2], 100.0)).value(&[3.0, 0.0]), 3.0 + 2.0);
    assert_eq!(one(novelty(&[], 100.0)).value(&[3.0, 0.0]), 0.0);
}

#[test]
fn a_group_is_worth_the_sum_of_its_members() {
    let people = vec![person(0.2, &[0.1, 0.0]), person(0.3, &[0.0, 0.2]), person(0.1, &[-0.3, 0.0])];
    let point = [2.0, 3.0];
    let sum: f32 = people.iter().map(|member| member.rating(&point)).sum();
    assert_near(sum, 0.8);
    assert_near(one(Term::Group(people)).value(&point), sum);
    assert_eq!(one(Term::Group(Vec::new())).value(&point), 0.0);
}

#[test]
fn a_creator_works_best_at_home() {
    let utility = one(Term::Creator(Creator { home: vec![1.0, 1.0], reach: 2.0 }));
    assert_eq!(utility.value(&[1.0, 1.0]), 0.0);
    assert_near(utility.value(&[3.0, 1.0]), -0.5);
    assert_near(utility.value(&[1.0, 5.0]), -2.0);
    assert!(utility.gradient(&[3.0, 1.0])[0] < 0.0, "home is to the left");
}

#[test]
fn a_forbidden_region_costs_its_depth_inside_and_nothing_outside() {
    let utility = one(Term::Constraint(ForbiddenRegion { centre: vec![0.0, 0.0], radius: 2.0 }));
    assert_near(utility.value(&[0.0, 0.0]), -2.0);
    assert_near(utility.value(&[1.5, 0.0]), -0.5);
    assert_eq!(utility.value(&[0.0, 2.0]), 0.0);
    assert_eq!(utility.value(&[5.0, 5.0]), 0.0);
    assert_eq!(utility.gradient(&[5.0, 5.0]), [0.0, 0.0]);
    assert!(utility.gradient(&[1.5, 0.0])[0] > 0.0, "the way out is to the right");
}

/// Someone who likes it the more the farther east, and a subject that is off limits on the way there.
fn behind_a_forbidden_region(weight: f32) -> Utility {
    let region = ForbiddenRegion { centre: vec![2.0, 0.0], radius: 1.0 };
    Utility { terms: vec![(1.0, Term::Affinity(person(0.5, &[0.2, 0.1]))), (weight, Term::Constraint(region))] }
}

#[test]
fn what_is_allowed_is_ranked_as_if_nothing_were_forbidden() {
    for point in [[0.0, 0.0], [0.99, 0.0], [3.01, 0.0], [2.0, 1.01], [9.0, -4.0]] {
        assert_eq!(behind_a_forbidden_region(5.0).value(&point), behind_a_forbidden_region(0.0).value(&point));
        assert_eq!(behind_a_forbidden_region(5.0).gradient(&point), behind_a_forbidden_region(0.0).gradient(&point));
    }
}

#[test]
fn with_a_small_weight_a_forbidden_region_is_a_price_that_can_be_worth_paying() {
    let utility = behind_a_forbidden_region(0.1);
    assert!(utility.value(&[1.5, 0.0]) > utility.value(&[0.9, 0.0]));
    assert!(utility.gradient(&[1.5, 0.0])[0] > 0.0);
}

#[test]
fn a_point_inside_climbs_out_of_a_forbidden_region() {
    let utility = behind_a_forbidden_region(1.0);
    for start in [[1.2, 0.1], [2.0, -0.5], [2.3, 0.2]] {
        let mut point = start;
        for _ in 0..200 {
            let gradient = utility.gradient(&point);
            point.iter_mut().zip(gradient).for_each(|(x, slope)| *x += 0.02 * slope);
        }
        assert!(distance(&point, &[2.0, 0.0]) > 0.95, "{start:?} led to {point:?}");
    }
}

#[test]
fn demand_is_everything_but_novelty() {
    let utility = Utility { terms: weighted(&every_term()) };
    let point = [0.7, -0.4];
    assert_near(utility.demand(&point) + utility.novelty(&point), utility.value(&point));
    assert_eq!(one(novelty(&LINE, 1.0)).demand(&point), 0.0);
}

#[test]
fn a_utility_is_the_weighted_sum_of_its_terms() {
    let terms = every_term();
    let point = [0.7, -0.4];
    let utility = Utility { terms: weighted(&terms) };
    let by_hand: f32 = WEIGHTS.iter().zip(&terms).map(|(weight, term)| weight * one(term.clone()).value(&point)).sum();
    assert_near(utility.value(&point), by_hand);
    let parts = WEIGHTS.iter().zip(&terms).map(|(weight, term)| weight * one(term.clone()).gradient(&point)[1]);
    assert_near(utility.gradient(&point)[1], parts.sum());
}

#[test]
fn a_utility_without_terms_is_zero_everywhere() {
    assert_eq!(Utility::default().value(&[1.0, 2.0]), 0.0);
    assert_eq!(Utility::default().gradient(&[1.0, 2.0]), [0.0, 0.0]);
}

#[test]
fn the_local_gap_utility_is_one_rating_plus_weighted_novelty() {
    let items = Arc::new(Latents::from_rows(2, LINE));
    let utility = Utility::local_gap(person(0.6, &[0.1, 0.0]), items, 0.02, 1.5);
    let point = [5.0, 0.0];
    assert_near(utility.affinity(&point), 1.1);
    assert_near(utility.novelty(&point), 0.02 * 4.5);
    assert_near(utility.value(&point), 1.1 + 0.02 * 4.5);
    assert_near(utility.rating_weight(), 1.0);
}

#[test]
fn affinity_and_novelty_are_parts_of_the_whole() {
    let utility = Utility { terms: weighted(&every_term()) };
    let point = [0.7, -0.4];
    let others = Utility { terms: weighted(&every_term()).split_off(3) };
    assert_near(utility.affinity(&point) + utility.novelty(&point) + others.value(&point), utility.value(&point));
}

#[test]
fn an_error_of_every_rating_moves_the_utility_by_the_rating_weight() {
    let shifted = |error: f32| {
        let group = vec![person(0.2 + error, &[0.1, 0.0]), person(0.3 + error, &[0.0, 0.2])];
        Utility {
            terms: vec![
                (2.0, Term::Affinity(person(0.5 + error, &[1.0, 0.0]))),
                (0.5, Term::Group(group)),
                (7.0, novelty(&LINE, 1.0)),
            ],
        }
    };
    let (right, wrong) = (shifted(0.0), shifted(0.1));
    assert_near(right.rating_weight(), 3.0);
    assert_near(wrong.value(&[0.3, 0.3]) - right.value(&[0.3, 0.3]), 0.1 * right.rating_weight());
}

const WEIGHTS: [f32; 7] = [1.0, 0.5, 0.3, 0.7, 2.0, 0.4, 0.6];
const CAP: f32 = 1.6;
const HOME: [f32; 2] = [0.5, -0.5];
const FORBIDDEN: ([f32; 2], f32) = ([-1.0, 0.5], 0.8);
const ITEMS: [[f32; 2]; 5] = [[0.0, 0.0], [1.0, 0.3], [-0.6, 1.2], [1.7, -1.1], [-1.5, -0.9]];

/// One of each kind, ratings and novelty first.
fn every_term() -> Vec<Term> {
    vec![
        Term::Affinity(person(0.5, &[0.3, -0.2])),
        Term::Group(vec![person(0.1, &[0.2, 0.2]), person(0.4, &[-0.5, 0.1])]),
        novelty(&ITEMS, CAP),
        Term::Creator(Creator { home: HOME.to_vec(), reach: 1.5 }),
        Term::Constraint(ForbiddenRegion { centre: FORBIDDEN.0.to_vec(), radius: FORBIDDEN.1 }),
        Term::Preference(Preference { weights: vec![-0.8, 0.6] }),
        Term::Knowledge(required_facts()),
    ]
}

/// Three of the items are entities and lie in one of two places.
fn required_facts() -> RequiredFacts {
    let triples = [("kites", "sea"), ("ghosts", "desert"), ("tides", "sea")];
    let triples = triples.map(|(film, place)| Triple::new(film, "takes place in", place));
    let settings = KnowledgeSettings { dimensions: 4, epochs: 20, ..Default::default() };
    let knowledge = Knowledge::fit(&triples, &settings).unwrap();
    let rows = [(0, "kites"), (1, "ghosts"), (2, "tides")];
    let map = EntityMap::fit(&knowledge, &Latents::from_rows(2, ITEMS), &rows, 0.1).unwrap();
    RequiredFacts::new(&knowledge, map, &[("takes place in", "sea")]).unwrap()
}

fn weighted(terms: &[Term]) -> Vec<(f32, Term)> {
    WEIGHTS.into_iter().zip(terms.iter().cloned()).collect()
}

/// Far enough for a difference of this width from every kink (the cap, a change of the nearest three, the border of the
/// forbidden region), and twice as far from every tip (an item, the centre of the region). By a tip a distance has a
/// third derivative of up to 1.2 / away², and a difference errs by width² / 6 of it.
fn is_smooth_around(point: &[f32], width: f32) -> bool {
    let mut distances: Vec<f32> = ITEMS.iter().map(|item| distance(item, point)).collect();
    distances.sort_by(f32::total_cmp);
    let depth = distance(&FORBIDDEN.0, point);
    let kinks = [depth - FORBIDDEN.1, distances[NEAREST] - distances[NEAREST - 1]];
    let capped = distances.iter().map(|distance| distance - CAP);
    let tips = [depth / 2.0, distances[0] / 2.0];
    kinks.into_iter().chain(capped).chain(tips).all(|away| away.abs() > 8.0 * width)
}

proptest! {
    #[test]
    fn the_gradient_equals_finite_differences(point in [-2.5_f32..2.5, -2.5_f32..2.5]) {
        let width = 4e-3;
        prop_assume!(is_smooth_around(&point, width));
        let utility = Utility { terms: weighted(&every_term()) };
        let gradient = utility.gradient(&point);
        for axis in 0..2 {
            let moved = |by: f32| {
                let mut moved = point;
                moved[axis] += by;
                f64::from(utility.value(&moved))
            };
            let difference = (moved(width) - moved(-width)) / f64::from(2.0 * width);
            let error = (difference - f64::from(gradient[axis])).abs();
            prop_assert!(error < 4e-3, "axis {axis}: {difference} by differences, {} by formula", gradient[axis]);
        }
    }

    #[test]
    fn a_weight_above_every_other_slope_leaves_no_maximum_inside_a_forbidden_region(
        angle in 0.0_f32..TAU, depth in 0.01_f32..0.99, slope in 0.0_f32..0.9, toward in 0.0_f32..TAU,
    ) {
        let region = ForbiddenRegion { centre: vec![2.0, 0.0], radius: 1.0 };
        let other = Term::Affinity(person(0.5, &[slope * toward.cos(), slope * toward.sin()]));
        let utility = Utility { terms: vec![(1.0, other), (1.0, Term::Constraint(region))] };
        let outward = [angle.cos(), angle.sin()];
        let gradient = utility.gradient(&[2.0 + depth * outward[0], depth * outward[1]]);
        prop_assert!(dot(&gradient, &outward) > 0.0);
    }

    #[test]
    fn novelty_is_never_negative_and_never_above_three_caps(point in [-1e4_f32..1e4, -1e4_f32..1e4], cap in 0.0_f32..50.0) {
        let value = one(novelty(&ITEMS, cap)).value(&point);
        prop_assert!((0.0..=3.0 * cap * 1.000001).contains(&value), "{value}");
    }
}
