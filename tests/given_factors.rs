//! Whoever has an embedding space brings it: texts are mapped into it, and everything else works there. The encoder of
//! the sessions is the real one.

mod support;

use std::sync::OnceLock;

use aquiline::alignment::{AlignmentSettings, GivenFitting, GivenSpace, Measured, fit_given};
use aquiline::catalog::{Catalog, Item};
use aquiline::error::{DataError, Error, Result};
use aquiline::factorization::{FactorsById, VectorById};
use aquiline::latent::{Latents, dot};
use aquiline::ratings::{Rating, Ratings};
use aquiline::session::factorize::FactorizeOptions;
use aquiline::session::view::Tell;
use aquiline::session::{Dataset, Method, Session, SteerOptions};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const ITEMS: usize = 120;
const USERS: usize = 40;
/// Width of one field's vectors; an item has two fields.
const WIDTH: usize = 4;
const SCALE: (f32, f32) = (-3.0, 5.0);

/// Roughly normal, of variance 1.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random_range(-0.5_f32..0.5)).sum()
}

fn item(id: usize) -> Item {
    let title = format!("Film {id}");
    let plot = format!("Plot of film {id}.");
    Item { id: format!("i{id}"), title, year: None, genres: vec![], plot, likes: vec![], dislikes: vec![] }
}

fn catalog() -> Catalog {
    Catalog::new((0..ITEMS).map(item)).unwrap()
}

fn nobodys() -> Ratings {
    Ratings::none((0..ITEMS).map(|id| format!("i{id}")).collect(), SCALE).unwrap()
}

fn settings() -> AlignmentSettings {
    AlignmentSettings { components: vec![WIDTH; 2], weights: vec![1.0, 1.0], held_out: 0.25, ..Default::default() }
}

/// Texts' vectors, and a space whose points follow from them but for `scatter`.
fn planted(scatter: f32, seed: u64) -> (Latents, FactorsById) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let fields = Latents::new(2 * WIDTH, (0..ITEMS * 2 * WIDTH).map(|_| 0.3 * normal(&mut random)).collect()).unwrap();
    let items = (0..ITEMS).map(|index| {
        let row = fields.row(index);
        let vector = [row[0] - row[5], row[4] + row[2], row[6]].map(|value| value + scatter * normal(&mut random));
        VectorById { id: format!("i{index}"), bias: row[1] + scatter * normal(&mut random), vector: vector.to_vec() }
    });
    let items = items.collect();
    let users = (0..USERS).map(|index| VectorById {
        id: format!("u{index}"),
        bias: 0.3 * normal(&mut random),
        vector: (0..3).map(|_| normal(&mut random)).collect(),
    });
    let users = users.collect();
    (fields, FactorsById { mean: 1.0, users, items, rmse: None })
}

fn predicted(factors: &FactorsById, user: usize, item: usize) -> f32 {
    let (user, item) = (&factors.users[user], &factors.items[item]);
    factors.mean + user.bias + item.bias + dot(&user.vector, &item.vector)
}

fn known(figure: Measured) -> f64 {
    figure.known().unwrap()
}

#[test]
fn a_space_that_follows_from_the_texts_is_found_again() {
    let (fields, factors) = planted(0.0, 1);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let ratings = nobodys().for_users(space.users().to_vec());
    let fitted = fit_given(&space, &ratings, &fields, &settings()).unwrap();
    let skill = fitted.skill();
    assert!(known(skill.rmse_ratio) < 0.02 && known(skill.rank_correlation) > 0.99, "{skill:?}");
    assert_eq!(skill.noise, Measured::Known(0.0));
    for item in 0..ITEMS {
        let place = fitted.place(fields.row(item)).unwrap();
        assert_eq!(place.latent.len(), 4);
        let apart = (fitted.predict(0, &place.latent) - predicted(&factors, 0, item)).abs();
        assert!(apart < 0.05, "item {item}: {apart}");
    }
    let (offset, vector) = fitted.user(7);
    assert_eq!((offset, vector[3]), (1.0 + factors.users[7].bias, 1.0));
    assert_eq!(vector[..3], factors.users[7].vector);
}

#[test]
fn the_uncertainty_that_is_claimed_covers_what_texts_do_not_say() {
    let (fields, factors) = planted(0.3, 2);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let fitted = fit_given(&space, &nobodys().for_users(space.users().to_vec()), &fields, &settings()).unwrap();
    let skill = fitted.skill();
    assert!((0.3..1.0).contains(&known(skill.rmse_ratio)), "{skill:?}");
    assert!((0.5..0.85).contains(&known(skill.coverage)), "{skill:?}");
    // Three coordinates times tastes of variance 1, and the bias.
    assert!((0.4..0.8).contains(&known(skill.misplacement)), "{skill:?}");
}

#[test]
fn a_space_that_has_nothing_to_do_with_the_texts_shows_no_skill() {
    let (fields, _) = planted(0.0, 3);
    let (_, factors) = planted(0.0, 4);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let fitted = fit_given(&space, &nobodys().for_users(space.users().to_vec()), &fields, &settings()).unwrap();
    assert!((0.9..1.15).contains(&known(fitted.skill().rmse_ratio)), "{:?}", fitted.skill());
}

#[test]
fn ratings_that_are_there_measure_the_fit_and_do_not_change_a_perfect_one() {
    let (fields, factors) = planted(0.0, 5);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let entries: Vec<Rating> = (0..USERS)
        .flat_map(|user| (0..ITEMS).map(move |item| (user, item)))
        .map(|(user, item)| {
            let value = predicted(&factors, user, item) + 0.5 * normal(&mut random);
            Rating { user: user as u32, item: item as u32, value: value.clamp(SCALE.0, SCALE.1) }
        })
        .collect();
    let items = nobodys().items().to_vec();
    let ratings = Ratings::new(space.users().to_vec(), items, entries, SCALE).unwrap();
    let fitted = fit_given(&space, &ratings, &fields, &settings()).unwrap();
    let skill = fitted.skill();
    assert!((0.45..0.55).contains(&known(skill.noise)) && known(skill.misplacement) < 0.1, "{skill:?}");
    assert!((0.6..0.75).contains(&known(skill.coverage)), "{skill:?}");
    assert_eq!(skill.held_out_ratings, USERS * ITEMS / 4);
}

#[test]
fn items_without_a_vector_are_placed_all_the_same_and_unknown_ones_change_nothing() {
    let (fields, mut factors) = planted(0.0, 7);
    let (gone, truth) = (factors.items.remove(5), factors.clone());
    let stranger = VectorById { id: "elsewhere".to_owned(), bias: 9.0, vector: vec![9.0; 3] };
    factors.items.push(stranger);
    let fit = |factors: &FactorsById| {
        let space = GivenSpace::new(factors, &catalog()).unwrap();
        fit_given(&space, &nobodys().for_users(space.users().to_vec()), &fields, &settings()).unwrap()
    };
    let fitted = fit(&factors);
    assert_eq!(fitted, fit(&truth));
    let place = fitted.place(fields.row(5)).unwrap();
    assert!((place.latent[3] - gone.bias).abs() < 0.05, "{place:?}");
}

#[test]
fn the_fit_can_be_turned_ridge_by_ridge_and_ends() {
    let (fields, factors) = planted(0.1, 8);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let ratings = nobodys().for_users(space.users().to_vec());
    let settings = settings();
    let mut fitting = GivenFitting::start(&space, &ratings, &fields, &settings).unwrap();
    let (_, total) = fitting.progress();
    for done in 1..=total {
        fitting.try_ridge().unwrap();
        assert_eq!(fitting.progress(), (done, total));
    }
    assert!(total > 0 && fitting.is_done());
    assert_eq!(fitting.finish(), fit_given(&space, &ratings, &fields, &settings).unwrap());
}

#[test]
fn who_comes_later_is_described_by_their_ratings() {
    let (fields, factors) = planted(0.0, 9);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let fitted = fit_given(&space, &nobodys().for_users(space.users().to_vec()), &fields, &settings()).unwrap();
    let items = fitted.place_all(&fields).unwrap();
    // Who rates as user 3 does is predicted to rate the others as user 3 does; how strongly stays open to doubt.
    let rating = |item: usize| predicted(&factors, 3, item);
    let ratings: Vec<(usize, f32)> = (0..60).map(|item| (item, rating(item))).collect();
    let mean = ratings.iter().map(|(_, value)| value).sum::<f32>() / 60.0;
    let folded = fitted.fold_in(&ratings, &items).unwrap();
    let squares = |error: &dyn Fn(usize) -> f32| (60..ITEMS).map(|item| error(item).powi(2)).sum::<f32>();
    let missed = squares(&|item| fitted.predict_for(&folded, items.row(item)) - rating(item));
    assert!(missed < 0.15 * squares(&|item| mean - rating(item)), "{missed}");
}

#[test]
fn who_has_rated_nothing_is_described_by_the_best_and_the_worst_and_others_as_they_were() {
    let (_, factors) = planted(0.0, 10);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let own = Ratings::from_ids(&[("u1".to_owned(), "i9".to_owned(), 4.0)], SCALE).unwrap();
    let own = own.for_catalog(&catalog()).unwrap().for_users(space.users().to_vec());
    let completed = space.completed(&own).unwrap();
    let by_user = completed.by_user();
    assert_eq!(by_user[1].iter().map(|rating| (rating.item, rating.value)).collect::<Vec<_>>(), [(9, 4.0)]);
    let of_first: Vec<f32> = by_user[0].iter().map(|rating| rating.value).collect();
    let mut all: Vec<f32> = (0..ITEMS).map(|item| predicted(&factors, 0, item)).collect();
    all.sort_by(f32::total_cmp);
    assert_eq!(of_first.len(), 20);
    let is_telling = |value: &f32| *value < all[9] + 1e-4 || *value > all[ITEMS - 10] - 1e-4;
    assert!(of_first.iter().all(is_telling), "{of_first:?}");
}

fn refused(change: impl FnOnce(&mut FactorsById)) -> Error {
    let (_, mut factors) = planted(0.0, 11);
    change(&mut factors);
    GivenSpace::new(&factors, &catalog()).unwrap_err()
}

#[test]
fn vectors_that_cannot_be_used_are_refused_by_the_id_of_the_first() {
    let told = |error: Error| (error.code(), error.to_string());
    let says = |error: Error, id: &str, words: &str| {
        let (code, message) = told(error);
        assert_eq!(code, "data.vector", "{message}");
        assert!(message.contains(id) && message.contains(words), "{message}");
    };
    says(refused(|f| f.items[4].vector.push(1.0)), "item \"i4\"", "4 dimensions, and the first item's has 3");
    says(refused(|f| f.users[2].vector.truncate(1)), "user \"u2\"", "1 dimensions");
    says(refused(|f| f.users[2].vector[1] = f32::NAN), "user \"u2\"", "finite");
    says(refused(|f| f.items[8].vector[0] = f32::INFINITY), "item \"i8\"", "finite");
    says(refused(|f| f.items[8].bias = 1e30), "item \"i8\"", "a million");
    says(refused(|f| f.items[1].id = "i0".to_owned()), "item \"i0\"", "two of it");
    says(refused(|f| f.users[1].id = "u0".to_owned()), "user \"u0\"", "two of it");
    says(refused(|f| f.users[1].id.clear()), "user \"\"", "no id");
    says(refused(|f| f.items[0].vector.clear()), "item \"i0\"", "empty");
    says(refused(|f| f.items.iter_mut().for_each(|item| item.vector = vec![0.0; 513])), "item \"i0\"", "512");
}

#[test]
fn a_space_that_is_no_space_is_refused_with_what_is_missing() {
    assert_eq!(refused(|f| f.items.clear()).code(), "data.empty");
    assert_eq!(refused(|f| f.users.clear()).code(), "data.empty");
    assert_eq!(refused(|f| f.mean = f32::NAN).code(), "numeric.not_finite");
    let few = refused(|f| f.items.truncate(3));
    assert_eq!(few, DataError::FewVectors { found: 3, needed: 4, dimensions: 3 }.into());
    let strangers = refused(|f| f.items.iter_mut().for_each(|item| item.id.push('x')));
    assert_eq!(strangers.code(), "data.few_vectors");
}

#[test]
fn vectors_that_predict_no_ratings_on_the_scale_ask_for_theirs() {
    let (fields, factors) = planted(0.0, 12);
    let space = GivenSpace::new(&factors, &catalog()).unwrap();
    let stars = Ratings::none(nobodys().items().to_vec(), (4.0, 5.0)).unwrap().for_users(space.users().to_vec());
    let error = fit_given(&space, &stars, &fields, &settings()).unwrap_err();
    assert_eq!(error.code(), "data.off_scale");
    assert!(error.to_string().contains("give the scale"), "{error}");
}

proptest! {
    #[test]
    fn whatever_is_given_is_fitted_or_refused(
        length in 0_usize..6,
        values in proptest::collection::vec(any::<f32>(), 200),
        mean in any::<f32>(),
    ) {
        let (fields, _) = planted(0.0, 13);
        let vectors = |name: &str, from: usize| (0..12).map(|index| VectorById {
            id: format!("{name}{index}"),
            bias: values[index],
            vector: values[from + index..][..length].to_vec(),
        }).collect::<Vec<_>>();
        let factors = FactorsById { mean, users: vectors("u", 20), items: vectors("i", 90), rmse: None };
        if let Ok(space) = GivenSpace::new(&factors, &catalog())
            && let Ok(fitted) = fit_given(&space, &nobodys().for_users(space.users().to_vec()), &fields, &settings())
        {
            prop_assert!(fitted.place(fields.row(0)).unwrap().latent.iter().all(|value| value.is_finite()));
        }
    }
}

// Sessions

fn films(count: usize) -> Dataset {
    let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    let few: Vec<&str> = jsonl.lines().take(count).collect();
    Dataset::embedded(few.join("\n").as_bytes(), 0).unwrap()
}

/// Items alone, as of someone who has vectors and no ratings.
fn unrated() -> Dataset {
    Dataset::unrated(films(24).catalog, (0.5, 5.0)).unwrap()
}

async fn nothing(_: Tell) -> Result<()> {
    Ok(())
}

fn prepared(dataset: Dataset, factors: Option<&FactorsById>, fit: Option<&[u8]>) -> (Session, bool) {
    static VECTORS: OnceLock<Vec<u8>> = OnceLock::new();
    let mut session = Session::new(support::encoder(), dataset, 0);
    if let Some(factors) = factors {
        session.use_factors(factors).unwrap();
    }
    let known = fit.is_some_and(|fit| session.use_fit(fit));
    pollster::block_on(session.prepare(VECTORS.get().map(Vec::as_slice), nothing)).unwrap();
    if let Some(bytes) = session.cache_bytes() {
        let _ = VECTORS.set(bytes);
    }
    (session, known)
}

/// Factors of the ratings of those films, as another session found them.
fn factors() -> &'static FactorsById {
    static FACTORS: OnceLock<FactorsById> = OnceLock::new();
    FACTORS.get_or_init(|| {
        let (other, _) = prepared(films(24), None, None);
        let options = FactorizeOptions { factors: 4, ridge: 1.0, ..Default::default() };
        pollster::block_on(other.factorize(&options, nothing)).unwrap()
    })
}

#[test]
fn factors_of_one_session_are_the_space_of_another_that_has_no_ratings() {
    let (mut session, _) = prepared(unrated(), Some(factors()), None);
    let (info, fit) = (session.info().unwrap(), session.fit_bytes().unwrap());
    assert_eq!(info.users.len(), factors().users.len());
    assert_eq!(session.agent().unwrap().items().dimensions(), 5);
    assert!(info.skill.held_out_ratings > 0 && known(info.skill.rmse_ratio).is_finite());
    let (user, item) = (info.users[0].id.clone(), info.users[0].low[0].clone());
    assert!(!session.gaps(&[&user], 2).unwrap().is_empty());
    let options =
        SteerOptions { user, item, policy: Method::Greedy, horizon: 2, candidates: 4, subset: 2, ..Default::default() };
    session.allow_simulator();
    let (trajectory, transcript) = pollster::block_on(session.steer(&options, nothing)).unwrap();
    assert_eq!(trajectory.steps.len(), 2);
    assert!(trajectory.last().utility.is_finite());
    let replayed = pollster::block_on(session.replay(&transcript, nothing)).unwrap();
    assert_eq!(replayed.last().latent, trajectory.last().latent);

    let rated: Vec<(String, f32)> =
        info.items[..3].iter().zip([5.0, 1.0, 1.0]).map(|(i, v)| (i.id.clone(), v)).collect();
    assert_eq!(session.fold_in("visitor", &rated).unwrap().ratings, 3);
    let saved = session.save().unwrap();
    let (mut second, known) = prepared(unrated(), Some(factors()), Some(&fit));
    assert!(known);
    second.load(&saved).unwrap();
    assert_eq!(second.utilities(&["visitor"]).unwrap(), session.utilities(&["visitor"]).unwrap());
}

#[test]
fn a_fit_belongs_to_the_space_it_was_fitted_to() {
    let key = |change: fn(&mut FactorsById)| {
        let mut factors = factors().clone();
        change(&mut factors);
        let mut session = Session::new(support::encoder(), unrated(), 0);
        session.use_factors(&factors).unwrap();
        session.fit_key().to_owned()
    };
    let plain = key(|_| ());
    assert_eq!(key(|_| ()), plain);
    assert_eq!(key(|factors| factors.rmse = None), plain);
    assert_ne!(key(|factors| factors.mean += 0.5), plain);
    assert_ne!(key(|factors| factors.users[3].bias += 0.5), plain);
    assert_ne!(key(|factors| factors.items[3].vector[0] += 0.5), plain);
    assert_ne!(key(|factors| factors.items.truncate(20)), plain);
    assert_ne!(Session::new(support::encoder(), unrated(), 0).fit_key(), plain);
}

#[test]
fn ratings_beside_the_vectors_stay_those_of_the_users_that_have_one() {
    let mut few = factors().clone();
    few.users.truncate(3);
    let dataset = films(24);
    let of_first = dataset.ratings.by_user()[dataset.ratings.user_index(&few.users[0].id).unwrap()].len();
    let (session, _) = prepared(dataset, Some(&few), None);
    let info = session.info().unwrap();
    let ids: Vec<&str> = info.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, few.users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>());
    assert_eq!(info.users[0].ratings, of_first);
    assert!(known(info.skill.noise) > 0.0);
}

#[test]
fn neither_ratings_nor_vectors_or_vectors_too_late_are_refused() {
    let mut session = Session::new(support::encoder(), unrated(), 0);
    assert_eq!(pollster::block_on(session.prepare(None, nothing)).unwrap_err().code(), "data.empty");
    let (mut late, _) = prepared(unrated(), Some(factors()), None);
    assert_eq!(late.use_factors(factors()).unwrap_err().code(), "numeric.bad_setting");
    let scale = |scale| Dataset::unrated(films(2).catalog, scale).unwrap_err().code();
    assert_eq!(scale((5.0, 1.0)), "numeric.bad_setting");
    assert_eq!(scale((f32::NAN, 1.0)), "numeric.bad_setting");
    assert_eq!(scale((-2.0, 0.0)), "numeric.bad_setting");
}
