//! Texts are placed so that ratings of unseen items are predicted, and the skill that is claimed is the skill there is.

use aquiline::alignment::{Alignment, AlignmentSettings, Fitting, Measured, Placement, Reason, Skill, fit};
use aquiline::latent::{Latents, dot};
use aquiline::ratings::{Rating, Ratings};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const USERS: usize = 60;
const ITEMS: usize = 150;
/// Width of one field's vectors; an item has two fields.
const WIDTH: usize = 4;

/// Roughly normal, of variance 1.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random_range(-0.5_f32..0.5)).sum()
}

fn field_vectors(random: &mut ChaCha8Rng) -> Latents {
    Latents::new(2 * WIDTH, (0..ITEMS * 2 * WIDTH).map(|_| 0.3 * normal(random)).collect()).unwrap()
}

/// Ratings that depend on the fields by way of two tastes, with scatter of items and of ratings.
fn planted() -> (Ratings, Latents) {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let fields = field_vectors(&mut random);
    let users: Vec<[f32; 2]> = (0..USERS).map(|_| [normal(&mut random), normal(&mut random)]).collect();
    let biases: Vec<f32> = (0..USERS).map(|_| 0.4 * normal(&mut random)).collect();
    let surprises: Vec<f32> = (0..ITEMS).map(|_| 0.3 * normal(&mut random)).collect();
    let mut entries = Vec::new();
    for (user, item) in pairs() {
        let row = fields.row(item);
        let taste = users[user][0] * (row[0] - row[5]) + users[user][1] * (row[4] + row[2]);
        let value = 3.0 + biases[user] + row[1] + taste + surprises[item] + 0.3 * normal(&mut random);
        entries.push(Rating { user: user as u32, item: item as u32, value });
    }
    (ratings(entries), fields)
}

/// The same ratings, and fields that have nothing to do with them.
fn unrelated(seed: u64) -> (Ratings, Latents) {
    (planted().0, field_vectors(&mut ChaCha8Rng::seed_from_u64(seed)))
}

/// Half of all pairs.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..USERS).flat_map(|user| (0..ITEMS).map(move |item| (user, item))).filter(|(user, item)| (user + item) % 2 == 0)
}

fn ratings(entries: Vec<Rating>) -> Ratings {
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    Ratings::new(names(USERS), names(ITEMS), entries, (-7.0, 13.0)).unwrap()
}

fn light() -> AlignmentSettings {
    AlignmentSettings {
        dimensions: 2,
        components: vec![WIDTH, WIDTH],
        weights: vec![1.0, 1.0],
        user_ridge: 2.0,
        map_ridge: 10.0,
        bias_ridge: 10.0,
        held_out: 0.2,
        ..Default::default()
    }
}

fn known(figure: Measured) -> f64 {
    figure.known().unwrap()
}

fn fitted((ratings, fields): &(Ratings, Latents)) -> Alignment {
    fit(ratings, fields, &light()).unwrap()
}

#[test]
fn ratings_of_unseen_items_are_predicted_where_texts_tell_them() {
    let skill = *fitted(&planted()).skill();
    assert!(known(skill.rmse_ratio) < 0.7, "{skill:?}");
    assert!(known(skill.rank_correlation) > 0.5, "{skill:?}");
    assert!((0.5..=0.9).contains(&known(skill.coverage)), "{skill:?}");
    assert_eq!(skill.held_out_ratings, ITEMS / 5 * USERS / 2);
}

#[test]
fn scatter_is_told_apart_into_items_and_single_ratings() {
    let skill = *fitted(&planted()).skill();
    assert!((0.2..0.45).contains(&known(skill.misplacement)), "planted 0.3: {skill:?}");
    assert!((0.25..0.45).contains(&known(skill.noise)), "planted 0.3: {skill:?}");
}

#[test]
fn scatter_of_single_ratings_is_not_taken_for_misplaced_items() {
    // Six ratings an item, each 3 but for scatter: their mean is off by a fifth, the item by nothing.
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let fields = field_vectors(&mut random);
    let few = (0..ITEMS).flat_map(|item| (0..6).map(move |n| ((7 * item + 11 * n) % USERS, item)));
    let entries =
        few.map(|(user, item)| Rating { user: user as u32, item: item as u32, value: 3.0 + 0.5 * normal(&mut random) });
    let settings = AlignmentSettings { map_ridge: 1e4, bias_ridge: 1e4, held_out: 0.5, ..light() };
    let skill = *fit(&ratings(entries.collect()), &fields, &settings).unwrap().skill();
    assert!(known(skill.misplacement) < 0.15, "{skill:?}");
    assert!((0.4..0.6).contains(&known(skill.noise)), "{skill:?}");
}

#[test]
fn no_skill_is_claimed_where_texts_tell_nothing() {
    // A few held-out items can agree with anything by chance, so this is a mean over worlds.
    let skills: Vec<Skill> = (100..120).map(|seed| *fitted(&unrelated(seed)).skill()).collect();
    let mean = |part: fn(&Skill) -> f64| skills.iter().map(part).sum::<f64>() / skills.len() as f64;
    let (ratio, correlation) = (mean(|skill| known(skill.rmse_ratio)), mean(|skill| known(skill.rank_correlation)));
    assert!((0.97..1.2).contains(&ratio), "{ratio}");
    assert!(correlation.abs() < 0.1, "{correlation}");
    let planted = fitted(&planted()).skill().misplacement;
    assert!(mean(|skill| known(skill.misplacement)) > known(planted), "not knowing misplaces no more than knowing");
}

#[test]
fn without_held_out_items_no_skill_is_claimed() {
    let (ratings, fields) = planted();
    for held_out in [0.0, 1.0, f64::NAN] {
        let alignment = fit(&ratings, &fields, &AlignmentSettings { held_out, ..light() }).unwrap();
        let skill = alignment.skill();
        let nothing = Measured::from(Reason::NothingHeldOut);
        assert_eq!([skill.rmse_ratio, skill.rank_correlation, skill.coverage, skill.misplacement], [nothing; 4]);
        assert_eq!((skill.held_out_ratings, skill.held_out_items), (0, 0));
        let placement = alignment.place(fields.row(0)).unwrap();
        assert_eq!(alignment.uncertainty(&placement), None, "what was not measured is no number");
    }
}

#[test]
fn a_users_predictions_are_an_inner_product_of_rating_size() {
    let world = planted();
    let alignment = fitted(&world);
    assert_eq!(alignment.dimensions(), 3);
    let places = alignment.place_all(&world.1).unwrap();
    for rating in world.0.entries().iter().take(500) {
        let (offset, vector) = alignment.user(rating.user as usize);
        let place = places.row(rating.item as usize);
        assert_eq!(vector[2], 1.0, "the last coordinate is the item's bias");
        assert_eq!(alignment.predict(rating.user as usize, place), offset + dot(vector, place));
        let error = alignment.predict(rating.user as usize, place) - rating.value;
        assert!(error.abs() < 2.5, "off by {error}");
    }
}

#[test]
fn one_text_is_placed_like_many() {
    let (ratings, fields) = planted();
    let alignment = fitted(&(ratings, fields.clone()));
    let places = alignment.place_all(&fields).unwrap();
    assert_eq!((places.len(), places.dimensions()), (ITEMS, 3));
    assert_eq!(alignment.place(fields.row(17)).unwrap().latent, places.row(17));
}

#[test]
fn folding_in_the_ratings_of_a_fitted_user_gives_that_user() {
    let (ratings, fields) = planted();
    let alignment = fitted(&(ratings.clone(), fields.clone()));
    let places = alignment.place_all(&fields).unwrap();
    for user in [0, 7, USERS - 1] {
        let known: Vec<(usize, f32)> = ratings.by_user()[user].iter().map(|r| (r.item as usize, r.value)).collect();
        let folded = alignment.fold_in(&known, &places).unwrap();
        let (offset, vector) = alignment.user(user);
        assert!((ratings.mean() + folded.bias - offset).abs() < 1e-3, "{folded:?} is not {offset}, {vector:?}");
        assert!(folded.vector.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-3), "{folded:?} is not {vector:?}");
    }
}

#[test]
fn a_new_user_without_ratings_is_average() {
    let world = planted();
    let alignment = fitted(&world);
    let folded = alignment.fold_in(&[], &alignment.place_all(&world.1).unwrap()).unwrap();
    assert_eq!((folded.bias, folded.vector), (0.0, vec![0.0, 0.0, 1.0]));
}

#[test]
fn folding_in_an_unknown_item_or_no_number_is_refused() {
    let world = planted();
    let alignment = fitted(&world);
    let places = alignment.place_all(&world.1).unwrap();
    assert_eq!(alignment.fold_in(&[(ITEMS, 3.0)], &places).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(alignment.fold_in(&[(0, f32::INFINITY)], &places).unwrap_err().code(), "numeric.not_finite");
    assert_eq!(alignment.fold_in(&[(0, 3.0)], &Latents::zeros(ITEMS, 9)).unwrap_err().code(), "numeric.wrong_size");
}

#[test]
fn uncertainty_grows_with_unusualness() {
    let world = planted();
    let alignment = fitted(&world);
    let centre = world.1.centroid();
    let away = |by: f32| {
        let text: Vec<f32> =
            world.1.row(0).iter().zip(&centre).map(|(value, centre)| centre + by * (value - centre)).collect();
        let placement = alignment.place(&text).unwrap();
        (placement.unusualness, alignment.uncertainty(&placement).unwrap())
    };
    let places: Vec<(f32, f32)> = [0.0, 1.0, 3.0, 10.0].map(away).to_vec();
    assert!(places.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{places:?}");
    assert!(places[0].1 > 0.0, "even the most usual text is uncertain");
}

#[test]
fn a_typical_text_is_as_uncertain_as_items_are_misplaced() {
    let world = planted();
    let alignment = fitted(&world);
    let placements: Vec<_> = world.1.rows().map(|row| alignment.place(row).unwrap()).collect();
    let unusualness = placements.iter().map(|placement| placement.unusualness).sum::<f32>() / ITEMS as f32;
    assert!((unusualness - 1.0).abs() < 1e-3, "{unusualness}");
    let typical = Placement { unusualness: 1.0, ..placements[0].clone() };
    assert_eq!(alignment.uncertainty(&typical), Some(known(alignment.skill().misplacement) as f32));
}

#[test]
fn equal_seeds_give_equal_bits_and_other_seeds_other_maps() {
    let (ratings, fields) = planted();
    let seeded = |seed| fit(&ratings, &fields, &AlignmentSettings { seed, ..light() }).unwrap();
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1).place(fields.row(0)).unwrap(), seeded(2).place(fields.row(0)).unwrap());
}

#[test]
fn a_fit_by_sweeps_reports_its_progress_and_ends_like_one_in_one_go() {
    let (ratings, fields) = planted();
    let settings = AlignmentSettings { sweeps: 3, trials: 0, ..light() };
    let mut fitting = Fitting::start(&ratings, &fields, &settings).unwrap();
    let mut seen = vec![fitting.progress()];
    while !fitting.is_done() {
        fitting.sweep().unwrap();
        seen.push(fitting.progress());
    }
    assert_eq!(seen, [(0, 6), (1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]);
    assert_eq!(fitting.finish(), fit(&ratings, &fields, &settings).unwrap());
}

#[test]
fn ridges_that_are_wrong_are_left_for_better_ones() {
    let (ratings, fields) = planted();
    let skill = |map_ridge, bias_ridge, trials| {
        let settings = AlignmentSettings { map_ridge, bias_ridge, trials, ..light() };
        known(fit(&ratings, &fields, &settings).unwrap().skill().rmse_ratio)
    };
    let (right, strong, eased) = (skill(10.0, 10.0, 0), skill(1e5, 10.0, 0), skill(1e5, 10.0, 5));
    assert!(eased < strong - 0.05, "{strong} eased to {eased}, {right} is possible");
    assert!(skill(10.0, 10.0, 5) <= right, "trials never end with worse than the first");
    let (weak, firmed) = (skill(10.0, 1e-3, 0), skill(10.0, 1e-3, 9));
    assert!(firmed < weak, "{weak} firmed to {firmed}");
}

#[test]
fn trials_end_early_where_texts_tell_nothing_and_progress_never_goes_back() {
    let (ratings, _) = planted();
    let strangers = field_vectors(&mut ChaCha8Rng::seed_from_u64(99));
    let settings = AlignmentSettings { map_ridge: 1000.0, trials: 4, ..light() };
    let mut fitting = Fitting::start(&ratings, &strangers, &settings).unwrap();
    let (mut sweeps, mut last) = (0, fitting.progress());
    while !fitting.is_done() {
        fitting.sweep().unwrap();
        let now = fitting.progress();
        assert!(now.0 > last.0 && now.1 == last.1, "{last:?} then {now:?}");
        (sweeps, last) = (sweeps + 1, now);
    }
    assert_eq!(last, (8 + 8 * 3 + 8, 8 + 8 * 3 + 8));
    assert!(sweeps < last.1, "not every ridge was tried");
}

#[test]
fn of_a_small_catalog_more_is_held_out_to_choose_a_ridge() {
    let held_out = |items| AlignmentSettings::for_items(items, 0).held_out;
    assert_eq!([held_out(0), held_out(20), held_out(100_000)], [0.25, 0.25, 0.1]);
    assert!((held_out(200) - 0.2).abs() < 1e-9);
}

#[test]
fn more_components_than_the_vectors_have_are_not_invented() {
    let (ratings, fields) = planted();
    let many = AlignmentSettings { components: vec![100, 100], ..light() };
    assert_eq!(fit(&ratings, &fields, &many).unwrap(), fit(&ratings, &fields, &light()).unwrap());
}

#[test]
fn rows_of_the_wrong_size_are_refused() {
    let (ratings, fields) = planted();
    let fewer = Latents::zeros(ITEMS - 1, 2 * WIDTH);
    assert_eq!(fit(&ratings, &fewer, &light()).unwrap_err().code(), "numeric.wrong_size");
    let alignment = fitted(&(ratings, fields));
    for width in [0, 2 * WIDTH - 1, 2 * WIDTH + 1] {
        assert_eq!(alignment.place(&vec![0.0; width]).unwrap_err().code(), "numeric.wrong_size");
    }
    assert_eq!(alignment.place_all(&Latents::zeros(2, WIDTH)).unwrap_err().code(), "numeric.wrong_size");
}

#[test]
fn settings_without_meaning_are_refused() {
    let (ratings, fields) = planted();
    for settings in [
        AlignmentSettings { dimensions: 0, ..light() },
        AlignmentSettings { components: Vec::new(), weights: Vec::new(), ..light() },
        AlignmentSettings { weights: vec![1.0], ..light() },
        AlignmentSettings { weights: vec![1.0, f32::NAN], ..light() },
        AlignmentSettings { weights: vec![f32::INFINITY, 1.0], ..light() },
        AlignmentSettings { components: vec![2, 2, 2], weights: vec![1.0; 3], ..light() },
        AlignmentSettings { user_ridge: 0.0, ..light() },
        AlignmentSettings { map_ridge: -1.0, ..light() },
        AlignmentSettings { bias_ridge: f64::NAN, ..light() },
        AlignmentSettings { user_ridge: f64::INFINITY, ..light() },
        AlignmentSettings { map_ridge: f64::INFINITY, ..light() },
    ] {
        assert_eq!(fit(&ratings, &fields, &settings).unwrap_err().code(), "numeric.bad_setting", "{settings:?}");
    }
}
