//! Reference policies draw what their distribution says, and say what they drew; shortlists explore.

use std::ops::Range;

use aquiline::action::{Action, Category, Origin};
use aquiline::catalog::Item;
use aquiline::design::{Design, DesignSettings, subset};
use aquiline::error::RolloutError;
use aquiline::latent::Latents;
use aquiline::objective::State;
use aquiline::policy::ReferencePolicy::{self, DOptimal, GOptimal, Greedy, Optimistic, Uniform};
use aquiline::policy::{predicted_shortlist, shortlist};
use aquiline::rollout::{Choice, Choices, Outcome};
use aquiline::transition::{TransitionModel, TransitionSettings};

const HERE: [f32; 2] = [3.0, -1.0];
const SEEDS: Range<u64> = 0..4000;
const EVERY_POLICY: [ReferencePolicy; 5] =
    [Uniform, Optimistic, GOptimal, DOptimal { subset: 2 }, Greedy { subset: 2 }];

/// Candidates that move the item so far, and the utility there.
fn choices(moves: &[([f32; 2], f32)]) -> Choices {
    let outcomes: Vec<State> =
        moves.iter().map(|(by, utility)| state([HERE[0] + by[0], HERE[1] + by[1]], *utility)).collect();
    let (anchor, state) = (HERE.to_vec(), state(HERE, 0.5));
    Choices {
        step: 2,
        horizon: 5,
        anchor,
        state,
        actions: actions(moves.len()),
        outcomes,
        seed: 0,
        outcome: Outcome::Last,
    }
}

fn actions(count: usize) -> Vec<Action> {
    let action = |n| Action { text: format!("Edit {n}."), category: Category::Plot, origin: Origin::Generic };
    (0..count).map(action).collect()
}

fn state(latent: [f32; 2], utility: f32) -> State {
    let item = Item {
        id: "kites".to_owned(),
        title: "Kites".to_owned(),
        year: None,
        genres: Vec::new(),
        plot: "Two sisters build kites.".to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    };
    State {
        item,
        latent: latent.to_vec(),
        utility,
        uncertainty: Some(0.1),
        affinity: utility,
        novelty: 0.0,
        identity: 1.0,
    }
}

fn displacements(moves: &[([f32; 2], f32)]) -> Latents {
    Latents::from_rows(2, moves.iter().map(|(by, _)| by))
}

/// Two ways east, a long way north, a way between, and one that does nothing.
const MOVES: [([f32; 2], f32); 5] =
    [([1.0, 0.0], 0.4), ([0.5, 0.0], 0.9), ([0.0, 3.0], 0.6), ([0.75, 2.25], 0.7), ([0.0, 0.0], 0.5)];

/// How often each candidate is drawn, over many seeds.
fn frequencies(policy: ReferencePolicy, choices: &Choices) -> Vec<f64> {
    let mut counts = vec![0.0; choices.actions.len()];
    for seed in SEEDS {
        let choice = policy.choose(&Choices { seed, ..choices.clone() }).unwrap();
        counts[choice.index] += 1.0 / SEEDS.end as f64;
    }
    counts
}

/// Asserts that draws follow the weights, within five standard deviations.
fn assert_follow(frequencies: &[f64], weights: &[f64]) {
    for (frequency, weight) in frequencies.iter().zip(weights) {
        let deviation = (weight * (1.0 - weight) / SEEDS.end as f64).sqrt();
        assert!((frequency - weight).abs() <= 5.0 * deviation, "drawn {frequencies:?} where {weights:?} is right");
    }
}

#[test]
fn uniform_draws_every_candidate_alike() {
    let choices = choices(&MOVES);
    assert_follow(&frequencies(Uniform, &choices), &[0.2; 5]);
    assert_eq!(
        Uniform.choose(&choices).unwrap().log_probability,
        0.2_f64.ln() as f32,
        "the probability is told with the choice"
    );
}

#[test]
fn optimistic_takes_the_best_outcome_whatever_the_seed() {
    let choices = choices(&MOVES);
    for seed in SEEDS {
        let choice = Optimistic.choose(&Choices { seed, ..choices.clone() }).unwrap();
        assert_eq!(choice, Choice { index: 1, log_probability: 0.0, design: None });
    }
}

#[test]
fn g_optimal_draws_follow_the_weights_of_the_design() {
    let design = Design::g_optimal(&displacements(&MOVES), &DesignSettings::default()).unwrap();
    let choices = choices(&MOVES);
    assert!(design.support().len() >= 2, "{design:?}");
    assert_follow(&frequencies(GOptimal, &choices), &design.weights);
    for seed in 0..50 {
        let choice = GOptimal.choose(&Choices { seed, ..choices.clone() }).unwrap();
        let told = choice.design.unwrap();
        assert_eq!(choice.log_probability, told.weights[choice.index].ln() as f32);
        assert!(told.weights.iter().zip(&design.weights).all(|(a, b)| (a - b).abs() < 1e-6), "{told:?}");
        assert_eq!(told.effective_rank, 2);
        assert!(told.optimality_gap <= 2e-3, "{told:?}");
    }
}

#[test]
fn g_optimal_draws_uneven_weights_unevenly() {
    let moves = [([1.0, 0.0], 0.1), ([0.0, 1.0], 0.2), ([0.9, 0.9], 0.3)];
    let weights = Design::g_optimal(&displacements(&moves), &DesignSettings::default()).unwrap().weights;
    assert!(weights[0] - weights[2] > 0.05, "the world is too even to tell: {weights:?}");
    assert_follow(&frequencies(GOptimal, &choices(&moves)), &weights);
}

#[test]
fn g_optimal_never_draws_a_candidate_of_no_weight() {
    let moves = [MOVES[0], MOVES[1], MOVES[2], MOVES[4]];
    let drawn = frequencies(GOptimal, &choices(&moves));
    assert_eq!((drawn[1], drawn[3]), (0.0, 0.0), "{drawn:?}");
}

#[test]
fn greedy_takes_the_best_of_the_subset_and_not_of_all() {
    let looked_at = subset(&displacements(&MOVES), 2).unwrap().actions;
    assert!(!looked_at.contains(&1), "the best of all must be outside of {looked_at:?}");
    let best = looked_at.iter().copied().max_by(|&a, &b| MOVES[a].1.total_cmp(&MOVES[b].1)).unwrap();
    let choice = Greedy { subset: 2 }.choose(&choices(&MOVES)).unwrap();
    assert_eq!((choice.index, choice.log_probability), (best, 0.0));
    assert_eq!(choice.design.unwrap().weights.len(), 5, "the design explains every candidate");
}

#[test]
fn greedy_looks_at_everything_where_the_subset_is_as_large_or_larger() {
    for size in [5, 6, usize::MAX] {
        assert_eq!(Greedy { subset: size }.choose(&choices(&MOVES)).unwrap().index, 1);
    }
}

#[test]
fn a_subset_of_none_is_refused() {
    for moves in [&MOVES[..], &[([0.0, 0.0], 0.5)]] {
        assert_eq!(Greedy { subset: 0 }.choose(&choices(moves)).unwrap_err().code(), "numeric.bad_setting");
    }
}

#[test]
fn where_nothing_moves_a_policy_falls_back_on_every_candidate() {
    let still = [([0.0, 0.0], 0.1), ([0.0, 0.0], 0.3), ([0.0, 0.0], 0.2)];
    let choices = choices(&still);
    assert_follow(&frequencies(GOptimal, &choices), &[1.0 / 3.0; 3]);
    assert_eq!(GOptimal.choose(&choices).unwrap().design, None);
    for size in 1..4 {
        let choice = Greedy { subset: size }.choose(&choices).unwrap();
        assert_eq!(choice, Choice { index: 1, log_probability: 0.0, design: None });
    }
}

#[test]
fn identical_moves_share_one_direction() {
    let same = choices(&[([0.5, 0.5], 0.1), ([0.5, 0.5], 0.1), ([0.5, 0.5], 0.1)]);
    let design = GOptimal.choose(&same).unwrap().design.unwrap();
    assert_eq!(design.effective_rank, 1);
    assert!((design.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{design:?}");
}

#[test]
fn ties_go_to_the_first() {
    let tied = choices(&[([1.0, 0.0], 0.2), ([0.0, 1.0], 0.8), ([-1.0, 0.0], 0.8), ([0.0, -1.0], 0.8)]);
    assert_eq!(Optimistic.choose(&tied).unwrap().index, 1);
    assert_eq!(Greedy { subset: 4 }.choose(&tied).unwrap().index, 1);
}

#[test]
fn one_candidate_is_always_chosen() {
    for policy in EVERY_POLICY {
        let choice = policy.choose(&choices(&MOVES[2..3])).unwrap();
        assert_eq!((choice.index, choice.log_probability), (0, 0.0), "{policy:?}");
    }
}

#[test]
fn missing_outcomes_are_refused_by_all_but_uniform() {
    let blind = Choices { outcomes: Vec::new(), ..choices(&MOVES) };
    let mut one_short = choices(&MOVES);
    one_short.outcomes.pop();
    for policy in EVERY_POLICY {
        for choices in [&blind, &one_short] {
            let chosen = policy.choose(choices);
            match policy.needs_lookahead() {
                true => assert_eq!(chosen.unwrap_err().code(), "rollout.wrong_reply", "{policy:?}"),
                false => assert!(chosen.unwrap().index < 5),
            }
        }
    }
    assert!(!Uniform.needs_lookahead());
}

#[test]
fn no_candidates_are_refused_with_their_step() {
    for policy in EVERY_POLICY {
        assert_eq!(policy.choose(&choices(&[])).unwrap_err(), RolloutError::NoActions { step: 2 }.into());
    }
}

#[test]
fn a_design_of_no_numbers_is_refused() {
    let broken = choices(&[([1.0, 0.0], 0.2), ([f32::NAN, 1.0], 0.8)]);
    for policy in [GOptimal, Greedy { subset: 1 }] {
        assert_eq!(policy.choose(&broken).unwrap_err().code(), "numeric.not_finite");
    }
}

#[test]
fn equal_seeds_give_equal_choices() {
    for policy in EVERY_POLICY {
        let choose = || policy.choose(&Choices { seed: 12, ..choices(&MOVES) }).unwrap();
        assert_eq!(choose(), choose());
    }
}

#[test]
fn a_d_optimal_subset_is_drawn_from_uniformly() {
    let choices = choices(&MOVES);
    let picked = subset(&displacements(&MOVES), 2).unwrap().actions;
    let (weights, _) = DOptimal { subset: 2 }.distribution(&choices).unwrap();
    for (index, weight) in weights.iter().enumerate() {
        assert_eq!(*weight, if picked.contains(&index) { 0.5 } else { 0.0 });
    }
}

/// Five points far from the origin: a long way east, a long way north, and three that hardly differ.
fn far_points() -> Latents {
    let moves = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.01]];
    Latents::from_rows(3, moves.map(|by| by.map(|along: f32| 100.0 + along)))
}

#[test]
fn a_shortlist_spans_the_directions_in_which_points_differ_and_not_the_one_they_share() {
    for count in [2, 3, 4] {
        let picked = shortlist(&far_points(), count).unwrap();
        assert!(picked.len() == count && picked.is_sorted(), "{picked:?}");
        assert!(count == 2 || picked.contains(&0) && picked.contains(&1), "{picked:?}");
    }
}

#[test]
fn a_shortlist_of_one_is_the_point_farthest_along_the_main_direction() {
    let points = Latents::from_rows(2, [[0.0, 0.2], [1.0, 0.0], [-5.0, 0.1], [1.0, 0.3]]);
    assert_eq!(shortlist(&points, 1).unwrap(), [2]);
}

#[test]
fn a_shortlist_of_two_looks_along_the_main_direction_alone_wherever_the_points_lie() {
    for offset in [0.0, 100.0] {
        let along = [[4.0, 0.0], [5.0, 0.0], [-4.0, 0.0], [-5.0, 0.0], [0.0, 1.0]];
        let points = Latents::from_rows(2, along.map(|[x, y]: [f32; 2]| [x + offset, y]));
        assert_eq!(shortlist(&points, 2).unwrap(), [1, 3], "{offset}");
    }
}

#[test]
fn a_shortlist_of_all_or_more_is_everything() {
    for count in [5, 6, usize::MAX] {
        assert_eq!(shortlist(&far_points(), count).unwrap(), [0, 1, 2, 3, 4]);
    }
    assert_eq!(shortlist(&Latents::zeros(0, 3), 2).unwrap(), [0; 0]);
}

#[test]
fn of_points_that_are_one_the_first_are_taken() {
    let same = Latents::from_rows(2, [[0.3, 0.7]; 5]);
    assert_eq!(shortlist(&same, 3).unwrap(), [0, 1, 2]);
}

#[test]
fn a_shortlist_of_none_or_of_no_numbers_is_refused() {
    assert_eq!(shortlist(&far_points(), 0).unwrap_err().code(), "numeric.bad_setting");
    for broken in [f32::NAN, f32::INFINITY] {
        let points = Latents::from_rows(2, [[1.0, 0.0], [0.0, broken], [1.0, 1.0]]);
        assert_eq!(shortlist(&points, 2).unwrap_err().code(), "numeric.not_finite");
    }
}

/// Four edits: the first two read unlike but lead the same way, as the last two do; the third reads like the first.
const EDITS: [[f32; 3]; 4] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.9, 0.0, 0.1], [0.0, 0.0, 1.0]];
const LEADS: [[f32; 2]; 4] = [[1.0, 0.0], [0.9, 0.0], [0.8, 0.1], [0.0, 1.0]];

/// A model that has seen each edit so often.
fn taught(times: usize) -> TransitionModel {
    let settings = TransitionSettings { sentence: 3, latent: 2, ridge: 0.01, ..Default::default() };
    let mut model = TransitionModel::new(settings).unwrap();
    for (edit, lead) in EDITS.iter().zip(&LEADS).cycle().take(4 * times) {
        model.observe(&[0.0; 2], edit, lead).unwrap();
    }
    model
}

fn edits() -> Latents {
    Latents::from_rows(3, EDITS)
}

#[test]
fn a_predicted_shortlist_is_that_of_the_displacements_once_they_are_learned() {
    assert_eq!(predicted_shortlist(&taught(10), &[0.0; 2], &edits(), 2).unwrap(), [0, 3]);
    assert_eq!(subset(&Latents::from_rows(2, LEADS), 2).unwrap().actions, [0, 3]);
    assert_ne!(shortlist(&edits(), 2).unwrap(), [0, 3], "the actions alone do not tell");
}

#[test]
fn a_predicted_shortlist_is_that_of_the_actions_until_the_model_can_tell_them_apart() {
    let by_actions = shortlist(&edits(), 2).unwrap();
    assert_eq!(predicted_shortlist(&taught(0), &[0.0; 2], &edits(), 2).unwrap(), by_actions, "nothing seen");
    let mut same = TransitionModel::new(taught(0).settings().clone()).unwrap();
    for edit in EDITS.iter().cycle().take(20) {
        same.observe(&[0.0; 2], edit, &[0.0; 2]).unwrap();
    }
    assert_eq!(predicted_shortlist(&same, &[0.0; 2], &edits(), 2).unwrap(), by_actions, "nothing moves");
}

#[test]
fn a_predicted_shortlist_refuses_what_a_shortlist_refuses() {
    let model = taught(10);
    assert_eq!(predicted_shortlist(&model, &[0.0; 2], &edits(), 9).unwrap(), [0, 1, 2, 3]);
    let refused = predicted_shortlist(&model, &[0.0; 2], &edits(), 0).unwrap_err();
    assert_eq!(refused.code(), "numeric.bad_setting");
    let narrow = predicted_shortlist(&model, &[0.0; 2], &Latents::zeros(4, 2), 2).unwrap_err();
    assert_eq!(narrow.code(), "numeric.wrong_size");
}
