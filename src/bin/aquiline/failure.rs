//! Why a command ended early: a message, a hint where there is one, and an exit code.

use std::path::Path;
use std::process::ExitCode;

use aquiline::Error;
use aquiline::error::{DataError, DesignError, EncoderError, TrainingError};

/// What every command returns.
pub type Outcome<T> = Result<T, Failure>;

/// What to do about model files that are missing or damaged.
pub const FETCH_MODELS: &str = "run `./build.sh models`, or name the folder of the model files with --models";

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    end: End,
    message: String,
    hint: Option<String>,
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

    /// Says what to do about it.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// Whether Ctrl-C ended it.
    pub fn is_interruption(&self) -> bool {
        self.end == End::Interrupted
    }

    /// Tells stderr, and the exit code.
    pub fn report(&self) -> ExitCode {
        if self.end != End::Unread {
            eprintln!("error: {}", self.message);
            self.hint.iter().for_each(|hint| eprintln!("hint: {hint}"));
        }
        ExitCode::from(match self.end {
            End::Unread => 0,
            End::Failed => 1,
            End::BadInput => 2,
            End::Interrupted => 130,
        })
    }

    fn new(end: End, message: impl Into<String>) -> Self {
        Failure { end, message: message.into(), hint: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let end = match &error {
            _ if error.code() == "cancelled" => End::Interrupted,
            _ if error.is_bad_input() => End::BadInput,
            _ => End::Failed,
        };
        let message = if end == End::Interrupted { "interrupted".to_owned() } else { error.to_string() };
        Failure { end, message, hint: hint(&error).map(str::to_owned) }
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Data(DataError::UnknownItem { .. }) => Some("`aquiline align --out FILE` lists the items"),
        Error::Data(DataError::UnknownUser { .. }) => Some("`aquiline factorize --out FILE` lists the users"),
        Error::Design(DesignError::SubsetTooLarge { .. }) => Some("lower --subset or raise --candidates"),
        Error::Encoder(EncoderError::Integrity { .. }) => Some(FETCH_MODELS),
        Error::Encoder(EncoderError::Fingerprint { .. }) => Some("use the models that the file was made with"),
        Error::Training(TrainingError::Untrained) => {
            Some("train a policy with `aquiline train --out FILE`, then give it with --policy-file FILE")
        }
        Error::Training(TrainingError::Checkpoint { .. }) => Some("give a file that `aquiline train` wrote"),
        _ => None,
    }
}
