//! Knowledge: hidden facts are found, ranks are filtered, and points of Z are held to the facts they must satisfy.

use aquiline::error::{DataError, Error, NumericError};
use aquiline::knowledge::{EntityMap, Knowledge, KnowledgeSettings, RequiredFacts, Triple};
use aquiline::latent::{Latents, distance};
use aquiline::utility::{Term, Utility};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Thirty people in five countries, each with its city and its language. Where someone is a citizen follows from where
/// they live; of eight people it is hidden.
fn planted() -> (Vec<Triple>, Vec<Triple>) {
    let (mut told, mut hidden) = (Vec::new(), Vec::new());
    for person in 0..30 {
        let (name, home) = (format!("person {person}"), person % 5);
        told.push(Triple::new(&name, "lives in", format!("city {home}")));
        told.push(Triple::new(&name, "speaks", format!("language {home}")));
        let citizenship = Triple::new(&name, "citizen of", format!("country {home}"));
        if person % 4 == 0 { hidden.push(citizenship) } else { told.push(citizenship) }
    }
    told.extend((0..5).map(|n| Triple::new(format!("city {n}"), "lies in", format!("country {n}"))));
    (told, hidden)
}

/// Six films, three at sea and three in the desert, the former sad and the latter funny.
fn films() -> Vec<Triple> {
    let film = |n: usize| format!("film {n}");
    let place = (0..6).map(|n| Triple::new(film(n), "place", ["sea", "desert"][n % 2]));
    place.chain((0..6).map(|n| Triple::new(film(n), "mood", ["sad", "funny"][n % 2]))).collect()
}

fn small() -> KnowledgeSettings {
    KnowledgeSettings { dimensions: 4, ..Default::default() }
}

fn fit(triples: &[Triple], settings: &KnowledgeSettings) -> Knowledge {
    Knowledge::fit(triples, settings).unwrap()
}

/// Places of the six films: those at sea lie east.
fn places() -> Latents {
    Latents::from_rows(2, [[1.0, 0.1], [-0.9, 0.3], [0.8, -0.4], [-1.1, 0.0], [1.2, 0.2], [-1.0, -0.3]])
}

const ROWS: [(usize, &str); 6] =
    [(0, "film 0"), (1, "film 1"), (2, "film 2"), (3, "film 3"), (4, "film 4"), (5, "film 5")];

fn at_sea(knowledge: &Knowledge) -> RequiredFacts {
    let map = EntityMap::fit(knowledge, &places(), &ROWS, 0.1).unwrap();
    RequiredFacts::new(knowledge, map, &[("place", "sea"), ("mood", "sad")]).unwrap()
}

#[test]
fn hidden_facts_are_found_far_better_than_by_chance() {
    let (told, hidden) = planted();
    for seed in 0..3 {
        let found = fit(&told, &KnowledgeSettings { seed, ..Default::default() }).evaluate(&hidden).unwrap();
        assert!(found.mean_reciprocal_rank > 5.0 * found.chance, "{found:?}");
        assert!(found.hits_at_10 > 0.9, "{found:?}");
    }
}

#[test]
fn the_true_tail_is_more_plausible_than_any_other_of_its_kind() {
    let (told, hidden) = planted();
    let knowledge = fit(&told, &KnowledgeSettings::default());
    for fact in &hidden {
        let plausibility = |country: &str| knowledge.plausibility(&fact.head, "citizen of", country).unwrap();
        let others = (0..5).map(|n| format!("country {n}")).filter(|country| *country != fact.tail);
        assert!(others.into_iter().all(|other| plausibility(&other) < plausibility(&fact.tail)), "{fact:?}");
    }
}

#[test]
fn training_teaches() {
    let (told, _) = planted();
    let rank = |epochs| {
        let settings = KnowledgeSettings { epochs, ..Default::default() };
        fit(&told, &settings).evaluate(&told).unwrap().mean_reciprocal_rank
    };
    assert!(rank(1) < 0.3 && rank(300) > 0.9, "{} after one epoch, {} after many", rank(1), rank(300));
}

#[test]
fn equal_seeds_give_equal_bits_and_other_seeds_do_not() {
    let settings = |seed| KnowledgeSettings { seed, ..small() };
    assert_eq!(fit(&films(), &settings(3)), fit(&films(), &settings(3)));
    assert_ne!(fit(&films(), &settings(3)), fit(&films(), &settings(4)));
}

#[test]
fn neither_order_nor_repetition_of_triples_matters() {
    let backward: Vec<Triple> = films().into_iter().rev().chain(films()).collect();
    assert_eq!(fit(&backward, &small()), fit(&films(), &small()));
}

#[test]
fn names_are_sorted_and_entities_have_length_one() {
    let knowledge = fit(&films(), &small());
    assert_eq!(knowledge.relations(), ["mood", "place"]);
    assert_eq!(knowledge.entities().len(), 6 + 4);
    assert!(knowledge.entities().is_sorted());
    for name in knowledge.entities() {
        assert!((distance(knowledge.entity(name).unwrap(), &[0.0; 4]) - 1.0).abs() < 1e-5, "{name}");
    }
}

#[test]
fn plausibility_is_minus_the_distance_by_which_a_translation_misses() {
    let knowledge = fit(&films(), &small());
    let (head, relation) = (knowledge.entity("film 0").unwrap(), knowledge.relation("place").unwrap());
    let moved: Vec<f32> = head.iter().zip(relation).map(|(head, relation)| head + relation).collect();
    let by_hand = -distance(&moved, knowledge.entity("desert").unwrap());
    assert!((knowledge.plausibility("film 0", "place", "desert").unwrap() - by_hand).abs() < 1e-6);
}

/// Rank by its definition: of all entities that make no other true triple, with the mean rank of ties.
fn rank(knowledge: &Knowledge, triple: &Triple, truths: &[Triple], with: impl Fn(&str) -> Triple) -> f64 {
    let plausibility = |t: &Triple| knowledge.plausibility(&t.head, &t.relation, &t.tail).unwrap();
    let right = plausibility(triple);
    let others = knowledge.entities().iter().map(|name| with(name)).filter(|other| !truths.contains(other));
    others
        .map(|other| plausibility(&other))
        .fold(1.0, |rank, other| rank + if other > right { 1.0 } else { 0.5 * f64::from(u8::from(other == right)) })
}

#[test]
fn ranks_are_those_of_the_definition() {
    let (told, hidden) = planted();
    // Trained little, so that ranks differ.
    let knowledge = fit(&told, &KnowledgeSettings { epochs: 10, ..Default::default() });
    let truths = [told, hidden.clone()].concat();
    let ranks: Vec<f64> = hidden
        .iter()
        .flat_map(|t| {
            [
                rank(&knowledge, t, &truths, |name| Triple { head: name.to_owned(), ..t.clone() }),
                rank(&knowledge, t, &truths, |name| Triple { tail: name.to_owned(), ..t.clone() }),
            ]
        })
        .collect();
    let found = knowledge.evaluate(&hidden).unwrap();
    let mean = |of: fn(f64) -> f64| ranks.iter().map(|&rank| of(rank)).sum::<f64>() / ranks.len() as f64;
    assert!((found.mean_reciprocal_rank - mean(|rank| 1.0 / rank)).abs() < 1e-12, "{found:?}, {ranks:?}");
    assert_eq!(found.hits_at_10, mean(|rank| f64::from(u8::from(rank <= 10.0))));
}

#[test]
fn chance_is_what_a_random_order_has() {
    // One triple and two entities: at either end the other entity is the only rival.
    let triples = [Triple::new("a", "r", "b")];
    let found = fit(&triples, &small()).evaluate(&triples).unwrap();
    assert_eq!(found.chance, (1.0 + 1.0 / 2.0) / 2.0);
    assert_eq!(found.hits_at_10, 1.0);
}

#[test]
fn other_true_answers_are_no_mistakes() {
    // The film has both moods, so neither ranks behind the other.
    let triples = [Triple::new("film", "mood", "sad"), Triple::new("film", "mood", "funny")];
    let knowledge = fit(&triples, &small());
    assert_eq!(knowledge.evaluate(&triples).unwrap().mean_reciprocal_rank, 1.0);
}

#[test]
fn the_smallest_graphs_can_be_fitted() {
    let to_itself = [Triple::new("a", "r", "a")];
    assert_eq!(fit(&to_itself, &small()).evaluate(&to_itself).unwrap().mean_reciprocal_rank, 1.0);
    let everything = ["a", "b"].map(|head| ["a", "b"].map(|tail| Triple::new(head, "r", tail))).concat();
    assert_eq!(fit(&everything, &small()).evaluate(&everything).unwrap().chance, 1.0);
}

#[test]
fn a_linear_map_is_recovered() {
    let knowledge = fit(&planted().0, &small());
    let names = knowledge.entities();
    let moved = |name: &String| -> Vec<f32> {
        let [a, b, c, d] = knowledge.entity(name).unwrap().try_into().unwrap();
        vec![2.0 * a + 1.0, b - a, 0.5 * c + d, d - 3.0]
    };
    let latents = Latents::from_rows(4, names.iter().map(moved));
    let rows: Vec<(usize, &str)> = names.iter().map(String::as_str).enumerate().collect();
    let map = EntityMap::fit(&knowledge, &latents, &rows, 1e-6).unwrap();
    assert!(map.explained() > 0.9999, "{}", map.explained());
    for &(row, name) in &rows {
        assert!(distance(&map.apply(latents.row(row)), knowledge.entity(name).unwrap()) < 1e-3, "{name}");
    }
}

#[test]
fn places_that_have_nothing_to_do_with_entities_explain_nothing() {
    let knowledge = fit(&planted().0, &small());
    let rows: Vec<(usize, &str)> = knowledge.entities().iter().map(String::as_str).enumerate().collect();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let latents = Latents::new(3, (0..3 * rows.len()).map(|_| random.random_range(-1.0..1.0)).collect()).unwrap();
    let map = EntityMap::fit(&knowledge, &latents, &rows, 1.0).unwrap();
    assert!(map.explained() < 0.05, "{}", map.explained());
}

#[test]
fn what_is_explained_agrees_with_leaving_each_item_out() {
    let knowledge = fit(&films(), &small());
    let (mut error, mut total) = (0.0, 0.0);
    for (out, name) in ROWS {
        let others: Vec<(usize, &str)> = ROWS.into_iter().filter(|&(row, _)| row != out).collect();
        let map = EntityMap::fit(&knowledge, &places(), &others, 0.1).unwrap();
        let right = knowledge.entity(name).unwrap();
        let mean = Latents::from_rows(4, others.iter().map(|(_, name)| knowledge.entity(name).unwrap())).centroid();
        error += f64::from(distance(&map.apply(places().row(out)), right).powi(2));
        total += f64::from(distance(&mean, right).powi(2));
    }
    let map = EntityMap::fit(&knowledge, &places(), &ROWS, 0.1).unwrap();
    assert!((map.explained() - (1.0 - error / total)).abs() < 1e-4, "{} for {error}/{total}", map.explained());
    assert!(map.explained() > 0.5, "east and west say where a film takes place");
}

#[test]
fn one_item_maps_everything_to_itself_and_explains_nothing() {
    let knowledge = fit(&films(), &small());
    let map = EntityMap::fit(&knowledge, &places(), &ROWS[..1], 0.1).unwrap();
    assert_eq!(map.explained(), 0.0);
    assert!(distance(&map.apply(&[7.0, 7.0]), knowledge.entity("film 0").unwrap()) < 1e-6);
}

#[test]
fn a_place_that_fits_the_facts_is_worth_more() {
    let knowledge = fit(&films(), &small());
    let facts = at_sea(&knowledge);
    assert!(facts.value(&[1.0, 0.0]) > facts.value(&[0.0, 0.0]));
    assert!(facts.value(&[0.0, 0.0]) > facts.value(&[-1.0, 0.0]));
    assert!(facts.gradient(&[0.0, 0.0])[0] > 0.0, "the sea is east");
}

#[test]
fn the_worth_is_the_mean_plausibility_of_the_facts_at_the_mapped_point() {
    let knowledge = fit(&films(), &small());
    let map = EntityMap::fit(&knowledge, &places(), &ROWS, 0.1).unwrap();
    let miss = |relation: &str, tail: &str| {
        let moved = map.apply(&[0.4, 0.2]).into_iter().zip(knowledge.relation(relation).unwrap()).map(|(e, r)| e + r);
        distance(&moved.collect::<Vec<_>>(), knowledge.entity(tail).unwrap())
    };
    let by_hand = -(miss("place", "sea") + miss("mood", "sad")) / 2.0;
    assert!((at_sea(&knowledge).value(&[0.4, 0.2]) - by_hand).abs() < 1e-6);
}

#[test]
fn as_a_term_it_weighs_its_value_and_its_gradient() {
    let facts = at_sea(&fit(&films(), &small()));
    let utility = Utility { terms: vec![(2.0, Term::Knowledge(facts.clone()))] };
    assert_eq!(utility.value(&[0.5, 0.5]), 2.0 * facts.value(&[0.5, 0.5]));
    assert_eq!(
        utility.gradient(&[0.5, 0.5]),
        facts.gradient(&[0.5, 0.5]).into_iter().map(|g| 2.0 * g).collect::<Vec<_>>()
    );
    assert_eq!((utility.affinity(&[0.5, 0.5]), utility.rating_weight()), (0.0, 0.0));
}

#[test]
fn facts_pull_nowhere_where_the_map_is_constant() {
    let knowledge = fit(&films(), &small());
    let map = EntityMap::fit(&knowledge, &places(), &ROWS[..1], 0.1).unwrap();
    let facts = RequiredFacts::new(&knowledge, map, &[("place", "sea")]).unwrap();
    assert!(facts.gradient(&[0.3, 0.3]).iter().all(|slope| *slope == 0.0));
}

#[test]
fn nothing_to_learn_from_is_refused() {
    let empty = |what| Error::from(DataError::Empty { what });
    let knowledge = fit(&films(), &small());
    assert_eq!(Knowledge::fit(&[], &small()).unwrap_err(), empty("the list of triples"));
    assert_eq!(knowledge.evaluate(&[]).unwrap_err(), empty("the list of triples"));
    let nobody = EntityMap::fit(&knowledge, &places(), &[], 0.1).unwrap_err();
    assert_eq!(nobody, empty("the list of items that are entities"));
    let map = EntityMap::fit(&knowledge, &places(), &ROWS, 0.1).unwrap();
    assert_eq!(RequiredFacts::new(&knowledge, map, &[]).unwrap_err(), empty("the list of required facts"));
}

#[test]
fn names_that_no_triple_has_are_refused() {
    let knowledge = fit(&films(), &small());
    let error = knowledge.plausibility("film 0", "place", "moon").unwrap_err();
    assert_eq!(error, DataError::UnknownName { what: "entity", id: "moon".to_owned() }.into());
    assert_eq!((error.code(), error.is_bad_input()), ("data.unknown_name", true));
    let map = EntityMap::fit(&knowledge, &places(), &ROWS, 0.1).unwrap();
    let errors = [
        knowledge.plausibility("moon", "place", "sea").unwrap_err(),
        knowledge.relation("sea").unwrap_err(),
        knowledge.evaluate(&[Triple::new("film 0", "author", "sea")]).unwrap_err(),
        EntityMap::fit(&knowledge, &places(), &[(0, "moon")], 0.1).unwrap_err(),
        RequiredFacts::new(&knowledge, map, &[("author", "sea")]).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.code() == "data.unknown_name"), "{errors:?}");
}

#[test]
fn settings_without_meaning_are_refused() {
    let bad = [
        KnowledgeSettings { dimensions: 0, ..small() },
        KnowledgeSettings { dimensions: usize::MAX, ..small() },
        KnowledgeSettings { margin: 0.0, ..small() },
        KnowledgeSettings { margin: f32::NAN, ..small() },
        KnowledgeSettings { learning_rate: -1.0, ..small() },
        KnowledgeSettings { learning_rate: f32::INFINITY, ..small() },
        KnowledgeSettings { epochs: 0, ..small() },
    ];
    for settings in bad {
        assert_eq!(Knowledge::fit(&films(), &settings).unwrap_err().code(), "numeric.bad_setting", "{settings:?}");
    }
    let knowledge = fit(&films(), &small());
    for ridge in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = EntityMap::fit(&knowledge, &places(), &ROWS, ridge).unwrap_err();
        assert_eq!(error.code(), "numeric.bad_setting");
    }
}

#[test]
fn a_learning_rate_that_runs_away_is_an_error_and_no_embedding() {
    let settings = KnowledgeSettings { learning_rate: f32::MAX, margin: f32::MAX, ..small() };
    assert_eq!(Knowledge::fit(&films(), &settings).unwrap_err().code(), "numeric.not_finite");
}

#[test]
fn items_out_of_range_or_nowhere_are_refused() {
    let knowledge = fit(&films(), &small());
    for row in [6, usize::MAX] {
        let error = EntityMap::fit(&knowledge, &places(), &[(row, "film 0")], 0.1).unwrap_err();
        assert_eq!(error.code(), "numeric.wrong_size");
    }
    let nowhere = Latents::from_rows(1, [[f32::NAN]]);
    let error = EntityMap::fit(&knowledge, &nowhere, &[(0, "film 0")], 0.1).unwrap_err();
    assert_eq!(error, NumericError::NotFinite { what: "an item's place" }.into());
}

#[test]
fn a_map_into_another_graph_s_space_is_refused() {
    let (knowledge, other) = (fit(&films(), &small()), fit(&films(), &KnowledgeSettings::default()));
    let map = EntityMap::fit(&other, &places(), &ROWS, 0.1).unwrap();
    let error = RequiredFacts::new(&knowledge, map, &[("place", "sea")]).unwrap_err();
    assert_eq!(error, NumericError::WrongSize { what: "the map to entities", expected: 4, found: 16 }.into());
}

proptest! {
    #[test]
    fn the_gradient_equals_finite_differences(point in [-2.0_f32..2.0, -2.0_f32..2.0]) {
        let facts = at_sea(&fit(&films(), &small()));
        let (gradient, width) = (facts.gradient(&point), 4e-3);
        for axis in 0..2 {
            let moved = |by: f32| {
                let mut moved = point;
                moved[axis] += by;
                f64::from(facts.value(&moved))
            };
            let difference = (moved(width) - moved(-width)) / f64::from(2.0 * width);
            prop_assert!((difference - f64::from(gradient[axis])).abs() < 2e-3, "{difference} and {gradient:?}");
        }
    }

    #[test]
    fn any_places_give_a_map_or_an_error(places in prop::collection::vec(any::<f32>(), 12), ridge in 1e-6_f64..1e3) {
        let knowledge = fit(&films(), &KnowledgeSettings { epochs: 1, ..small() });
        let latents = Latents::from_rows(2, places.chunks(2));
        if let Ok(map) = EntityMap::fit(&knowledge, &latents, &ROWS, ridge) {
            prop_assert!(!map.explained().is_nan() && map.explained() <= 1.0);
        }
    }
}
