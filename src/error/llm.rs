//! What can go wrong with a language model.

/// What can go wrong with a language model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// Nobody answers at that address.
    #[error("the language model cannot be reached: {why}")]
    Unreachable {
        /// What the connection said.
        why: String,
    },
    /// No answer in time.
    #[error("the language model did not answer within {seconds} seconds")]
    TimedOut {
        /// How long was waited.
        seconds: f32,
    },
    /// A key that is missing, wrong or not enough.
    #[error("the server refuses the key (status {status}): {why}")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// What the server said.
        why: String,
    },
    /// An address or a model that does not exist there.
    #[error("the server does not know this address or model: {why}; check the base URL and the model's name")]
    NotFound {
        /// What the server said.
        why: String,
    },
    /// Too many requests.
    #[error("the server asks to slow down: {why}")]
    RateLimited {
        /// Seconds that it asks to wait, if it says so.
        retry_after: Option<f32>,
        /// What the server said.
        why: String,
    },
    /// A request that the server does not accept.
    #[error("the server rejects the request (status {status}): {why}")]
    Rejected {
        /// Its status.
        status: u16,
        /// What the server said.
        why: String,
    },
    /// A server that failed before it answered.
    #[error("the server failed (status {status}): {why}")]
    Server {
        /// Its status.
        status: u16,
        /// What the server said.
        why: String,
    },
    /// An answer in another language than that of chat completions.
    #[error("this is not an OpenAI-compatible answer: {why}; check the base URL")]
    Dialect {
        /// What came instead.
        why: String,
    },
    /// A model of the page's own that failed.
    #[error("the language model failed: {why}")]
    Failed {
        /// What it said.
        why: String,
    },
    /// An answer that broke off.
    #[error("the answer broke off: {why}")]
    Interrupted {
        /// Where and how.
        why: String,
    },
    /// An answer that does not end.
    #[error("the answer is longer than {most} bytes, so it was cut off")]
    TooLong {
        /// Bytes that are read.
        most: usize,
    },
    /// A model that will not do what it is asked.
    #[error("the model refuses: {why}")]
    Refused {
        /// What it said, if anything.
        why: String,
    },
    /// An answer that could not be read, nor the one after it.
    #[error("the model's answers cannot be used, even after it was asked again: {why}")]
    Unusable {
        /// What is wrong with the last one.
        why: String,
    },
    /// Less is left of a budget than the next request may cost.
    #[error("the budget of {limit} is spent: raise it to go on")]
    Budget {
        /// Calls, tokens, money or time.
        limit: &'static str,
    },
}

impl LlmError {
    /// The error of a limit that was written down by its name.
    pub(crate) fn spent(limit: &str) -> Self {
        let limits = ["time", "calls", "tokens", "money"];
        LlmError::Budget { limit: limits.into_iter().find(|known| *known == limit).unwrap_or("the language model") }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            LlmError::Unreachable { .. } => "llm.unreachable",
            LlmError::TimedOut { .. } => "llm.timed_out",
            LlmError::Unauthorized { .. } => "llm.unauthorized",
            LlmError::NotFound { .. } => "llm.not_found",
            LlmError::RateLimited { .. } => "llm.rate_limited",
            LlmError::Rejected { .. } => "llm.rejected",
            LlmError::Server { .. } => "llm.server",
            LlmError::Dialect { .. } => "llm.dialect",
            LlmError::Failed { .. } => "llm.failed",
            LlmError::Interrupted { .. } => "llm.interrupted",
            LlmError::TooLong { .. } => "llm.too_long",
            LlmError::Refused { .. } => "llm.refused",
            LlmError::Unusable { .. } => "llm.unusable",
            LlmError::Budget { .. } => "llm.budget",
        }
    }

    /// Whether the same request may succeed later: nothing of an answer had come, and the fault may pass.
    pub fn is_retryable(&self) -> bool {
        use LlmError::{RateLimited, Server, TimedOut, Unreachable};
        matches!(self, Unreachable { .. } | TimedOut { .. } | RateLimited { .. } | Server { .. })
    }

    /// The same, with what others said put through `change`.
    #[must_use]
    pub(crate) fn map_words(mut self, change: impl FnOnce(String) -> String) -> Self {
        use LlmError::*;
        match &mut self {
            Unreachable { why }
            | NotFound { why }
            | Dialect { why }
            | Interrupted { why }
            | Failed { why }
            | Refused { why }
            | Unauthorized { why, .. }
            | RateLimited { why, .. }
            | Rejected { why, .. }
            | Server { why, .. }
            | Unusable { why } => *why = change(std::mem::take(why)),
            TimedOut { .. } | TooLong { .. } | Budget { .. } => {}
        }
        self
    }

    pub(super) fn is_bad_input(&self) -> bool {
        use LlmError::{Budget, Dialect, NotFound, Rejected, Unauthorized};
        matches!(self, Unauthorized { .. } | NotFound { .. } | Rejected { .. } | Dialect { .. } | Budget { .. })
    }
}
