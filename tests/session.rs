//! A session encodes once, survives cancellation, and answers as its types say. The encoder is the real one.

mod support;

use std::cell::RefCell;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use aquiline::catalog::Catalog;
use aquiline::encoder::cache::VectorCache;
use aquiline::error::RolloutError;
use aquiline::objective::Objective;
use aquiline::rollout::transcript::Transcript;
use aquiline::session::view::{EpisodeEvent, Tell};
use aquiline::session::{Dataset, Method, Session, SteerOptions};

/// A few of the embedded films.
fn dataset() -> Dataset {
    let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    let few: Vec<&str> = jsonl.lines().take(24).collect();
    Dataset::embedded(few.join("\n").as_bytes(), 0).unwrap()
}

fn prepared(cache: Option<&[u8]>) -> (Session, usize) {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    let encoded = count_encoded(&mut session, cache);
    (session, encoded)
}

/// A prepared session for the tests that only ask it.
fn shared() -> MutexGuard<'static, Session> {
    static SESSION: LazyLock<Mutex<Session>> = LazyLock::new(|| Mutex::new(prepared(None).0));
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prepares, and says how many texts had to be encoded.
fn count_encoded(session: &mut Session, cache: Option<&[u8]>) -> usize {
    let encoded = RefCell::new(0);
    let tick = async |told: Tell| {
        if let Tell::Progress(progress) = told {
            assert!(progress.done <= progress.total);
            if progress.kind == "encode" {
                *encoded.borrow_mut() = progress.total;
            }
        }
        Ok(())
    };
    pollster::block_on(session.prepare(cache, tick)).unwrap();
    encoded.into_inner()
}

fn options(session: &Session, policy: Method) -> SteerOptions {
    let info = session.info().unwrap();
    let (user, item) = (info.users[0].id.clone(), info.users[0].low[0].clone());
    SteerOptions { user, item, policy, horizon: 2, candidates: 6, subset: 3, seed: 1, ..Default::default() }
}

fn code(session: &Session, options: &SteerOptions) -> &'static str {
    pollster::block_on(session.steer(options, async |_| Ok(()))).unwrap_err().code()
}

#[test]
fn a_catalog_is_encoded_once() {
    let (session, encoded) = prepared(None);
    assert!(encoded > 24);
    let bytes = session.cache_bytes().expect("there are new vectors");
    let (again, encoded) = prepared(Some(&bytes));
    assert_eq!(encoded, 0, "everything was in the cache");
    assert!(again.cache_bytes().is_none(), "nothing is new");
    let mut damaged = bytes;
    damaged[100] ^= 1;
    assert!(prepared(Some(&damaged)).1 > 24, "a damaged cache is ignored");
}

#[test]
fn a_cancelled_preparation_goes_on_from_where_it_was() {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    let late = async |told: Tell| match told {
        Tell::Progress(progress) if progress.kind == "fit" => Err(RolloutError::Cancelled.into()),
        _ => Ok(()),
    };
    assert_eq!(pollster::block_on(session.prepare(None, late)).unwrap_err().code(), "cancelled");
    assert_eq!(session.info().unwrap_err().code(), "numeric.bad_setting");
    assert!(session.cache_bytes().is_some(), "what was encoded is kept");
    assert_eq!(count_encoded(&mut session, None), 0);
    assert_eq!(session.info().unwrap().items.len(), 24);
}

#[test]
fn a_fit_is_announced_before_it_begins_and_told_turn_by_turn() {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    let turns = std::cell::RefCell::new(Vec::new());
    let listen = async |told: Tell| {
        if let Tell::Progress(progress) = told
            && progress.kind == "fit"
        {
            turns.borrow_mut().push((progress.done, progress.total));
        }
        Ok(())
    };
    pollster::block_on(session.prepare(None, listen)).unwrap();
    let turns = turns.into_inner();
    assert_eq!(turns[0], (0, 0), "how many there will be is not known yet");
    let (_, total) = turns[1];
    assert!(turns[1..].windows(2).all(|pair| pair[0].0 < pair[1].0), "{turns:?}");
    assert_eq!((turns[1].0, turns.last()), (1, Some(&(total, total))));
}

#[test]
fn a_retry_with_an_older_cache_keeps_what_was_encoded_since() {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    let old = VectorCache::new(session.fingerprint()).to_bytes();
    let late = async |told: Tell| match told {
        Tell::Progress(progress) if progress.kind == "fit" => Err(RolloutError::Cancelled.into()),
        _ => Ok(()),
    };
    assert!(pollster::block_on(session.prepare(Some(&old), late)).is_err());
    assert_eq!(count_encoded(&mut session, Some(&old)), 0);
    assert!(session.cache_bytes().is_some(), "more is known than the old cache holds");
}

#[test]
fn every_method_tells_anchor_steps_and_end_and_its_record_replays() {
    let session = shared();
    for policy in [Method::Uniform, Method::Optimistic, Method::GOptimal, Method::Greedy, Method::BestOfN] {
        let told = RefCell::new(Vec::new());
        let tick = async |event: Tell| {
            if let Tell::Event(event) = event {
                told.borrow_mut().push(match *event {
                    EpisodeEvent::Anchor { .. } => "anchor",
                    EpisodeEvent::Step { .. } => "step",
                    EpisodeEvent::Done { .. } => "done",
                });
            }
            Ok(())
        };
        let options = options(&session, policy);
        let (trajectory, transcript) = pollster::block_on(session.steer(&options, tick)).unwrap();
        assert_eq!(told.into_inner(), ["anchor", "step", "step", "done"], "{policy:?}");
        assert!(trajectory.anchor.uncertainty > Some(0.0));
        let read = Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap();
        assert_eq!(read, transcript);
        let replayed = pollster::block_on(session.replay(&read, async |_| Ok(()))).unwrap();
        assert_eq!(replayed, trajectory, "{policy:?}");
    }
}

#[test]
fn bad_requests_are_typed_errors() {
    let session = shared();
    let good = options(&session, Method::Greedy);
    let with = |change: &dyn Fn(&mut SteerOptions)| {
        let mut options = good.clone();
        change(&mut options);
        code(&session, &options)
    };
    assert_eq!(with(&|o| o.user = "nobody".to_owned()), "data.unknown_user");
    assert_eq!(with(&|o| o.item = "nothing".to_owned()), "data.unknown_item");
    assert_eq!(with(&|o| o.horizon = 0), "rollout.no_horizon");
    assert_eq!(with(&|o| o.subset = 7), "design.subset_too_large");
    assert_eq!(with(&|o| o.subset = 0), "numeric.bad_setting");
    assert_eq!(session.gaps(&["nobody"], 3).unwrap_err().code(), "data.unknown_user");
    assert_eq!(session.gaps(&[&good.user], 0).unwrap_err().code(), "numeric.bad_setting");
    let cancelled = pollster::block_on(session.steer(&good, async |_| Err(RolloutError::Cancelled.into())));
    assert_eq!(cancelled.unwrap_err().code(), "cancelled");
}

#[test]
fn gaps_of_a_group_are_worth_the_mean_of_its_members() {
    let session = shared();
    let users: Vec<String> = session.info().unwrap().users.iter().take(5).map(|user| user.id.clone()).collect();
    let gaps = session.gaps(&users, 4).unwrap();
    assert!(!gaps.is_empty());
    let agent = session.agent().unwrap();
    let mean = agent.objective(&users).unwrap();
    let members: Vec<_> = users.iter().map(|user| agent.objective(&[user]).unwrap()).collect();
    let mut compared = 0;
    for item in agent.items().rows() {
        let of_members: Vec<f32> = members.iter().map(|member| member.utility.affinity(item)).collect();
        // Of the members each is held to the scale, of the group their mean.
        if of_members.iter().all(|rating| (0.11..0.99).contains(rating)) {
            compared += 1;
            assert!((mean.utility.affinity(item) - of_members.iter().sum::<f32>() / 5.0).abs() < 1e-5);
        }
        assert!((0.1..=1.0).contains(&mean.utility.affinity(item)));
    }
    assert!(2 * compared > agent.items().len(), "{compared}");
    let uncertainty = |one: &Objective| one.typical_uncertainty().unwrap();
    assert!((uncertainty(&mean) - uncertainty(&members[0])).abs() < 1e-6, "a mean is as uncertain");
    assert_eq!(session.gaps::<&str>(&[], 4).unwrap_err().code(), "data.empty");
}

#[test]
fn a_text_longer_than_the_encoder_reads_is_said_to_be() {
    let mut dataset = dataset();
    let mut items = dataset.catalog.items().to_vec();
    let (user, long) = (dataset.ratings.users()[0].clone(), items[0].id.clone());
    items[0].plot = "A very long story about a kite. ".repeat(60);
    dataset.catalog = Catalog::new(items).unwrap();
    let mut session = Session::new(support::encoder(), dataset, 0);
    pollster::block_on(session.prepare(None, async |_| Ok(()))).unwrap();
    assert_eq!(session.info().unwrap().items_truncated, 1);
    let told = RefCell::new(Vec::new());
    let tick = async |event: Tell| {
        if let Tell::Event(event) = event
            && let EpisodeEvent::Anchor { state, .. } = *event
        {
            told.borrow_mut().push(state.truncated);
        }
        Ok(())
    };
    let options = SteerOptions { user, item: long, horizon: 1, candidates: 2, subset: 1, ..Default::default() };
    pollster::block_on(session.steer(&options, tick)).unwrap();
    assert_eq!(told.into_inner(), [true]);
}

#[test]
fn greedy_steering_gains_more_than_random_edits() {
    let session = shared();
    let users: Vec<(String, String)> =
        session.info().unwrap().users.iter().take(6).map(|user| (user.id.clone(), user.low[0].clone())).collect();
    let gain = |policy| -> f32 {
        let run = |(user, item): &(String, String)| {
            let options =
                SteerOptions { user: user.clone(), item: item.clone(), horizon: 3, ..options(&session, policy) };
            let (trajectory, _) = pollster::block_on(session.steer(&options, async |_| Ok(()))).unwrap();
            trajectory.last().utility - trajectory.anchor.utility
        };
        users.iter().map(run).sum()
    };
    let (greedy, random) = (gain(Method::Greedy), gain(Method::Uniform));
    assert!(greedy > random && greedy > 0.0, "greedy {greedy}, random {random}");
}
