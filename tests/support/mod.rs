//! What the tests share: the real model and small data.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::PathBuf;

use aquiline::encoder::manifest::Manifest;
use aquiline::encoder::tokenize::TokenLimit;
use aquiline::encoder::{Encoder, open_device, weights};

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
