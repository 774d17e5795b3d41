//! Objectives: a utility over texts, and how far its predictions are believed.

use std::sync::Arc;

use aquiline::alignment::{Alignment, AlignmentSettings, fit};
use aquiline::catalog::Item;
use aquiline::latent::Latents;
use aquiline::objective::{Objective, State};
use aquiline::preference::Preference;
use aquiline::ratings::{Rating, Ratings};
use aquiline::utility::{Person, Term, Utility};

fn one(term: Term) -> Utility {
    Utility { terms: vec![(1.0, term)] }
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
        held_out: 0.25,
        ..Default::default()
    };
    fit(&ratings, &fields, &settings).unwrap()
}

fn objective(caution: f32) -> Objective {
    let alignment = alignment();
    let (offset, vector) = alignment.user(0);
    let user = Person { offset: offset / 5.0, vector: vector.iter().map(|value| value / 5.0).collect() };
    let rating = Term::Rating { person: user, scale: (0.1, 1.0) };
    let plain = Objective { alignment: Arc::new(alignment), utility: one(rating), top_rating: 5.0, caution: 0.0 };
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
        assert!(plain.uncertainty > Some(0.0));
        for caution in [0.5, 1.0, 2.0] {
            let cautious = state(&objective(caution), text);
            let right = plain.utility - caution * plain.uncertainty.unwrap();
            assert!((cautious.utility - right).abs() < 1e-5, "{} where {right} is right", cautious.utility);
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
    assert_eq!((state.uncertainty, state.utility), (Some(0.0), state.latent[0]));
}

#[test]
fn a_caution_that_is_no_caution_is_refused() {
    for caution in [-0.1, f32::NAN, f32::INFINITY] {
        assert_eq!(objective(0.0).with_caution(caution).unwrap_err().code(), "numeric.bad_setting");
    }
}
