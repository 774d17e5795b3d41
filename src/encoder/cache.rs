//! Vectors of texts seen before, as bytes that a shell can store.
//!
//! The layout is `magic, fingerprint, count, count × (sha256 of the text, vector as f32), sha256
//! of all that`, little-endian. A cache of another encoder or with a wrong checksum is refused.

use std::collections::HashMap;

use super::DIMENSIONS;
use super::digest::sha256;
use crate::error::{EncoderError, Result};

const MAGIC: &[u8; 8] = b"aquivec1";
const FINGERPRINT: usize = 16;
const HASH: usize = 32;
const ENTRY: usize = HASH + 4 * DIMENSIONS;
const HEADER: usize = MAGIC.len() + FINGERPRINT + 4;

/// Sentence vectors by text, for one encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorCache {
    fingerprint: String,
    vectors: HashMap<[u8; HASH], Vec<f32>>,
}

impl VectorCache {
    /// An empty cache for the encoder with this fingerprint.
    pub fn new(fingerprint: &str) -> Self {
        VectorCache { fingerprint: fingerprint.to_owned(), vectors: HashMap::new() }
    }

    /// Reads what [`to_bytes`](VectorCache::to_bytes) wrote.
    ///
    /// # Errors
    /// [`EncoderError::Cache`] for bytes that are damaged or no cache;
    /// [`EncoderError::Fingerprint`] for a cache of another encoder.
    pub fn from_bytes(bytes: &[u8], fingerprint: &str) -> Result<Self> {
        let damaged = |why| EncoderError::Cache { why };
        let split = bytes.len().checked_sub(HASH).ok_or(damaged("it is too short"))?;
        let (content, checksum) = bytes.split_at(split);
        if content.len() < HEADER || &content[..MAGIC.len()] != MAGIC {
            return Err(damaged("it is no vector cache").into());
        }
        if sha256(content).as_slice() != checksum {
            return Err(damaged("its checksum is wrong").into());
        }
        let found = String::from_utf8_lossy(&content[MAGIC.len()..MAGIC.len() + FINGERPRINT]);
        if found != fingerprint {
            return Err(
                EncoderError::Fingerprint { expected: fingerprint.to_owned(), found: found.into_owned() }.into()
            );
        }
        let entries = content[HEADER..].chunks_exact(ENTRY);
        if !entries.remainder().is_empty() {
            return Err(damaged("its last entry is cut").into());
        }
        let vectors = entries.map(|entry| {
            let (hash, values) = entry.split_at(HASH);
            let values = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            (hash.try_into().expect("an entry starts with a whole hash"), values.collect())
        });
        Ok(VectorCache { fingerprint: fingerprint.to_owned(), vectors: vectors.collect() })
    }

    /// The cache as bytes; equal caches give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.vectors.len() * ENTRY + HASH);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.fingerprint.as_bytes());
        bytes.extend_from_slice(&(self.vectors.len() as u32).to_le_bytes());
        let mut entries: Vec<_> = self.vectors.iter().collect();
        entries.sort_unstable_by_key(|(hash, _)| *hash);
        for (hash, vector) in entries {
            bytes.extend_from_slice(hash);
            vector.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        }
        let checksum = sha256(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Number of texts known.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Whether no text is known yet.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The vector of a text, if known.
    pub fn get(&self, text: &str) -> Option<&[f32]> {
        self.vectors.get(&key(text)).map(Vec::as_slice)
    }

    /// Remembers a text's vector.
    pub fn insert(&mut self, text: &str, vector: &[f32]) {
        self.vectors.insert(key(text), vector.to_vec());
    }

    /// Takes in what another cache of the same encoder knows.
    pub(crate) fn absorb(&mut self, other: VectorCache) {
        self.vectors.extend(other.vectors);
    }
}

fn key(text: &str) -> [u8; HASH] {
    sha256(text.as_bytes())
}
