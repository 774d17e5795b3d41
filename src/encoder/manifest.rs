//! Which bytes are the right ones: url, size and sha256 of every model file.

use serde::{Deserialize, Serialize};

use super::digest::{hex, sha256};
use crate::error::{EncoderError, Result};

/// The model this crate was tested with, `data/models.json`.
const EMBEDDED: &str = include_str!("../../data/models.json");

/// The files of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the model.
    pub name: String,
    /// Folder of the files on their hub, at a pinned revision.
    pub hub: String,
    /// The files.
    pub files: Vec<ModelFile>,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// What it is for: `weights`, `weights-f16` or `tokenizer`.
    pub role: String,
    /// File name, relative to the hub's folder.
    pub name: String,
    /// Bytes.
    pub size: usize,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of all-MiniLM-L6-v2.
    pub fn embedded() -> Self {
        serde_json::from_str(EMBEDDED).expect("the embedded manifest is checked by a test")
    }

    /// The file with this role.
    pub fn file(&self, role: &str) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.role == role)
    }
}

impl ModelFile {
    /// Checks size and checksum.
    ///
    /// # Errors
    /// [`EncoderError::Integrity`] for a truncated or altered file.
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        let wrong = |why| EncoderError::Integrity { file: self.name.clone(), why };
        if bytes.len() != self.size {
            return Err(wrong(format!("{} bytes where {} are right", bytes.len(), self.size)).into());
        }
        let found = hex(&sha256(bytes));
        if found != self.sha256 {
            return Err(wrong(format!("sha256 {found} where {} is right", self.sha256)).into());
        }
        Ok(())
    }
}
