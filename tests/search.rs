//! A search spends a budget of rewrites on the way to the best text, asks in a fixed order, checks every reply, and
//! replays.

mod toy_world;

use std::collections::{BTreeMap, BTreeSet};

use aquiline::agent::{Agent, Event, drive};
use aquiline::catalog::{Catalog, Item};
use aquiline::error::{Error, Result, RolloutError};
use aquiline::objective::fields;
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::rollout::transcript::{Exchange, Transcript};
use aquiline::rollout::{Effect, Machine, Next, Outcome, Reply, Rollout, RolloutSettings, Trajectory};
use aquiline::safeguard::Safeguards;
use aquiline::search::Strategy::{self, Beam, BestOfN, Tree};
use aquiline::search::{Search, SearchSettings};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use toy_world::{
    action, alignment, answer, any_reply, choice, code, edited, field_vectors, instead, item, name, objective, order,
    plot, proposing, ratings, states_at, vectors, weathers,
};

const EVERY_STRATEGY: [Strategy; 4] = [Beam { width: 1 }, Beam { width: 3 }, Tree, BestOfN];

/// Two edits deep, three candidates, all of them rewritten, and more budget than there is to do but for random paths.
fn settings(strategy: Strategy) -> SearchSettings {
    SearchSettings { strategy, depth: 2, candidates: 3, shortlist: 3, budget: 20, patience: None, seed: 7 }
}

/// Two of three candidates are rewritten.
fn picky(strategy: Strategy) -> SearchSettings {
    SearchSettings { shortlist: 2, ..settings(strategy) }
}

fn start(settings: SearchSettings) -> Result<(Search, Effect)> {
    Search::start(item("A plot."), Profile::default(), settings)
}

/// A search in the toy world, but for what `other` answers itself, with everything that was asked and answered.
fn record(settings: SearchSettings, other: impl Fn(&Effect) -> Option<Reply>) -> Result<(Trajectory, Transcript)> {
    toy_world::record(start(settings)?, |effect| match other(effect) {
        Some(reply) => Ok(reply),
        None => answer(effect, ReferencePolicy::Optimistic),
    })
}

fn run(settings: SearchSettings, other: impl Fn(&Effect) -> Option<Reply>) -> Result<Trajectory> {
    Ok(record(settings, other)?.0)
}

fn nothing_else(_: &Effect) -> Option<Reply> {
    None
}

/// Rain is bad, but under it grows what is better than any two suns.
fn detour(effect: &Effect) -> Option<Reply> {
    match effect {
        Effect::Propose { item, .. } if item.plot.contains("rain") => Some(Reply::Actions(vec![action(SUNS)])),
        _ => None,
    }
}

const SUNS: &str = "sun sun sun sun sun sun";

/// Nothing is proposed for a text with this plot.
fn nothing_at(plot: &str) -> impl Fn(&Effect) -> Option<Reply> {
    move |effect| match effect {
        Effect::Propose { item, .. } if item.plot == plot => Some(Reply::Actions(Vec::new())),
        _ => None,
    }
}

/// Every shortlist is this one.
fn picking(picked: &[usize]) -> impl Fn(&Effect) -> Option<Reply> {
    move |effect| matches!(effect, Effect::Shortlist { .. }).then(|| Reply::Shortlist(picked.to_vec()))
}

/// The edits of a path.
fn taken(trajectory: &Trajectory) -> Vec<&str> {
    trajectory.steps.iter().map(|step| step.action.text.as_str()).collect()
}

/// The edits that led to each text that was expanded, in order.
fn expanded(transcript: &Transcript) -> Vec<String> {
    let plots = transcript.exchanges.iter().filter_map(|exchange| match &exchange.effect {
        Effect::Propose { item, .. } => Some(item.plot.replace("A plot.", "").replace('.', "").trim().to_owned()),
        _ => None,
    });
    plots.collect()
}

fn rewrites(transcript: &Transcript) -> Vec<usize> {
    let sizes = transcript.exchanges.iter().filter_map(|exchange| match &exchange.effect {
        Effect::Rewrite { actions, .. } => Some(actions.len()),
        _ => None,
    });
    sizes.collect()
}

fn seeds(transcript: &Transcript) -> Vec<u64> {
    let seeds = transcript.exchanges.iter().flat_map(|exchange| match &exchange.effect {
        Effect::Propose { seed, .. } | Effect::Shortlist { seed, .. } | Effect::Decode { seed, .. } => vec![*seed],
        Effect::Rewrite { seeds, .. } => seeds.clone(),
        Effect::Choose(_) | Effect::Place { .. } | Effect::Review { .. } => Vec::new(),
    });
    seeds.collect()
}

#[test]
fn an_expansion_proposes_rewrites_every_candidate_and_places() {
    for strategy in EVERY_STRATEGY {
        let (_, transcript) =
            record(SearchSettings { depth: 1, budget: 3, ..settings(strategy) }, nothing_else).unwrap();
        let expansions = if strategy == BestOfN { 3 } else { 1 };
        assert_eq!(order(&transcript), [vec!["place"], ["propose", "rewrite", "place"].repeat(expansions)].concat());
        let sizes = if strategy == BestOfN { vec![1; 3] } else { vec![3] };
        assert_eq!(rewrites(&transcript), sizes, "{strategy:?}");
        let Effect::Place { anchor, items } = &transcript.exchanges[3].effect else { panic!("not a place") };
        assert_eq!((anchor, items.len()), (&item("A plot."), sizes[0]), "{strategy:?}");
    }
}

#[test]
fn a_proposal_is_asked_for_with_the_text_the_profile_and_the_count() {
    let profile = Profile { likes: vec!["Family".to_owned()], ..Profile::default() };
    let (search, place) = Search::start(item("A plot."), profile.clone(), settings(Tree)).unwrap();
    assert!(search.anchor().is_none());
    let placed = answer(&place, ReferencePolicy::Uniform).unwrap();
    let Next::Need(search, asked) = search.resume(placed).unwrap() else { panic!("over") };
    let Effect::Propose { item: asked, profile: told, count, .. } = asked else { panic!("not a proposal") };
    assert_eq!((asked, told, count), (item("A plot."), profile, 3));
    assert_eq!((search.anchor().unwrap().item.plot.as_str(), search.steps().len()), ("A plot.", 0));
}

#[test]
fn a_shortlist_is_asked_for_where_there_are_more_candidates_than_it_holds() {
    for strategy in [Beam { width: 1 }, Tree] {
        let one_deep = SearchSettings { depth: 1, ..picky(strategy) };
        let (trajectory, transcript) = record(one_deep.clone(), picking(&[2, 0])).unwrap();
        assert_eq!(order(&transcript), ["place", "propose", "shortlist", "rewrite", "place"]);
        let Effect::Shortlist { state, actions, count, .. } = &transcript.exchanges[2].effect else {
            panic!("not one")
        };
        assert_eq!((state, actions.len(), *count), (&trajectory.anchor, 3, 2));
        assert_eq!(trajectory.steps[0].candidates, ["wind", "rain"].map(action), "in the order of the reply");
        assert_eq!(trajectory.environment_calls, 2);
        let (_, enough) = record(one_deep, proposing(&["rain", "sun"])).unwrap();
        assert_eq!(order(&enough), ["place", "propose", "rewrite", "place"]);
    }
}

#[test]
fn a_shortlist_may_hold_less_than_was_asked_for() {
    let trajectory = run(picky(Beam { width: 1 }), picking(&[1])).unwrap();
    assert_eq!((taken(&trajectory), trajectory.environment_calls), (vec!["sun", "sun"], 2));
}

#[test]
fn random_paths_take_no_shortlist() {
    let (_, transcript) = record(picky(BestOfN), nothing_else).unwrap();
    assert!(!order(&transcript).contains(&"shortlist"));
    assert!(rewrites(&transcript).iter().all(|&size| size == 1));
}

#[test]
fn where_a_bad_edit_enables_a_very_good_one_greedy_misses_it_and_a_wider_search_does_not() {
    let greedy = run(settings(Beam { width: 1 }), detour).unwrap();
    assert_eq!(taken(&greedy), ["sun", "sun"]);
    for strategy in [Beam { width: 3 }, Tree] {
        let found = run(settings(strategy), detour).unwrap();
        assert_eq!(taken(&found), ["rain", SUNS], "{strategy:?}");
        assert!(found.steps[0].state.utility < found.anchor.utility, "the way there is worse than the anchor");
        assert!(found.last().utility > greedy.last().utility, "{strategy:?}");
    }
}

#[test]
fn a_beam_of_one_goes_the_way_of_an_optimistic_episode() {
    let safeguards = Safeguards::none();
    let episode = RolloutSettings {
        horizon: 3,
        candidates: 3,
        seed: 7,
        safeguards,
        outcome: Outcome::Last,
        ..Default::default()
    };
    let episode = Rollout::start(item("A plot."), Profile::default(), episode).unwrap();
    let episode = toy_world::run(episode, |effect| answer(effect, ReferencePolicy::Optimistic)).unwrap();
    let greedy = run(SearchSettings { depth: 3, ..settings(Beam { width: 1 }) }, nothing_else).unwrap();
    assert_eq!(greedy, episode);
}

#[test]
fn of_all_children_of_a_beam_the_best_go_on_and_the_first_of_equals() {
    let settings = SearchSettings { depth: 3, ..settings(Beam { width: 2 }) };
    let (_, transcript) = record(settings, nothing_else).unwrap();
    assert_eq!(expanded(&transcript), ["", "sun", "wind", "sun sun", "sun wind"], "wind sun is as good, but later");
}

#[test]
fn a_tree_search_expands_the_best_open_text_and_the_first_of_equals() {
    let deep = SearchSettings { depth: 3, budget: 12, ..settings(Tree) };
    let (_, best_first) = record(deep.clone(), nothing_else).unwrap();
    assert_eq!(expanded(&best_first), ["", "sun", "sun sun", "sun wind"], "three suns are too deep");
    let (_, equals) = record(deep, proposing(&["wind", "hail"])).unwrap();
    assert_eq!(expanded(&equals), ["", "wind", "hail", "wind wind", "wind hail", "hail wind"]);
}

#[test]
fn every_strategy_ends_where_nothing_is_left_to_expand_or_to_spend() {
    for (strategy, calls) in
        [(Beam { width: 1 }, 6), (Beam { width: 3 }, 12), (Beam { width: usize::MAX }, 12), (Tree, 12)]
    {
        let trajectory = run(settings(strategy), nothing_else).unwrap();
        assert_eq!(trajectory.environment_calls, calls, "{strategy:?}");
        assert_eq!(taken(&trajectory), ["sun", "sun"], "{strategy:?}");
    }
    assert_eq!(run(settings(BestOfN), nothing_else).unwrap().environment_calls, 20);
}

#[test]
fn what_is_left_of_the_budget_cuts_the_last_shortlist() {
    for strategy in [Beam { width: 1 }, Tree] {
        for (budget, sizes) in [(1, vec![1]), (2, vec![2]), (3, vec![3]), (4, vec![3, 1]), (5, vec![3, 2])] {
            let (trajectory, transcript) =
                record(SearchSettings { budget, ..settings(strategy) }, nothing_else).unwrap();
            assert_eq!(rewrites(&transcript), sizes, "{strategy:?} with a budget of {budget}");
            assert_eq!(trajectory.environment_calls, budget);
            let cut = transcript.exchanges.iter().filter_map(|exchange| match exchange.effect {
                Effect::Shortlist { count, .. } => Some(count),
                _ => None,
            });
            assert_eq!(cut.collect::<Vec<_>>(), sizes.into_iter().filter(|&size| size < 3).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_random_path_is_begun_only_if_it_can_be_paid_for() {
    for (budget, paths) in [(2, 1), (3, 1), (4, 2), (7, 3)] {
        let (trajectory, transcript) = record(SearchSettings { budget, ..settings(BestOfN) }, nothing_else).unwrap();
        assert_eq!(expanded(&transcript).iter().filter(|edits| edits.is_empty()).count(), paths, "{budget}");
        assert_eq!(trajectory.environment_calls, 2 * paths);
    }
}

#[test]
fn random_paths_draw_every_candidate_and_end_in_the_best_text_of_any() {
    let (trajectory, transcript) = record(SearchSettings { budget: 600, ..settings(BestOfN) }, nothing_else).unwrap();
    let mut drawn = BTreeMap::new();
    for exchange in &transcript.exchanges {
        if let Effect::Rewrite { actions, .. } = &exchange.effect {
            *drawn.entry(actions[0].text.clone()).or_insert(0) += 1;
        }
    }
    // 200 of each are expected, with a standard deviation of 12.
    assert!(drawn.len() == 3 && drawn.values().all(|count| (140..260).contains(count)), "{drawn:?}");
    assert_eq!(taken(&trajectory), ["sun", "sun"]);
    assert_eq!(trajectory.steps[0].candidates, [action("sun")], "the others were not rewritten");
}

#[test]
fn every_draw_of_a_search_has_a_seed_of_its_own() {
    for strategy in EVERY_STRATEGY {
        let (_, transcript) = record(picky(strategy), nothing_else).unwrap();
        let seeds = seeds(&transcript);
        assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), seeds.len(), "{strategy:?}");
    }
}

#[test]
fn equal_seeds_and_replies_give_equal_searches_and_other_seeds_draw_other_paths() {
    let paths = |seed| record(SearchSettings { depth: 5, seed, ..settings(BestOfN) }, nothing_else).unwrap();
    for strategy in EVERY_STRATEGY {
        let search = || record(picky(strategy), detour).unwrap();
        assert_eq!(search(), search());
    }
    assert_eq!(paths(0), paths(0));
    assert!((1..5).any(|seed| expanded(&paths(seed).1) != expanded(&paths(0).1)));
}

#[test]
fn a_transcript_survives_jsonl_and_replays_to_the_same_search() {
    for strategy in EVERY_STRATEGY {
        let (trajectory, transcript) = record(picky(strategy), detour).unwrap();
        let read = Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap();
        assert_eq!(read, transcript);
        assert_eq!(toy_world::replay(&read, start(picky(strategy)).unwrap()).unwrap(), trajectory);
        let other = SearchSettings { seed: 8, ..picky(strategy) };
        let diverged = toy_world::replay(&read, start(other).unwrap()).unwrap_err();
        assert!(matches!(diverged, Error::Rollout(RolloutError::Diverged { at: 1, .. })), "{diverged}");
    }
}

#[test]
fn a_trajectory_records_what_was_rewritten_on_its_way_and_all_that_was_spent() {
    for strategy in EVERY_STRATEGY {
        let (trajectory, transcript) = record(picky(strategy), detour).unwrap();
        assert_eq!(trajectory.environment_calls, rewrites(&transcript).iter().sum::<usize>());
        for step in &trajectory.steps {
            let index = step.choice.index;
            assert_eq!((&step.candidates[index], step.candidate_utilities[index]), (&step.action, step.state.utility));
            assert_eq!(step.candidate_utilities.len(), step.candidates.len());
            let is_of_step = |exchange: &Exchange| match &exchange.effect {
                Effect::Rewrite { item, actions, .. } => {
                    *actions == step.candidates && edited(item, &step.action) == step.state.item
                }
                _ => false,
            };
            assert!(transcript.exchanges.iter().any(is_of_step), "{strategy:?}: {step:?}");
            assert_eq!((step.choice.log_probability, &step.choice.design), (0.0, &None));
        }
        let plots = trajectory.steps.iter().scan(trajectory.anchor.item.clone(), |item, step| {
            *item = edited(item, &step.action);
            Some(item.clone())
        });
        assert!(plots.eq(trajectory.steps.iter().map(|step| step.state.item.clone())), "{strategy:?}");
    }
}

#[test]
fn the_best_text_may_lie_on_the_way_and_the_gate_compares_it_with_the_anchor() {
    for strategy in EVERY_STRATEGY {
        let worse = run(settings(strategy), proposing(&["rain"])).unwrap();
        assert_eq!(taken(&worse), ["rain"], "{strategy:?}: two rains are worse than one");
        assert!(worse.is_kept());
        assert_eq!(worse.outcome(), &worse.anchor);
        assert!(!run(settings(strategy), proposing(&["sun"])).unwrap().is_kept());
    }
}

#[test]
fn of_equally_good_texts_the_first_seen_is_the_best() {
    for strategy in EVERY_STRATEGY {
        let (trajectory, transcript) = record(settings(strategy), proposing(&["wind", "hail", "snow"])).unwrap();
        let Effect::Rewrite { actions, .. } = &transcript.exchanges[2].effect else { panic!("not a rewrite") };
        assert_eq!(taken(&trajectory), [actions[0].text.as_str()], "{strategy:?}");
    }
}

#[test]
fn blank_repeated_and_too_many_proposals_are_dropped() {
    let chatty = proposing(&["rain", " ", "sun", "rain", "", "sun", "wind", "hail", "snow"]);
    let trajectory = run(settings(Tree), chatty).unwrap();
    assert_eq!(trajectory.steps[0].candidates, ["rain", "sun", "wind"].map(action));
}

#[test]
fn a_text_for_which_nothing_is_proposed_is_closed_and_the_search_goes_on_elsewhere() {
    for strategy in [Beam { width: 2 }, Beam { width: 3 }, Tree] {
        let (trajectory, transcript) = record(settings(strategy), nothing_at("A plot. sun.")).unwrap();
        assert_eq!(expanded(&transcript)[..3], ["", "sun", "wind"], "{strategy:?}");
        assert_eq!(trajectory.last().item.plot.matches("sun").count(), 1);
    }
    let dead_end = run(settings(Beam { width: 1 }), nothing_at("A plot. sun.")).unwrap();
    assert_eq!((taken(&dead_end), dead_end.environment_calls), (vec!["sun"], 3));
}

#[test]
fn a_random_path_ends_where_nothing_is_proposed_and_the_next_begins() {
    let (trajectory, transcript) = record(settings(BestOfN), |effect| match effect {
        Effect::Propose { item, .. } if item.plot != "A plot." => Some(Reply::Actions(Vec::new())),
        _ => None,
    })
    .unwrap();
    assert_eq!(taken(&trajectory), ["sun"]);
    assert_eq!(trajectory.environment_calls, 19, "one call is left, and a full path takes two");
    assert_eq!(rewrites(&transcript).len(), 19);
}

#[test]
fn random_paths_end_where_the_anchor_has_no_action_any_more() {
    let one_deep = SearchSettings { depth: 1, ..settings(BestOfN) };
    let second_proposal = instead(4, Reply::Actions(Vec::new()));
    assert_eq!(run(one_deep, second_proposal).unwrap().environment_calls, 1);
}

#[test]
fn an_anchor_for_which_nothing_usable_is_proposed_is_an_error() {
    for strategy in EVERY_STRATEGY {
        for useless in [&[][..], &[""], &[" \n\t", "", "\u{3000}"]] {
            let result = run(settings(strategy), proposing(useless));
            assert_eq!(result.unwrap_err(), RolloutError::NoActions { step: 0 }.into(), "{strategy:?} {useless:?}");
        }
    }
}

#[test]
fn a_search_of_nothing_is_refused_before_anything_is_asked() {
    for strategy in EVERY_STRATEGY {
        let refused = |change: fn(&mut SearchSettings)| {
            let mut settings = settings(strategy);
            change(&mut settings);
            start(settings).unwrap_err()
        };
        assert_eq!(refused(|s| s.depth = 0), RolloutError::NoHorizon.into());
        assert_eq!(refused(|s| s.candidates = 0), RolloutError::NoActions { step: 0 }.into());
        assert_eq!(refused(|s| s.shortlist = 0), RolloutError::NoActions { step: 0 }.into());
        let broke = refused(|s| s.budget = 0);
        assert_eq!((broke.code(), broke.is_bad_input()), ("rollout.no_budget", true));
    }
    assert_eq!(start(settings(Beam { width: 0 })).unwrap_err().code(), "numeric.bad_setting");
}

#[test]
fn a_budget_of_less_than_a_random_path_is_refused_with_the_least_that_will_do() {
    let settings = |budget| SearchSettings { depth: 5, budget, ..settings(BestOfN) };
    let error = start(settings(4)).unwrap_err();
    assert_eq!(error, RolloutError::NoBudget { least: 5 }.into());
    assert!(error.to_string().ends_with("use at least 5"), "{error}");
    assert!(start(settings(5)).is_ok());
}

#[test]
fn the_default_search_is_one_that_runs() {
    let patient = run(SearchSettings { patience: None, ..Default::default() }, nothing_else).unwrap();
    assert_eq!((taken(&patient), patient.environment_calls), (vec!["sun"; 5], 100));
    let trajectory = run(SearchSettings::default(), nothing_else).unwrap();
    assert_eq!((taken(&trajectory), trajectory.environment_calls), (vec!["sun"; 5], 18), "it ends where nothing gains");
}

#[test]
fn a_wrong_shortlist_is_refused() {
    for strategy in [Beam { width: 1 }, Tree] {
        for wrong in [&[][..], &[3], &[usize::MAX], &[0, 3], &[1, 1], &[0, 1, 2], &[0, 0, 0]] {
            assert_eq!(code(run(picky(strategy), picking(wrong))), "rollout.wrong_reply", "{wrong:?}");
        }
    }
}

#[test]
fn a_reply_of_another_kind_is_refused_at_every_effect() {
    let (actions, items) = (Reply::Actions(vec![action("sun")]), Reply::Items(vec![item("sun"); 2]));
    let states = states_at(&[0.0; 3], &[item("A plot.")]);
    let replies = [actions, items, states, choice(0), Reply::Shortlist(vec![0])];
    let kind = |reply: &Reply| std::mem::discriminant(reply);
    for strategy in EVERY_STRATEGY {
        let (_, transcript) = record(picky(strategy), nothing_else).unwrap();
        for (at, exchange) in transcript.exchanges.iter().enumerate().take(6) {
            for wrong in replies.iter().filter(|reply| kind(reply) != kind(&exchange.reply)) {
                let result = run(picky(strategy), instead(at, wrong.clone()));
                assert_eq!(code(result), "rollout.wrong_reply", "{wrong:?} to {}", name(&exchange.effect));
            }
        }
    }
}

#[test]
fn a_reply_of_another_size_is_refused() {
    for strategy in [Beam { width: 1 }, Tree] {
        let with = |at, reply| run(settings(strategy), instead(at, reply));
        let items = |count| Reply::Items(vec![item("sun"); count]);
        let (_, transcript) = record(settings(strategy), nothing_else).unwrap();
        let Effect::Place { items: asked, .. } = &transcript.exchanges[3].effect else { panic!("not a place") };
        let states = |count| {
            let of: Vec<Item> = asked.iter().cycle().take(count).cloned().collect();
            states_at(&[0.0; 3], &of)
        };
        assert!(with(3, states(3)).is_ok());
        for wrong in [0, 2, 4, 7] {
            assert_eq!(code(with(2, items(wrong))), "rollout.wrong_reply");
            assert_eq!(code(with(3, states(wrong))), "rollout.wrong_reply");
        }
    }
}

#[test]
fn a_rewrite_that_makes_another_item_of_it_is_refused() {
    let changes: [fn(&mut Item); 3] =
        [|item| item.id = "other".into(), |item| item.title.clear(), |item| item.plot.clear()];
    for strategy in EVERY_STRATEGY {
        for change in changes {
            let replaced = |effect: &Effect| {
                let Effect::Rewrite { item, actions, .. } = effect else { return None };
                let mut items: Vec<Item> = actions.iter().map(|action| edited(item, action)).collect();
                items.last_mut().map(change);
                Some(Reply::Items(items))
            };
            assert_eq!(code(run(settings(strategy), replaced)), "rollout.wrong_reply");
        }
    }
}

#[test]
fn places_that_are_no_numbers_are_an_error_and_no_panic() {
    for strategy in EVERY_STRATEGY {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let broken = |effect: &Effect| match effect {
                Effect::Place { items, .. } if items[0].plot.contains("A plot. ") => {
                    Some(states_at(&[0.1, broken, 0.1], items))
                }
                _ => None,
            };
            assert_eq!(code(run(settings(strategy), broken)), "numeric.not_finite");
        }
    }
}

#[test]
fn an_observer_is_told_of_the_anchor_at_once_and_of_the_steps_at_the_end() {
    let asked = std::cell::Cell::new(0);
    let mut seen = Vec::new();
    let observe = async |event: Event<'_>| {
        seen.push(match event {
            Event::Anchor(state) => (asked.get(), state.item.plot.clone()),
            Event::Step(number, step) => (asked.get(), format!("{number}: {}", step.action.text)),
        });
        Ok(())
    };
    let perform = async |effect: Effect| {
        asked.set(asked.get() + 1);
        answer(&effect, ReferencePolicy::Optimistic)
    };
    pollster::block_on(drive(start(settings(Beam { width: 1 })).unwrap(), perform, observe)).unwrap();
    let end = 1 + 2 * 3;
    assert_eq!(seen, [(1, "A plot.".to_owned()), (end, "0: sun".to_owned()), (end, "1: sun".to_owned())]);
}

#[test]
fn an_agent_starts_a_search_for_a_user_at_an_item() {
    let items = weathers().into_iter().enumerate().map(|(id, weather)| Item {
        id: id.to_string(),
        title: format!("Weather {id}"),
        ..item(&format!("A day. {}", plot(weather)))
    });
    let agent = Agent::new(Catalog::new(items).unwrap(), ratings(), &field_vectors(), alignment()).unwrap();
    let found = toy_world::run(agent.search("1", "3", settings(Tree)).unwrap(), |effect| {
        answer(effect, ReferencePolicy::Optimistic)
    });
    let found = found.unwrap();
    assert_eq!((found.anchor.item.id.as_str(), found.environment_calls, found.is_kept()), ("3", 12, false));
    let refused =
        |user, item, budget| agent.search(user, item, SearchSettings { budget, ..settings(Tree) }).unwrap_err().code();
    assert_eq!(refused("nobody", "3", 9), "data.unknown_user");
    assert_eq!(refused("1", "nothing", 9), "data.unknown_item");
    assert_eq!(refused("1", "3", 0), "rollout.no_budget");
}

fn any_strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    prop_oneof![(1_usize..5).prop_map(|width| Beam { width }), Just(Tree), Just(BestOfN)]
}

/// A proposer of moods: with each seed it says something else, or more, or nothing.
fn moody(effect: &Effect) -> Option<Reply> {
    let Effect::Propose { seed, .. } = effect else { return None };
    let words = ["sun", "rain", "wind", "hail", "snow", ""];
    let said = words.iter().cycle().skip((seed % 6) as usize).take((seed / 6 % 7) as usize);
    Some(Reply::Actions(said.map(|text| action(text)).collect()))
}

/// Utility of the best text that was paid for.
fn best_utility(transcript: &Transcript) -> f32 {
    let rewritten = transcript.exchanges.iter().filter_map(|exchange| match &exchange.reply {
        Reply::Items(items) => Some(items.clone()),
        _ => None,
    });
    let items: Vec<Item> = rewritten.flatten().collect();
    let texts: Vec<String> = items.iter().flat_map(fields).collect();
    let states = objective().states(items, &vectors(&texts)).unwrap();
    states.iter().map(|state| state.utility).fold(f32::NEG_INFINITY, f32::max)
}

proptest! {
    /// Whatever is proposed, the search ends within its budget, at the best of all texts it has paid for.
    #[test]
    fn a_search_never_spends_more_than_its_budget(
        strategy in any_strategy(),
        depth in 1_usize..5,
        candidates in 1_usize..7,
        shortlist in 1_usize..7,
        budget in 1_usize..60,
        seed: u64,
    ) {
        prop_assume!(strategy != BestOfN || budget >= depth);
        let settings = SearchSettings { strategy, depth, candidates, shortlist, budget, patience: None, seed };
        let (trajectory, transcript) = match record(settings, moody) {
            Err(Error::Rollout(RolloutError::NoActions { step: 0 })) => return Ok(()),
            result => result.unwrap(),
        };
        let sizes = rewrites(&transcript);
        prop_assert!(sizes.iter().sum::<usize>() <= budget);
        prop_assert!(sizes.iter().all(|&size| size <= shortlist.min(candidates)));
        prop_assert_eq!(trajectory.environment_calls, sizes.iter().sum::<usize>());
        prop_assert!((1..=depth).contains(&trajectory.steps.len()));
        prop_assert_eq!(trajectory.last().utility, best_utility(&transcript));
    }

    /// Whatever the world answers in place of one right reply, the search ends and nothing panics.
    #[test]
    fn no_reply_makes_a_search_panic(at in 0_usize..12, wrong in any_reply(), strategy in any_strategy()) {
        if let Ok(trajectory) = run(picky(strategy), instead(at, wrong)) {
            prop_assert!((1..=2).contains(&trajectory.steps.len()));
            prop_assert!(trajectory.steps.iter().all(|step| step.state.utility.is_finite()));
            prop_assert!(trajectory.environment_calls <= 20);
        }
    }
}
