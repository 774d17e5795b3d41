//! Vectors survive being stored; what is damaged or foreign is refused, never believed.

use aquiline::encoder::DIMENSIONS;
use aquiline::encoder::cache::VectorCache;
use proptest::prelude::*;

const FINGERPRINT: &str = "0123456789abcdef";
const TEXTS: [&str; 3] = ["Rain.", "A tailor mends a flag.", ""];
/// Magic, fingerprint and count; then for each text its hash and vector; then the checksum.
const HEADER: usize = 8 + 16 + 4;
const ENTRY: usize = 32 + 4 * DIMENSIONS;
const CHECKSUM: usize = 32;

fn vector(text: &str) -> Vec<f32> {
    (0..DIMENSIONS).map(|n| (n as f32 - 7.0) * 0.01 + text.len() as f32).collect()
}

fn cache() -> VectorCache {
    let mut cache = VectorCache::new(FINGERPRINT);
    TEXTS.iter().for_each(|text| cache.insert(text, &vector(text)));
    cache
}

fn code(bytes: &[u8]) -> &'static str {
    VectorCache::from_bytes(bytes, FINGERPRINT).unwrap_err().code()
}

#[test]
fn vectors_are_read_as_they_were_written() {
    let bytes = cache().to_bytes();
    assert_eq!(bytes.len(), HEADER + TEXTS.len() * ENTRY + CHECKSUM);
    let read = VectorCache::from_bytes(&bytes, FINGERPRINT).unwrap();
    assert_eq!(read, cache());
    assert_eq!((read.len(), read.is_empty()), (3, false));
    for text in TEXTS {
        assert_eq!(read.get(text), Some(vector(text).as_slice()));
    }
    assert_eq!(read.get("Snow."), None);
}

#[test]
fn an_empty_cache_is_a_cache() {
    let read = VectorCache::from_bytes(&VectorCache::new(FINGERPRINT).to_bytes(), FINGERPRINT).unwrap();
    assert!(read.is_empty());
}

#[test]
fn equal_caches_give_equal_bytes_whatever_the_order_of_insertion() {
    let mut other = VectorCache::new(FINGERPRINT);
    TEXTS.iter().rev().for_each(|text| other.insert(text, &vector(text)));
    assert_eq!(other.to_bytes(), cache().to_bytes());
}

#[test]
fn the_last_vector_of_a_text_counts() {
    let mut cache = cache();
    cache.insert("Rain.", &vector("longer"));
    assert_eq!((cache.len(), cache.get("Rain.")), (3, Some(vector("longer").as_slice())));
}

#[test]
fn a_cache_of_another_encoder_is_refused_and_both_are_named() {
    let error = VectorCache::from_bytes(&cache().to_bytes(), "fedcba9876543210").unwrap_err();
    assert_eq!(error.code(), "encoder.fingerprint");
    assert!(error.to_string().contains(FINGERPRINT) && error.to_string().contains("fedcba9876543210"), "{error}");
}

#[test]
fn a_cache_cut_anywhere_is_refused() {
    let bytes = cache().to_bytes();
    for length in (0..bytes.len()).filter(|length| length % 97 == 0 || *length < 100 || length % ENTRY == HEADER) {
        assert_eq!(code(&bytes[..length]), "encoder.cache", "{length} of {} bytes", bytes.len());
    }
    assert_eq!(code(&bytes[..bytes.len() - 1]), "encoder.cache");
    assert_eq!(code(&[&bytes[..], &[0]].concat()), "encoder.cache", "one byte too many");
}

#[test]
fn one_wrong_byte_in_any_part_is_seen() {
    let last = HEADER + 2 * ENTRY;
    let parts = [
        ("magic", 0..8),
        ("fingerprint", 8..24),
        ("count", 24..HEADER),
        ("first hash", HEADER..HEADER + 32),
        ("first vector", HEADER + 32..HEADER + ENTRY),
        ("last vector", last + 32..last + ENTRY),
        ("checksum", last + ENTRY..last + ENTRY + CHECKSUM),
    ];
    let bytes = cache().to_bytes();
    for (part, places) in parts {
        for at in [places.start, (places.start + places.end) / 2, places.end - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(code(&damaged), "encoder.cache", "byte {at}, in the {part}");
        }
    }
}

proptest! {
    #[test]
    fn one_wrong_byte_anywhere_is_seen(at: prop::sample::Index, by in 1..=255_u8) {
        let mut bytes = cache().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert_eq!(code(&bytes), "encoder.cache");
    }

    #[test]
    fn bytes_that_are_no_cache_are_refused(bytes: Vec<u8>) {
        prop_assert_eq!(code(&bytes), "encoder.cache");
        prop_assert_eq!(code(&[b"aquivec1", &bytes[..]].concat()), "encoder.cache");
    }
}
