//! What the tests share: the real model and small data.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::PathBuf;

use aquiline::catalog::Catalog;

use aquiline::encoder::cache::VectorCache;
use aquiline::encoder::manifest::Manifest;
use aquiline::encoder::tokenize::TokenLimit;
use aquiline::encoder::{DIMENSIONS, Encoder, open_device, weights};
use aquiline::latent::Latents;
use aquiline::objective::{FIELDS, fields};
use aquiline::ratings::Ratings;

/// Where `./build.sh models` puts the model files.
pub fn models_folder() -> PathBuf {
    let named = std::env::var_os("AQUILINE_MODELS").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let home = std::env::var_os("HOME").expect("HOME is set");
        PathBuf::from(home).join(".cache/aquiline/models")
    })
}

/// The bytes of the model file with this role, checked against the manifest.
pub fn model_file(role: &str) -> Vec<u8> {
    let manifest = Manifest::embedded();
    let file = manifest.file(role).expect("the manifest has this role");
    let path = models_folder().join(&file.name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run ./build.sh models first", path.display()));
    file.verify(&bytes).expect("the model file is intact");
    bytes
}

pub fn encoder() -> Encoder {
    load(model_file("weights"))
}

pub fn half_precision_encoder() -> Encoder {
    load(weights::halve(&model_file("weights")).expect("the weights are safetensors"))
}

fn load(weights: Vec<u8>) -> Encoder {
    let device = pollster::block_on(open_device()).expect("the CPU is always there");
    Encoder::load(weights, &model_file("tokenizer"), TokenLimit::default(), device).expect("the real model loads")
}

/// Sentence vectors of texts.
pub fn encode(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
    let encoded = pollster::block_on(encoder.encode(texts, async |_, _| Ok(()))).expect("encoding works");
    encoded.vectors.rows().map(<[f32]>::to_vec).collect()
}

/// The folder of ml-latest-small: `AQUILINE_MOVIELENS`, or beside the checkout.
pub fn movielens_folder() -> Option<PathBuf> {
    let named = std::env::var_os("AQUILINE_MOVIELENS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| "../shared/eval/ml-latest-small".into());
    if !folder.join("ratings.csv.gz").exists() {
        println!("skipped: {} has no ratings.csv.gz; name a folder in AQUILINE_MOVIELENS", folder.display());
        return None;
    }
    Some(folder)
}

fn gunzip(path: PathBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("the file was just seen");
    std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut bytes).expect("the file is gzip");
    bytes
}

pub fn movielens_ratings() -> Option<Ratings> {
    let bytes = gunzip(movielens_folder()?.join("ratings.csv.gz"));
    Some(Ratings::from_movielens_csv(&bytes, "ratings.csv.gz", (0.5, 5.0)).expect("MovieLens is well formed"))
}

pub fn movielens_catalog() -> Option<Catalog> {
    let bytes = gunzip(movielens_folder()?.join("movies.csv.gz"));
    Some(Catalog::from_movielens_csv(&bytes, "movies.csv.gz").expect("MovieLens is well formed"))
}

/// Where vectors are kept between runs.
pub fn vector_file(fingerprint: &str) -> PathBuf {
    models_folder().with_file_name(format!("test-vectors-{fingerprint}.bin"))
}

/// Sentence vectors of every item's fields, one row an item; kept on disk between runs.
pub fn field_vectors(catalog: &Catalog) -> Latents {
    let encoder = encoder();
    let path = vector_file(encoder.fingerprint());
    let stored =
        std::fs::read(&path).ok().and_then(|bytes| VectorCache::from_bytes(&bytes, encoder.fingerprint()).ok());
    let mut cache = stored.unwrap_or_else(|| VectorCache::new(encoder.fingerprint()));
    let texts: Vec<String> = catalog.items().iter().flat_map(fields).collect();
    let missing: Vec<&String> = texts.iter().filter(|text| cache.get(text).is_none()).collect();
    if !missing.is_empty() {
        let encoded = pollster::block_on(encoder.encode(&missing, async |_, _| Ok(()))).expect("encoding works");
        missing.iter().zip(encoded.vectors.rows()).for_each(|(text, vector)| cache.insert(text, vector));
        std::fs::write(&path, cache.to_bytes()).expect("the cache folder is writable");
    }
    let values = texts.iter().flat_map(|text| cache.get(text).expect("just encoded").to_vec()).collect();
    Latents::new(FIELDS * DIMENSIONS, values).expect("vectors are finite")
}
