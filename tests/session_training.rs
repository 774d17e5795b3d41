//! A session trains a policy on real texts: it goes on where it was, stops when told to, and keeps what was learned.

mod support;

use std::cell::Cell;
use std::sync::LazyLock;

use aquiline::catalog::{Catalog, Item};
use aquiline::error::RolloutError;
use aquiline::policy::ReferencePolicy;
use aquiline::session::view::{Tell, TrainEvent};
use aquiline::session::{Dataset, Method, Session, SteerOptions, TrainOptions};
use aquiline::train::{Baseline, UpdateLog};

/// Vectors of the catalog's texts, encoded once for all tests.
static VECTORS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    pollster::block_on(session.prepare(None, async |_| Ok(()))).unwrap();
    session.cache_bytes().expect("everything is new")
});

fn dataset() -> Dataset {
    let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    let few: Vec<&str> = jsonl.lines().take(16).collect();
    Dataset::embedded(few.join("\n").as_bytes(), 0).unwrap()
}

fn session() -> Session {
    let mut session = Session::new(support::encoder(), dataset(), 0);
    pollster::block_on(session.prepare(Some(&VECTORS), async |_| Ok(()))).unwrap();
    session
}

fn options() -> TrainOptions {
    TrainOptions {
        reference_episodes: 3,
        reference_horizon: 1,
        reference_epochs: 2,
        updates: 2,
        episodes: 3,
        horizon: 2,
        candidates: 4,
        ..Default::default()
    }
}

fn fit(session: &mut Session, options: &TrainOptions) -> Result<(), &'static str> {
    let fitted = pollster::block_on(session.fit_reference(options, async |_| Ok(())));
    fitted.map(drop).map_err(|error| error.code())
}

fn train(session: &mut Session, options: &TrainOptions) -> Result<Vec<UpdateLog>, &'static str> {
    pollster::block_on(session.train(options, async |_| Ok(()))).map_err(|error| error.code())
}

fn bytes(session: &Session) -> Vec<u8> {
    session.policy().expect("there is a policy").to_bytes()
}

#[test]
fn a_policy_is_trained_written_down_and_resumed_to_the_same_bits() {
    let mut straight = session();
    // Enough transitions for predicted gains to be believed, so that these are resumed as well.
    let options = TrainOptions { reference_episodes: 8, candidates: 8, ..options() };
    fit(&mut straight, &options).unwrap();
    train(&mut straight, &options).unwrap();
    let saved = bytes(&straight);
    let logs = train(&mut straight, &options).unwrap();
    assert_eq!(logs.iter().map(|log| log.update).collect::<Vec<_>>(), [3, 4]);

    let mut resumed = session();
    resumed.load_policy(&saved).unwrap();
    assert_eq!(train(&mut resumed, &options).unwrap(), logs);
    assert!(bytes(&resumed) == bytes(&straight), "the resumed run has other bits");

    // And it steers.
    let user = straight.info().unwrap().users[0].clone();
    for policy in [Method::Eagle, Method::EagleReference] {
        let request = SteerOptions {
            user: user.id.clone(),
            item: user.low[0].clone(),
            policy,
            horizon: 2,
            candidates: 4,
            subset: 2,
            seed: 3,
            ..Default::default()
        };
        let (trajectory, _) = pollster::block_on(straight.steer(&request, async |_| Ok(()))).unwrap();
        assert_eq!((trajectory.steps.len(), trajectory.environment_calls), (2, 2));
        assert!(trajectory.steps.iter().all(|step| step.choice.log_probability <= 0.0));
        let cold = SteerOptions { temperature: Some(0.0), ..request.clone() };
        let (trajectory, _) = pollster::block_on(straight.steer(&cold, async |_| Ok(()))).unwrap();
        assert!(trajectory.steps.iter().all(|step| step.choice.log_probability > -1e-3), "it is sure");
        for temperature in [-0.5, f32::NAN, f32::INFINITY] {
            let bad = SteerOptions { temperature: Some(temperature), ..request.clone() };
            let error = pollster::block_on(straight.steer(&bad, async |_| Ok(()))).unwrap_err();
            assert_eq!(error.code(), "numeric.bad_setting");
        }
    }
}

#[test]
fn a_cancelled_run_keeps_the_last_whole_update() {
    let mut session = session();
    fit(&mut session, &options()).unwrap();
    let updates = Cell::new(0);
    let stop_in_the_second = async |told: Tell| match told {
        Tell::Training(event) if matches!(*event, TrainEvent::Update { .. }) => {
            updates.set(updates.get() + 1);
            Ok(())
        }
        Tell::Progress(progress) if updates.get() == 1 && progress.kind == "episodes" => {
            Err(RolloutError::Cancelled.into())
        }
        _ => Ok(()),
    };
    let error = pollster::block_on(session.train(&options(), stop_in_the_second)).unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert_eq!(session.policy().unwrap().learner.progress().updates, 1);
    assert_eq!(train(&mut session, &options()).unwrap()[0].update, 2, "it goes on from there");
}

#[test]
fn every_reference_can_be_fitted() {
    let mut session = session();
    // Three states each; all but the uniform reference try every one of four candidates.
    let references = [
        (ReferencePolicy::Uniform, 3),
        (ReferencePolicy::Optimistic, 12),
        (ReferencePolicy::DOptimal { subset: 2 }, 12),
    ];
    for (reference, calls) in references {
        let options = TrainOptions { reference, ..options() };
        let fit = pollster::block_on(session.fit_reference(&options, async |_| Ok(()))).unwrap();
        assert_eq!(fit.environment_calls, calls, "{reference:?}");
    }
}

#[test]
fn a_group_shares_its_start_and_a_budget_is_not_exceeded() {
    let mut session = session();
    let options = TrainOptions { reference: ReferencePolicy::Uniform, group: 3, updates: 9, ..options() };
    fit(&mut session, &options).unwrap();
    // Three episodes of two steps: six rewrites an update, of which the budget pays two.
    let logs = train(&mut session, &TrainOptions { budget: Some(17), ..options }).unwrap();
    assert_eq!(logs.iter().map(|log| log.environment_calls).collect::<Vec<_>>(), [6, 6]);
}

#[test]
fn a_user_all_of_whose_items_lack_a_text_is_told_apart_from_one_to_train_for() {
    let catalog = Catalog::from_jsonl(&std::fs::read("data/catalog.jsonl").unwrap(), "catalog.jsonl").unwrap();
    let mut items = catalog.items()[..6].to_vec();
    items.push(Item { id: "bare".into(), plot: String::new(), genres: vec![], year: None, ..items[0].clone() });
    let rated = |user: &str, item: &str, value| (user.to_owned(), item.to_owned(), value);
    let mut ratings = vec![rated("bob", "bare", 4.0)];
    ratings.extend((0..6).map(|at| rated("ann", &items[at].id, (at % 5) as f32 + 0.5)));
    let dataset = Dataset::from_items(items, &ratings, (0.5, 5.0)).unwrap();
    let mut session = Session::new(support::encoder(), dataset, 0);
    session.allow_simulator();
    pollster::block_on(session.prepare(Some(&VECTORS), async |_| Ok(()))).unwrap();
    let for_users = |users: &[&str]| TrainOptions { users: users.iter().map(|&id| id.into()).collect(), ..options() };
    assert_eq!(fit(&mut session, &for_users(&["ann", "bob"])).unwrap_err(), "data.unknown_user");
    fit(&mut session, &for_users(&["ann"])).unwrap();
}

#[test]
fn requests_without_meaning_are_typed_errors() {
    let mut session = session();
    assert_eq!(train(&mut session, &options()).unwrap_err(), "training.untrained");
    let untrained = SteerOptions { policy: Method::Eagle, user: "u0".into(), item: "x".into(), ..Default::default() };
    let error = pollster::block_on(session.steer(&untrained, async |_| Ok(()))).unwrap_err();
    assert_eq!(error.code(), "training.untrained");
    let mut code = |change: &dyn Fn(&mut TrainOptions)| {
        let mut changed = options();
        change(&mut changed);
        fit(&mut session, &changed).unwrap_err()
    };
    assert_eq!(code(&|o| o.updates = 0), "numeric.bad_setting");
    assert_eq!(code(&|o| o.episodes = 0), "numeric.bad_setting");
    assert_eq!(code(&|o| o.group = 4), "numeric.bad_setting");
    assert_eq!(
        code(&|o| o.settings.baseline = Baseline::Group),
        "numeric.bad_setting",
        "an episode alone in its group"
    );
    assert_eq!(code(&|o| o.reference_episodes = 0), "numeric.bad_setting");
    assert_eq!(code(&|o| o.settings.kl_weight = f32::NAN), "numeric.bad_setting");
    assert_eq!(code(&|o| o.horizon = 0), "rollout.no_horizon");
    assert_eq!(code(&|o| o.candidates = 0), "rollout.no_actions");
    assert_eq!(code(&|o| o.budget = Some(0)), "training.no_budget");
    assert_eq!(code(&|o| o.users = vec!["nobody".to_owned()]), "data.unknown_user");
    assert_eq!(session.load_policy(b"no checkpoint").unwrap_err().code(), "training.checkpoint");
    assert!(session.policy().is_none());
}
