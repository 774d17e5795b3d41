//! Over many users the report tells one place for all from a place for each, and a move toward what is known from one away.

mod toy_world;

use aquiline::action::{Action, Category};
use aquiline::diversity::{DiversityReport, SteeredUser};
use aquiline::eval::Interval;
use aquiline::latent::Latents;
use aquiline::objective::State;
use aquiline::rollout::{Choice, Ended, Outcome, Step, Trajectory};
use aquiline::safeguard::Verdict;
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use toy_world::{action, item};

fn state(latent: &[f32], utility: f32) -> State {
    let latent = latent.to_vec();
    State {
        item: item("A plot."),
        latent,
        utility,
        uncertainty: Some(0.1),
        affinity: utility,
        novelty: 0.0,
        identity: 1.0,
    }
}

/// One step from a place to a better one.
fn steered(from: &[f32], to: &[f32], by: Action) -> Trajectory {
    let step = Step {
        choice: Choice { index: 0, log_probability: 0.0, design: None },
        candidates: vec![by.clone()],
        action: by,
        candidate_utilities: Vec::new(),
        state: state(to, 0.9),
    };
    Trajectory {
        anchor: state(from, 0.5),
        steps: vec![step],
        environment_calls: 1,
        failed_rewrites: 0,
        verdict: None,
        counts: Outcome::Last,
        ended: Ended::Horizon,
    }
}

/// The report over trajectories of users who all liked the same places.
fn report(trajectories: &[Trajectory], liked: &Latents) -> DiversityReport {
    let users: Vec<SteeredUser<'_>> = trajectories.iter().map(|trajectory| SteeredUser { trajectory, liked }).collect();
    DiversityReport::of(&users, 3).unwrap()
}

fn nothing() -> Latents {
    Latents::zeros(0, 2)
}

/// Users all over the plane, and where each is led.
fn crowd(to: impl Fn([f32; 2]) -> [f32; 2]) -> Vec<Trajectory> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut place = || [random.random_range(-1.0..1.0), random.random_range(-1.0..1.0)];
    (0..40).map(|_| place()).map(|from| steered(&from, &to(from), action("sun"))).collect()
}

#[test]
fn distances_are_means_over_pairs_of_users() {
    let places = [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]];
    let trajectories = places.map(|from| steered(&from, &from.map(|x| x / 2.0), action("sun")));
    let report = report(&trajectories, &nothing());
    assert!((report.spread_of_anchors.mean - 4.0).abs() < 1e-6, "(3 + 4 + 5) / 3");
    assert!((report.spread_of_outcomes.mean - 2.0).abs() < 1e-6);
    assert!((report.spread_ratio.unwrap().mean - 0.5).abs() < 1e-6);
}

#[test]
fn one_place_for_all_is_homogenisation() {
    let together = report(&crowd(|[x, y]| [0.3 * x, 0.3 * y]), &nothing()).spread_ratio.unwrap();
    assert!((together.mean - 0.3).abs() < 1e-5 && together.high < 0.31 && together.low > 0.29, "{together}");
    let apart = report(&crowd(|[x, y]| [2.0 * x, 2.0 * y]), &nothing()).spread_ratio.unwrap();
    assert!(apart.low > 1.9, "{apart}");
    let shifted = report(&crowd(|[x, y]| [x + 5.0, y]), &nothing()).spread_ratio.unwrap();
    assert!((shifted.mean - 1.0).abs() < 1e-5, "all moved alike: as far apart as before");
    let one_point = report(&crowd(|_| [1.0, 1.0]), &nothing());
    assert_eq!((one_point.spread_of_outcomes.mean, one_point.spread_ratio.unwrap().mean), (0.0, 0.0));
}

#[test]
fn anchors_that_coincide_have_no_spread_to_lose() {
    let trajectories = [[1.0, 0.0], [0.0, 1.0]].map(|to| steered(&[0.0, 0.0], &to, action("sun")));
    let report = report(&trajectories, &nothing());
    assert_eq!((report.spread_of_anchors.mean, report.spread_ratio), (0.0, None));
    assert!(report.spread_of_outcomes.mean > 1.0);
}

/// The interval is over users, of whom each takes part in many pairs: it must cover as often as it says.
#[test]
fn the_interval_of_a_spread_covers_the_truth() {
    // Two points drawn from a unit square are 0.5214 apart in the mean (Robbins' constant for the square).
    let truth = 0.521_405_4;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut covers = || {
        let mut place = || [random.random_range(0.0..1.0), random.random_range(0.0..1.0)];
        let trajectories: Vec<Trajectory> = (0..30).map(|_| steered(&place(), &[0.0, 0.0], action("sun"))).collect();
        let Interval { low, high, .. } = report(&trajectories, &nothing()).spread_of_anchors;
        low <= truth && truth <= high
    };
    let covered = (0..200).filter(|_| covers()).count();
    assert!((176..=199).contains(&covered), "{covered} of 200");
}

#[test]
fn a_move_toward_what_is_known_is_below_zero() {
    let liked = Latents::new(2, vec![9.0, 1.0, 11.0, -1.0]).unwrap();
    let toward = report(&crowd(|[x, y]| [x + 1.0, y]), &liked).approach_to_liked.unwrap();
    assert!(toward.high < 0.0 && (toward.mean + 1.0).abs() < 0.02, "{toward}");
    let away = report(&crowd(|[x, y]| [x - 1.0, y]), &liked).approach_to_liked.unwrap();
    assert!(away.low > 0.0, "{away}");
}

#[test]
fn users_who_like_nothing_are_in_no_echo_chamber() {
    assert_eq!(report(&crowd(|place| place), &nothing()).approach_to_liked, None);
    let trajectories = crowd(|[x, y]| [x + 1.0, y]);
    let (liked, nothing) = (Latents::new(2, vec![10.0, 0.0]).unwrap(), nothing());
    let users: Vec<SteeredUser<'_>> = (0..)
        .zip(&trajectories)
        .map(|(number, trajectory)| SteeredUser { trajectory, liked: if number == 0 { &liked } else { &nothing } })
        .collect();
    let only_one = DiversityReport::of(&users, 0).unwrap().approach_to_liked.unwrap();
    assert_eq!(only_one.low, only_one.high);
}

#[test]
fn a_kept_anchor_is_the_outcome() {
    let mut trajectories = crowd(|_| [0.0, 0.0]);
    for trajectory in &mut trajectories {
        trajectory.verdict = Some(Verdict::refuse("No."));
    }
    let report = report(&trajectories, &Latents::zeros(1, 2));
    assert_eq!(report.spread_of_outcomes, report.spread_of_anchors);
    assert_eq!(report.approach_to_liked.unwrap().mean, 0.0);
}

#[test]
fn actions_are_counted_over_all_users() {
    let categories = [Category::Plot, Category::Plot, Category::Visual, Category::Theme];
    let texts = ["Add a dog.", " Add a dog.", "Add rain.", "Add hope."];
    let of =
        |(category, text): (Category, &str)| steered(&[0.0, 0.0], &[1.0, 0.0], Action { category, ..action(text) });
    let trajectories: Vec<Trajectory> = categories.into_iter().zip(texts).map(of).collect();
    let report = report(&trajectories, &nothing());
    assert_eq!(report.distinct_actions, Some(0.75));
    assert!((report.category_entropy - 1.5).abs() < 1e-12, "½·1 + 2·¼·2 bits");
}

#[test]
fn entropy_runs_from_one_category_to_all_alike() {
    let by = |category: Category| steered(&[0.0, 0.0], &[1.0, 0.0], Action { category, ..action("Add a dog.") });
    let all = Category::ALL.map(by);
    assert!((report(&all, &nothing()).category_entropy - 5.0_f64.log2()).abs() < 1e-12);
    assert_eq!(report(&[by(Category::Plot), by(Category::Plot)], &nothing()).category_entropy, 0.0);
    let unmoved = all.map(|trajectory| Trajectory { steps: Vec::new(), ..trajectory });
    let report = report(&unmoved, &nothing());
    assert_eq!((report.distinct_actions, report.category_entropy), (None, 0.0));
}

#[test]
fn fewer_than_two_users_or_places_that_do_not_fit_are_refused() {
    let fits = steered(&[0.0, 0.0], &[1.0, 0.0], action("sun"));
    let code = |trajectory: &Trajectory, liked: &Latents| {
        let users = [SteeredUser { trajectory: &fits, liked }, SteeredUser { trajectory, liked }];
        DiversityReport::of(&users, 0).map_err(|error| error.code()).err()
    };
    assert_eq!(DiversityReport::of(&[], 0).unwrap_err().code(), "numeric.wrong_size");
    let liked = nothing();
    let alone = [SteeredUser { trajectory: &fits, liked: &liked }];
    assert_eq!(DiversityReport::of(&alone, 0).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(code(&fits, &liked), None);
    assert_eq!(code(&steered(&[0.0], &[1.0, 0.0], action("sun")), &liked), Some("numeric.wrong_size"));
    assert_eq!(code(&steered(&[0.0, 0.0], &[1.0], action("sun")), &liked), Some("numeric.wrong_size"));
    assert_eq!(code(&fits, &Latents::zeros(1, 3)), Some("numeric.wrong_size"));
    assert_eq!(code(&steered(&[0.0, f32::NAN], &[1.0, 0.0], action("sun")), &liked), Some("numeric.not_finite"));
}

proptest! {
    #[test]
    fn equal_inputs_give_equal_reports_and_every_number_is_one(
        places in proptest::collection::vec((-9.0_f32..9.0, -9.0_f32..9.0), 2..12), seed: u64,
    ) {
        let trajectories: Vec<Trajectory> =
            places.iter().map(|(x, y)| steered(&[*x, *y], &[*y, *x], action("sun"))).collect();
        let liked = Latents::zeros(1, 2);
        let users: Vec<SteeredUser<'_>> =
            trajectories.iter().map(|trajectory| SteeredUser { trajectory, liked: &liked }).collect();
        let report = DiversityReport::of(&users, seed).unwrap();
        prop_assert_eq!(&report, &DiversityReport::of(&users, seed).unwrap());
        for interval in [Some(report.spread_of_anchors), Some(report.spread_of_outcomes), report.spread_ratio] {
            let Some(Interval { mean, low, high }) = interval else { continue };
            prop_assert!(low <= mean + 1e-9 && mean <= high + 1e-9 && low.is_finite() && high.is_finite());
        }
    }
}
