//! What an earlier run of a command printed: it is printed again, and not done again.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::data::read;
use crate::failure::Outcome;
use crate::lines::whole_lines;

/// A JSON object.
pub type Object = Map<String, Value>;

/// Results by their keys; a line without a key, such as that of an error, is none. Of lines with one key the last counts.
///
/// # Errors
/// For a file that cannot be read, or that has another line than JSON before its last one.
pub fn results(files: &[PathBuf], key: impl Fn(&Object) -> Option<String>) -> Outcome<HashMap<String, Object>> {
    let mut results = HashMap::new();
    for file in files {
        let (values, _) = whole_lines(&read(file)?, file)?;
        for value in values {
            if let Value::Object(result) = value
                && let Some(key) = key(&result)
            {
                results.insert(key, result);
            }
        }
    }
    Ok(results)
}
