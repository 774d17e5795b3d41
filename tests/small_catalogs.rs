//! Catalogs as people first try them, a few items and a handful of ratings, get finite numbers and no claim that was not
//! measured.

use aquiline::agent::Agent;
use aquiline::alignment::{AlignmentSettings, Level, Measured, Reason, Skill, fit};
use aquiline::catalog::{Catalog, Item};
use aquiline::gap::{GapSettings, find};
use aquiline::latent::Latents;
use aquiline::objective::State;
use aquiline::ratings::{Rating, Ratings};
use proptest::prelude::*;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Components of a sentence vector: few, so that hundreds of catalogs are fitted in seconds.
const WIDTH: usize = 24;

/// A catalog that somebody might try first.
#[derive(Debug, Clone)]
struct Drawn {
    items: usize,
    /// Different texts, at most one for each item.
    texts: usize,
    /// Different lists of genres.
    genre_sets: usize,
    users: usize,
    /// Ratings of each user.
    each: usize,
    scale: (f32, f32),
    taste: Taste,
    seed: u64,
}

/// What ratings follow.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Taste {
    /// Always the same number.
    Constant,
    /// One of two numbers.
    Likes,
    /// The text, and chance.
    Text,
    /// Chance alone.
    Chance,
}

/// A fitted world and what was drawn.
struct World {
    agent: Agent,
    spread: f32,
    scale: (f32, f32),
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let scales = [(0.5, 5.0), (1.0, 10.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 100.0), (1.0, 5.0), (-10.0, 0.1)];
    let scale = prop::sample::select(scales.to_vec());
    let taste = prop::sample::select(vec![Taste::Constant, Taste::Likes, Taste::Text, Taste::Chance]);
    let sizes = (3..200_usize, 1..200_usize, 1..=20_usize, 1..=50_usize, 1..30_usize);
    (sizes, scale, taste, any::<u64>()).prop_map(|((items, texts, genre_sets, users, each), scale, taste, seed)| {
        Drawn { items, texts: texts.min(items), genre_sets, users, each, scale, taste, seed }
    })
}

fn sentence(random: &mut impl Rng) -> Vec<f32> {
    let vector: Vec<f32> = (0..WIDTH).map(|_| random.random_range(-1.0..1.0_f32)).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / length).collect()
}

fn item(number: usize) -> Item {
    Item {
        id: format!("i{number}"),
        title: format!("Item {number}"),
        year: None,
        genres: Vec::new(),
        plot: "A text.".to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}

fn ratings_of(drawn: &Drawn, texts: &[Vec<f32>], random: &mut ChaCha8Rng) -> Ratings {
    let (lowest, highest) = drawn.scale;
    let at = |share: f32| (lowest + share * (highest - lowest)).clamp(lowest, highest);
    let mut entries = Vec::new();
    for user in 0..drawn.users {
        for _ in 0..drawn.each {
            let item = random.random_range(0..drawn.items);
            let value = match drawn.taste {
                Taste::Constant => at(0.75),
                Taste::Likes => at(if random.random_bool(0.5) { 1.0 } else { 0.0 }),
                Taste::Text => at(0.5 + texts[item % drawn.texts][0] + random.random_range(-0.1..0.1)),
                Taste::Chance => at(random.random_range(0.0..1.0)),
            };
            entries.push(Rating { user: user as u32, item: item as u32, value });
        }
    }
    let names = |prefix: &str, count| (0..count).map(|n| format!("{prefix}{n}")).collect();
    Ratings::new(names("u", drawn.users), names("i", drawn.items), entries, drawn.scale).unwrap()
}

fn world(drawn: &Drawn) -> World {
    let mut random = ChaCha8Rng::seed_from_u64(drawn.seed);
    let texts: Vec<Vec<f32>> = (0..drawn.texts).map(|_| sentence(&mut random)).collect();
    let genres: Vec<Vec<f32>> = (0..drawn.genre_sets).map(|_| sentence(&mut random)).collect();
    let rows =
        (0..drawn.items).map(|n| [texts[n % drawn.texts].clone(), genres[n % drawn.genre_sets].clone()].concat());
    let fields = Latents::from_rows(2 * WIDTH, rows);
    let ratings = ratings_of(drawn, &texts, &mut random);
    let settings = AlignmentSettings { sweeps: 4, ..AlignmentSettings::for_items(drawn.items, drawn.seed) };
    let alignment = fit(&ratings, &fields, &settings).unwrap();
    let mean = ratings.mean();
    let squares = ratings.entries().iter().map(|rating| f64::from(rating.value - mean).powi(2)).sum::<f64>();
    let spread = (squares / ratings.len() as f64).sqrt() as f32;
    let catalog = Catalog::new((0..drawn.items).map(item).collect::<Vec<_>>()).unwrap();
    World { agent: Agent::new(catalog, ratings, &fields, alignment).unwrap(), spread, scale: drawn.scale }
}

/// States of the catalog's items, of texts like none of them, and of no text at all.
fn states(world: &World, user: &str, seed: u64) -> Vec<State> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let objective = world.agent.objective(&[user]).unwrap();
    let mut vectors: Vec<Vec<f32>> = (0..20).map(|_| sentence(&mut random)).collect();
    vectors.extend([vec![0.0; WIDTH], vec![0.0; WIDTH]]);
    let items = (0..vectors.len() / 2).map(item).collect();
    objective.states(items, &Latents::from_rows(WIDTH, vectors)).unwrap()
}

fn figures(skill: &Skill) -> [Measured; 5] {
    [skill.rmse_ratio, skill.rank_correlation, skill.coverage, skill.misplacement, skill.noise]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_number_of_a_small_catalog_is_finite_and_within_what_its_ratings_can_give(drawn in drawn()) {
        let world = world(&drawn);
        let top = world.scale.1;
        let skill = *world.agent.alignment().skill();
        for figure in figures(&skill) {
            prop_assert!(figure.known().is_none_or(f64::is_finite), "{skill:?}");
        }
        let user = world.agent.ratings().users()[0].clone();
        let objective = world.agent.objective(&[&user]).unwrap();
        let novelty = objective.utility.novelty(&vec![1e9; world.agent.items().dimensions()]);
        let affinities: Vec<f32> = world.agent.items().rows().map(|row| objective.utility.affinity(row)).collect();
        let among_items = affinities.iter().fold(f32::MIN, |a, &b| a.max(b)) - affinities.iter().fold(f32::MAX, |a, &b| a.min(b));
        prop_assert!(novelty <= 4.0 * among_items + 1e-6, "novelty {novelty} where ratings differ by {among_items}");
        for state in states(&world, &user, drawn.seed) {
            let State { utility, affinity, novelty, uncertainty, .. } = state;
            prop_assert!([utility, affinity, novelty].iter().all(|value| value.is_finite()));
            prop_assert!((world.scale.0 / top - 1e-6..=1.0 + 1e-6).contains(&affinity), "{affinity}");
            if let Some(uncertainty) = uncertainty {
                prop_assert!(uncertainty > 0.0 && uncertainty <= 3.0 * world.spread / top, "± {uncertainty} of {}", world.spread / top);
            }
        }
        for gap in find(&objective.utility, world.agent.items(), &GapSettings::default()).unwrap() {
            prop_assert!(gap.utility.is_finite() && gap.distance.is_finite(), "{gap:?}");
        }
    }

    #[test]
    fn what_a_small_catalog_did_not_measure_is_unknown(drawn in drawn()) {
        let world = world(&drawn);
        let skill = *world.agent.alignment().skill();
        let verdict = skill.verdict();
        let is_measured = |figure: Measured| figure.known().is_some();
        if skill.held_out_ratings == 0 || skill.spread == 0.0 {
            prop_assert!(!figures(&skill).into_iter().any(is_measured), "{skill:?}");
        }
        prop_assert!(!is_measured(skill.rmse_ratio) || skill.held_out_ratings >= 10 && skill.held_out_items >= 3);
        prop_assert!(!is_measured(skill.misplacement) || skill.misplacement.known() > Some(0.0), "{skill:?}");
        prop_assert_eq!(verdict.level == Level::Unknown, !is_measured(skill.rmse_ratio));
        if drawn.taste == Taste::Constant {
            prop_assert_eq!(figures(&skill), [Measured::from(Reason::EqualRatings); 5]);
            prop_assert!(verdict.text.contains("all ratings are equal"), "{}", verdict.text);
            prop_assert!(states(&world, "u0", 1).iter().all(|state| state.uncertainty.is_none()));
        }
        let json = serde_json::to_string(&skill).unwrap();
        prop_assert!(!json.contains("null"), "{json}");
        prop_assert_eq!(serde_json::from_str::<Skill>(&json).unwrap(), skill);
    }
}

#[test]
fn fewer_ratings_leave_more_uncertainty() {
    let plenty = Drawn {
        items: 120,
        texts: 120,
        genre_sets: 5,
        users: 30,
        each: 30,
        scale: (1.0, 5.0),
        taste: Taste::Text,
        seed: 3,
    };
    let share = |drawn: &Drawn| {
        let skill = *world(drawn).agent.alignment().skill();
        skill.misplacement.known().unwrap() / f64::from(skill.spread)
    };
    let few = Drawn { items: 6, texts: 6, users: 2, each: 4, ..plenty.clone() };
    assert!(share(&few) > 1.3 * share(&plenty), "{} with few, {} with plenty", share(&few), share(&plenty));
}

#[test]
fn the_stated_uncertainty_covers_what_small_catalogs_did_not_see() {
    // Items that are never rated: how far is the level that the text would have, and how far was it said to be?
    let (mut within, mut all) = (0, 0);
    for seed in 0..60 {
        let items = 8 + (seed as usize * 7) % 60;
        let drawn = Drawn {
            items,
            texts: items,
            genre_sets: 1 + seed as usize % 4,
            users: 1 + seed as usize % 12,
            each: 25,
            scale: (0.0, 1.0),
            taste: Taste::Text,
            seed,
        };
        let world = world(&drawn);
        let mut random = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let vectors: Vec<Vec<f32>> = (0..40).map(|_| sentence(&mut random)).collect();
        let levels: Vec<f32> = vectors.iter().step_by(2).map(|text| (0.5 + text[0]).clamp(0.0, 1.0)).collect();
        let objective = world.agent.objective(&["u0"]).unwrap();
        let new = objective.states((0..20).map(item).collect(), &Latents::from_rows(WIDTH, vectors)).unwrap();
        for (state, level) in new.iter().zip(levels) {
            all += 1;
            within += usize::from((state.affinity - level).abs() <= state.uncertainty.unwrap());
        }
    }
    let covered = f64::from(within as u32) / f64::from(all as u32);
    println!("{covered:.3} of {all} within one deviation");
    assert!((0.55..0.9).contains(&covered), "{covered}");
}
