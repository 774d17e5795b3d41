//! Ctrl-C: the first asks the work to stop where nothing is lost, the second stops at once.

use std::sync::atomic::{AtomicBool, Ordering};

use aquiline::error::RolloutError;

use crate::failure::{Failure, Outcome};

static ASKED: AtomicBool = AtomicBool::new(false);
/// Set while input is waited for: there is nothing to save then, and nobody to look at `ASKED`.
static WAITING: AtomicBool = AtomicBool::new(false);

/// Listens from now on.
pub fn watch() -> Outcome<()> {
    let stop = || {
        if ASKED.swap(true, Ordering::SeqCst) || WAITING.load(Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(stop).map_err(|error| Failure::failed(format!("Ctrl-C cannot be listened to: {error}")))
}

/// Fails once Ctrl-C was pressed.
pub fn check() -> aquiline::Result<()> {
    if ASKED.load(Ordering::SeqCst) { Err(RolloutError::Cancelled.into()) } else { Ok(()) }
}

/// Waits for input, which Ctrl-C may end at any moment.
pub fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    WAITING.store(true, Ordering::SeqCst);
    let input = wait();
    WAITING.store(false, Ordering::SeqCst);
    input
}
