//! What comes of a run is the best text on the way, it ends where nothing gains, and a rewrite that failed is no step.

mod toy_world;

use std::cell::Cell;

use aquiline::agent::best_of;
use aquiline::catalog::Item;
use aquiline::error::{Error, LlmError, Result, RolloutError};
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::rollout::{Effect, Ended, Outcome, Reply, Rewrite, Rollout, RolloutSettings, Trajectory};
use aquiline::safeguard::{Safeguards, Verdict};
use aquiline::search::{Search, SearchSettings, Strategy};
use proptest::prelude::*;
use toy_world::{action, answer, edited, item, order, proposing};

/// Four edits in a row, the best text counts.
fn settings() -> RolloutSettings {
    let safeguards = Safeguards::none();
    RolloutSettings { horizon: 4, candidates: 3, seed: 7, safeguards, ..RolloutSettings::default() }
}

fn blind() -> RolloutSettings {
    RolloutSettings { lookahead: false, ..settings() }
}

fn last() -> RolloutSettings {
    RolloutSettings { outcome: Outcome::Last, ..settings() }
}

/// An episode in the toy world, but for what `other` answers itself; the order of its effects beside.
fn run(
    settings: RolloutSettings,
    policy: ReferencePolicy,
    other: impl Fn(&Effect) -> Option<Reply>,
) -> Result<(Trajectory, Vec<&'static str>)> {
    let start = Rollout::start(item("A plot."), Profile::default(), settings)?;
    let answer = |effect: &Effect| other(effect).map_or_else(|| answer(effect, policy), Ok);
    let (trajectory, transcript) = toy_world::record(start, answer)?;
    let order = order(&transcript);
    Ok((trajectory, order))
}

fn nothing_else(_: &Effect) -> Option<Reply> {
    None
}

/// Proposes these edits, a list for each step.
fn step_by_step<'a>(steps: &'a [&'a [&'a str]]) -> impl Fn(&Effect) -> Option<Reply> + 'a {
    let at = Cell::new(0);
    move |effect| {
        let Effect::Propose { .. } = effect else { return None };
        let step = at.replace(at.get() + 1);
        Some(Reply::Actions(steps[step.min(steps.len() - 1)].iter().map(|text| action(text)).collect()))
    }
}

/// Carries out what `is_done` says by the number of the rewrite, and fails at the others.
fn carrying_out(is_done: impl Fn(usize) -> bool) -> impl Fn(&Effect) -> Option<Reply> {
    let asked = Cell::new(0);
    move |effect| {
        let Effect::Rewrite { item, actions, .. } = effect else { return None };
        let rewrite = |action| {
            let number = asked.replace(asked.get() + 1);
            let why = || format!("rewrite {number} was refused");
            if is_done(number) { Rewrite::Written(edited(item, action)) } else { Rewrite::Failed(why()) }
        };
        Some(Reply::Rewrites(actions.iter().map(rewrite).collect()))
    }
}

fn best_on_the_way(trajectory: &Trajectory) -> f32 {
    trajectory.steps.iter().map(|step| step.state.utility).fold(trajectory.anchor.utility, f32::max)
}

// The best text on the way

#[test]
fn the_outcome_is_the_best_text_on_the_way() {
    // Chance goes up and down.
    for seed in 0..50 {
        let settings = RolloutSettings { seed, ..blind() };
        let (trajectory, _) = run(settings, ReferencePolicy::Uniform, nothing_else).unwrap();
        assert_eq!(trajectory.outcome().utility, best_on_the_way(&trajectory), "seed {seed}");
        assert_eq!(trajectory.is_kept(), trajectory.outcome_step() == 0);
        let step = trajectory.outcome_step();
        let state = if step == 0 { &trajectory.anchor } else { &trajectory.steps[step - 1].state };
        assert_eq!(state, trajectory.outcome(), "the step is the one that led there");
    }
}

#[test]
fn of_equally_good_texts_the_first_is_the_outcome() {
    let edits = step_by_step(&[&["sun"], &["wind"], &["wind and wind"]]);
    let (trajectory, _) = run(blind(), ReferencePolicy::Uniform, edits).unwrap();
    assert_eq!((trajectory.steps.len(), trajectory.outcome_step()), (4, 1));
}

#[test]
fn as_in_the_paper_the_last_text_counts_where_that_is_asked_for() {
    let settings = RolloutSettings { lookahead: false, ..last() };
    let edits = step_by_step(&[&["sun"], &["rain and rain"]]);
    let (trajectory, _) = run(settings, ReferencePolicy::Uniform, edits).unwrap();
    assert_eq!((trajectory.steps.len(), trajectory.outcome_step(), trajectory.is_kept()), (4, 0, true));
}

#[test]
fn several_runs_are_compared_by_what_each_of_them_proposes() {
    let of = |steps: &[&[&str]]| run(blind(), ReferencePolicy::Uniform, step_by_step(steps)).unwrap().0;
    let fell = of(&[&["sun sun sun"], &["rain rain"], &["rain rain"]]);
    let steady = of(&[&["sun"], &["wind"]]);
    assert!(fell.last().utility < steady.last().utility && fell.outcome().utility > steady.outcome().utility);
    assert_eq!(best_of(vec![steady, fell.clone()]).unwrap(), fell);
}

#[test]
fn the_reviewer_sees_the_text_that_counts_and_is_not_asked_about_the_original() {
    let seen = Cell::new(None);
    let reviewed = |steps: &[&[&str]], verdict: Verdict| {
        let edits = step_by_step(steps);
        let settings = RolloutSettings { review: true, ..blind() };
        let other = |effect: &Effect| match effect {
            Effect::Review { item, .. } => {
                seen.set(Some(item.plot.clone()));
                Some(Reply::Verdict(verdict.clone()))
            }
            _ => edits(effect),
        };
        run(settings, ReferencePolicy::Uniform, other).unwrap().0
    };
    let allowed = reviewed(&[&["sun"], &["rain"]], Verdict::allow());
    assert_eq!((seen.take().as_deref(), allowed.outcome_step()), (Some("A plot. sun."), 1));
    let refused = reviewed(&[&["sun"], &["rain"]], Verdict::refuse("No."));
    assert!(seen.take().is_some() && refused.is_kept() && refused.is_refused());
    let worse = reviewed(&[&["rain"]], Verdict::allow());
    assert_eq!((seen.take(), worse.verdict.clone(), worse.outcome_step()), (None, None, 0));
}

// The end where nothing gains

#[test]
fn a_policy_that_looks_ahead_stops_where_no_candidate_gains() {
    for policy in [ReferencePolicy::Optimistic, ReferencePolicy::Greedy { subset: 2 }, ReferencePolicy::GOptimal] {
        let edits = step_by_step(&[&["sun"], &["rain", "wind"]]);
        let (trajectory, order) = run(settings(), policy, edits).unwrap();
        assert_eq!((trajectory.steps.len(), trajectory.ended), (1, Ended::NoGain), "{policy:?}");
        assert_eq!(order.iter().filter(|name| **name == "propose").count(), 2, "nothing is paid for afterwards");
        assert_eq!(trajectory.environment_calls, 3);
    }
}

#[test]
fn without_lookahead_and_for_the_paper_the_whole_horizon_is_walked() {
    let edits = || step_by_step(&[&["sun"], &["rain", "wind"]]);
    for (settings, policy) in [(blind(), ReferencePolicy::Uniform), (last(), ReferencePolicy::Optimistic)] {
        let (trajectory, _) = run(settings, policy, edits()).unwrap();
        assert_eq!((trajectory.steps.len(), trajectory.ended), (4, Ended::Horizon));
    }
}

#[test]
fn a_greedy_policy_takes_a_gain_that_its_subset_missed() {
    // A subset of one is the largest displacement, which is downhill here; the small gain beside it is known, too.
    let edits = || proposing(&["rain rain rain rain", "sun"]);
    let greedy = ReferencePolicy::Greedy { subset: 1 };
    let (trajectory, _) = run(RolloutSettings { horizon: 1, ..settings() }, greedy, edits()).unwrap();
    assert_eq!(trajectory.steps[0].action.text, "sun");
    let (paper, _) = run(RolloutSettings { horizon: 1, ..last() }, greedy, edits()).unwrap();
    assert_eq!(paper.steps[0].action.text, "rain rain rain rain", "the paper's ten actions stay the paper's");
}

#[test]
fn a_search_stops_where_a_round_brings_nothing_better() {
    let flat = proposing(&["wind", "rain"]);
    let once = step_by_step(&[&["sun", "wind"], &["rain", "wind"]]);
    for strategy in [Strategy::Tree, Strategy::Beam { width: 1 }, Strategy::Beam { width: 2 }] {
        let searched = |patience, other: &dyn Fn(&Effect) -> Option<Reply>| {
            let settings =
                SearchSettings { strategy, depth: 4, candidates: 2, shortlist: 2, budget: 40, patience, seed: 1 };
            let start = Search::start(item("A plot."), Profile::default(), settings).unwrap();
            let answer = |effect: &Effect| other(effect).map_or_else(|| answer(effect, ReferencePolicy::Uniform), Ok);
            toy_world::run(start, answer).unwrap()
        };
        let stopped = searched(Some(1), &flat);
        assert_eq!((stopped.environment_calls, stopped.ended), (2, Ended::NoGain), "{strategy:?}");
        assert!(stopped.is_kept());
        assert!(searched(None, &flat).environment_calls > 6, "{strategy:?} spends what it may where that is asked for");
    }
    let settings =
        SearchSettings { strategy: Strategy::Tree, depth: 4, candidates: 2, shortlist: 2, ..Default::default() };
    let start = Search::start(item("A plot."), Profile::default(), settings).unwrap();
    let answer = |effect: &Effect| once(effect).map_or_else(|| answer(effect, ReferencePolicy::Uniform), Ok);
    let gained = toy_world::run(start, answer).unwrap();
    assert_eq!((gained.steps.len(), gained.environment_calls, gained.ended), (1, 4, Ended::NoGain));
}

// Rewrites that fail

#[test]
fn a_rewrite_that_failed_is_no_candidate_and_is_counted() {
    let (trajectory, _) = run(settings(), ReferencePolicy::Optimistic, carrying_out(|number| number % 3 == 1)).unwrap();
    assert_eq!((trajectory.environment_calls, trajectory.failed_rewrites), (12, 8));
    assert!(trajectory.steps.iter().all(|step| step.candidates == [action("sun")]));
    assert_eq!(trajectory.outcome().item.plot, "A plot. sun. sun. sun. sun.");
}

#[test]
fn without_lookahead_another_candidate_is_chosen_where_a_rewrite_fails() {
    let (trajectory, order) =
        run(RolloutSettings { horizon: 1, ..blind() }, ReferencePolicy::Uniform, carrying_out(|number| number == 2))
            .unwrap();
    assert_eq!(order, ["place", "propose", "choose", "rewrite", "choose", "rewrite", "choose", "rewrite", "place"]);
    assert_eq!((trajectory.steps.len(), trajectory.environment_calls, trajectory.failed_rewrites), (1, 3, 2));
    assert_eq!(trajectory.steps[0].candidates.len(), 1, "what failed is not offered again");
}

#[test]
fn a_run_of_which_every_rewrite_failed_is_an_error_with_the_last_reason() {
    for (settings, tried) in [(settings(), 3), (blind(), 3)] {
        let error = run(settings, ReferencePolicy::Uniform, carrying_out(|_| false)).unwrap_err();
        let why = "rewrite 2 was refused".to_owned();
        assert_eq!(error, Error::from(RolloutError::RewritesFailed { tried, why }));
        assert_eq!(error.code(), "rollout.rewrites_failed");
    }
    let settings = SearchSettings { candidates: 3, shortlist: 3, ..Default::default() };
    let start = Search::start(item("A plot."), Profile::default(), settings).unwrap();
    let fails = carrying_out(|_| false);
    let answer = |effect: &Effect| fails(effect).map_or_else(|| answer(effect, ReferencePolicy::Uniform), Ok);
    assert_eq!(toy_world::run(start, answer).unwrap_err().code(), "rollout.rewrites_failed");
}

#[test]
fn rewrites_that_begin_to_fail_leave_the_steps_before() {
    for settings in [settings(), blind()] {
        let (trajectory, _) = run(settings, ReferencePolicy::Uniform, carrying_out(|number| number < 3))
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(trajectory.ended, Ended::NoRewrite);
        assert!(!trajectory.steps.is_empty() && trajectory.failed_rewrites == 3);
    }
}

#[test]
fn a_reply_with_too_few_rewrites_or_of_another_item_is_refused() {
    let stranger = || Rewrite::Written(Item { id: "other".into(), ..item("sun") });
    for wrong in [vec![], vec![Rewrite::Failed("no".into())], vec![stranger(), stranger(), stranger()]] {
        let other =
            move |effect: &Effect| matches!(effect, Effect::Rewrite { .. }).then(|| Reply::Rewrites(wrong.clone()));
        let error = run(settings(), ReferencePolicy::Uniform, other).unwrap_err();
        assert_eq!(error.code(), "rollout.wrong_reply");
    }
}

// A budget that is spent ends the runs of a session, see `tests/spent.rs`.

#[test]
fn whoever_drives_a_machine_alone_is_told_of_a_spent_budget() {
    let start = || Rollout::start(item("A plot."), Profile::default(), settings()).unwrap();
    let asked = |reply: Result<Reply>| {
        move |effect: &Effect| match effect {
            Effect::Propose { .. } => reply.clone(),
            _ => answer(effect, ReferencePolicy::Uniform),
        }
    };
    let error = Error::from(LlmError::Budget { limit: "calls" });
    assert_eq!(toy_world::run(start(), asked(Err(error.clone()))).unwrap_err(), error);
    assert_eq!(toy_world::run(start(), asked(Ok(Reply::Spent("calls".into())))).unwrap_err(), error);
}

proptest! {
    #[test]
    fn whatever_happens_on_the_way_no_text_on_it_is_better_than_the_outcome(
        gains in prop::collection::vec(prop::sample::select(vec!["sun", "rain", "wind", "rain rain", "sun sun"]), 1..6),
        failing in prop::collection::vec(any::<bool>(), 8),
        lookahead in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let settings = RolloutSettings { lookahead, seed, horizon: 5, ..settings() };
        let (edits, carried) = (step_by_step_owned(&gains), carrying_out(move |number| !failing[number % 8]));
        let policy = if lookahead { ReferencePolicy::GOptimal } else { ReferencePolicy::Uniform };
        let Ok((trajectory, _)) = run(settings, policy, |effect| edits(effect).or_else(|| carried(effect))) else {
            return Ok(());
        };
        prop_assert_eq!(trajectory.outcome().utility, best_on_the_way(&trajectory));
        prop_assert!(trajectory.failed_rewrites <= trajectory.environment_calls);
        prop_assert!(trajectory.steps.len() == 5 || trajectory.ended != Ended::Horizon);
    }
}

/// One edit at each step, in turn.
fn step_by_step_owned(edits: &[&'static str]) -> impl Fn(&Effect) -> Option<Reply> {
    let (edits, at) = (edits.to_vec(), Cell::new(0));
    move |effect| {
        let Effect::Propose { .. } = effect else { return None };
        let step = at.replace(at.get() + 1);
        Some(Reply::Actions(vec![action(edits[step % edits.len()])]))
    }
}
