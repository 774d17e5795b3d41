//! Safeguards keep an episode near its anchor, from asking twice, from taking back, and from passing on a refused text.

mod toy_world;

use std::cell::RefCell;

use aquiline::action::Action;
use aquiline::agent::best_of;
use aquiline::catalog::Item;
use aquiline::error::{Result, RolloutError};
use aquiline::objective::{State, identity};
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::rollout::transcript::Transcript;
use aquiline::rollout::{DesignSummary, Effect, Outcome, Reply, Rollout, RolloutSettings, Trajectory};
use aquiline::safeguard::{Safeguards, Verdict, contradicts, is_duplicate};
use proptest::prelude::*;
use toy_world::{action, answer, choice, code, item, order, proposing};

/// In the toy world a sun more leads to 0.990 of likeness with this plot, two to 0.976; a rain more leads to 0.949.
const PLOT: &str = "sun sun rain.";

fn settings(safeguards: Safeguards) -> RolloutSettings {
    RolloutSettings { horizon: 5, candidates: 3, seed: 7, safeguards, outcome: Outcome::Last, ..Default::default() }
}

fn floor(identity: f32) -> RolloutSettings {
    settings(Safeguards { identity_floor: Some(identity), ..Safeguards::none() })
}

fn reviewed(settings: RolloutSettings) -> RolloutSettings {
    RolloutSettings { review: true, ..settings }
}

fn blind(settings: RolloutSettings) -> RolloutSettings {
    RolloutSettings { lookahead: false, ..settings }
}

fn start(settings: RolloutSettings) -> Result<(Rollout, Effect)> {
    Rollout::start(item(PLOT), Profile::default(), settings)
}

/// An episode in the toy world, but for what `other` answers itself.
fn run(settings: RolloutSettings, other: impl Fn(&Effect) -> Option<Reply>) -> Result<Trajectory> {
    record(settings, other).map(|(trajectory, _)| trajectory)
}

fn record(settings: RolloutSettings, other: impl Fn(&Effect) -> Option<Reply>) -> Result<(Trajectory, Transcript)> {
    let policy = if settings.lookahead { ReferencePolicy::Optimistic } else { ReferencePolicy::Uniform };
    toy_world::record(start(settings)?, |effect| other(effect).map_or_else(|| answer(effect, policy), Ok))
}

fn nothing_else(_: &Effect) -> Option<Reply> {
    None
}

fn saying(verdict: Verdict) -> impl Fn(&Effect) -> Option<Reply> {
    move |effect| matches!(effect, Effect::Review { .. }).then(|| Reply::Verdict(verdict.clone()))
}

fn taken(trajectory: &Trajectory) -> Vec<&str> {
    trajectory.steps.iter().map(|step| step.action.text.as_str()).collect()
}

fn identities(trajectory: &Trajectory) -> Vec<f32> {
    trajectory.steps.iter().map(|step| (step.state.identity * 1000.0).round() / 1000.0).collect()
}

fn repeats(one: &str, other: &str) -> bool {
    is_duplicate(&action(one), &action(other))
}

fn opposes(one: &str, other: &str) -> bool {
    contradicts(&action(one), &action(other))
}

// Identity

#[test]
fn every_text_is_compared_with_the_anchor() {
    for settings in [settings(Safeguards::none()), blind(settings(Safeguards::none()))] {
        let trajectory = run(RolloutSettings { horizon: 2, ..settings }, proposing(&["sun"])).unwrap();
        assert_eq!(trajectory.anchor.identity, 1.0);
        assert_eq!(identities(&trajectory), [0.99, 0.976]);
    }
}

#[test]
fn identity_is_a_cosine_and_a_number_whatever_the_vectors() {
    assert_eq!(identity(&[1.0, 2.0], &[1.0, 2.0]), 1.0);
    assert_eq!(identity(&[1.0, 0.0], &[0.0, 3.0]), 0.0);
    assert_eq!(identity(&[1.0, 1.0], &[-2.0, -2.0]), -1.0);
    assert_eq!(identity(&[f32::MAX, 0.0], &[f32::MAX, f32::MAX]), std::f32::consts::FRAC_1_SQRT_2);
    assert_eq!(identity(&[0.0, 0.0], &[0.0, 0.0]), 1.0, "the same text");
    for none in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
        assert_eq!(identity(&[1.0, 2.0], &none), 0.0, "{none:?}");
    }
}

#[test]
fn a_candidate_that_leads_too_far_is_not_offered() {
    let (trajectory, transcript) = record(floor(0.96), nothing_else).unwrap();
    let first = &trajectory.steps[0];
    assert_eq!(first.candidates, ["sun", "wind"].map(action));
    assert_eq!(first.candidate_utilities.len(), 2);
    let Effect::Choose(choices) = &transcript.exchanges[4].effect else { panic!("not a choose") };
    assert_eq!((choices.actions.len(), choices.outcomes.len()), (2, 2));
    assert!(choices.outcomes.iter().all(|outcome| outcome.identity >= 0.96));
}

#[test]
fn where_every_candidate_leads_too_far_the_episode_ends_with_what_it_has() {
    let (trajectory, transcript) = record(floor(0.98), proposing(&["sun"])).unwrap();
    assert_eq!(taken(&trajectory), ["sun"]);
    assert_eq!(order(&transcript).last(), Some(&"place"));
    assert_eq!(trajectory.environment_calls, 2, "the second was tried");
    assert!(!trajectory.is_kept());
    assert_eq!(trajectory.outcome(), &trajectory.steps[0].state);
}

#[test]
fn an_episode_without_a_step_returns_the_anchor() {
    for settings in [floor(0.995), blind(floor(0.995))] {
        let trajectory = run(settings, proposing(&["sun"])).unwrap();
        assert!(trajectory.steps.is_empty() && trajectory.is_kept());
        assert_eq!((trajectory.last(), trajectory.outcome()), (&trajectory.anchor, &trajectory.anchor));
    }
}

#[test]
fn without_lookahead_a_step_too_far_is_undone_and_ends_the_episode() {
    let trajectory = run(blind(floor(0.98)), proposing(&["sun"])).unwrap();
    assert_eq!(taken(&trajectory), ["sun"]);
    assert_eq!(trajectory.last().item.plot, format!("{PLOT} sun."));
    assert_eq!(trajectory.environment_calls, 2);
}

#[test]
fn a_text_exactly_at_the_floor_is_kept() {
    let trajectory = run(floor(1.0), proposing(&["wind"])).unwrap();
    assert_eq!((trajectory.steps.len(), trajectory.last().identity), (5, 1.0));
}

#[test]
fn a_floor_that_no_likeness_can_have_is_refused_before_anything_is_asked() {
    for impossible in [f32::NAN, f32::INFINITY, 1.01, -1.01] {
        assert_eq!(start(floor(impossible)).unwrap_err().code(), "numeric.bad_setting", "{impossible}");
    }
    assert!(start(floor(-1.0)).is_ok() && start(floor(1.0)).is_ok());
}

// Traces

#[test]
fn nothing_is_asked_for_twice_and_an_episode_may_run_out_of_actions() {
    for settings in [settings(Safeguards::default()), blind(settings(Safeguards::default()))] {
        let (trajectory, transcript) = record(settings, nothing_else).unwrap();
        let mut once = taken(&trajectory);
        once.sort_unstable();
        assert_eq!(once, ["rain", "sun", "wind"]);
        assert_eq!(order(&transcript).last(), Some(&"propose"), "the fourth step has nothing to choose from");
    }
}

#[test]
fn what_was_not_taken_is_offered_again() {
    let trajectory = run(settings(Safeguards::default()), nothing_else).unwrap();
    assert_eq!(trajectory.steps[1].candidates, ["rain", "wind"].map(action));
}

#[test]
fn nearly_the_same_words_are_the_same_request() {
    let proposals = ["Show the sun at noon, over the hill.", "show THE SUN at noon over the hill"];
    let trajectory = run(settings(Safeguards::default()), proposing(&proposals)).unwrap();
    assert_eq!(taken(&trajectory), [proposals[0]]);
}

#[test]
fn what_was_brought_is_not_taken_away_again() {
    let proposals = ["Add more sun to the morning.", "Cut the sun.", "Add a kite."];
    let trajectory = run(settings(Safeguards::default()), proposing(&proposals)).unwrap();
    assert_eq!(taken(&trajectory), ["Add more sun to the morning.", "Add a kite."]);
    let never_twice = Safeguards { drop_contradictions: false, ..Safeguards::default() };
    assert_eq!(run(settings(never_twice), proposing(&proposals)).unwrap().steps.len(), 3);
}

#[test]
fn each_safeguard_can_be_left_out() {
    let repeating = Safeguards { drop_duplicates: false, ..Safeguards::default() };
    assert_eq!(taken(&run(settings(repeating), nothing_else).unwrap()), ["sun"; 5]);
    assert_eq!(run(settings(Safeguards::none()), proposing(&["sun"])).unwrap().steps.len(), 5);
}

#[test]
fn dropped_proposals_leave_room_for_others() {
    let trajectory = run(settings(Safeguards::default()), proposing(&["sun", "rain", "wind", "hail"])).unwrap();
    assert_eq!(trajectory.steps[0].candidates, ["sun", "rain", "wind"].map(action));
    assert_eq!(trajectory.steps[1].candidates, ["rain", "wind", "hail"].map(action));
}

#[test]
fn a_proposer_that_says_nothing_is_still_an_error() {
    let result = run(settings(Safeguards::default()), proposing(&[]));
    assert_eq!(result.unwrap_err(), RolloutError::NoActions { step: 0 }.into());
    let only_at_first = |effect: &Effect| match effect {
        Effect::Propose { item, .. } if item.plot != PLOT => Some(Reply::Actions(Vec::new())),
        _ => None,
    };
    let result = run(settings(Safeguards::default()), only_at_first);
    assert_eq!(result.unwrap_err(), RolloutError::NoActions { step: 1 }.into());
}

// Review

#[test]
fn the_last_text_is_reviewed_once_beside_the_anchor() {
    for settings in [settings(Safeguards::none()), blind(settings(Safeguards::none()))] {
        let (trajectory, transcript) = record(reviewed(settings), nothing_else).unwrap();
        assert_eq!(trajectory.steps.len(), 5);
        let reviews = transcript.exchanges.iter().filter(|exchange| matches!(exchange.effect, Effect::Review { .. }));
        assert_eq!(reviews.count(), 1);
        let asked = Effect::Review { anchor: item(PLOT), item: trajectory.last().item.clone() };
        assert_eq!(transcript.exchanges.last().map(|exchange| &exchange.effect), Some(&asked));
        assert_eq!(trajectory.verdict, Some(Verdict::allow()));
    }
}

#[test]
fn without_a_reviewer_nobody_is_asked() {
    let (trajectory, transcript) = record(settings(Safeguards::none()), nothing_else).unwrap();
    assert!(!order(&transcript).contains(&"review"));
    assert!(trajectory.verdict.is_none() && !trajectory.is_refused());
}

#[test]
fn a_shortened_episode_is_reviewed_unless_it_has_no_step() {
    let (shortened, transcript) = record(reviewed(floor(0.98)), proposing(&["sun"])).unwrap();
    assert_eq!((shortened.steps.len(), order(&transcript).last()), (1, Some(&"review")));
    let (shortened, transcript) = record(reviewed(settings(Safeguards::default())), nothing_else).unwrap();
    assert_eq!((shortened.steps.len(), order(&transcript).last()), (3, Some(&"review")));
    let (empty, transcript) = record(reviewed(floor(0.995)), proposing(&["sun"])).unwrap();
    assert!(empty.verdict.is_none() && !order(&transcript).contains(&"review"), "the anchor needs no review");
}

#[test]
fn a_refused_text_leaves_the_anchor() {
    let refused = run(reviewed(settings(Safeguards::none())), saying(Verdict::refuse("It names a person."))).unwrap();
    assert!(refused.last().utility > refused.anchor.utility, "it would have been better");
    assert!(refused.is_refused() && refused.is_kept());
    assert_eq!(refused.outcome(), &refused.anchor);
    assert_eq!(refused.verdict, Some(Verdict::refuse("It names a person.")));
    let allowed = run(reviewed(settings(Safeguards::none())), saying(Verdict::allow())).unwrap();
    assert_eq!(allowed.outcome(), allowed.last());
}

#[test]
fn the_best_of_several_episodes_is_none_that_was_refused() {
    let refused = run(reviewed(settings(Safeguards::none())), saying(Verdict::refuse("No."))).unwrap();
    let worse = run(floor(0.98), proposing(&["sun"])).unwrap();
    assert!(worse.last().utility < refused.last().utility);
    assert_eq!(best_of(vec![refused.clone(), worse.clone()]), Some(worse));
    assert_eq!(best_of(vec![refused.clone()]), Some(refused));
}

#[test]
fn the_words_of_a_reviewer_are_kept_short() {
    let shouting = Verdict { allowed: false, reasons: vec!["é\u{7}\n".repeat(10_000); 1_000] };
    let trajectory = run(reviewed(settings(Safeguards::none())), saying(shouting)).unwrap();
    let reasons = trajectory.verdict.unwrap().reasons;
    assert_eq!(reasons.len(), 8);
    assert!(reasons.iter().all(|reason| reason.chars().count() <= 200 && !reason.contains(char::is_control)));
    let blank = Verdict { allowed: true, reasons: vec![String::new(), " \n".to_owned(), " Fine. ".to_owned()] };
    assert_eq!(blank.bounded().reasons, ["Fine."]);
}

#[test]
fn only_a_verdict_answers_a_review() {
    for wrong in [choice(0), Reply::Actions(vec![action("sun")]), Reply::Items(vec![item("sun")])] {
        let instead = move |effect: &Effect| matches!(effect, Effect::Review { .. }).then(|| wrong.clone());
        assert_eq!(code(run(reviewed(settings(Safeguards::none())), instead)), "rollout.wrong_reply");
    }
}

#[test]
fn a_reviewed_episode_replays_from_its_record() {
    let settings = reviewed(settings(Safeguards { identity_floor: Some(0.9), ..Safeguards::default() }));
    let (trajectory, transcript) = record(settings.clone(), saying(Verdict::refuse("No."))).unwrap();
    let read = Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap();
    let replay = RefCell::new(read.replay());
    let replayed = toy_world::run(start(settings).unwrap(), |effect| replay.borrow_mut().perform(effect)).unwrap();
    assert_eq!(replayed, trajectory);
}

// Records

#[test]
fn records_from_before_the_safeguards_are_read() {
    let old = r#"{"horizon":3,"candidates":4,"lookahead":false,"seed":9}"#;
    let read: RolloutSettings = serde_json::from_str(old).unwrap();
    // The last text counted then.
    let outcome = Outcome::Last;
    let expected =
        RolloutSettings { horizon: 3, candidates: 4, lookahead: false, seed: 9, outcome, ..Default::default() };
    assert_eq!(read, expected);
    assert_eq!(serde_json::from_str::<Safeguards>(r#"{"identity_floor":0.5}"#).unwrap().identity_floor, Some(0.5));
    let design = r#"{"optimalityGap":0.0,"effectiveRank":1,"weights":[1.0]}"#;
    assert!(serde_json::from_str::<DesignSummary>(design).unwrap().leverages.is_empty());
    let trajectory = run(settings(Safeguards::none()), proposing(&["sun"])).unwrap();
    let mut old = serde_json::to_value(&trajectory).unwrap();
    for new in ["verdict", "failed_rewrites", "counts", "ended"] {
        old.as_object_mut().unwrap().remove(new);
    }
    old["anchor"].as_object_mut().unwrap().remove("identity");
    assert_eq!(serde_json::from_value::<Trajectory>(old).unwrap(), trajectory);
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let trajectory = run(settings(Safeguards::none()), proposing(&["sun"])).unwrap();
    let text = serde_json::to_string(trajectory.last()).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), *trajectory.last());
}

// Words

#[test]
fn requests_are_alike_by_their_words() {
    let marketing = "Launch a marketing campaign around the hero's double life.";
    for same in [
        marketing,
        "launch a marketing campaign around the hero's double life",
        "Launch a marketing campaign around a hero's double life!",
        "  Launch   a marketing campaign -- around the hero's double life. ",
    ] {
        assert!(repeats(marketing, same), "{same}");
    }
    for other in ["Launch a campaign.", "Give the hero a double life.", "", "…", "宣传活动"] {
        assert!(!repeats(marketing, other), "{other}");
    }
    assert!(repeats("…", " … ") && repeats("宣传活动", "宣传活动") && !repeats("…", "?"));
}

#[test]
fn the_opposite_of_a_request_is_no_duplicate() {
    let (add, remove) =
        ("Add the long chase through the harbour at night.", "Remove the long chase through the harbour at night.");
    assert!(opposes(add, remove));
    assert!(!repeats(add, remove));
}

#[test]
fn more_and_less_of_one_thing_contradict_each_other() {
    for (one, other) in [
        ("Add a love story.", "Cut the romance."),
        ("Add a patient love story in which almost nothing is said.", "Remove every kiss, and keep the rest."),
        ("Make it more romantic.", "Make it less romantic."),
        ("Add flashbacks to the villain's childhood.", "Remove the flashbacks."),
        ("Give the story a talking parrot.", "Lose the parrot."),
        ("Add jokes.", "Stop adding jokes."),
        ("More jokes, please!", "No more jokes."),
        ("Introduce a narrator.", "Tell it without a narrator."),
        ("Add songs and the choir.", "Do not add songs."),
        ("Don't cut the romance.", "Cut the romance."),
        ("Bring the dragons back.", "Take the dragons out."),
        ("Raise the stakes.", "Lower the stakes."),
        ("Drop the trial, the election and the speeches.", "Add a stirring speech."),
        ("ADD A CUTE DOG", "leave out the dog"),
        ("Add a bed.", "Remove the bed."),
    ] {
        assert!(opposes(one, other) && opposes(other, one), "{one} / {other}");
    }
}

#[test]
fn what_only_looks_like_a_contradiction_is_none() {
    for (one, other) in [
        ("Add a love story.", "Cut the car chase."),
        ("Add a love story.", "Add a love story."),
        ("Cut the romance.", "Remove every kiss."),
        ("Give the lead a dog.", "Remove the scenes in which the lead is alone."),
        ("Add a cute dog.", "Give everyone a dog."),
        ("Do not cut the romance.", "Add a love story."),
        ("Make it funny.", "Remove the jokes that fall flat, and add better jokes."),
        ("Cut the story.", "Add a story."),
        ("", "Add a dog."),
        ("Füge einen Hund hinzu.", "Entferne den Hund."),
    ] {
        assert!(!opposes(one, other) && !opposes(other, one), "{one} / {other}");
    }
}

/// The requests of the simulator's phrase bank: for each kind of edit its phrasings.
fn bank() -> Vec<Vec<Action>> {
    let bank: serde_json::Value = serde_json::from_str(include_str!("../data/edits.json")).unwrap();
    let phrasings = |kind: &serde_json::Value| {
        kind["actions"].as_array().unwrap().iter().map(|text| action(text.as_str().unwrap())).collect()
    };
    bank["edits"].as_array().unwrap().iter().map(phrasings).collect()
}

#[test]
fn phrasings_of_one_kind_of_edit_do_not_contradict_each_other() {
    for kind in bank() {
        for (one, other) in pairs(&kind) {
            assert!(!contradicts(one, other), "{} / {}", one.text, other.text);
        }
    }
}

#[test]
fn phrasings_are_different_requests() {
    let all: Vec<Action> = bank().concat();
    for (one, other) in pairs(&all).filter(|(one, other)| one.text != other.text) {
        assert!(!is_duplicate(one, other), "{} / {}", one.text, other.text);
    }
    assert!(all.iter().all(|action| is_duplicate(action, action) && !contradicts(action, action)));
}

/// Few enough to leave something to choose from, and each a pair of requests that take back what the other brings.
#[test]
fn contradictions_in_the_phrase_bank_are_few_and_real() {
    let all: Vec<Action> = bank().concat();
    let found = pairs(&all).filter(|(one, other)| contradicts(one, other)).count();
    let share = found as f64 / (all.len() * (all.len() - 1)) as f64;
    assert!((0.0005..0.003).contains(&share), "{found}: {share}");
    for (one, other) in [
        (
            "Add a patient love story in which almost nothing is said until the last reel.",
            "Cut the romance entirely and spend the time on the work and the weather.",
        ),
        (
            "Add a former lover who arrives for three days and has to leave on the fourth.",
            "Take out the love story and let the two of them simply be good colleagues.",
        ),
        (
            "Add an enchanted place next door to daily life where bargains are kept by spell.",
            "Remove the supernatural, and put an honest investigator in its place.",
        ),
        (
            "Add a choir that rehearses above a garage and has one good voice in it.",
            "Remove the music entirely and leave us with footsteps, wind and traffic.",
        ),
        (
            "Add a sibling whose return reopens the family quarrel and, in time, mends it.",
            "Take away parents, children and cousins, and let birds fill the days.",
        ),
    ] {
        assert!(all.contains(&action(one)) && all.contains(&action(other)), "{one} / {other}");
        assert!(opposes(one, other), "{one} / {other}");
    }
}

fn pairs(actions: &[Action]) -> impl Iterator<Item = (&Action, &Action)> {
    actions.iter().flat_map(move |one| actions.iter().map(move |other| (one, other)))
}

/// Anything, and sentences that are likely to mean something.
fn any_request() -> impl Strategy<Value = Action> {
    let word = proptest::sample::select(vec![
        "add", "cut", "more", "less", "not", "no", "without", "take", "out", "the", "a", "and", "in", "love",
        "romance", "dog", "dogs", "songs", "story", ",", ".", "—", "give",
    ]);
    let sentence = proptest::collection::vec(word, 0..12).prop_map(|words| words.join(" "));
    prop_oneof!["\\PC{0,60}", "[\\x00-\\x7f]{0,40}", sentence].prop_map(|text| action(&text))
}

proptest! {
    #[test]
    fn being_alike_and_contradicting_are_mutual(one in any_request(), other in any_request()) {
        prop_assert_eq!(is_duplicate(&one, &other), is_duplicate(&other, &one));
        prop_assert_eq!(contradicts(&one, &other), contradicts(&other, &one));
    }

    #[test]
    fn a_request_is_its_own_duplicate(one in any_request()) {
        prop_assert!(is_duplicate(&one, &one));
        let spaced = Action { text: format!("  {}\n", one.text), ..one.clone() };
        prop_assert!(is_duplicate(&one, &spaced));
    }

    #[test]
    fn no_request_is_both_a_duplicate_and_a_contradiction(one in any_request(), other in any_request()) {
        let same = one.text.trim() == other.text.trim();
        prop_assert!(same || !(is_duplicate(&one, &other) && contradicts(&one, &other)));
    }

    #[test]
    fn identity_is_mutual_and_between_minus_one_and_one(
        one in proptest::collection::vec(any::<f32>(), 3), other in proptest::collection::vec(any::<f32>(), 3),
    ) {
        let found = identity(&one, &other);
        prop_assert!((-1.0..=1.0).contains(&found));
        prop_assert_eq!(found, identity(&other, &one));
    }

    /// Whatever the safeguards, the episode ends, and its steps heed them.
    #[test]
    fn every_step_heeds_the_safeguards(
        identity_floor in proptest::option::of(-1.0_f32..=1.0),
        drop_duplicates: bool,
        drop_contradictions: bool,
        lookahead: bool,
        proposals in proptest::collection::vec(any_request(), 1..5),
    ) {
        let safeguards = Safeguards { identity_floor, drop_duplicates, drop_contradictions };
        let proposing = |effect: &Effect| {
            matches!(effect, Effect::Propose { .. }).then(|| Reply::Actions(proposals.clone()))
        };
        let Ok(trajectory) = run(RolloutSettings { lookahead, ..settings(safeguards.clone()) }, proposing) else {
            prop_assert!(proposals.iter().all(|action| action.text.trim().is_empty()));
            return Ok(());
        };
        let actions: Vec<&Action> = trajectory.steps.iter().map(|step| &step.action).collect();
        for (place, step) in trajectory.steps.iter().enumerate() {
            prop_assert!(safeguards.keeps_identity(step.state.identity));
            prop_assert!(safeguards.allows(&step.action, actions[..place].iter().copied()));
        }
    }
}

/// A rewrite in the toy world keeps what [`Item`] it is, so only the likeness tells another story from the same.
#[test]
fn a_title_that_is_kept_does_not_hide_another_story() {
    let another_story = |effect: &Effect| match effect {
        Effect::Rewrite { item, actions, .. } => {
            Some(Reply::Items(vec![Item { plot: "rain rain rain rain".to_owned(), ..item.clone() }; actions.len()]))
        }
        _ => None,
    };
    let unguarded = run(settings(Safeguards::none()), another_story).unwrap();
    assert_eq!((unguarded.steps.len(), unguarded.last().item.title.as_str()), (5, "Kites"));
    assert!(unguarded.last().identity < 0.5);
    assert!(run(floor(0.5), another_story).unwrap().steps.is_empty());
}
