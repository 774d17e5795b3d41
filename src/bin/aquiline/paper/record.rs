//! What was measured, line by line in a file, so that a run that was ended goes on where it was.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use aquiline::experiment::{Foresight, Outcome as Steered};
use aquiline::train::{ReferenceFit, UpdateLog};
use serde::{Deserialize, Serialize};

use super::plan::Table;
use crate::claims::{Role, claim};
use crate::failure::{Failure, Outcome};

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// How it was measured; the first line.
    Conditions(Conditions),
    /// How far the judge is to be trusted.
    Judge { seed: u64, accuracy: f64 },
    /// A policy that was trained.
    Training {
        seed: u64,
        name: String,
        seconds: f64,
        environment_calls: usize,
        fit: ReferenceFit,
        logs: Vec<UpdateLog>,
    },
    /// One arm in one world.
    Arm { seed: u64, table: Table, name: String, seconds: f64, outcomes: Vec<Steered> },
    /// Designs over predictions in one world.
    Foresight { seed: u64, found: Vec<Foresight> },
}

/// What must not change within one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    pub world: String,
    pub pairs: usize,
    pub candidates: usize,
    pub updates: usize,
    pub episodes: usize,
    pub states: u32,
    pub kl_weight: f32,
    pub budget: usize,
}

/// A file of records.
pub struct Records {
    path: PathBuf,
    all: Vec<Record>,
}

impl Records {
    /// Opens the file, or begins it.
    pub fn open(path: &Path, conditions: &Conditions) -> Outcome<Self> {
        claim(path, Role::Update)?;
        let (all, whole) = read(path)?;
        let mut records = Records { path: path.to_owned(), all };
        records.cut(whole)?;
        match records.all.first() {
            None => records.append(Record::Conditions(conditions.clone()))?,
            Some(Record::Conditions(before)) if before == conditions => {}
            Some(_) => {
                let message = format!("{} was measured under other conditions: use another --out", path.display());
                return Err(Failure::bad_input(message));
            }
        }
        Ok(records)
    }

    /// All of a file, for a report.
    pub fn read(path: &Path) -> Outcome<Self> {
        Ok(Records { path: path.to_owned(), all: read(path)?.0 })
    }

    pub fn all(&self) -> &[Record] {
        &self.all
    }

    /// Writes one line at once, so that a run that is ended loses nothing that was measured.
    pub fn append(&mut self, record: Record) -> Outcome<()> {
        let line = serde_json::to_string(&record).map_err(|error| Failure::failed(error.to_string()))?;
        let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", self.path.display()));
        let mut file: File = OpenOptions::new().create(true).append(true).open(&self.path).map_err(failed)?;
        file.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        self.all.push(record);
        Ok(())
    }

    /// Takes half a line away from the end.
    fn cut(&self, whole: usize) -> Outcome<()> {
        let cut = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path);
        let cut = cut.and_then(|file| file.set_len(whole as u64));
        cut.map_err(|error| Failure::failed(format!("{}: {error}", self.path.display())))
    }

    pub fn has(&self, is_it: impl Fn(&Record) -> bool) -> bool {
        self.all.iter().any(is_it)
    }
}

/// Records, and the bytes of whole lines. The last line of a run that was ended may be half a line: it is measured again.
fn read(path: &Path) -> Outcome<(Vec<Record>, usize)> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(Failure::failed(format!("{}: {error}", path.display()))),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let parse = |(number, line)| {
        let wrong = |error| Failure::bad_input(format!("{}, line {}: {error}", path.display(), number + 1));
        serde_json::from_str(line).map_err(wrong)
    };
    Ok((whole.lines().enumerate().map(parse).collect::<Outcome<_>>()?, whole.len()))
}
