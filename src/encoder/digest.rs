//! Checksums of files and texts.

use sha2::{Digest, Sha256};

/// A browser replaces the code of a call by a faster version only between calls: one call for a whole file would stay
/// four times as slow as many for its pieces.
pub(super) const PIECE: usize = 1 << 16;

/// The checksums of an encoder's files, which name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// sha256 of the weights.
    pub weights: [u8; 32],
    /// sha256 of the tokenizer.
    pub tokenizer: [u8; 32],
}

impl Digests {
    /// From hexadecimal digits, as the manifest has them; nothing for anything else.
    pub fn from_hex(weights: &str, tokenizer: &str) -> Option<Self> {
        Some(Digests { weights: from_hex(weights)?, tokenizer: from_hex(tokenizer)? })
    }
}

/// The sha256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    bytes.chunks(PIECE).for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
