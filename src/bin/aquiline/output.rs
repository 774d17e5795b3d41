//! Where results go: lines of stdout and notes on stderr, and files that are whole or not there.
//!
//! Nothing else of this program prints, so that nothing reaches a terminal as it came (see [`clean`]). A line of a result
//! is written in one piece at once: whoever ends the program finds whole lines.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::claims::{Role, claim};
use crate::clean;
use crate::failure::{Failure, Outcome};

/// Prints lines of the result, for people.
pub fn line(text: impl Display) -> Outcome<()> {
    print(&clean::for_terminal(&text.to_string()))
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> Outcome<()> {
    print(&to_json(value))
}

/// Tells stderr. Where nobody can hear it, nothing can be done about that.
pub fn note(text: impl Display) {
    let text = clean::for_terminal(&text.to_string()) + "\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Whether somebody watches stderr.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Values as JSON, one a line.
pub fn jsonl<T: Serialize>(values: impl IntoIterator<Item = T>) -> Vec<u8> {
    values.into_iter().flat_map(|value| (to_json(&value) + "\n").into_bytes()).collect()
}

/// A value as JSON in one line, without anything that a terminal would obey.
pub fn to_json(value: &impl Serialize) -> String {
    clean::json_for_terminal(serde_json::to_string(value).expect("results are plain data with string keys"))
}

fn print(text: &str) -> Outcome<()> {
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(format!("{text}\n").as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|error| Failure::of_stdout(&error))
}

/// A file to be written.
#[derive(Debug, Clone)]
pub struct Destination(PathBuf);

impl Destination {
    /// Looks whether the file can be put there, so that this is known before hours of work, and that it is no file that
    /// the command reads.
    ///
    /// Anything that is no ordinary file (a device, a pipe) is refused: renaming would replace it.
    pub fn check(path: &Path) -> Outcome<Self> {
        Destination::claimed(path, Role::Output)
    }

    /// The same for a file that is read first and then written in its place.
    pub fn update(path: &Path) -> Outcome<Self> {
        Destination::claimed(path, Role::Update)
    }

    /// The same for a file that the program keeps for itself.
    pub fn own(path: &Path) -> Outcome<Self> {
        let refused = |why: &str| Failure::bad_input(format!("{} cannot be written: {why}", path.display()));
        // A link stays one: the file that it names is replaced.
        let target = if path.exists() { path.canonicalize() } else { Ok(path.to_owned()) };
        let target = target.map_err(|error| refused(&error.to_string()))?;
        if target.file_name().is_none() || (target.exists() && !target.is_file()) {
            return Err(refused("it is no ordinary file"));
        }
        if !folder_of(&target).is_dir() {
            return Err(refused("its folder does not exist"));
        }
        Ok(Destination(target))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the whole file, beside its place first: an interrupted run leaves the old file or the new one.
    pub fn write(&self, bytes: &[u8]) -> Outcome<()> {
        let failed =
            |error: std::io::Error| Failure::failed(format!("{} cannot be written: {error}", self.0.display()));
        let name = self.0.file_name().unwrap_or_default().to_string_lossy();
        let part = folder_of(&self.0).join(format!(".{name}.{}.part", std::process::id()));
        let written = write_through(&part, bytes).and_then(|()| std::fs::rename(&part, &self.0));
        if written.is_err() {
            // Nothing more can be done where this fails too.
            let _ = std::fs::remove_file(&part);
        }
        written.map_err(failed)
    }

    fn claimed(path: &Path, role: Role) -> Outcome<Self> {
        let destination = Destination::own(path)?;
        claim(path, role)?;
        Ok(destination)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_through(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
