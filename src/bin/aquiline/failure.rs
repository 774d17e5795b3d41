//! Why a command ended early: a message, a hint where there is one, and an exit code.

use std::path::Path;
use std::process::ExitCode;

use aquiline::Error;
use aquiline::error::{DataError, DesignError, EncoderError, LlmError, RolloutError, TrainingError};

use crate::output;

/// What every command returns.
pub type Outcome<T> = Result<T, Failure>;

/// What to do about model files that are missing or damaged.
pub const FETCH_MODELS: &str = "run `./build.sh models`, or name the folder of the model files with --models";

/// The status of a server that wants money first.
const UNPAID: u16 = 402;

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    end: End,
    message: String,
    hints: Vec<String>,
}

/// The kinds of an early end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Whoever read the output has seen enough, as in `aquiline gaps | head`.
    Unread,
    Failed,
    BadInput,
    Interrupted,
}

impl Failure {
    /// Something did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Failure::new(End::Failed, message)
    }

    /// The arguments or the data cannot be used.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Failure::new(End::BadInput, message)
    }

    /// A file that was named cannot be read.
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Failure::bad_input(format!("{} cannot be read: {error}", path.display()))
    }

    /// Results cannot be written to stdout.
    pub fn of_stdout(error: &std::io::Error) -> Self {
        let end = if error.kind() == std::io::ErrorKind::BrokenPipe { End::Unread } else { End::Failed };
        Failure::new(end, format!("results cannot be written: {error}"))
    }

    /// Says what to do about it, after what was said before.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What is wrong with the arguments, as clap puts it.
    pub fn of_arguments(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        Failure::bad_input(text)
    }

    /// Whether Ctrl-C ended it.
    pub fn is_interruption(&self) -> bool {
        self.end == End::Interrupted
    }

    /// Tells stderr, and the exit code.
    pub fn report(&self) -> ExitCode {
        if self.end != End::Unread {
            output::note(format_args!("error: {}", self.message));
            self.hints.iter().for_each(|hint| output::note(format_args!("hint: {hint}")));
        }
        ExitCode::from(match self.end {
            End::Unread => 0,
            End::Failed => 1,
            End::BadInput => 2,
            End::Interrupted => 130,
        })
    }

    fn new(end: End, message: impl Into<String>) -> Self {
        Failure { end, message: message.into(), hints: Vec::new() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let end = match &error {
            _ if error.code() == "cancelled" => End::Interrupted,
            _ if is_unpaid(&error) => End::Failed,
            _ if error.is_bad_input() => End::BadInput,
            _ => End::Failed,
        };
        Failure { end, message: message_of(&error), hints: hint(&error).map(str::to_owned).into_iter().collect() }
    }
}

/// What happened, in the command line's words.
pub fn message_of(error: &Error) -> String {
    match error {
        _ if error.code() == "cancelled" => "interrupted".to_owned(),
        Error::Llm(LlmError::Rejected { status: UNPAID, why }) => {
            format!("the account at this server has too little credit for the question (status {UNPAID}): {why}")
        }
        _ => error.to_string(),
    }
}

/// Whether asking anything else of this language model would fail as well, or has nothing left to be paid with.
pub fn is_lasting(error: &Error) -> bool {
    use LlmError::{Budget, Dialect, NotFound, RateLimited, Rejected, Server, Unauthorized, Unreachable};
    let Error::Llm(error) = error else { return error.code() == "cancelled" };
    match error {
        Unauthorized { .. } | NotFound { .. } | Budget { .. } | Dialect { .. } => true,
        // These were tried time and again.
        Unreachable { .. } | RateLimited { .. } | Server { .. } => true,
        Rejected { .. } => true,
        _ => false,
    }
}

fn is_unpaid(error: &Error) -> bool {
    matches!(error, Error::Llm(LlmError::Rejected { status: UNPAID, .. }))
}

fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Data(DataError::UnknownItem { .. }) => Some("`aquiline align --out FILE` lists the items"),
        Error::Data(DataError::UnknownUser { .. }) => Some("`aquiline factorize --out FILE` lists the users"),
        Error::Design(DesignError::SubsetTooLarge { .. }) => Some("lower --subset or raise --candidates"),
        Error::Encoder(EncoderError::Integrity { .. }) => Some(FETCH_MODELS),
        Error::Encoder(EncoderError::Fingerprint { .. }) => Some("use the models that the file was made with"),
        Error::Rollout(RolloutError::NoEnvironment) => {
            Some("name a model with --llm and --model, or ask for the simulator with --llm simulator")
        }
        Error::Training(TrainingError::Untrained) => {
            Some("train a policy with `aquiline train --out FILE`, then give it with --policy-file FILE")
        }
        _ if is_unpaid(error) => {
            Some("add credit to the account, or name another server or a cheaper model with --llm and --model")
        }
        Error::Training(TrainingError::Checkpoint { .. }) => Some("give a file that `aquiline train` wrote"),
        _ => None,
    }
}
