//! Factors as a file: what `factorize --out` writes and `--space` reads.

use std::path::Path;

use aquiline::error::DataError;
use aquiline::factorization::{FactorsById, VectorById};
use serde::{Deserialize, Serialize};

use crate::data::read;
use crate::failure::Outcome;
use crate::output;

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Mean { value: f32 },
    User(VectorById),
    Item(VectorById),
}

/// The mean, every user, every item: one JSON object a line.
pub fn to_jsonl(FactorsById { mean, users, items, .. }: FactorsById) -> Vec<u8> {
    let lines = std::iter::once(Line::Mean { value: mean })
        .chain(users.into_iter().map(Line::User))
        .chain(items.into_iter().map(Line::Item));
    output::jsonl(lines)
}

/// The same lines, in any order; without a mean it is 0.
pub fn from_jsonl(path: &Path) -> Outcome<FactorsById> {
    let mut factors = FactorsById { mean: 0.0, users: Vec::new(), items: Vec::new(), rmse: None };
    for (line, bytes) in (1..).zip(read(path)?.split(|&byte| byte == b'\n')) {
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let malformed = |error: serde_json::Error| {
            let file = path.to_string_lossy().into_owned();
            aquiline::Error::from(DataError::Malformed { file, line, why: error.to_string() })
        };
        match serde_json::from_slice(bytes).map_err(malformed)? {
            Line::Mean { value } => factors.mean = value,
            Line::User(user) => factors.users.push(user),
            Line::Item(item) => factors.items.push(item),
        }
    }
    Ok(factors)
}
