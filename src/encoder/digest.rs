//! Checksums of files and texts.

use sha2::{Digest, Sha256};

/// A browser replaces the code of a call by a faster version only between calls: one call for a whole file would stay
/// four times as slow as many for its pieces.
const PIECE: usize = 1 << 16;

/// The sha256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    bytes.chunks(PIECE).for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
