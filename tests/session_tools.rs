//! What a session does beside steering: people who come later, designs, searches, comparisons, and what is kept of it all.
//! The encoder is the real one.

mod support;

use std::sync::OnceLock;

use aquiline::action::ActionSpace;
use aquiline::error::Result;
use aquiline::search::{SearchSettings, Strategy};
use aquiline::session::arm::Pair;
use aquiline::session::evaluate::{ArmOptions, EvaluateEvent, ManifoldName, SearchWay};
use aquiline::session::factorize::FactorizeOptions;
use aquiline::session::view::{EpisodeEvent, Tell};
use aquiline::session::{Dataset, DesignOptions, EvaluateOptions, Method, SearchOptions, Session};

fn dataset() -> Dataset {
    let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    let few: Vec<&str> = jsonl.lines().take(24).collect();
    Dataset::embedded(few.join("\n").as_bytes(), 0).unwrap()
}

fn open(fit: Option<&[u8]>) -> (Session, bool) {
    static VECTORS: OnceLock<Vec<u8>> = OnceLock::new();
    let mut session = Session::new(support::encoder(), dataset(), 0);
    let known = fit.is_some_and(|fit| session.use_fit(fit));
    pollster::block_on(session.prepare(VECTORS.get().map(Vec::as_slice), nothing)).unwrap();
    if let Some(bytes) = session.cache_bytes() {
        let _ = VECTORS.set(bytes);
    }
    (session, known)
}

fn session() -> Session {
    static FIT: OnceLock<Vec<u8>> = OnceLock::new();
    let (session, _) = open(FIT.get().map(Vec::as_slice));
    FIT.get_or_init(|| session.fit_bytes().unwrap());
    session
}

async fn nothing(_: Tell) -> Result<()> {
    Ok(())
}

/// Someone who loves the first item and hates the last two.
fn visitor(session: &Session) -> Vec<(String, f32)> {
    let items = session.agent().unwrap().catalog().items();
    let id = |place: usize| items[place].id.clone();
    vec![(id(0), 5.0), (id(22), 1.0), (id(23), 1.0)]
}

fn pair(session: &Session) -> (String, String) {
    let info = session.info().unwrap();
    (info.users[0].id.clone(), info.users[0].low[0].clone())
}

#[test]
fn a_person_who_comes_later_is_steered_for_like_any_other_and_changes_nobody() {
    let mut session = session();
    let known = session.info().unwrap().users[0].id.clone();
    let before = session.utilities(&[&known]).unwrap();
    let ratings = visitor(&session);
    let told = session.fold_in("visitor", &ratings).unwrap();
    assert_eq!((told.id.as_str(), told.ratings), ("visitor", 3));
    assert_eq!(told.low[0], ratings[1].0);
    let of_visitor = session.utilities(&["visitor"]).unwrap();
    assert!(of_visitor[0] > of_visitor[22], "{of_visitor:?}");
    assert_eq!(session.utilities(&[&known]).unwrap(), before);
    assert!(!session.gaps(&["visitor"], 2).unwrap().is_empty());

    // Known already: the new ratings count instead of the old ones.
    let opposite = vec![(ratings[0].0.clone(), 1.0), (ratings[1].0.clone(), 5.0)];
    assert_eq!(session.fold_in("visitor", &opposite).unwrap().ratings, 2);
    let changed = session.utilities(&["visitor"]).unwrap();
    assert!(changed[0] < of_visitor[0] && changed[22] > of_visitor[22]);
    let users = session.info().unwrap().users.len();
    session.fold_in("another", &opposite).unwrap();
    assert_eq!(session.info().unwrap().users.len(), users + 1);
}

#[test]
fn a_person_without_ratings_or_with_impossible_ones_is_refused_and_nothing_changes() {
    let mut session = session();
    let item = session.agent().unwrap().catalog().items()[0].id.clone();
    let mut code = |user: &str, ratings: &[(String, f32)]| session.fold_in(user, ratings).unwrap_err().code();
    assert_eq!(code("visitor", &[]), "data.empty");
    assert_eq!(code("", &[(item.clone(), 3.0)]), "data.empty");
    assert_eq!(code("visitor", &[(item.clone(), 3.0), ("nowhere".to_owned(), 3.0)]), "data.unknown_item");
    assert_eq!(code("visitor", &[(item.clone(), 7.0)]), "data.rating_out_of_range");
    assert_eq!(code("visitor", &[(item, f32::NAN)]), "data.rating_out_of_range");
    assert_eq!(session.utilities(&["visitor"]).unwrap_err().code(), "data.unknown_user");
}

#[test]
fn what_was_learned_is_there_again_in_another_session() {
    let mut first = session();
    let ratings = visitor(&first);
    first.fold_in("visitor", &ratings).unwrap();
    let saved = first.save().unwrap();
    let mut second = session();
    second.load(&saved).unwrap();
    assert_eq!(second.utilities(&["visitor"]).unwrap(), first.utilities(&["visitor"]).unwrap());
    assert_eq!(second.save().unwrap(), saved);
}

#[test]
fn a_saved_state_that_is_damaged_or_of_another_catalog_is_refused_whole() {
    let mut session = session();
    let ratings = visitor(&session);
    session.fold_in("visitor", &ratings).unwrap();
    let saved = String::from_utf8(session.save().unwrap()).unwrap();
    let mut fresh = open(None).0;
    let mut code = |text: &str| fresh.load(text.as_bytes()).unwrap_err().code();
    assert_eq!(code(""), "data.malformed");
    assert_eq!(code(&saved[..saved.len() / 2]), "data.malformed");
    assert_eq!(code(&saved.replace("\"aquiline\":1", "\"aquiline\":2")), "data.malformed");
    assert_eq!(code(&saved.replace(session.fingerprint(), "0000000000000000")), "encoder.fingerprint");
    assert_eq!(code(&saved.replace(&ratings[2].0, "nowhere")), "data.unknown_item");
    let damaged = format!("{saved}no checkpoint");
    assert!(fresh.load(damaged.as_bytes()).is_err());
    assert_eq!(fresh.utilities(&["visitor"]).unwrap_err().code(), "data.unknown_user");
}

#[test]
fn a_known_fit_is_taken_up_and_equals_the_one_that_is_computed() {
    let computed = open(None).0;
    let bytes = computed.fit_bytes().unwrap();
    let (known, was_known) = open(Some(&bytes));
    assert!(was_known);
    assert_eq!(known.fit_bytes().unwrap(), bytes);
    let (user, _) = pair(&known);
    assert_eq!(known.utilities(&[&user]).unwrap(), computed.utilities(&[&user]).unwrap());

    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(!open(Some(&damaged)).1, "a damaged fit is ignored");
    let mut other = Session::new(support::encoder(), dataset(), 1);
    assert!(!other.use_fit(&bytes), "a fit of another seed is ignored");
    assert!(!other.use_fit(b""));
}

#[test]
fn a_vector_has_unit_length_and_does_not_depend_on_the_other_texts() {
    let session = session();
    let texts = ["A quiet film about bees".to_owned(), "Robots fight".to_owned()];
    let both = pollster::block_on(session.embed(&texts, nothing)).unwrap();
    let alone = pollster::block_on(session.embed(&texts[1..], nothing)).unwrap();
    assert_eq!(both.len(), 2);
    assert!((aquiline::latent::dot(both.row(0), both.row(0)) - 1.0).abs() < 1e-4);
    let apart = both.row(1).iter().zip(alone.row(0)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-5, "{apart}");
    let empty = pollster::block_on(session.embed(&[" ".to_owned()], nothing)).unwrap_err();
    assert_eq!(empty.code(), "data.empty");
    assert_eq!(pollster::block_on(session.embed(&[], nothing)).unwrap().len(), 0);
}

#[test]
fn candidate_actions_are_those_that_an_episode_is_offered() {
    let session = session();
    let (user, item) = pair(&session);
    let ask = |count, space| pollster::block_on(session.actions((&user, &item), count, space, 3, nothing));
    let actions = ask(6, ActionSpace::All).unwrap();
    assert_eq!(actions.len(), 6);
    let design = DesignOptions { user: user.clone(), item: item.clone(), candidates: 6, subset: 3, seed: 3 };
    let report = pollster::block_on(session.design(&design, nothing)).unwrap();
    assert!(report.candidates.len() <= 6 && !report.candidates.is_empty());
    assert!(ask(6, ActionSpace::Generic).unwrap().len() < 6);
    assert_eq!(ask(0, ActionSpace::All).unwrap_err().code(), "numeric.bad_setting");
}

#[test]
fn a_design_has_a_certificate_and_weights_that_sum_to_one() {
    let session = session();
    let (user, item) = pair(&session);
    let options = DesignOptions { user, item, candidates: 8, subset: 3, seed: 0 };
    let report = pollster::block_on(session.design(&options, nothing)).unwrap();
    let certificate = report.certificate.as_ref().unwrap();
    let sum: f64 = report.candidates.iter().map(|candidate| candidate.weight).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert!(certificate.largest_leverage >= certificate.effective_rank as f64 - 1e-6);
    assert_eq!(report.candidates.iter().filter(|candidate| candidate.in_subset).count(), 3);
    let too_large = DesignOptions { subset: 9, ..options };
    assert_eq!(pollster::block_on(session.design(&too_large, nothing)).unwrap_err().code(), "design.subset_too_large");
}

#[test]
fn a_search_tells_its_anchor_its_steps_and_its_end() {
    let session = session();
    let (user, item) = pair(&session);
    let settings = SearchSettings {
        strategy: Strategy::Tree,
        depth: 2,
        candidates: 4,
        shortlist: 2,
        budget: 4,
        patience: None,
        seed: 0,
    };
    let options = SearchOptions { user, item, settings, ..Default::default() };
    let mut told = Vec::new();
    let tick = async |tell: Tell| {
        if let Tell::Event(event) = tell {
            told.push(match *event {
                EpisodeEvent::Anchor { .. } => "anchor".to_owned(),
                EpisodeEvent::Step { .. } => "step".to_owned(),
                EpisodeEvent::Done { trajectory } => trajectory.policy.to_owned(),
            });
        }
        Ok(())
    };
    let (trajectory, _) = pollster::block_on(session.search(&options, tick)).unwrap();
    assert_eq!(told.first().map(String::as_str), Some("anchor"));
    assert_eq!(told.last().map(String::as_str), Some("tree-search"));
    assert_eq!(told.len(), trajectory.steps.len() + 2);
    assert!(trajectory.environment_calls <= 4);
}

#[test]
fn a_jump_says_how_far_its_text_is_from_its_target() {
    let session = session();
    let (user, item) = pair(&session);
    for manifold in [ManifoldName::Graph, ManifoldName::Ball] {
        let found = pollster::block_on(session.elm(&user, &item, manifold, 0, nothing)).unwrap();
        let apart = aquiline::latent::distance(&found.target.latent, &found.state.latent);
        assert!((apart - found.realisability_gap).abs() < 1e-4);
        assert_eq!(found.nearest.len(), 3);
        assert!(found.target.utility >= found.anchor.utility - 1e-6);
    }
}

#[test]
fn arms_are_compared_at_the_same_number_of_rewrites() {
    let session = session();
    let policy = ArmOptions { policy: Some(Method::Uniform), ..Default::default() };
    let search = ArmOptions { search: Some(SearchWay::Greedy), name: Some("mine".to_owned()), ..Default::default() };
    let one_shot = ArmOptions { one_shot: true, ..Default::default() };
    let options = EvaluateOptions {
        arms: vec![policy, search, one_shot],
        count: 2,
        budget: 4,
        candidates: 4,
        horizon: 2,
        ..Default::default()
    };
    let mut results = Vec::new();
    let tick = async |tell: Tell| {
        if let Tell::Comparison(event) = tell
            && let EvaluateEvent::Pair { result, .. } = *event
        {
            results.push(result);
        }
        Ok(())
    };
    let report = pollster::block_on(session.evaluate(&options, tick)).unwrap();
    assert_eq!(results.len(), 6);
    assert!(results.iter().all(|result| result.environment_calls <= 4), "{results:?}");
    let names: Vec<&str> = report.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, ["uniform", "mine", "one shot"]);
    assert!(report.iter().all(|arm| arm.pairs == 2 && arm.gain.low <= arm.gain.mean));
    assert!(report[0].over_first.mean.abs() < 1e-12);
    let margin = report[1].gain.mean - report[0].gain.mean;
    assert!((report[1].over_first.mean - margin).abs() < 1e-9);
}

#[test]
fn a_comparison_that_cannot_be_made_says_what_to_change() {
    let session = session();
    let uniform = ArmOptions { policy: Some(Method::Uniform), ..Default::default() };
    let both = ArmOptions { one_shot: true, ..uniform.clone() };
    let ahead = ArmOptions { policy: Some(Method::Greedy), ..Default::default() };
    let stranger = Pair { user: "nobody".to_owned(), item: "nothing".to_owned() };
    let trained = ArmOptions { policy: Some(Method::Eagle), ..Default::default() };
    let with = |arms: Vec<ArmOptions>| EvaluateOptions { arms, count: 1, budget: 5, ..Default::default() };
    let code = |options: EvaluateOptions| {
        pollster::block_on(session.evaluate(&options, nothing)).map(|_| ()).unwrap_err().code()
    };
    assert_eq!(code(with(vec![])), "numeric.bad_setting");
    assert_eq!(code(with(vec![ArmOptions::default()])), "numeric.bad_setting");
    assert_eq!(code(with(vec![both])), "numeric.bad_setting");
    assert_eq!(code(with(vec![ahead])), "numeric.bad_setting");
    assert_eq!(code(with(vec![trained])), "training.untrained");
    assert_eq!(code(EvaluateOptions { budget: 0, ..with(vec![uniform.clone()]) }), "numeric.bad_setting");
    assert_eq!(code(EvaluateOptions { pairs: vec![stranger], ..with(vec![uniform]) }), "data.unknown_user");
}

#[test]
fn factors_are_given_by_id_with_their_error_on_held_out_ratings() {
    let session = session();
    let options = FactorizeOptions { factors: 2, sweeps: 3, ..Default::default() };
    let factors = pollster::block_on(session.factorize(&options, nothing)).unwrap();
    assert_eq!(factors.items.len(), 24);
    assert_eq!(factors.users[0].vector.len(), 2);
    assert!(factors.rmse.is_some_and(|rmse| rmse.is_finite()));
    let everything = FactorizeOptions { held_out: 0.0, ..options };
    assert!(pollster::block_on(session.factorize(&everything, nothing)).unwrap().rmse.is_none());
    let nothing_left = FactorizeOptions { held_out: 1.0, ..everything };
    let refused = pollster::block_on(session.factorize(&nothing_left, nothing)).unwrap_err();
    assert_eq!(refused.code(), "numeric.bad_setting");
}
