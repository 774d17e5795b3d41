//! Preferences: recovered from pairs, bounded by the ridge, judged on pairs that were held out.

use aquiline::error::{DataError, Error, NumericError};
use aquiline::latent::{Latents, dot};
use aquiline::preference::{Preference, PreferenceSettings};
use aquiline::utility::{Term, Utility};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The preference that the planted pairs follow.
const PLANTED: [f32; 3] = [2.0, -1.0, 0.0];

/// Items anywhere in a cube of side 2.
fn scattered(count: usize) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    Latents::new(3, (0..3 * count).map(|_| random.random_range(-1.0..1.0)).collect()).unwrap()
}

/// Random pairs, won as often as the planted preference says.
fn planted(items: &Latents, count: usize) -> Vec<(usize, usize)> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut pair = || {
        let [a, b] = [0; 2].map(|_| random.random_range(0..items.len() as u32) as usize);
        let margin = f64::from(dot(&PLANTED, items.row(a)) - dot(&PLANTED, items.row(b)));
        let wins = random.random_range(0.0..1.0) < 1.0 / (1.0 + (-margin).exp());
        if wins { (a, b) } else { (b, a) }
    };
    (0..count).map(|_| pair()).collect()
}

fn line() -> Latents {
    Latents::from_rows(1, [[0.0], [1.0], [2.0]])
}

fn ridge(ridge: f64) -> PreferenceSettings {
    PreferenceSettings { ridge, ..Default::default() }
}

fn fit(latents: &Latents, pairs: &[(usize, usize)]) -> Preference {
    Preference::fit(latents, pairs, &PreferenceSettings::default()).unwrap()
}

#[test]
fn planted_preferences_are_recovered() {
    let items = scattered(60);
    let found = Preference::fit(&items, &planted(&items, 4000), &ridge(0.01)).unwrap();
    for (found, right) in found.weights.iter().zip(PLANTED) {
        assert!((found - right).abs() < 0.2, "{found} where {right} was planted");
    }
}

#[test]
fn held_out_pairs_are_foretold_nearly_as_well_as_by_the_planted_preference() {
    let items = scattered(60);
    let pairs = planted(&items, 3000);
    let (train, test) = pairs.split_at(1000);
    let found = fit(&items, train).evaluate(&items, test).unwrap();
    let best = Preference { weights: PLANTED.to_vec() }.evaluate(&items, test).unwrap();
    assert!(found.accuracy > 0.65 && found.accuracy > best.accuracy - 0.02, "{found:?}, at best {best:?}");
    assert!(found.log_loss < 0.6 && found.log_loss < best.log_loss + 0.02, "{found:?}, at best {best:?}");
}

#[test]
fn one_dimension_agrees_with_the_equation_of_its_optimum() {
    // Three wins of the higher, one of the lower: 3σ(−w) − σ(w) = ridge · w.
    let latents = Latents::from_rows(1, [[0.0], [1.0]]);
    let found =
        f64::from(Preference::fit(&latents, &[(1, 0), (1, 0), (1, 0), (0, 1)], &ridge(0.5)).unwrap().weights[0]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    assert!((3.0 * sigmoid(-found) - sigmoid(found) - 0.5 * found).abs() < 1e-6, "{found}");
}

#[test]
fn without_much_ridge_the_share_of_wins_is_the_probability() {
    let latents = Latents::from_rows(1, [[0.0], [1.0]]);
    let found = Preference::fit(&latents, &[(1, 0), (1, 0), (1, 0), (0, 1)], &ridge(1e-6)).unwrap();
    assert!((found.probability(&[1.0], &[0.0]) - 0.75).abs() < 1e-5);
    assert!((f64::from(found.weights[0]) - 3.0_f64.ln()).abs() < 1e-5);
}

#[test]
fn pairs_that_contradict_each_other_say_nothing() {
    let found = fit(&line(), &[(0, 1), (1, 0)]);
    assert_eq!(found.weights, [0.0]);
    assert_eq!(found.probability(&[0.0], &[9.0]), 0.5);
    let skill = found.evaluate(&line(), &[(0, 1), (2, 0)]).unwrap();
    assert_eq!((skill.accuracy, skill.log_loss), (0.5, 2.0_f64.ln()));
}

#[test]
fn an_item_preferred_to_itself_says_nothing() {
    assert_eq!(fit(&line(), &[(1, 1)]).weights, [0.0]);
}

#[test]
fn a_dimension_in_which_no_pair_differs_has_no_weight() {
    let latents = Latents::from_rows(2, [[0.0, 5.0], [1.0, 5.0]]);
    let found = fit(&latents, &[(1, 0)]);
    assert!(found.weights[0] > 0.0);
    assert_eq!(found.weights[1], 0.0);
}

#[test]
fn pairs_that_are_never_contradicted_have_finite_weights_which_a_ridge_makes_smaller() {
    let pairs = [(1, 0), (2, 1), (2, 0)];
    let weights = [1e-6, 1e-3, 1.0, 100.0].map(|strength| {
        let settings = PreferenceSettings { ridge: strength, iterations: 200 };
        Preference::fit(&line(), &pairs, &settings).unwrap().weights[0]
    });
    assert!(weights.is_sorted_by(|a, b| a > b), "{weights:?}");
    assert!(weights[0].is_finite() && weights[3] > 0.0, "{weights:?}");
}

#[test]
fn accuracy_and_log_loss_are_those_of_the_definition() {
    let preference = Preference { weights: vec![1.0] };
    let skill = preference.evaluate(&line(), &[(1, 0), (0, 1), (2, 0), (2, 2)]).unwrap();
    assert_eq!(skill.accuracy, 2.5 / 4.0);
    let by_hand = [1.0_f64, -1.0, 2.0, 0.0].map(|margin| (1.0 + (-margin).exp()).ln()).iter().sum::<f64>() / 4.0;
    assert!((skill.log_loss - by_hand).abs() < 1e-12);
}

#[test]
fn certainty_in_what_did_not_happen_has_a_finite_loss() {
    let sure = Preference { weights: vec![1e6] };
    assert_eq!(sure.evaluate(&line(), &[(0, 1)]).unwrap().log_loss, 1e6);
    assert_eq!(sure.evaluate(&line(), &[(1, 0)]).unwrap().log_loss, 0.0);
}

#[test]
fn as_a_term_it_is_worth_its_value_and_its_gradient_is_the_weights() {
    let preference = Preference { weights: vec![0.5, -2.0] };
    let utility = Utility { terms: vec![(3.0, Term::Preference(preference.clone()))] };
    assert_eq!(utility.value(&[1.0, 0.25]), 3.0 * preference.value(&[1.0, 0.25]));
    assert_eq!(utility.value(&[1.0, 0.25]), 0.0);
    assert_eq!(utility.gradient(&[7.0, 7.0]), [1.5, -6.0]);
    assert_eq!((utility.affinity(&[7.0, 7.0]), utility.rating_weight()), (0.0, 0.0));
}

#[test]
fn no_pairs_are_refused() {
    let error = Error::from(DataError::Empty { what: "the list of pairs" });
    assert_eq!(Preference::fit(&line(), &[], &ridge(1.0)).unwrap_err(), error);
    assert_eq!(Preference { weights: vec![1.0] }.evaluate(&line(), &[]).unwrap_err(), error);
}

#[test]
fn an_item_out_of_range_is_refused() {
    for item in [3, usize::MAX] {
        for pair in [(item, 0), (0, item)] {
            let error = Preference::fit(&line(), &[(1, 0), pair], &ridge(1.0)).unwrap_err();
            assert_eq!(error.code(), "numeric.wrong_size");
            let error = Preference { weights: vec![1.0] }.evaluate(&line(), &[pair]).unwrap_err();
            assert_eq!(error.code(), "numeric.wrong_size");
        }
    }
}

#[test]
fn items_of_another_dimension_are_refused() {
    let error = Preference { weights: vec![1.0, 2.0] }.evaluate(&line(), &[(1, 0)]).unwrap_err();
    assert_eq!(error, NumericError::WrongSize { what: "an item's place", expected: 2, found: 1 }.into());
}

#[test]
fn items_that_lie_nowhere_are_refused() {
    for nowhere in [f32::NAN, f32::INFINITY] {
        let latents = Latents::from_rows(1, [[0.0], [nowhere]]);
        assert_eq!(Preference::fit(&latents, &[(1, 0)], &ridge(1.0)).unwrap_err().code(), "numeric.not_finite");
        let error = Preference { weights: vec![1.0] }.evaluate(&latents, &[(1, 0)]).unwrap_err();
        assert_eq!(error.code(), "numeric.not_finite");
    }
    let far_apart = Latents::from_rows(1, [[f32::MAX], [f32::MIN]]);
    assert_eq!(Preference::fit(&far_apart, &[(1, 0)], &ridge(1.0)).unwrap_err().code(), "numeric.not_finite");
}

#[test]
fn a_ridge_that_is_none_is_refused() {
    for strength in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Preference::fit(&line(), &[(1, 0)], &ridge(strength)).unwrap_err().code(), "numeric.bad_setting");
    }
}

#[test]
fn too_few_iterations_are_said_to_be_too_few() {
    let settings = PreferenceSettings { iterations: 1, ..Default::default() };
    let error = Preference::fit(&line(), &[(1, 0)], &settings).unwrap_err();
    assert_eq!(error, NumericError::NotConverged { what: "the preference", iterations: 1 }.into());
    assert_eq!(error.code(), "numeric.not_converged");
}

proptest! {
    #[test]
    fn swapping_every_pair_turns_the_preference_around(
        places in prop::collection::vec(-3.0_f32..3.0, 12),
        pairs in prop::collection::vec((0_usize..6, 0_usize..6), 1..20),
    ) {
        let latents = Latents::new(2, places).unwrap();
        let swapped: Vec<(usize, usize)> = pairs.iter().map(|&(winner, loser)| (loser, winner)).collect();
        let (forward, backward) = (fit(&latents, &pairs), fit(&latents, &swapped));
        for (forward, backward) in forward.weights.iter().zip(&backward.weights) {
            prop_assert!((forward + backward).abs() < 1e-5);
        }
        let (a, b) = (latents.row(0), latents.row(1));
        prop_assert!((forward.probability(a, b) + forward.probability(b, a) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn any_points_give_a_preference_or_an_error(
        places in prop::collection::vec(any::<f32>(), 8),
        pairs in prop::collection::vec((0_usize..5, 0_usize..5), 0..8),
        strength in 1e-6_f64..1e3,
    ) {
        let latents = Latents::from_rows(2, places.chunks(2));
        if let Ok(found) = Preference::fit(&latents, &pairs, &ridge(strength)) {
            prop_assert!(found.weights.iter().all(|weight| weight.is_finite()));
        }
    }
}
