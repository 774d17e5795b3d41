//! When to ask again after a failure.
//!
//! A small machine without a clock: it is told what failed and what time it is, and says when to try again or that it is
//! time to give up. Waits double and are drawn between half and all of that ("equal jitter"), so that many callers who
//! failed together do not come back together. A server that says when it wants to be asked again is believed, within
//! bounds. An answer that had begun to arrive is never asked for twice: it has been paid for.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::LlmError;

/// How patient a caller is. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySettings {
    /// Requests in all, the first one included.
    pub attempts: u32,
    /// The first wait.
    pub first_wait: f64,
    /// The longest wait of its own accord.
    pub longest_wait: f64,
    /// The longest wait that a server may ask for; a longer one ends the attempts.
    pub longest_asked: f64,
}

/// The attempts of one request.
#[derive(Debug, Clone)]
pub struct Retry {
    settings: RetrySettings,
    made: u32,
    random: ChaCha8Rng,
}

impl Default for RetrySettings {
    /// Four requests within about ten seconds, or a minute where the server asks for it.
    fn default() -> Self {
        RetrySettings { attempts: 4, first_wait: 500.0, longest_wait: 8_000.0, longest_asked: 60_000.0 }
    }
}

impl Retry {
    /// Attempts whose waits the seed draws.
    pub fn new(settings: RetrySettings, seed: u64) -> Self {
        Retry { settings, made: 1, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// When to send the next request, after one failed at the time `now`; nothing means to give up.
    ///
    /// ```
    /// use aquiline::error::LlmError;
    /// use aquiline::llm::retry::{Retry, RetrySettings};
    ///
    /// let mut retry = Retry::new(RetrySettings { attempts: 2, ..Default::default() }, 0);
    /// let busy = LlmError::Server { status: 503, why: "busy".into() };
    /// let at = retry.after(&busy, 1_000.0).unwrap();
    /// assert!((1_250.0..=1_500.0).contains(&at));
    /// assert_eq!(retry.after(&busy, 2_000.0), None, "two requests were all");
    /// ```
    pub fn after(&mut self, failure: &LlmError, now: f64) -> Option<f64> {
        if self.made >= self.settings.attempts || !failure.is_retryable() {
            return None;
        }
        let wait = match failure {
            LlmError::RateLimited { retry_after: Some(seconds), .. } => {
                Some(f64::from(*seconds) * 1_000.0).filter(|asked| *asked <= self.settings.longest_asked)?
            }
            _ => 0.0,
        };
        let own = (self.settings.first_wait * 2_f64.powi(self.made as i32 - 1)).min(self.settings.longest_wait);
        let drawn = own * self.random.random_range(0.5..=1.0);
        self.made += 1;
        Some(now + wait.max(drawn))
    }
}
