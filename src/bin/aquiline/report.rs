//! Progress on stderr: a bar where someone is watching, else a line every few seconds.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use aquiline::session::view::{Progress, Tell};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{interrupt, output};

/// Between two lines of progress in a log.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells how far the work is.
pub struct Report {
    /// Where stderr is a terminal.
    bar: RefCell<Option<ProgressBar>>,
    is_watched: bool,
    told: Cell<Instant>,
}

impl Report {
    /// Nothing is told yet.
    pub fn new() -> Self {
        let is_watched = output::is_watched();
        Report { bar: RefCell::new(None), is_watched, told: Cell::new(Instant::now()) }
    }

    /// What a session's `tick` does: shows progress, and stops the work after Ctrl-C.
    pub fn tick(&self, told: &Tell) -> aquiline::Result<()> {
        match told {
            // What has been learned is to be saved before anything stops.
            Tell::Training(_) => return Ok(()),
            // What happens within one of many episodes would only flicker.
            Tell::Progress(progress) if progress.kind != "episode" => self.progress(progress),
            _ => {}
        }
        interrupt::check()
    }

    /// Shows how far a piece of work is.
    pub fn progress(&self, Progress { kind, done, total, unit }: &Progress) {
        if self.is_watched {
            let mut bar = self.bar.borrow_mut();
            let bar = bar.get_or_insert_with(new_bar);
            bar.set_length(*total as u64);
            bar.set_message(format!("{kind} ({unit})"));
            bar.set_position(*done as u64);
        } else if self.told.get().elapsed() >= PAUSE {
            self.told.set(Instant::now());
            match total {
                0 => output::note(kind),
                _ => output::note(format_args!("{kind}: {done} of {total} {unit}")),
            }
        }
    }

    /// Takes the bar away, before results are printed.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    ProgressBar::new(0).with_style(style.expect("the template names known parts only"))
}
