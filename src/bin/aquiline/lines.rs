//! A file of JSON lines that grows as they come, each written at once and whole.
//!
//! Whoever ends the program, by Ctrl-C, by `kill -9`, or by a full disk, finds every line that was written before; the
//! last one may be torn. It is opened with its first line, so that a command that ends before leaves no trace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::output::{self, Destination};

/// A file that grows; clones write to the same one.
#[derive(Debug, Clone)]
pub struct Lines(Arc<Mutex<Growing>>);

#[derive(Debug)]
struct Growing {
    path: PathBuf,
    file: Option<File>,
    /// Bytes that are whole lines; what follows is cut off before the next line.
    whole: u64,
    /// Whether the last of them has an end.
    is_ended: bool,
    trouble: Option<String>,
    /// Lines that wait for the next one.
    held: String,
}

impl Lines {
    /// A file that begins anew with its first line.
    pub fn anew(destination: &Destination) -> Self {
        Lines::beginning(destination.path().to_owned())
    }

    /// The same for a file in a folder of the program's own.
    pub fn beginning(path: PathBuf) -> Self {
        Lines(Arc::new(Mutex::new(Growing {
            path,
            file: None,
            whole: 0,
            is_ended: true,
            trouble: None,
            held: String::new(),
        })))
    }

    /// A file that goes on after the lines that it has, which come with it. A torn last line is left out, and said.
    ///
    /// # Errors
    /// For a file that cannot be read, that another run goes on with, or that has something else in it than JSON lines.
    pub fn going_on(destination: &Destination) -> Outcome<(Self, Vec<Value>)> {
        let path = destination.path().to_owned();
        let growing = Lines::beginning(path.clone());
        if !path.exists() {
            return Ok((growing, Vec::new()));
        }
        let unusable = |error: io::Error| Failure::bad_input(format!("{} cannot be used: {error}", path.display()));
        let file = open(&path).map_err(unusable)?;
        let bytes = std::fs::read(&path).map_err(unusable)?;
        let (values, whole) = whole_lines(&bytes, &path)?;
        {
            let mut growing = growing.lock();
            growing.is_ended = bytes[..whole].last().is_none_or(|&byte| byte == b'\n');
            (growing.file, growing.whole) = (Some(file), whole as u64);
        }
        Ok((growing, values))
    }

    /// Adds a line that need not be there before others are: a file that was there before is replaced by something only that
    /// is worth it.
    pub fn hold(&self, value: &impl Serialize) {
        match self.path() {
            Some(_) => self.append(value),
            None => self.lock().held += &(output::to_json(value) + "\n"),
        }
    }

    /// Writes what is held.
    pub fn release(&self) {
        self.write("");
    }

    /// Writes one more line, and what is held before it. A failure is said once and remembered: what the line is about has happened, and goes on.
    pub fn append(&self, value: &impl Serialize) {
        self.write(&(output::to_json(value) + "\n"));
    }

    fn write(&self, line: &str) {
        let mut growing = self.lock();
        let lines = std::mem::take(&mut growing.held) + line;
        if lines.is_empty() {
            return;
        }
        if let Err(error) = growing.append(&lines) {
            let trouble = format!("{} cannot be written: {error}", growing.path.display());
            if growing.trouble.is_none() {
                output::note(format_args!("warning: {trouble}; the run goes on without it"));
            }
            growing.trouble = Some(trouble);
        }
    }

    /// Why it lacks a line, where it does.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Where it is, once it has a line.
    pub fn path(&self) -> Option<PathBuf> {
        let growing = self.lock();
        (growing.whole > 0).then(|| growing.path.clone())
    }

    /// Nothing is done while it is held that could panic.
    fn lock(&self) -> std::sync::MutexGuard<'_, Growing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growing {
    fn append(&mut self, line: &str) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => open(&self.path)?,
        };
        let line = if self.is_ended { line.to_owned() } else { format!("\n{line}") };
        let written = file
            .set_len(self.whole)
            .and_then(|()| file.seek(SeekFrom::Start(self.whole)))
            .and_then(|_| file.write_all(line.as_bytes()));
        if written.is_err() {
            // Half a line would spoil the next one.
            let _ = file.set_len(self.whole);
        }
        self.file = Some(file);
        written?;
        (self.whole, self.is_ended) = (self.whole + line.len() as u64, true);
        Ok(())
    }
}

/// Values of the lines of a file, and how many bytes they are. A last line without an end that is no JSON is torn: it is
/// left out, and said.
///
/// # Errors
/// For another line that is no JSON.
pub fn whole_lines(bytes: &[u8], path: &Path) -> Outcome<(Vec<Value>, usize)> {
    let (mut values, mut whole) = (Vec::new(), 0);
    for (number, line) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        match serde_json::from_slice(line) {
            _ if line.trim_ascii().is_empty() => {}
            Ok(value) => values.push(value),
            Err(_) if !line.ends_with(b"\n") => {
                output::note(format_args!("note: line {number} of {} is torn and is left out", path.display()));
                break;
            }
            Err(error) => {
                return Err(Failure::bad_input(format!("{}, line {number}: {error}", path.display())));
            }
        }
        whole += line.len();
    }
    Ok((values, whole))
}

/// Opens a file to write, which no other run may do meanwhile.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::other("another run is writing it")),
        // Not every file system can lock.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
