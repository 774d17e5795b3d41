//! A trajectory explains itself: why each step was taken, what it promised and brought, and what it changed.

mod toy_world;

use aquiline::catalog::Item;
use aquiline::error::Result;
use aquiline::explain::{StepExplanation, explain};
use aquiline::latent::Latents;
use aquiline::objective::State;
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::rollout::{
    Choice, DesignSummary, Effect, Ended, Outcome, Reply, Rollout, RolloutSettings, Step, Trajectory,
};
use aquiline::safeguard::Safeguards;
use proptest::prelude::*;
use toy_world::{action, answer, item};

const PLOT: &str = "Two sisters build kites. A storm comes.";

fn run(settings: RolloutSettings, policy: ReferencePolicy) -> Trajectory {
    let safeguards = Safeguards::none();
    let settings = RolloutSettings { horizon: 3, candidates: 3, seed: 7, safeguards, ..settings };
    let start = Rollout::start(item(PLOT), Profile::default(), settings).unwrap();
    toy_world::run(start, |effect| proposing_weather(effect).map_or_else(|| answer(effect, policy), Ok)).unwrap()
}

/// Sentences that a reader can tell apart.
fn proposing_weather(effect: &Effect) -> Option<Reply> {
    let actions = ["There is rain over the sea", "There is sun over the sea", "There is wind over the sea"].map(action);
    matches!(effect, Effect::Propose { .. }).then(|| Reply::Actions(actions.to_vec()))
}

/// A trajectory that never was: from one plot to another, in one step.
fn rewritten(before: &str, after: &str) -> Trajectory {
    let state = |plot: &str, utility: f32| State {
        item: Item { plot: plot.to_owned(), ..item("") },
        latent: vec![0.0],
        utility,
        uncertainty: Some(0.1),
        affinity: utility,
        novelty: 0.0,
        identity: 1.0,
    };
    let step = Step {
        action: action("Rewrite it."),
        choice: Choice { index: 1, log_probability: 0.25_f32.ln(), design: None },
        candidates: ["Leave it.", "Rewrite it.", "Ruin it."].map(action).to_vec(),
        candidate_utilities: vec![0.5, 0.75, 0.25],
        state: state(after, 0.7),
    };
    Trajectory {
        anchor: state(before, 0.5),
        steps: vec![step],
        environment_calls: 3,
        failed_rewrites: 0,
        verdict: None,
        counts: Outcome::Last,
        ended: Ended::Horizon,
    }
}

fn only(trajectory: &Trajectory) -> StepExplanation {
    explain(trajectory).remove(0)
}

fn changes(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let StepExplanation { sentences_added, sentences_removed, .. } = only(&rewritten(before, after));
    (sentences_added, sentences_removed)
}

#[test]
fn every_step_is_explained_in_order() {
    let trajectory = run(RolloutSettings::default(), ReferencePolicy::Optimistic);
    let explained = explain(&trajectory);
    assert_eq!(explained.len(), 3);
    for (step, explained) in trajectory.steps.iter().zip(&explained) {
        assert_eq!((&explained.action, explained.candidates, explained.rank), (&step.action, 3, Some(1)));
        assert_eq!(explained.sentences_added, ["There is sun over the sea."]);
        assert!(explained.sentences_removed.is_empty());
    }
    let unmoved = Trajectory { steps: Vec::new(), ..trajectory };
    assert!(explain(&unmoved).is_empty());
}

#[test]
fn gains_of_the_steps_add_up_to_that_of_the_episode() {
    let trajectory = run(RolloutSettings::default(), ReferencePolicy::Optimistic);
    let sum: f32 = explain(&trajectory).iter().map(|step| step.realised_gain).sum();
    assert!((sum - (trajectory.last().utility - trajectory.anchor.utility)).abs() < 1e-6);
    assert!(explain(&trajectory).iter().all(|step| step.predicted_gain == Some(step.realised_gain)));
}

#[test]
fn a_promise_is_told_apart_from_what_came_of_it() {
    let explained = only(&rewritten("A plot.", "Another plot."));
    assert_eq!(explained.predicted_gain, Some(0.25));
    assert!((explained.realised_gain - 0.2).abs() < 1e-6);
    assert!((explained.probability - 0.25).abs() < 1e-6);
    assert_eq!((explained.rank, explained.candidates), (Some(1), 3));
}

#[test]
fn rank_counts_the_candidates_that_promised_more() {
    for (utilities, rank) in [([0.5, 0.75, 0.9], 2), ([0.75, 0.75, 0.75], 1), ([0.9, 0.1, 0.9], 3)] {
        let mut trajectory = rewritten("A plot.", "Another plot.");
        trajectory.steps[0].candidate_utilities = utilities.to_vec();
        assert_eq!(only(&trajectory).rank, Some(rank), "{utilities:?}");
    }
}

#[test]
fn without_lookahead_nothing_was_promised() {
    let blind = RolloutSettings { lookahead: false, ..Default::default() };
    for explained in explain(&run(blind, ReferencePolicy::Uniform)) {
        assert_eq!((explained.predicted_gain, explained.rank), (None, None));
        assert_eq!((explained.leverage, explained.weight), (None, None));
        assert!((explained.probability - 1.0 / 3.0).abs() < 1e-6);
    }
}

#[test]
fn a_design_says_with_which_weight_and_leverage() {
    let trajectory = run(RolloutSettings::default(), ReferencePolicy::GOptimal);
    for (step, explained) in trajectory.steps.iter().zip(explain(&trajectory)) {
        let design = step.choice.design.as_ref().unwrap();
        assert_eq!(design.leverages.len(), 3);
        assert!(explained.weight.unwrap() > 0.0, "it was drawn");
        assert!((explained.weight.unwrap() - explained.probability).abs() < 1e-6);
        let largest = design.effective_rank as f64 + design.optimality_gap;
        assert!(explained.leverage.unwrap() <= largest + 1e-9);
        assert!((explained.leverage.unwrap() - largest).abs() < 0.01 * largest, "of positive weight");
    }
}

#[test]
fn sentences_are_compared_as_wholes() {
    let (kites, storm, still) = ("Two sisters build kites.", "A storm comes by sea.", "The wind falls silent.");
    let text = |sentences: &[&str]| sentences.join(" ");
    assert_eq!(changes(&text(&[kites, storm]), &text(&[kites, still])), (vec![still.into()], vec![storm.into()]));
    assert_eq!(changes(&text(&[kites, storm]), &text(&[storm, kites])), (vec![], vec![]), "moved");
    assert_eq!(changes(&text(&[kites]), &text(&[kites, kites])), (vec![kites.into()], vec![]), "said twice");
    let wrapped = format!("{kites}\n\n{storm} ");
    assert_eq!(changes(&text(&[kites, storm]), &wrapped), (vec![], vec![]), "other white space");
    assert_eq!(changes("", ""), (vec![], vec![]));
    assert_eq!(changes("", kites), (vec![kites.into()], vec![]));
    let added = changes(&text(&[storm]), &text(&[kites, storm, still])).0;
    assert_eq!(added, [kites, still], "in the order of the text");
}

#[test]
fn a_record_that_lacks_something_is_explained_as_far_as_it_goes() {
    let mut trajectory = rewritten("A plot.", "Another plot.");
    let design = DesignSummary { optimality_gap: 0.0, effective_rank: 1, weights: vec![1.0], leverages: Vec::new() };
    trajectory.steps[0].choice = Choice { index: 9, log_probability: -0.5, design: Some(design) };
    let explained = only(&trajectory);
    assert_eq!((explained.leverage, explained.weight), (None, None));
    assert_eq!((explained.predicted_gain, explained.rank), (None, None));
}

#[test]
fn explanations_are_written_in_the_words_of_the_package() {
    let written = serde_json::to_value(only(&rewritten("A plot.", "Another plot."))).unwrap();
    let keys: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "action",
        "candidates",
        "leverage",
        "predictedGain",
        "probability",
        "rank",
        "realisedGain",
        "sentencesAdded",
        "sentencesRemoved",
        "weight",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn leverages_of_a_design_are_those_of_its_summary() -> Result<()> {
    let moves = Latents::new(2, vec![1.0, 0.0, 0.0, 2.0, 0.5, 0.0])?;
    let design = aquiline::design::Design::g_optimal(&moves, &Default::default())?;
    let leverages = design.leverages.clone();
    assert_eq!(DesignSummary::from(design).leverages, leverages);
    Ok(())
}

proptest! {
    #[test]
    fn any_two_texts_can_be_compared(before in "\\PC{0,80}", after in "[A-Za-z .!?\"“é]{0,80}") {
        let (added, removed) = changes(&before, &after);
        prop_assert_eq!(changes(&after, &before), (removed, added), "and the other way round");
    }
}
