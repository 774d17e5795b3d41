//! An episode is a machine: it asks in a fixed order, checks every reply, and keeps a record that replays.

mod toy_world;

use std::cell::Cell;

use aquiline::agent::{Event, best_of, drive};
use aquiline::catalog::Item;
use aquiline::error::{Error, Result, RolloutError};
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::rollout::transcript::{Exchange, Transcript};
use aquiline::rollout::{Choice, Choices, Effect, Machine, Next, Outcome, Reply, Rollout, RolloutSettings, Trajectory};
use aquiline::safeguard::{Safeguards, Verdict};
use proptest::prelude::*;
use toy_world::{action, answer, any_reply, choice, code, edited, instead, item, order, proposing, states_at};

fn settings() -> RolloutSettings {
    RolloutSettings {
        horizon: 2,
        candidates: 3,
        seed: 7,
        safeguards: Safeguards::none(),
        outcome: Outcome::Last,
        ..Default::default()
    }
}

fn blind() -> RolloutSettings {
    RolloutSettings { lookahead: false, ..settings() }
}

fn start(settings: RolloutSettings) -> Result<(Rollout, Effect)> {
    Rollout::start(item("A plot."), Profile::default(), settings)
}

/// An episode in the toy world, but for what `other` answers itself.
fn run(settings: RolloutSettings, other: impl Fn(&Effect) -> Option<Reply>) -> Result<Trajectory> {
    toy_world::run(start(settings)?, |effect| match other(effect) {
        Some(reply) => Ok(reply),
        None => answer(effect, policy_for(effect)),
    })
}

/// An episode with everything that was asked and answered.
fn record(settings: RolloutSettings, policy: ReferencePolicy) -> (Trajectory, Transcript) {
    toy_world::record(start(settings).unwrap(), |effect| answer(effect, policy)).unwrap()
}

fn replay(transcript: &Transcript, settings: RolloutSettings) -> Result<Trajectory> {
    toy_world::replay(transcript, start(settings)?)
}

/// Greedy where it can be.
fn policy_for(effect: &Effect) -> ReferencePolicy {
    match effect {
        Effect::Choose(choices) if choices.outcomes.is_empty() => ReferencePolicy::Uniform,
        _ => ReferencePolicy::Optimistic,
    }
}

fn always(index: usize) -> impl Fn(&Effect) -> Option<Reply> {
    move |effect| matches!(effect, Effect::Choose(_)).then(|| choice(index))
}

#[test]
fn with_lookahead_every_candidate_is_rewritten_before_the_choice() {
    let (_, transcript) = record(settings(), ReferencePolicy::Optimistic);
    let step = ["propose", "rewrite", "place", "choose"];
    assert_eq!(order(&transcript), [&["place"][..], &step, &step].concat());
    let Effect::Rewrite { actions, .. } = &transcript.exchanges[2].effect else { panic!("not a rewrite") };
    assert_eq!(actions.len(), 3);
    let Effect::Place { anchor, items } = &transcript.exchanges[3].effect else { panic!("not a place") };
    assert_eq!((anchor, items.len()), (&item("A plot."), 3));
    let Effect::Choose(choices) = &transcript.exchanges[4].effect else { panic!("not a choose") };
    assert_eq!((choices.step, choices.actions.len(), choices.outcomes.len()), (0, 3, 3));
    assert!(choices.outcomes[1].utility > choices.state.utility, "sun is loved");
    assert!(choices.outcomes[0].utility < choices.state.utility, "rain is hated");
}

#[test]
fn without_lookahead_only_the_chosen_candidate_is_rewritten() {
    let (_, transcript) = record(blind(), ReferencePolicy::Uniform);
    let step = ["propose", "choose", "rewrite", "place"];
    assert_eq!(order(&transcript), [&["place"][..], &step, &step].concat());
    let Effect::Choose(choices) = &transcript.exchanges[2].effect else { panic!("not a choose") };
    assert_eq!((choices.actions.len(), choices.outcomes.len()), (3, 0));
    let Reply::Choice(chosen) = &transcript.exchanges[2].reply else { panic!("not a choice") };
    let Effect::Rewrite { actions, seeds, .. } = &transcript.exchanges[3].effect else { panic!("not a rewrite") };
    assert_eq!((actions.as_slice(), seeds.len()), (&choices.actions[chosen.index..=chosen.index], 1));
}

#[test]
fn each_step_goes_on_from_the_text_of_the_last() {
    for settings in [settings(), blind()] {
        let trajectory = run(settings, always(1)).unwrap();
        let plots: Vec<&str> = trajectory.steps.iter().map(|step| step.state.item.plot.as_str()).collect();
        assert_eq!(plots, ["A plot. sun.", "A plot. sun. sun."]);
        assert!(trajectory.anchor.utility < trajectory.steps[0].state.utility);
        assert!(trajectory.steps[0].state.utility < trajectory.steps[1].state.utility);
    }
}

#[test]
fn a_proposal_is_asked_for_with_the_text_the_profile_and_the_count() {
    let profile = Profile { likes: vec!["Family".to_owned()], ..Profile::default() };
    let (rollout, place) = Rollout::start(item("A plot."), profile.clone(), settings()).unwrap();
    let placed = answer(&place, ReferencePolicy::Uniform).unwrap();
    let Next::Need(_, asked) = rollout.resume(placed).unwrap() else { panic!("over already") };
    let Effect::Propose { item: asked, profile: told, count, .. } = asked else { panic!("not a proposal") };
    assert_eq!((asked, told, count), (item("A plot."), profile, 3));
}

#[test]
fn a_step_records_its_candidates_and_where_each_would_have_led() {
    let trajectory = run(settings(), always(2)).unwrap();
    let step = &trajectory.steps[0];
    assert_eq!(step.action, action("wind"));
    assert_eq!(step.candidates, ["rain", "sun", "wind"].map(action));
    assert_eq!(step.candidate_utilities.len(), 3);
    assert_eq!(step.candidate_utilities[2], step.state.utility);
    assert!(run(blind(), always(2)).unwrap().steps[0].candidate_utilities.is_empty());
}

#[test]
fn an_episode_takes_as_many_steps_as_its_horizon() {
    for horizon in [1, 2, 5] {
        for lookahead in [true, false] {
            let trajectory = run(RolloutSettings { horizon, lookahead, ..settings() }, |_| None).unwrap();
            assert_eq!(trajectory.steps.len(), horizon);
        }
    }
}

#[test]
fn every_rewrite_asked_for_is_counted() {
    assert_eq!(run(settings(), |_| None).unwrap().environment_calls, 2 * 3);
    assert_eq!(run(blind(), |_| None).unwrap().environment_calls, 2);
    assert_eq!(run(settings(), proposing(&["sun", "sun", "rain"])).unwrap().environment_calls, 2 * 2);
}

#[test]
fn an_episode_of_nothing_is_refused_before_anything_is_asked() {
    let no_horizon = start(RolloutSettings { horizon: 0, ..settings() });
    assert_eq!(no_horizon.unwrap_err(), RolloutError::NoHorizon.into());
    let no_candidates = start(RolloutSettings { candidates: 0, ..settings() });
    assert_eq!(no_candidates.unwrap_err(), RolloutError::NoActions { step: 0 }.into());
}

#[test]
fn a_reply_of_another_kind_is_refused_at_every_effect() {
    let states = states_at(&[0.0, 0.0], &[item("A plot.")]);
    let (actions, items) = (Reply::Actions(vec![action("sun")]), Reply::Items(vec![item("sun")]));
    let (shortlist, verdict) = (Reply::Shortlist(vec![0]), Reply::Verdict(Verdict::allow()));
    let replies = [actions, items, states, choice(0), shortlist, verdict];
    let (actions, items, states, choice) = (0, 1, 2, 3);
    for (settings, right) in
        [(settings(), [states, actions, items, states, choice]), (blind(), [states, actions, choice, items, states])]
    {
        for (at, right) in right.into_iter().enumerate() {
            for wrong in (0..replies.len()).filter(|&kind| kind != right) {
                let result = run(settings.clone(), instead(at, replies[wrong].clone()));
                assert_eq!(code(result), "rollout.wrong_reply", "reply {wrong} to effect {at} of {settings:?}");
            }
        }
    }
}

#[test]
fn a_reply_of_another_size_is_refused() {
    // Of as many items as are asked for, and of others.
    let sized = |at: usize, change: fn(usize) -> usize| {
        let seen = Cell::new(0);
        move |effect: &Effect| {
            let is_it = seen.replace(seen.get() + 1) == at;
            let resize = |items: &[Item]| items.iter().cycle().take(change(items.len())).cloned().collect::<Vec<_>>();
            match effect {
                Effect::Rewrite { item, actions, .. } if is_it => {
                    Some(Reply::Items(vec![edited(item, &actions[0]); change(actions.len())]))
                }
                Effect::Place { items, .. } if is_it => Some(states_at(&[0.1, 0.1, 0.1], &resize(items))),
                _ => None,
            }
        }
    };
    for (settings, at) in [(settings(), 0), (settings(), 2), (settings(), 3), (blind(), 3), (blind(), 4)] {
        assert!(run(settings.clone(), sized(at, |right| right)).is_ok(), "effect {at}");
        for wrong in [|_| 0, |right| right + 1, |right| 2 * right] as [fn(usize) -> usize; 3] {
            let result = run(settings.clone(), sized(at, wrong));
            assert_eq!(code(result), "rollout.wrong_reply", "effect {at}");
        }
    }
}

#[test]
fn a_state_of_another_text_is_refused() {
    for settings in [settings(), blind()] {
        for only_after in ["A plot.", "A plot. "] {
            let another = |effect: &Effect| match effect {
                Effect::Place { items, .. } if items[0].plot.contains(only_after) => {
                    Some(states_at(&[0.1, 0.1, 0.1], &vec![item("Another plot."); items.len()]))
                }
                _ => None,
            };
            assert_eq!(code(run(settings.clone(), another)), "rollout.wrong_reply");
        }
    }
}

#[test]
fn an_index_that_is_no_candidate_is_refused() {
    for settings in [settings(), blind()] {
        for index in [3, usize::MAX] {
            assert_eq!(code(run(settings.clone(), always(index))), "rollout.wrong_reply");
        }
    }
}

#[test]
fn nothing_usable_proposed_is_an_error_that_names_the_step() {
    for useless in [&[][..], &[""], &[" \n\t", "", "\u{3000}"]] {
        let result = run(settings(), proposing(useless));
        assert_eq!(result.unwrap_err(), RolloutError::NoActions { step: 0 }.into(), "{useless:?}");
    }
    let only_at_first = |effect: &Effect| match effect {
        Effect::Propose { item, .. } if item.plot != "A plot." => Some(Reply::Actions(Vec::new())),
        _ => None,
    };
    assert_eq!(run(settings(), only_at_first).unwrap_err(), RolloutError::NoActions { step: 1 }.into());
}

#[test]
fn blank_and_repeated_proposals_are_dropped() {
    let trajectory = run(settings(), proposing(&["rain", " ", "sun", "rain", "", "sun", "wind"])).unwrap();
    assert_eq!(trajectory.steps[0].candidates, ["rain", "sun", "wind"].map(action));
}

#[test]
fn places_that_are_no_numbers_are_an_error_and_no_panic() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for settings in [settings(), blind()] {
            for only_after in ["A plot.", "A plot. "] {
                let broken = |effect: &Effect| match effect {
                    Effect::Place { items, .. } if items[0].plot.contains(only_after) => {
                        Some(states_at(&[0.1, broken, 0.1], items))
                    }
                    _ => None,
                };
                assert_eq!(code(run(settings.clone(), broken)), "numeric.not_finite");
            }
        }
    }
}

#[test]
fn a_rewrite_that_makes_another_item_of_it_is_refused() {
    let changes: [fn(&mut Item); 3] =
        [|item| item.id = "other".into(), |item| item.title.clear(), |item| item.plot.clear()];
    for settings in [settings(), blind()] {
        for change in changes {
            let replaced = |effect: &Effect| {
                let Effect::Rewrite { item, actions, .. } = effect else { return None };
                let mut items: Vec<Item> = actions.iter().map(|action| edited(item, action)).collect();
                items.last_mut().map(change);
                Some(Reply::Items(items))
            };
            assert_eq!(code(run(settings.clone(), replaced)), "rollout.wrong_reply");
        }
    }
}

#[test]
fn a_proposer_that_says_too_much_is_cut_short() {
    let chatty = run(settings(), proposing(&["rain", "sun", "wind", "hail", "snow"])).unwrap();
    assert!(chatty.steps.iter().all(|step| step.candidates.len() == 3));
    assert_eq!(chatty.environment_calls, 6);
}

#[test]
fn places_of_another_dimension_are_refused() {
    let wide = |effect: &Effect| match effect {
        Effect::Place { items, .. } if items[0].plot != "A plot." => Some(states_at(&[0.0; 4], items)),
        _ => None,
    };
    assert_eq!(code(run(settings(), wide)), "rollout.wrong_reply");
}

#[test]
fn an_episode_that_does_harm_returns_the_anchor() {
    let worse = run(settings(), always(0)).unwrap();
    assert!(worse.last().utility < worse.anchor.utility);
    assert!(worse.is_kept());
    assert_eq!(worse.outcome(), &worse.anchor);
}

#[test]
fn an_episode_without_effect_returns_the_anchor() {
    let same = run(settings(), always(2)).unwrap();
    assert_eq!(same.last().utility, same.anchor.utility);
    assert!(same.is_kept());
    assert_eq!(same.outcome().item.plot, "A plot.");
}

#[test]
fn an_episode_that_helps_returns_the_last_text() {
    let better = run(settings(), always(1)).unwrap();
    assert!(!better.is_kept());
    assert_eq!(better.outcome(), &better.steps[1].state);
}

#[test]
fn the_best_of_several_episodes_is_the_first_with_the_best_last_text() {
    let [worse, better] = [0, 1].map(|index| run(settings(), always(index)).unwrap());
    let first_of_equals = Trajectory { environment_calls: 99, ..better.clone() };
    let best = best_of(vec![worse, first_of_equals.clone(), better]).unwrap();
    assert_eq!(best, first_of_equals);
    assert_eq!(best_of(Vec::new()), None);
}

#[test]
fn equal_seeds_and_replies_give_equal_episodes() {
    for settings in [settings(), RolloutSettings { horizon: 6, ..blind() }] {
        let policy = if settings.lookahead { ReferencePolicy::GOptimal } else { ReferencePolicy::Uniform };
        assert_eq!(record(settings.clone(), policy), record(settings, policy));
    }
}

#[test]
fn another_seed_draws_other_actions() {
    let taken = |seed| record(RolloutSettings { horizon: 6, seed, ..blind() }, ReferencePolicy::Uniform).0.steps;
    assert!((1..5).any(|seed| taken(seed) != taken(0)));
}

#[test]
fn every_draw_of_an_episode_has_a_seed_of_its_own() {
    for (settings, draws) in [(settings(), 2 * (1 + 3 + 1)), (blind(), 2 * (1 + 1 + 1))] {
        let policy = if settings.lookahead { ReferencePolicy::Optimistic } else { ReferencePolicy::Uniform };
        let (_, transcript) = record(settings, policy);
        let seeds = transcript.exchanges.iter().flat_map(|exchange| match &exchange.effect {
            Effect::Propose { seed, .. } | Effect::Choose(Choices { seed, .. }) => vec![*seed],
            Effect::Rewrite { seeds, .. } => seeds.clone(),
            _ => Vec::new(),
        });
        let different: std::collections::BTreeSet<u64> = seeds.collect();
        assert_eq!(different.len(), draws, "{different:?}");
    }
}

#[test]
fn a_transcript_survives_jsonl_and_replays_to_the_same_episode() {
    for (settings, policy) in [(settings(), ReferencePolicy::GOptimal), (blind(), ReferencePolicy::Uniform)] {
        let (trajectory, transcript) = record(settings.clone(), policy);
        let text = transcript.to_jsonl();
        assert_eq!(text.lines().count(), transcript.exchanges.len());
        let read = Transcript::from_jsonl(&text, "run.jsonl").unwrap();
        assert_eq!(read, transcript);
        assert_eq!(replay(&read, settings).unwrap(), trajectory);
    }
}

#[test]
fn a_run_that_asks_something_else_is_told_where_it_diverges() {
    let (_, transcript) = record(settings(), ReferencePolicy::Optimistic);
    let at = |result: Result<Trajectory>| match result.unwrap_err() {
        Error::Rollout(RolloutError::Diverged { at, .. }) => at,
        other => panic!("{other:?}"),
    };
    assert_eq!(at(replay(&transcript, RolloutSettings { seed: 8, ..settings() })), 1);
    assert_eq!(at(replay(&transcript, blind())), 2);
    assert_eq!(at(replay(&transcript, RolloutSettings { horizon: 3, ..settings() })), 4, "a choice sees the horizon");
    assert_eq!(at(replay(&Transcript::default(), settings())), 0);
    let mut tampered = transcript.clone();
    tampered.exchanges[2].reply = Reply::Items(vec![item("rain"), item("rain"), item("rain")]);
    assert_eq!(at(replay(&tampered, settings())), 3, "the texts to encode are others");
}

#[test]
fn a_malformed_line_of_a_transcript_is_named() {
    let (_, transcript) = record(settings(), ReferencePolicy::Optimistic);
    let text = format!("{}{{\"effect\":1}}\n", transcript.to_jsonl());
    let message = Transcript::from_jsonl(&text, "run.jsonl").unwrap_err().to_string();
    assert!(message.starts_with("run.jsonl, line 10: "), "{message}");
}

#[test]
fn a_transcript_with_impossible_numbers_is_malformed() {
    let (_, transcript) = record(settings(), ReferencePolicy::Optimistic);
    let text = transcript.to_jsonl();
    let (line, rest) = text.split_once('\n').unwrap();
    let at = line.rfind("\"utility\":").unwrap();
    let end = at + line[at..].find(',').unwrap();
    for number in ["null", "\"0\"", "1e999", "1e39"] {
        let changed = format!("{}\"utility\":{number}{}\n{rest}", &line[..at], &line[end..]);
        assert_eq!(Transcript::from_jsonl(&changed, "run.jsonl").unwrap_err().code(), "data.malformed", "{number}");
    }
}

#[test]
fn a_failing_world_ends_the_episode_at_once() {
    let asked = Cell::new(0);
    let perform = async |effect: Effect| {
        asked.set(asked.get() + 1);
        match effect {
            Effect::Rewrite { .. } => Err(RolloutError::Cancelled.into()),
            effect => answer(&effect, ReferencePolicy::Optimistic),
        }
    };
    let observe = async |_: Event<'_>| Ok(());
    let error = pollster::block_on(drive(start(settings()).unwrap(), perform, observe)).unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert_eq!(asked.get(), 3, "encode, propose, rewrite, and no more");
}

#[test]
fn an_observer_is_told_of_the_anchor_and_of_every_step_and_can_cancel() {
    let watch = |cancel_at: usize| {
        let mut seen = Vec::new();
        let observe = async |event: Event<'_>| {
            seen.push(match event {
                Event::Anchor(state) => state.item.plot.clone(),
                Event::Step(number, step) => format!("{number}: {}", step.action.text),
            });
            if seen.len() == cancel_at { Err(RolloutError::Cancelled.into()) } else { Ok(()) }
        };
        let perform = async |effect: Effect| answer(&effect, ReferencePolicy::Optimistic);
        let result = pollster::block_on(drive(start(settings()).unwrap(), perform, observe));
        (seen, result.map_err(|error| error.code()).err())
    };
    assert_eq!(watch(usize::MAX), (vec!["A plot.".to_owned(), "0: sun".to_owned(), "1: sun".to_owned()], None));
    assert_eq!(watch(2), (vec!["A plot.".to_owned(), "0: sun".to_owned()], Some("cancelled")));
}

proptest! {
    /// Whatever the world answers in place of one right reply, the episode ends and nothing panics.
    #[test]
    fn no_reply_makes_an_episode_panic(at in 0_usize..9, wrong in any_reply(), lookahead: bool) {
        let result = run(RolloutSettings { lookahead, ..settings() }, instead(at, wrong));
        if let Ok(trajectory) = result {
            prop_assert_eq!(trajectory.steps.len(), 2);
            prop_assert!(trajectory.steps.iter().all(|step| step.state.utility.is_finite()));
        }
    }

    #[test]
    fn numbers_survive_a_transcript_bit_for_bit(
        gap in any::<f64>().prop_filter("finite", |value| value.is_finite()),
        weights in proptest::collection::vec(0.0_f64..1.0, 0..20),
        values in proptest::collection::vec(any::<f32>().prop_filter("finite", |value| value.is_finite()), 0..20),
    ) {
        let design = aquiline::rollout::DesignSummary { optimality_gap: gap, effective_rank: 2, leverages: weights.clone(), weights };
        let anchor = item("A \"line\"\nand another");
        let place = Effect::Place { items: vec![anchor.clone()], anchor };
        let states = states_at(&values, &[item("")]);
        let chosen = Reply::Choice(Choice { index: 1, log_probability: -0.1, design: Some(design) });
        let exchanges = vec![
            Exchange { effect: place.clone(), reply: chosen },
            Exchange { effect: place, reply: states },
        ];
        let transcript = Transcript { exchanges, ..Transcript::default() };
        prop_assert_eq!(Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap(), transcript);
    }

    #[test]
    fn arbitrary_text_is_a_transcript_or_refused(text in "\\PC{0,200}") {
        let _ = Transcript::from_jsonl(&text, "run.jsonl");
    }
}
