//! Texts to sentence vectors: all-MiniLM-L6-v2, the first half of the paper's encoder E_D.
//!
//! The files below are the pipeline in order: [`manifest`] says which bytes are the right ones,
//! [`tokenize`] turns texts into padded batches, [`model`] is the network, [`weights`] fills it
//! from safetensors bytes, [`cache`] remembers the vectors of a catalog.
//!
//! A sentence's vector does not depend on what else was in its batch (to 1e-6 on the CPU).
//! There is no file and no network here: the caller brings bytes.
//!
//! Reference: Reimers & Gurevych 2019, *Sentence-BERT*; Wang et al. 2020, *MiniLM*.

pub mod cache;
pub(crate) mod digest;
mod gelu;
pub mod manifest;
pub mod model;
pub mod tokenize;
pub mod weights;

use burn::prelude::*;

use crate::error::{EncoderError, Result};
use crate::latent::{Latents, dot};
pub use digest::Digests;
use digest::{hex, sha256};
use model::MiniLm;
use tokenize::{Batch, TokenLimit, Tokenize};

/// Components of a sentence vector.
pub const DIMENSIONS: usize = model::HIDDEN;

/// Two sentences and their cosine, computed by the reference implementation.
const GOLDEN: (&str, &str, f32) = ("That is a happy person", "That is a happy dog", 0.6946);
/// Half-precision weights move the cosine by up to 2e-3.
const GOLDEN_TOLERANCE: f32 = 2e-3;

/// A loaded sentence encoder on one device.
#[derive(Debug)]
pub struct Encoder {
    model: MiniLm,
    tokenize: Tokenize,
    device: Device,
    fingerprint: String,
}

/// Sentence vectors in the order of their texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// texts × [`DIMENSIONS`], each row of length 1.
    pub vectors: Latents,
    /// Indices of the texts that were longer than the token limit and were cut.
    pub truncated: Vec<usize>,
}

impl Encoder {
    /// Loads weights (f32 or f16 safetensors) and a tokenizer (`tokenizer.json`) from bytes.
    ///
    /// The caller has checked both against the [`manifest`]; other weights of the same
    /// architecture are accepted and get another [`fingerprint`](Encoder::fingerprint).
    ///
    /// # Errors
    /// [`EncoderError::Tokenizer`] and [`EncoderError::Weights`] for bytes that cannot be used.
    pub fn load(weights: Vec<u8>, tokenizer: &[u8], limit: TokenLimit, device: Device) -> Result<Self> {
        let digests = Digests { weights: sha256(&weights), tokenizer: sha256(tokenizer) };
        Encoder::load_known(weights, tokenizer, &digests, limit, device)
    }

    /// The same for bytes whose checksums the caller has just computed, which takes longer than the loading itself.
    ///
    /// # Errors
    /// As [`Encoder::load`].
    pub fn load_known(
        weights: Vec<u8>,
        tokenizer: &[u8],
        digests: &Digests,
        limit: TokenLimit,
        device: Device,
    ) -> Result<Self> {
        let fingerprint = fingerprint(digests, limit);
        let tokenize = Tokenize::load(tokenizer, limit)?;
        let model = MiniLm::load(&weights, &device)?;
        Ok(Encoder { model, tokenize, device, fingerprint })
    }

    /// Names the encoder: equal weights, tokenizer and limit give an equal fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The device it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Encodes texts: sorted by length into few padded shapes, returned in their own order.
    ///
    /// `after_batch(done, total)` is awaited after every batch: report progress there, give
    /// the event loop its turn, or fail to cancel.
    ///
    /// # Errors
    /// [`EncoderError::Device`] when the device stops answering; whatever `after_batch` returns.
    pub async fn encode<T: AsRef<str>>(
        &self,
        texts: &[T],
        mut after_batch: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Encoded> {
        let tokenized = self.tokenize.tokenize(texts)?;
        let mut vectors = Latents::zeros(texts.len(), DIMENSIONS);
        let mut done = 0;
        for batch in tokenized.batches() {
            let rows = self.forward(&batch).await?;
            for (&text, row) in batch.texts.iter().zip(rows.chunks_exact(DIMENSIONS)) {
                vectors.row_mut(text).copy_from_slice(row);
            }
            done += batch.texts.len();
            after_batch(done, texts.len()).await?;
        }
        Ok(Encoded { vectors, truncated: tokenized.truncated })
    }

    /// Whether a text is longer than the token limit, so that its end is not read.
    pub fn is_truncated(&self, text: &str) -> bool {
        self.tokenize.is_truncated(text)
    }

    /// Compares one cosine with the reference implementation.
    ///
    /// Shader compilers can be wrong without saying so: call this after loading, and fall back
    /// to the CPU when it fails.
    ///
    /// # Errors
    /// [`EncoderError::SelfTest`] when the device computes wrong numbers.
    pub async fn self_test(&self) -> Result<()> {
        let (one, other, expected) = GOLDEN;
        let encoded = self.encode(&[one, other], async |_, _| Ok(())).await?;
        let found = dot(encoded.vectors.row(0), encoded.vectors.row(1));
        let agrees = (found - expected).abs() <= GOLDEN_TOLERANCE;
        if agrees { Ok(()) } else { Err(EncoderError::SelfTest { expected, found }.into()) }
    }

    /// Row-major [texts, DIMENSIONS] for one padded batch.
    async fn forward(&self, batch: &Batch) -> Result<Vec<f32>> {
        let shape = [batch.rows, batch.length];
        let ids = Tensor::<1, Int>::from_data(batch.ids.as_slice(), &self.device).reshape(shape);
        let mask = Tensor::<1>::from_data(batch.mask.as_slice(), &self.device).reshape(shape);
        let data = self.model.forward(ids, mask).into_data_async().await.map_err(|e| device_error(&e))?;
        data.try_to_vec().map_err(|e| device_error(&e))
    }
}

/// Opens the device this build was made for: the GPU of a `gpu` build, otherwise the CPU.
///
/// # Errors
/// [`EncoderError::Device`] when there is no usable GPU.
pub async fn open_device() -> Result<Device> {
    #[cfg(feature = "gpu")]
    {
        burn::tensor::wgpu::WgpuOptions::default().init_async().await.map_err(|e| device_error(&e))
    }
    #[cfg(not(feature = "gpu"))]
    {
        Ok(Device::flex())
    }
}

fn device_error(error: &impl std::fmt::Debug) -> crate::Error {
    EncoderError::Device { why: format!("{error:?}") }.into()
}

fn fingerprint(digests: &Digests, limit: TokenLimit) -> String {
    let of_limit = (limit.0 as u32).to_le_bytes();
    let parts: [&[u8]; 4] = [b"aquiline encoder 1", &digests.weights, &digests.tokenizer, &of_limit];
    hex(&sha256(&parts.concat())[..8])
}
