//! Which actions to try: G-optimal designs over candidate actions.
//!
//! **Idea.** Trying action *a* moves the item by a displacement `δ_a` in latent space. A distribution `q` over actions
//! gathers the information `M(q) = Σ_a q_a δ_a δ_aᵀ`; the *leverage* `δ_aᵀ M(q)⁻¹ δ_a` says how little that tells about
//! action *a*. A G-optimal design minimises the largest leverage, so that no direction stays unexplored. Kiefer and
//! Wolfowitz: the same `q` maximises `log det M(q)`, and its largest leverage is the dimension of the span. So `largest
//! leverage − dimension` is a certificate: never negative, 0 only at the optimum, and a bound on what `log det` can gain.
//!
//! **Why displacements.** The paper (Def. 1, Eq. 4) takes the points reached; what they share, the starting point, costs
//! a design of them one dimension, spent on "stay where you are". **Why no random subsets.** As `Σ_a q_a leverage_a =
//! dimension`, a uniform random subset of k passes the paper's test with C = 1 at the exact optimum only, or always if
//! leverages are taken over k independent members alone (each has exactly k).
//!
//! **Steps.**
//! 1. Coordinates in the span (QR if displacements are long, then principal axes), scaled so that uniform weights have
//!    information 1. Leverages do not notice, and the optimum has eigenvalues between `1/dimension` and the number of
//!    actions: no solve is ill-conditioned, whatever the input's scale.
//! 2. Equal weights on a greedy basis, in the manner of Kumar and Yıldırım.
//! 3. Frank–Wolfe: move weight toward the action of largest leverage or away from the supported one of smallest,
//!    whichever violates optimality more, by exact line search. Away steps drop actions and make convergence linear.
//!    Inverse and leverages follow by rank-1 updates, O(d² + K·d) a step, and are recomputed now and then against drift.
//!
//! **When it fails.** Directions weaker than `rank_tolerance` are dropped and stay unexplored; raise it where
//! displacements carry noise, which a design otherwise chases. Weights (not leverages) are not unique when actions repeat
//! or outnumber `d(d+1)/2`; where many tie (a sphere), a gap below about 1e-7 takes very many steps. Running out of
//! `max_iterations` is no error: `optimality_gap` says how far the design got. [`subset`] finds a local optimum, and its
//! ridge makes it depend on the relative scale of directions.
//!
//! **References.** Kiefer & Wolfowitz 1960, *The equivalence of two extremum problems*; Wynn 1970, *The sequential
//! generation of D-optimum experimental designs*; Fedorov 1972, *Theory of Optimal Experiments*; Atwood 1973,
//! *Sequences converging to D-optimal designs of experiments*; Todd & Yıldırım 2007, *On Khachiyan's algorithm for the
//! computation of minimum-volume enclosing ellipsoids*; Tennenholtz et al. 2024, *Embedding-Aligned Language Models*.
//!
//! ```
//! use aquiline::design::{Design, DesignSettings, subset};
//! use aquiline::latent::Latents;
//! // Two ways east, a long way north, and an action that does nothing.
//! let displacements = Latents::new(2, vec![1.0, 0.0, 0.5, 0.0, 0.0, 3.0, 0.0, 0.0])?;
//! let design = Design::g_optimal(&displacements, &DesignSettings::default())?;
//! assert_eq!(design.support(), [0, 2]);
//! assert!(design.weights.iter().zip([0.5, 0.0, 0.5, 0.0]).all(|(found, right)| (found - right).abs() < 1e-3));
//! assert_eq!(subset(&displacements, 2)?.actions, [0, 2]);
//! # Ok::<(), aquiline::Error>(())
//! ```

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use crate::error::{DesignError, NumericError, Result};
use crate::latent::Latents;

/// A distribution over candidate actions and its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Probability of each action; exactly 0 outside the support.
    pub weights: Vec<f64>,
    /// `δ_aᵀ M⁻¹ δ_a` of each action under the weights.
    pub leverages: Vec<f64>,
    /// Dimension of the span of the displacements (their effective rank).
    pub dimension: usize,
    /// Largest leverage − dimension, never negative; 0 means optimal.
    pub optimality_gap: f64,
    /// Logarithm of the determinant of the information matrix within the span.
    pub log_det: f64,
    /// Frank–Wolfe steps taken.
    pub iterations: usize,
}

/// When a design is good enough.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignSettings {
    /// Stop when the optimality gap is at most this times the dimension; above 0.
    pub tolerance: f64,
    /// Stop after this many steps in any case.
    pub max_iterations: usize,
    /// Directions whose singular value is at most this times the largest count as noise; from 1e-7 to below 1.
    pub rank_tolerance: f64,
}

impl Default for DesignSettings {
    fn default() -> Self {
        DesignSettings { tolerance: 1e-3, max_iterations: 100_000, rank_tolerance: 1e-6 }
    }
}

/// A few actions that together say most about all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Subset {
    /// The actions, ascending.
    pub actions: Vec<usize>,
    /// `log det` of the regularised information matrix within the span.
    pub log_det: f64,
    /// Largest leverage of any action, chosen or not, under the regularised information matrix.
    pub largest_leverage: f64,
}

impl Design {
    /// The G-optimal design of `displacements`, K actions × n dimensions; equal inputs give equal designs.
    ///
    /// # Errors
    /// [`DesignError::NoActions`], [`DesignError::NoDisplacement`] if every row is zero, [`NumericError::NotFinite`],
    /// and [`NumericError::BadSetting`].
    pub fn g_optimal(displacements: &Latents, settings: &DesignSettings) -> Result<Design> {
        settings.check()?;
        let mut points = span_coordinates(displacements, settings.rank_tolerance)?;
        let log_det_of_uniform = whiten(&mut points);
        let mut search = FrankWolfe::start(&points);
        let goal = settings.tolerance * points.nrows() as f64;
        let mut iterations = 0;
        while iterations < settings.max_iterations && !search.has_reached(goal) {
            search.step();
            iterations += 1;
            if iterations.is_multiple_of(STEPS_BETWEEN_REFRESHES) {
                search.refresh();
            }
        }
        search.refresh();
        Ok(Design {
            optimality_gap: search.gap().max(0.0),
            dimension: points.nrows(),
            log_det: search.information.log_det + log_det_of_uniform,
            leverages: search.information.leverages.as_slice().to_vec(),
            weights: search.weights,
            iterations,
        })
    }

    /// Actions of positive weight, ascending.
    pub fn support(&self) -> Vec<usize> {
        (0..self.weights.len()).filter(|&action| self.weights[action] > 0.0).collect()
    }
}

impl DesignSettings {
    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        match self {
            _ if !(self.tolerance.is_finite() && self.tolerance > 0.0) => bad("tolerance", "it must be above 0"),
            _ if !(1e-7..1.0).contains(&self.rank_tolerance) => bad("rank_tolerance", "it must be in [1e-7, 1)"),
            _ => Ok(()),
        }
    }
}

/// The `k` different actions that maximise `log det(Σ_{a chosen} δ_a δ_aᵀ / k + ρ·I)`, up to local optimality.
///
/// Greedy choice, then Fedorov's exchange: the best swap of a chosen for another action, until none helps. The ridge
/// `ρ = 0.01 · tr(Σ_a δ_a δ_aᵀ / K) / dimension` of the span makes sets of fewer actions than dimensions comparable.
///
/// # Errors
/// [`NumericError::BadSetting`] for `k` = 0, [`DesignError::SubsetTooLarge`], and those of [`Design::g_optimal`].
pub fn subset(displacements: &Latents, k: usize) -> Result<Subset> {
    if k == 0 {
        return Err(NumericError::BadSetting { what: "k", why: "use at least 1" }.into());
    }
    let points = span_coordinates(displacements, DesignSettings::default().rank_tolerance)?;
    if k > points.ncols() {
        return Err(DesignError::SubsetTooLarge { wanted: k, available: points.ncols() }.into());
    }
    let (ridge, share) = (0.01 * points.norm_squared() / points.len() as f64, 1.0 / k as f64);
    let mut weights = vec![0.0; points.ncols()];
    let mut actions = Information::new(&points, &weights, ridge).add_greedily(k, share);
    actions.iter().for_each(|&action| weights[action] = share);
    // Computed anew for each swap, as drift could make swaps go in circles.
    let mut information = Information::new(&points, &weights, ridge);
    while let Some((place, better)) = best_exchange(&information, &actions, share) {
        weights.swap(actions[place], better);
        actions[place] = better;
        information = Information::new(&points, &weights, ridge);
    }
    actions.sort_unstable();
    Ok(Subset { actions, log_det: information.log_det, largest_leverage: information.leverages.max() })
}

/// What some of the displacements tell: the `log det` that [`subset`] maximises, in the span of all of them.
///
/// # Errors
/// Those of [`subset`]; [`DesignError::SubsetTooLarge`] for an action that there is not.
pub fn information(displacements: &Latents, actions: &[usize]) -> Result<f64> {
    let points = span_coordinates(displacements, DesignSettings::default().rank_tolerance)?;
    let (ridge, share) = (0.01 * points.norm_squared() / points.len() as f64, 1.0 / actions.len().max(1) as f64);
    let mut weights = vec![0.0; points.ncols()];
    for &action in actions {
        let available = weights.len();
        let unknown = DesignError::SubsetTooLarge { wanted: action.saturating_add(1), available };
        *weights.get_mut(action).ok_or(unknown)? = share;
    }
    Ok(Information::new(&points, &weights, ridge).log_det)
}

/// A swap must multiply the determinant by more than this, or rounding could swap for ever.
const WORTHWHILE: f64 = 1.0 + 1e-9;
/// Small enough that rank-1 updates lose no digit that matters, large enough that a refresh, O(K·d²), is rare.
const STEPS_BETWEEN_REFRESHES: usize = 100;

/// The place among the chosen and the other action whose exchange raises the determinant most, if any does.
fn best_exchange(information: &Information, chosen: &[usize], share: f64) -> Option<(usize, usize)> {
    let leverages = &information.leverages;
    let others: Vec<usize> = (0..leverages.len()).filter(|action| !chosen.contains(action)).collect();
    let mut best = (WORTHWHILE, None);
    for (place, &old) in chosen.iter().enumerate() {
        let overlaps = information.solve(old).1;
        let kept = 1.0 - share * leverages[old];
        for &new in &others {
            let growth = (1.0 + share * leverages[new]) * kept + (share * overlaps[new]).powi(2);
            if growth > best.0 {
                best = (growth, Some((place, new)));
            }
        }
    }
    best.1
}

/// The displacements in orthonormal coordinates of the space they span, dimension × actions: a column is an action.
fn span_coordinates(displacements: &Latents, rank_tolerance: f64) -> Result<DMatrix<f64>> {
    let points = compact(displacements)?;
    let eigen = SymmetricEigen::new(&points * points.transpose());
    let largest = eigen.eigenvalues.max();
    if largest <= 0.0 {
        return Err(DesignError::NoDisplacement.into());
    }
    let is_kept = |&axis: &usize| eigen.eigenvalues[axis] > rank_tolerance.powi(2) * largest;
    let kept: Vec<usize> = (0..points.nrows()).filter(is_kept).collect();
    Ok(eigen.eigenvectors.select_columns(&kept).tr_mul(&points))
}

/// Scales principal coordinates to information 1 under uniform weights; returns the `log det` those had before.
fn whiten(points: &mut DMatrix<f64>) -> f64 {
    let actions = points.ncols() as f64;
    let variances: Vec<f64> = points.row_iter().map(|coordinate| coordinate.norm_squared() / actions).collect();
    points.row_iter_mut().zip(&variances).for_each(|(mut coordinate, variance)| coordinate /= variance.sqrt());
    variances.iter().map(|variance| variance.ln()).sum()
}

/// The displacements as columns, rotated into as few rows as there are actions if they are longer than that.
fn compact(displacements: &Latents) -> Result<DMatrix<f64>> {
    if displacements.is_empty() {
        return Err(DesignError::NoActions.into());
    }
    let values = displacements.values();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(NumericError::NotFinite { what: "the matrix of displacements" }.into());
    }
    let values = values.iter().map(|&value| f64::from(value));
    let points = DMatrix::from_iterator(displacements.dimensions(), displacements.len(), values);
    Ok(if points.nrows() > points.ncols() { points.qr().r() } else { points })
}

/// An information matrix `M = ridge·I + Σ_a c_a y_a y_aᵀ`, kept as its inverse, with the leverage of every action.
struct Information<'a> {
    points: &'a DMatrix<f64>,
    inverse: DMatrix<f64>,
    leverages: DVector<f64>,
    /// As of the last computation from scratch.
    log_det: f64,
}

impl<'a> Information<'a> {
    /// Computed from scratch, O(K·d²).
    fn new(points: &'a DMatrix<f64>, coefficients: &[f64], ridge: f64) -> Self {
        let mut weighted = points.clone();
        weighted.column_iter_mut().zip(coefficients).for_each(|(mut point, &coefficient)| point *= coefficient);
        let mut matrix = DMatrix::from_diagonal_element(points.nrows(), points.nrows(), ridge);
        matrix.gemm(1.0, &weighted, &points.transpose(), 1.0);
        let factors = Cholesky::new(matrix).expect("a ridge, or weights on a basis, leave no direction out");
        let inverse = factors.inverse();
        let leverages = (&inverse * points).component_mul(points).row_sum_tr();
        Information { points, inverse, leverages, log_det: factors.ln_determinant() }
    }

    /// M⁻¹y of an action, and the inner product of every action with that.
    fn solve(&self, action: usize) -> (DVector<f64>, DVector<f64>) {
        let solved = &self.inverse * self.points.column(action);
        let overlaps = self.points.tr_mul(&solved);
        (solved, overlaps)
    }

    /// M += coefficient·yyᵀ, by Sherman and Morrison.
    fn add(&mut self, action: usize, coefficient: f64) {
        let (solved, overlaps) = self.solve(action);
        let shrinkage = coefficient / (1.0 + coefficient * self.leverages[action]);
        self.inverse.ger(-shrinkage, &solved, &solved, 1.0);
        self.leverages.zip_apply(&overlaps, |leverage, overlap| *leverage -= shrinkage * overlap * overlap);
    }

    /// M *= factor.
    fn scale(&mut self, factor: f64) {
        self.inverse /= factor;
        self.leverages /= factor;
    }

    /// Adds `count` different actions, each time the one of largest leverage, which raises the determinant most.
    fn add_greedily(&mut self, count: usize, coefficient: f64) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count {
            let others = (0..self.leverages.len()).filter(|action| !chosen.contains(action));
            chosen.push(largest(others, |action| self.leverages[action]));
            self.add(chosen[chosen.len() - 1], coefficient);
        }
        chosen
    }
}

/// The first action of largest value.
fn largest(actions: impl Iterator<Item = usize>, value: impl Fn(usize) -> f64) -> usize {
    actions.reduce(|best, action| if value(action) > value(best) { action } else { best }).expect("an action is left")
}

/// Weights on their way to the optimum.
struct FrankWolfe<'a> {
    weights: Vec<f64>,
    information: Information<'a>,
}

impl<'a> FrankWolfe<'a> {
    /// Equal weights on a greedy basis of whitened points.
    fn start(points: &'a DMatrix<f64>) -> Self {
        let (dimension, actions) = points.shape();
        let mut weights = vec![0.0; actions];
        // In any direction some whitened point is at least 1 long: with a ridge this small, new directions come first.
        let basis = Information::new(points, &weights, 1e-6).add_greedily(dimension, 1.0);
        basis.iter().for_each(|&action| weights[action] = 1.0 / dimension as f64);
        FrankWolfe { information: Information::new(points, &weights, 0.0), weights }
    }

    fn gap(&self) -> f64 {
        self.information.leverages.max() - self.information.points.nrows() as f64
    }

    /// Whether the gap is small enough, also when computed anew.
    fn has_reached(&mut self, goal: f64) -> bool {
        if self.gap() <= goal {
            self.refresh();
        }
        self.gap() <= goal
    }

    fn refresh(&mut self) {
        let total: f64 = self.weights.iter().sum();
        self.weights.iter_mut().for_each(|weight| *weight /= total);
        self.information = Information::new(self.information.points, &self.weights, 0.0);
    }

    /// Moves weight to or from the action that violates optimality most.
    fn step(&mut self) {
        let leverages = &self.information.leverages;
        let toward = largest(0..leverages.len(), |action| leverages[action]);
        let supported = (0..leverages.len()).filter(|&action| self.weights[action] > 0.0);
        let away = largest(supported, |action| -leverages[action]);
        let excess = leverages[toward] + leverages[away] - 2.0 * self.information.points.nrows() as f64;
        self.move_weight(if excess >= 0.0 { toward } else { away });
    }

    /// q ← (1 − γ)·q + γ·e_action with the γ, of either sign, that maximises `log det`.
    fn move_weight(&mut self, action: usize) {
        let (leverage, weight) = (self.information.leverages[action], self.weights[action]);
        let dimension = self.information.points.nrows() as f64;
        let remove_all = -weight / (1.0 - weight);
        // At leverage ≤ 1 removing always helps. γ stays below 1/2, except in 1 dimension, where 1 would be singular.
        let best = (leverage - dimension) / (dimension * (leverage - 1.0));
        let step = if leverage <= 1.0 { remove_all } else { best.max(remove_all).min(0.5) };
        self.information.scale(1.0 - step);
        self.information.add(action, step);
        self.weights.iter_mut().for_each(|weight| *weight *= 1.0 - step);
        self.weights[action] = if step == remove_all { 0.0 } else { self.weights[action] + step };
    }
}
