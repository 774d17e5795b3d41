//! What a point is worth: each term by its definition, their weighted sum, and its gradient.

use std::sync::Arc;

use aquiline::alignment::{Alignment, AlignmentSettings, fit};
use aquiline::catalog::Item;
use aquiline::knowledge::{EntityMap, Knowledge, KnowledgeSettings, RequiredFacts, Triple};
use aquiline::latent::{Latents, distance};
use aquiline::objective::{Objective, State};
use aquiline::preference::Preference;
use aquiline::ratings::{Rating, Ratings};
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

/// Sixteen texts of which two numbers are known, and three people who love the first and hate the second.
fn alignment() -> Alignment {
    let texts: Vec<[f32; 2]> = (0..16).map(|n| [0.1 * (n % 4) as f32, 0.1 * (n / 4) as f32]).collect();
    let fields = Latents::from_rows(4, texts.iter().map(|[loved, hated]| [*loved, *hated, 0.0, 0.0]));
    let rating = |user: u32, item: u32, [loved, hated]: [f32; 2]| Rating {
        user,
        item,
        value: 2.5 + (3.0 + user as f32) * loved - 4.0 * hated,
    };
    let entries =
        (0..3).flat_map(|user| (0..).zip(&texts).map(move |(item, text)| rating(user, item, *text))).collect();
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    let ratings = Ratings::new(names(3), names(16), entries, (0.5, 5.0)).unwrap();
    let settings = AlignmentSettings {
        dimensions: 2,
        components: vec![2, 2],
        weights: vec![1.0, 1.0],
        user_ridge: 0.1,
        map_ridge: 0.1,
        bias_ridge: 0.1,
        held_out: 0.0,
        ..Default::default()
    };
    fit(&ratings, &fields, &settings).unwrap()
}

fn objective(caution: f32) -> Objective {
    let alignment = alignment();
    let (offset, vector) = alignment.user(0);
    let user = person(offset / 5.0, &vector.iter().map(|value| value / 5.0).collect::<Vec<_>>());
    let plain =
        Objective { alignment: Arc::new(alignment), utility: one(Term::Affinity(user)), top_rating: 5.0, caution: 0.0 };
    plain.with_caution(caution).unwrap()
}

/// The state of a text of which these two numbers are known.
fn state(objective: &Objective, text: [f32; 2]) -> State {
    let item = Item {
        id: "kites".to_owned(),
        title: "Kites".to_owned(),
        year: None,
        genres: Vec::new(),
        plot: "A plot.".to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    };
    objective.states(vec![item], &Latents::from_rows(2, [text, [0.0, 0.0]])).unwrap().remove(0)
}

/// Like many texts, and unlike all.
const TEXTS: [[f32; 2]; 2] = [[0.15, 0.15], [3.0, 0.0]];

#[test]
fn caution_subtracts_standard_deviations() {
    for text in TEXTS {
        let plain = state(&objective(0.0), text);
        assert!(plain.uncertainty > 0.0);
        for caution in [0.5, 1.0, 2.0] {
            let cautious = state(&objective(caution), text);
            assert_near(cautious.utility, plain.utility - caution * plain.uncertainty);
        }
    }
}

#[test]
fn caution_changes_the_utility_and_nothing_else() {
    let (plain, cautious) = (state(&objective(0.0), TEXTS[1]), state(&objective(2.0), TEXTS[1]));
    assert_eq!(State { utility: plain.utility, ..cautious }, plain);
}

#[test]
fn a_text_unlike_all_others_is_worth_less_with_caution() {
    let loss = |text| state(&objective(0.0), text).utility - state(&objective(1.0), text).utility;
    let [usual, strange] = TEXTS.map(loss);
    assert!(strange > 3.0 * usual, "{strange} for the strange text, {usual} for the usual one");
}

#[test]
fn enough_caution_prefers_a_usual_text_to_a_strange_one_that_looks_better() {
    let worth = |caution| TEXTS.map(|text| state(&objective(caution), text).utility);
    let [usual, strange] = worth(0.0);
    assert!(strange > usual, "the strange text is full of what is loved");
    let [usual, strange] = worth(3.0);
    assert!(strange < usual, "{strange} for the strange text, {usual} for the usual one");
}

#[test]
fn terms_that_are_no_ratings_have_no_uncertainty_to_be_cautious_about() {
    let unrated = one(Term::Preference(Preference { weights: vec![1.0, 0.0, 0.0] }));
    let cautious = Objective { utility: unrated, ..objective(5.0) };
    let state = state(&cautious, TEXTS[0]);
    assert_eq!((state.uncertainty, state.utility), (0.0, state.latent[0]));
}

#[test]
fn a_caution_that_is_no_caution_is_refused() {
    for caution in [-0.1, f32::NAN, f32::INFINITY] {
        assert_eq!(objective(0.0).with_caution(caution).unwrap_err().code(), "numeric.bad_setting");
    }
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

/// Far enough from every kink for a difference of this width: an item, the cap, a change of the
/// nearest three, and the centre and the border of the forbidden region.
fn is_smooth_around(point: &[f32], width: f32) -> bool {
    let mut distances: Vec<f32> = ITEMS.iter().map(|item| distance(item, point)).collect();
    distances.sort_by(f32::total_cmp);
    let depth = distance(&FORBIDDEN.0, point);
    let kinks = [depth, depth - FORBIDDEN.1, distances[NEAREST] - distances[NEAREST - 1], distances[0]];
    let capped = distances.iter().map(|distance| distance - CAP);
    kinks.into_iter().chain(capped).all(|away| away.abs() > 8.0 * width)
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
    fn novelty_is_never_negative_and_never_above_three_caps(point in [-1e4_f32..1e4, -1e4_f32..1e4], cap in 0.0_f32..50.0) {
        let value = one(novelty(&ITEMS, cap)).value(&point);
        prop_assert!((0.0..=3.0 * cap * 1.000001).contains(&value), "{value}");
    }
}
