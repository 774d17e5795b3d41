//! A judge is fitted to ratings that the reward never sees, and says what they say.

use aquiline::alignment::AlignmentSettings;
use aquiline::judge::Judge;
use aquiline::latent::Latents;
use aquiline::ratings::{Rating, Ratings};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const USERS: usize = 60;
const ITEMS: usize = 80;
/// Two fields of two components.
const WIDTH: usize = 4;

fn fields() -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    Latents::new(WIDTH, (0..ITEMS * WIDTH).map(|_| random.random_range(-0.5_f32..0.5)).collect()).unwrap()
}

/// Half of the users love the first component, the others hate it; `seed` moves single ratings.
fn ratings(seed: u64) -> Ratings {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let fields = fields();
    let mut entries = Vec::new();
    for user in 0..USERS {
        for item in (user % 2..ITEMS).step_by(2) {
            let taste = if user % 4 < 2 { 4.0 } else { -4.0 };
            let value = 3.0 + taste * fields.row(item)[0] + random.random_range(-0.3..0.3);
            entries.push(Rating { user: user as u32, item: item as u32, value });
        }
    }
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    Ratings::new(names(USERS), names(ITEMS), entries, (0.0, 6.0)).unwrap()
}

fn settings() -> AlignmentSettings {
    AlignmentSettings {
        dimensions: 2,
        components: vec![2, 2],
        weights: vec![1.0, 1.0],
        user_ridge: 1.0,
        map_ridge: 1.0,
        bias_ridge: 1.0,
        seed: 9,
        ..Default::default()
    }
}

fn pairs(ratings: &Ratings) -> Vec<(u32, u32)> {
    ratings.entries().iter().map(|rating| (rating.user, rating.item)).collect()
}

#[test]
fn a_judge_orders_ratings_that_it_never_saw() {
    let division = ratings(0).divide(0.5, 0.25, 3);
    let judge = Judge::fit(&division, &fields(), &settings()).unwrap();
    let accuracy = judge.accuracy(&division.reward);
    assert_eq!(accuracy.len(), USERS / 2, "one for everyone who is steered");
    let mean = accuracy.iter().sum::<f64>() / accuracy.len() as f64;
    assert!(mean > 0.8, "{mean}");
    assert!(judge.skill().rmse_ratio.known() < Some(1.0));
}

#[test]
fn the_reward_s_ratings_do_not_change_the_judge() {
    let whole = ratings(0);
    let division = whole.divide(0.5, 0.25, 3);
    let mut changed = division.clone();
    changed.reward = ratings(5).divide(0.5, 0.25, 3).reward;
    assert_ne!(changed.reward, division.reward);
    let rate = |division| {
        let judge = Judge::fit(division, &fields(), &settings()).unwrap();
        (0..USERS).map(|user| judge.rating(user, fields().row(7)).unwrap().to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(rate(&division), rate(&changed));
}

#[test]
fn lovers_and_haters_are_told_apart() {
    let division = ratings(0).divide(0.5, 0.25, 3);
    let judge = Judge::fit(&division, &fields(), &settings()).unwrap();
    let steered: Vec<usize> = (0..USERS).filter(|&user| !division.reward.by_user()[user].is_empty()).collect();
    for user in steered {
        let gain =
            judge.rating(user, &[0.5, 0.0, 0.0, 0.0]).unwrap() - judge.rating(user, &[-0.5, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(gain > 0.0, user % 4 < 2, "user {user} gains {gain}");
    }
}

#[test]
fn a_member_of_the_jury_is_judged_as_the_average_user() {
    let division = ratings(0).divide(0.5, 0.25, 3);
    let judge = Judge::fit(&division, &fields(), &settings()).unwrap();
    let jurors: Vec<usize> = (0..USERS).filter(|&user| !division.jury.by_user()[user].is_empty()).collect();
    let say = |user: usize| judge.rating(user, fields().row(0)).unwrap();
    assert!(jurors.iter().all(|&juror| say(juror) == say(jurors[0])));
}

#[test]
fn requests_without_meaning_are_typed_errors() {
    let whole = ratings(0);
    let nobody = whole.divide(0.0, 0.25, 3);
    assert_eq!(Judge::fit(&nobody, &fields(), &settings()).unwrap_err().code(), "data.empty");
    let judge = Judge::fit(&whole.divide(0.5, 0.25, 3), &fields(), &settings()).unwrap();
    assert_eq!(judge.rating(USERS, fields().row(0)).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(judge.rating(0, &[0.0]).unwrap_err().code(), "numeric.wrong_size");
}

proptest! {
    #[test]
    fn the_three_parts_are_disjoint_and_complete(users in -0.5_f64..1.5, share in -0.5_f64..1.5, seed: u64) {
        let whole = ratings(0);
        let division = whole.divide(users, share, seed);
        let mut all: Vec<(u32, u32)> =
            [&division.reward, &division.jury, &division.withheld].into_iter().flat_map(pairs).collect();
        all.sort_unstable();
        prop_assert_eq!(all, pairs(&whole));
        for user in 0..USERS {
            let in_jury = !division.jury.by_user()[user].is_empty();
            let steered = !(division.reward.by_user()[user].is_empty() && division.withheld.by_user()[user].is_empty());
            prop_assert!(in_jury != steered, "a user is either asked or steered");
        }
    }
}
