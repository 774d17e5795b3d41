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
        if values.is_empty() {
            return Interval { mean: f64::NAN, low: f64::NAN, high: f64::NAN };
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || values[random.random_range(0..values.len() as u32) as usize];
        let mut means: Vec<f64> =
            (0..RESAMPLES).map(|_| mean((0..values.len()).map(|_| draw()), values.len())).collect();
        means.sort_by(f64::total_cmp);
        let quantile = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
        Interval { mean: mean(values.iter().copied(), values.len()), low: quantile(0.025), high: quantile(0.975) }
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
