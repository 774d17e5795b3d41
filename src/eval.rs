//! Results with their uncertainty.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 2000;

/// A mean and its 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Mean of the values.
    pub mean: f64,
    /// 2.5 % quantile of resampled means.
    pub low: f64,
    /// 97.5 % quantile of resampled means.
    pub high: f64,
}

impl Interval {
    /// The percentile bootstrap of a mean (Efron 1979), seeded.
    ///
    /// With fewer than about ten values the interval is too narrow; it is NaN without any.
    ///
    /// ```
    /// use aquiline::eval::Interval;
    /// let gain = Interval::of_mean(&[0.1, 0.2, 0.15, 0.12, 0.18], 0);
    /// assert!(gain.excludes_zero() && gain.low <= gain.mean && gain.mean <= gain.high);
    /// ```
    pub fn of_mean(values: &[f64], seed: u64) -> Self {
        Interval::bootstrap(mean(values.iter().copied(), values.len()), seed, |random| {
            let draw = |_| values[random.random_range(0..values.len() as u32) as usize];
            mean((0..values.len()).map(draw), values.len())
        })
    }

    /// The same for values that come in groups (pairs within seeds): groups are drawn, then values within each, so that
    /// the interval also says how much another seed would change. Empty groups count for nothing.
    ///
    /// With fewer than about five groups it is too narrow.
    ///
    /// ```
    /// use aquiline::eval::Interval;
    /// let alike = Interval::of_groups(&[vec![0.1, 0.3], vec![0.1, 0.3], vec![0.1, 0.3]], 0);
    /// let apart = Interval::of_groups(&[vec![0.1, 0.1], vec![0.2, 0.2], vec![0.3, 0.3]], 0);
    /// let joint = Interval::of_mean(&[0.1, 0.1, 0.2, 0.2, 0.3, 0.3], 0);
    /// assert!((alike.mean - 0.2).abs() < 1e-9 && (apart.mean - 0.2).abs() < 1e-9);
    /// assert!(apart.high - apart.low > joint.high - joint.low);
    /// ```
    pub fn of_groups(groups: &[Vec<f64>], seed: u64) -> Self {
        let groups: Vec<&Vec<f64>> = groups.iter().filter(|group| !group.is_empty()).collect();
        let all: Vec<f64> = groups.iter().flat_map(|group| group.iter().copied()).collect();
        Interval::bootstrap(mean(all.iter().copied(), all.len()), seed, |random| {
            let mut resampled = Vec::with_capacity(all.len());
            for _ in 0..groups.len() {
                let group = groups[random.random_range(0..groups.len() as u32) as usize];
                resampled.extend((0..group.len()).map(|_| group[random.random_range(0..group.len() as u32) as usize]));
            }
            mean(resampled.iter().copied(), resampled.len())
        })
    }

    fn bootstrap(mean: f64, seed: u64, mut resample: impl FnMut(&mut ChaCha8Rng) -> f64) -> Self {
        if mean.is_nan() {
            return Interval { mean, low: mean, high: mean };
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample(&mut random)).collect();
        crate::order::sort_numbers(&mut means);
        let quantile = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
        Interval { mean, low: quantile(0.025), high: quantile(0.975) }
    }

    /// Whether 0 lies outside.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:+.4} [{:+.4}, {:+.4}]", self.mean, self.low, self.high)
    }
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count as f64
}
