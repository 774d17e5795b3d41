//! What a caller can do about an [`Error`]: its stable name, whether to try again, and whose fault it is.

use super::{DataError, DesignError, EncoderError, Error, NumericError, RolloutError, TrainingError};

impl Error {
    /// A stable, machine-readable name of the failure, the same in Rust and in JavaScript.
    ///
    /// ```
    /// use aquiline::error::{DesignError, Error};
    /// assert_eq!(Error::from(DesignError::NoActions).code(), "design.no_actions");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Error::Data(e) => match e {
                DataError::Malformed { .. } => "data.malformed",
                DataError::Empty { .. } => "data.empty",
                DataError::UnknownUser { .. } => "data.unknown_user",
                DataError::UnknownItem { .. } => "data.unknown_item",
                DataError::UnknownName { .. } => "data.unknown_name",
                DataError::NoText { .. } => "data.no_text",
                DataError::Vector { .. } => "data.vector",
                DataError::FewVectors { .. } => "data.few_vectors",
                DataError::OffScale { .. } => "data.off_scale",
                DataError::RatingOutOfRange { .. } => "data.rating_out_of_range",
            },
            Error::Numeric(e) => match e {
                NumericError::WrongSize { .. } => "numeric.wrong_size",
                NumericError::NotFinite { .. } => "numeric.not_finite",
                NumericError::BadSetting { .. } => "numeric.bad_setting",
                NumericError::NotConverged { .. } => "numeric.not_converged",
            },
            Error::Design(e) => match e {
                DesignError::NoActions => "design.no_actions",
                DesignError::SubsetTooLarge { .. } => "design.subset_too_large",
                DesignError::NoDisplacement => "design.no_displacement",
            },
            Error::Encoder(e) => match e {
                EncoderError::Integrity { .. } => "encoder.integrity",
                EncoderError::Tokenizer { .. } => "encoder.tokenizer",
                EncoderError::Weights { .. } => "encoder.weights",
                EncoderError::Device { .. } => "encoder.device",
                EncoderError::SelfTest { .. } => "encoder.self_test",
                EncoderError::Fingerprint { .. } => "encoder.fingerprint",
                EncoderError::Cache { .. } => "encoder.cache",
            },
            Error::Rollout(e) => match e {
                RolloutError::NoHorizon => "rollout.no_horizon",
                RolloutError::NoBudget { .. } => "rollout.no_budget",
                RolloutError::NoActions { .. } => "rollout.no_actions",
                RolloutError::RewritesFailed { .. } => "rollout.rewrites_failed",
                RolloutError::NoEnvironment => "rollout.no_environment",
                RolloutError::WrongReply { .. } => "rollout.wrong_reply",
                RolloutError::Diverged { .. } => "rollout.diverged",
                RolloutError::Cancelled => "cancelled",
            },
            Error::Training(e) => match e {
                TrainingError::NoEpisodes => "training.no_episodes",
                TrainingError::NoCandidates => "training.no_candidates",
                TrainingError::NotFinite { .. } => "training.not_finite",
                TrainingError::Untrained => "training.untrained",
                TrainingError::NoBudget { .. } => "training.no_budget",
                TrainingError::Checkpoint { .. } => "training.checkpoint",
                TrainingError::Version { .. } => "training.version",
            },
            Error::Llm(e) => e.code(),
        }
    }

    /// Whether the same call may succeed later without any change by the caller.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Encoder(e) => matches!(e, EncoderError::Device { .. }),
            Error::Rollout(e) => matches!(e, RolloutError::NoActions { .. }),
            Error::Llm(e) => e.is_retryable(),
            _ => false,
        }
    }

    /// Whether the caller's data or settings are at fault.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Error::Data(_) | Error::Numeric(_) | Error::Design(_) => true,
            Error::Encoder(e) => !matches!(e, EncoderError::Device { .. } | EncoderError::SelfTest { .. }),
            Error::Rollout(e) => {
                use RolloutError::{Diverged, NoBudget, NoEnvironment, NoHorizon};
                matches!(e, NoHorizon | NoBudget { .. } | NoEnvironment | Diverged { .. })
            }
            Error::Training(e) => !matches!(e, TrainingError::NotFinite { .. }),
            Error::Llm(e) => e.is_bad_input(),
        }
    }
}
