//! Designs are optimal, certified, invariant where the mathematics says so, and honest about degenerate input.

use aquiline::design::{Design, DesignSettings, Subset, information, subset};
use aquiline::error::{DesignError, Error, NumericError};
use aquiline::latent::Latents;
use nalgebra::{Cholesky, DMatrix, DVector};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn random(actions: usize, dimensions: usize, seed: u64) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut nearly_normal = || (0..4).map(|_| random.random_range(-1.0_f32..1.0)).sum();
    Latents::new(dimensions, (0..actions * dimensions).map(|_| nearly_normal()).collect()).unwrap()
}

fn optimal(displacements: &Latents) -> Design {
    Design::g_optimal(displacements, &DesignSettings::default()).unwrap()
}

/// As optimal as the steps allow: nearly degenerate displacements can use up all of them.
fn nearly_precise(displacements: &Latents) -> Design {
    let settings = DesignSettings { tolerance: 1e-9, ..Default::default() };
    Design::g_optimal(displacements, &settings).unwrap()
}

fn precise(displacements: &Latents) -> Design {
    let design = nearly_precise(displacements);
    assert!(design.optimality_gap <= 1e-9 * design.dimension as f64, "did not converge: {design:?}");
    design
}

fn matrix(displacements: &Latents) -> DMatrix<f64> {
    let values = displacements.values().iter().map(|&value| f64::from(value));
    DMatrix::from_row_iterator(displacements.len(), displacements.dimensions(), values)
}

/// `log det` and leverages from their definitions, for displacements of full rank.
fn measure(displacements: &Latents, weights: &[f64], ridge: f64) -> (f64, Vec<f64>) {
    let points = matrix(displacements);
    let n = points.ncols();
    let weighted = DMatrix::from_diagonal(&DVector::from_row_slice(weights)) * &points;
    let information = Cholesky::new(points.tr_mul(&weighted) + DMatrix::identity(n, n) * ridge).unwrap();
    let solved = information.solve(&points.transpose());
    let leverages = (0..points.nrows()).map(|a| points.row(a).transpose().dot(&solved.column(a))).collect();
    (information.ln_determinant(), leverages)
}

/// The multiplicative algorithm: slow, simple and sure. Its gap bounds how far its `log det` is from the optimum.
fn reference_log_det(displacements: &Latents, gap: f64) -> f64 {
    let (actions, n) = (displacements.len(), displacements.dimensions() as f64);
    let mut weights = vec![1.0 / actions as f64; actions];
    loop {
        let (log_det, leverages) = measure(displacements, &weights, 0.0);
        if leverages.iter().copied().fold(0.0, f64::max) - n <= gap {
            return log_det;
        }
        weights.iter_mut().zip(&leverages).for_each(|(weight, leverage)| *weight *= leverage / n);
    }
}

fn assert_is_a_certified_distribution(design: &Design) {
    let total: f64 = design.weights.iter().sum();
    let trace: f64 = design.weights.iter().zip(&design.leverages).map(|(weight, leverage)| weight * leverage).sum();
    let largest = design.leverages.iter().copied().fold(0.0, f64::max);
    assert!((total - 1.0).abs() < 1e-12 && design.weights.iter().all(|&weight| weight >= 0.0), "{design:?}");
    assert!((trace - design.dimension as f64).abs() < 1e-8, "Kiefer–Wolfowitz: {trace} is not {}", design.dimension);
    assert!((largest - design.dimension as f64 - design.optimality_gap).abs() < 1e-8, "{design:?}");
}

fn assert_close(found: &[f64], right: &[f64], tolerance: f64) {
    assert_eq!(found.len(), right.len());
    assert!(found.iter().zip(right).all(|(a, b)| (a - b).abs() <= tolerance), "{found:?}\nis not\n{right:?}");
}

#[test]
fn a_hundred_actions_in_32_dimensions_are_optimal_to_a_thousandth() {
    let displacements = random(100, 32, 1);
    let design = optimal(&displacements);
    assert_eq!(design.dimension, 32);
    assert!(design.optimality_gap <= 1e-3 * 32.0, "{}", design.optimality_gap);
    assert_is_a_certified_distribution(&design);
    let (log_det, leverages) = measure(&displacements, &design.weights, 0.0);
    assert!((design.log_det - log_det).abs() < 1e-9);
    assert_close(&design.leverages, &leverages, 1e-8);
}

#[test]
fn log_det_agrees_with_the_multiplicative_algorithm() {
    for (actions, dimensions) in [(20, 2), (40, 5), (60, 10), (100, 32)] {
        let displacements = random(actions, dimensions, 2);
        let (design, right) = (precise(&displacements), reference_log_det(&displacements, 5e-7));
        assert!((design.log_det - right).abs() < 1e-6, "{actions}x{dimensions}: {} is not {right}", design.log_det);
        assert_is_a_certified_distribution(&design);
    }
}

#[test]
fn orthogonal_actions_share_the_weight_equally_whatever_their_length() {
    let displacements = Latents::new(3, vec![1e-3, 0.0, 0.0, 0.0, 50.0, 0.0, 0.0, 0.0, 2.0]).unwrap();
    let design = precise(&displacements);
    assert_close(&design.weights, &[1.0 / 3.0; 3], 1e-12);
    assert_close(&design.leverages, &[3.0; 3], 1e-9);
}

#[test]
fn a_circle_of_actions_gives_a_round_information_matrix() {
    let circle = (0..60).map(|step| step as f32 * std::f32::consts::TAU / 60.0).map(|angle| [angle.cos(), angle.sin()]);
    // f32 makes this circle a polygon with 60 almost equal corners; telling which of them matter is not worth it.
    let settings = DesignSettings { tolerance: 1e-6, ..Default::default() };
    let design = Design::g_optimal(&Latents::from_rows(2, circle), &settings).unwrap();
    assert!((design.log_det - 0.25_f64.ln()).abs() < 1e-5);
    assert_close(&design.leverages, &[2.0; 60], 1e-2);
}

#[test]
fn in_one_dimension_all_weight_goes_to_the_longest_action() {
    let design = precise(&Latents::new(1, vec![0.5, -3.0, 2.0, 0.0]).unwrap());
    assert_eq!(design.weights, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(design.support(), [1]);
    assert!((design.log_det - 9.0_f64.ln()).abs() < 1e-12);
}

#[test]
fn a_single_action_is_its_own_design() {
    let design = precise(&Latents::new(4, vec![1.0, 2.0, 0.0, 2.0]).unwrap());
    assert_eq!((design.weights.as_slice(), design.dimension), (&[1.0][..], 1));
    assert_close(&design.leverages, &[1.0], 1e-12);
}

#[test]
fn actions_that_do_nothing_get_no_weight_and_no_leverage() {
    let mut values = random(20, 4, 3).values().to_vec();
    values.extend([0.0; 12]);
    let design = precise(&Latents::new(4, values).unwrap());
    assert_eq!((&design.weights[20..], &design.leverages[20..]), (&[0.0; 3][..], &[0.0; 3][..]));
    assert_is_a_certified_distribution(&design);
}

#[test]
fn displacements_in_a_subspace_are_designed_within_it() {
    let (inner, basis) = (random(50, 3, 4), random(3, 12, 5));
    let outer = matrix(&inner) * matrix(&basis);
    let outer = Latents::new(12, outer.transpose().iter().map(|&value| value as f32).collect()).unwrap();
    let (inside, outside) = (precise(&inner), precise(&outer));
    assert_eq!(outside.dimension, 3);
    assert_close(&outside.leverages, &inside.leverages, 1e-3);
    assert_is_a_certified_distribution(&outside);
}

#[test]
fn fewer_actions_than_dimensions_are_all_needed() {
    let design = precise(&random(10, 384, 6));
    assert_eq!(design.dimension, 10);
    assert_close(&design.weights, &[0.1; 10], 1e-9);
}

#[test]
fn wildly_different_lengths_and_near_copies_still_converge() {
    let mut displacements = random(120, 6, 7);
    for action in 0..120 {
        let scale = 10.0_f32.powi(action as i32 % 5 - 2);
        let twin = displacements.row(action / 2).to_vec();
        let row = displacements.row_mut(action).iter_mut().zip(twin);
        row.for_each(|(value, twin)| *value = if action % 2 == 1 { twin * 1.000_01 } else { *value * scale });
    }
    let design = precise(&displacements);
    assert_eq!(design.dimension, 6);
    assert_is_a_certified_distribution(&design);
}

#[test]
fn the_unit_of_length_does_not_matter() {
    let displacements = random(40, 5, 12);
    for exponent in [-120, 100] {
        let scaled = displacements.values().iter().map(|value| value * 2.0_f32.powi(exponent)).collect();
        let scaled = precise(&Latents::new(5, scaled).unwrap());
        assert_close(&scaled.leverages, &precise(&displacements).leverages, 1e-4);
    }
}

#[test]
fn a_design_cut_short_says_how_far_it_got() {
    let settings = DesignSettings { max_iterations: 3, ..Default::default() };
    let design = Design::g_optimal(&random(100, 8, 8), &settings).unwrap();
    assert_eq!(design.iterations, 3);
    assert!(design.optimality_gap > 0.1);
    assert_is_a_certified_distribution(&design);
}

#[test]
fn no_spanner_beats_the_optimal_design() {
    let displacements = random(60, 6, 9);
    let mut weights = vec![0.0; 60];
    barycentric_spanner(&matrix(&displacements), 2.0).iter().for_each(|&action| weights[action] = 1.0 / 6.0);
    let of_spanner = measure(&displacements, &weights, 0.0).1.into_iter().fold(0.0, f64::max);
    let of_design = optimal(&displacements).leverages.into_iter().fold(0.0, f64::max);
    assert!(of_spanner <= 2.0_f64.powi(2) * 36.0 && of_design <= of_spanner, "{of_design} {of_spanner}");
}

/// Awerbuch & Kleinberg: every action is a combination of the returned ones with coefficients of at most `c`.
fn barycentric_spanner(points: &DMatrix<f64>, c: f64) -> Vec<usize> {
    let n = points.ncols();
    let mut basis = DMatrix::identity(n, n);
    let mut chosen = vec![0; n];
    for (place, start_only) in (0..n).map(|place| (place, true)).chain((0..n * n).map(|step| (step % n, false))) {
        let replaced = |action: usize| {
            let mut other = basis.clone();
            other.set_row(place, &points.row(action));
            other.determinant().abs()
        };
        let best = (0..points.nrows()).max_by(|&a, &b| replaced(a).total_cmp(&replaced(b))).unwrap();
        if start_only || replaced(best) >= c * basis.determinant().abs() {
            basis.set_row(place, &points.row(best));
            chosen[place] = best;
        }
    }
    chosen
}

#[test]
fn unusable_requests_are_refused_with_a_reason() {
    let usable = random(5, 3, 10);
    let holed = Latents::from_rows(2, [[1.0, f32::NAN]]);
    let fails = |displacements: &Latents| Design::g_optimal(displacements, &DesignSettings::default()).unwrap_err();
    assert_eq!(fails(&Latents::zeros(0, 3)), DesignError::NoActions.into());
    assert_eq!(fails(&Latents::zeros(7, 3)), DesignError::NoDisplacement.into());
    assert!(matches!(fails(&holed), Error::Numeric(NumericError::NotFinite { .. })));
    let refused = |settings: DesignSettings| Design::g_optimal(&usable, &settings).unwrap_err().code();
    for tolerance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(DesignSettings { tolerance, ..Default::default() }), "numeric.bad_setting");
    }
    for rank_tolerance in [0.0, 1.0, f64::NAN] {
        assert_eq!(refused(DesignSettings { rank_tolerance, ..Default::default() }), "numeric.bad_setting");
    }
    assert_eq!(subset(&usable, 0).unwrap_err().code(), "numeric.bad_setting");
    assert_eq!(subset(&usable, 6).unwrap_err(), DesignError::SubsetTooLarge { wanted: 6, available: 5 }.into());
    assert_eq!(subset(&Latents::zeros(7, 3), 2).unwrap_err(), DesignError::NoDisplacement.into());
    assert_eq!(subset(&Latents::zeros(0, 3), 1).unwrap_err(), DesignError::NoActions.into());
}

/// The objective of a subset from its definition, and its largest leverage.
fn measure_subset(displacements: &Latents, actions: &[usize]) -> (f64, f64) {
    let points = matrix(displacements);
    let mut weights = vec![0.0; displacements.len()];
    actions.iter().for_each(|&action| weights[action] += 1.0 / actions.len() as f64);
    let (log_det, leverages) = measure(displacements, &weights, 0.01 * points.norm_squared() / points.len() as f64);
    (log_det, leverages.into_iter().fold(0.0, f64::max))
}

#[test]
fn a_subset_is_better_than_random_ones_and_than_the_heaviest_of_the_design() {
    for (dimensions, seed) in [(4, 1), (8, 2), (8, 3), (16, 4), (16, 5), (32, 6), (64, 7)] {
        let displacements = random(100, dimensions, seed);
        let found = subset(&displacements, 10).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut shuffled: Vec<usize> = (0..100).collect();
        for _ in 0..100 {
            (0..10).for_each(|place| shuffled.swap(place, random.random_range(place..100)));
            assert!(found.log_det >= measure_subset(&displacements, &shuffled[..10]).0);
        }
        let weights = optimal(&displacements).weights;
        shuffled.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        assert!(found.log_det >= measure_subset(&displacements, &shuffled[..10]).0 - 1e-9);
    }
}

#[test]
fn what_chosen_actions_tell_is_measured_as_a_subset_measures_it() {
    let displacements = random(30, 6, 5);
    let found = subset(&displacements, 8).unwrap();
    assert!((information(&displacements, &found.actions).unwrap() - found.log_det).abs() < 1e-9);
    assert!(information(&displacements, &[0, 1, 2]).unwrap() < found.log_det);
    assert_eq!(information(&displacements, &[30]).unwrap_err().code(), "design.subset_too_large");
}

#[test]
fn no_single_exchange_improves_a_subset() {
    for dimensions in [3, 8, 20] {
        let displacements = random(40, dimensions, 11);
        let Subset { actions, log_det, largest_leverage } = subset(&displacements, 6).unwrap();
        let (right, largest) = measure_subset(&displacements, &actions);
        assert!((log_det - right).abs() < 1e-9 && (largest_leverage - largest).abs() < 1e-6 * largest);
        assert!(actions.is_sorted_by(|a, b| a < b) && actions.len() == 6);
        for (place, new) in (0..6).flat_map(|place| (0..40).map(move |new| (place, new))) {
            let mut other = actions.clone();
            other[place] = new;
            assert!(actions.contains(&new) || measure_subset(&displacements, &other).0 <= log_det + 1e-8);
        }
    }
}

#[test]
fn a_subset_may_be_everything_and_takes_idle_actions_last() {
    let displacements = Latents::new(2, vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
    assert_eq!(subset(&displacements, 4).unwrap().actions, [0, 1, 2, 3]);
    assert_eq!(subset(&displacements, 3).unwrap().actions, [1, 2, 3]);
    assert_eq!(subset(&displacements, 2).unwrap().actions, [1, 3]);
}

/// Displacements of full rank: free rows, and one along each axis. Multiples of 1/256, so that maps can be exact.
fn displacements() -> impl Strategy<Value = Latents> {
    (1_usize..6).prop_flat_map(|n| {
        let free = prop::collection::vec(-256_i16..256, n..=n * 25);
        (free, prop::collection::vec(128_i16..384, n)).prop_map(move |(mut free, axes)| {
            free.truncate(free.len() / n * n);
            free.extend((0..n * n).map(|at| if at % n == at / n { axes[at % n] } else { 0 }));
            Latents::new(n, free.into_iter().map(|value| f32::from(value) / 256.0).collect()).unwrap()
        })
    })
}

/// Two designs of one problem agree as far as their certificates promise.
///
/// Let λ be the eigenvalues of M relative to the optimal M*. A gap g bounds −Σ ln λ, and Σ λ ≤ d since no leverage under
/// M* exceeds d: so Σ (λ − 1 − ln λ) ≤ g, |1/λ − 1| ≤ 2√g for small g, and a leverage is at most 2d√g from the optimal.
fn assert_agree(found: &Design, right: &Design, right_leverages: &[f64], right_log_det: f64) {
    let gaps = [found.optimality_gap, right.optimality_gap];
    let of_leverages = 2.0 * right.dimension as f64 * gaps.map(f64::sqrt).iter().sum::<f64>();
    assert!(gaps.iter().all(|&gap| gap < 1e-3), "far from optimal: {gaps:?}");
    assert_close(&found.leverages, right_leverages, of_leverages + 1e-7);
    assert_close(&[found.log_det], &[right_log_det], gaps[0].max(gaps[1]) + 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn every_design_is_certified_and_repeatable(displacements in displacements()) {
        let design = nearly_precise(&displacements);
        assert_is_a_certified_distribution(&design);
        prop_assert_eq!(&design, &nearly_precise(&displacements));
        prop_assert!(reference_log_det(&displacements, 1e-3) <= design.log_det + design.optimality_gap + 1e-9);
    }

    #[test]
    fn an_invertible_map_changes_log_det_by_its_determinant_only(displacements in displacements(), seed in 0_u64..1000) {
        let n = displacements.dimensions();
        let map = matrix(&random(n, n, seed)).map(|value| (value * 5.0).round() / 64.0) + DMatrix::identity(n, n) * 2.0;
        let mapped = map.clone() * matrix(&displacements).transpose();
        let mapped = Latents::new(n, mapped.iter().map(|&value| value as f32).collect()).unwrap();
        let (before, after) = (nearly_precise(&displacements), nearly_precise(&mapped));
        let log_det = before.log_det + 2.0 * map.determinant().abs().ln();
        assert_agree(&after, &before, &before.leverages, log_det);
    }

    #[test]
    fn order_does_not_matter(displacements in displacements(), by in 0_usize..100) {
        let count = displacements.len();
        let order: Vec<usize> = (0..count).map(|at| (at + by) % count).rev().collect();
        let permuted = Latents::from_rows(displacements.dimensions(), order.iter().map(|&at| displacements.row(at)));
        let (before, after) = (nearly_precise(&displacements), nearly_precise(&permuted));
        let right: Vec<f64> = order.iter().map(|&at| before.leverages[at]).collect();
        assert_agree(&after, &before, &right, before.log_det);
    }

    #[test]
    fn copies_change_nothing(displacements in displacements(), copies in prop::collection::vec(0_usize..1000, 1..30)) {
        let copies: Vec<usize> = copies.iter().map(|copy| copy % displacements.len()).collect();
        let copied = copies.iter().map(|&copy| displacements.row(copy));
        let repeated = Latents::from_rows(displacements.dimensions(), displacements.rows().chain(copied));
        let (before, after) = (nearly_precise(&displacements), nearly_precise(&repeated));
        let right: Vec<f64> = (0..displacements.len()).chain(copies).map(|at| before.leverages[at]).collect();
        assert_agree(&after, &before, &right, before.log_det);
    }
}
