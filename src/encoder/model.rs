//! The network: a six-layer BERT encoder with mean pooling (all-MiniLM-L6-v2).

use burn::nn::{Embedding, LayerNorm, Linear};
use burn::prelude::*;
use burn::tensor::activation::softmax;

use super::gelu::gelu;
use super::weights::Weights;
use crate::error::Result;

/// Width of the network, and of a sentence vector.
pub const HIDDEN: usize = 384;
const HEADS: usize = 12;
const HEAD: usize = HIDDEN / HEADS;
const INTERMEDIATE: usize = 1536;
const LAYERS: usize = 6;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;
const TOKEN_TYPES: usize = 2;
const EPSILON: f64 = 1e-12;
/// Added to the score of a padded token: its weight after the softmax is exactly 0.
const MASKED: f32 = -1e9;

/// Token ids to unit sentence vectors.
#[derive(Debug)]
pub struct MiniLm {
    words: Embedding,
    positions: Embedding,
    token_types: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

impl MiniLm {
    /// The network with these weights. Computation is always f32.
    ///
    /// # Errors
    /// [`crate::error::EncoderError::Weights`] for a tensor that is missing, or has another shape or type.
    pub(super) fn load(bytes: &[u8], device: &Device) -> Result<Self> {
        let weights = Weights::read(bytes, device)?;
        let embedding = |name, count| weights.embedding(&format!("embeddings.{name}_embeddings"), count, HIDDEN);
        Ok(MiniLm {
            words: embedding("word", VOCABULARY)?,
            positions: embedding("position", POSITIONS)?,
            token_types: embedding("token_type", TOKEN_TYPES)?,
            norm: weights.layer_norm("embeddings.LayerNorm", HIDDEN, EPSILON)?,
            layers: (0..LAYERS).map(|layer| Layer::load(&weights, layer)).collect::<Result<_>>()?,
        })
    }

    /// - `ids` `[batch, length]`, `mask` `[batch, length]` with 1 for a token and 0 for padding
    /// - returns `[batch, HIDDEN]`, each row of length 1
    pub fn forward(&self, ids: Tensor<2, Int>, mask: Tensor<2>) -> Tensor<2> {
        let [batch, length] = ids.dims();
        let positions = Tensor::<1, Int>::arange(0..length as i64, &ids.device()).unsqueeze::<2>();
        let types = ids.zeros_like();
        let embedded = self.words.forward(ids) + self.positions.forward(positions) + self.token_types.forward(types);
        let bias = ((-mask.clone() + 1.0) * MASKED).reshape([batch, 1, 1, length]);
        let mut hidden = self.norm.forward(embedded);
        for layer in &self.layers {
            hidden = layer.forward(hidden, bias.clone());
        }
        unit(mean_over_mask(hidden, mask))
    }
}

impl Layer {
    fn load(weights: &Weights<'_>, layer: usize) -> Result<Self> {
        let linear = |name, from, to| weights.linear(&format!("encoder.layer.{layer}.{name}"), from, to);
        let norm = |name| weights.layer_norm(&format!("encoder.layer.{layer}.{name}.LayerNorm"), HIDDEN, EPSILON);
        Ok(Layer {
            query: linear("attention.self.query", HIDDEN, HIDDEN)?,
            key: linear("attention.self.key", HIDDEN, HIDDEN)?,
            value: linear("attention.self.value", HIDDEN, HIDDEN)?,
            output: linear("attention.output.dense", HIDDEN, HIDDEN)?,
            attention_norm: norm("attention.output")?,
            up: linear("intermediate.dense", HIDDEN, INTERMEDIATE)?,
            down: linear("output.dense", INTERMEDIATE, HIDDEN)?,
            norm: norm("output")?,
        })
    }

    /// - `hidden` `[batch, length, HIDDEN]`, `bias` `[batch, 1, 1, length]`
    fn forward(&self, hidden: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let attended = self.output.forward(self.attend(hidden.clone(), bias));
        let hidden = self.attention_norm.forward(attended + hidden);
        let transformed = self.down.forward(gelu(self.up.forward(hidden.clone())));
        self.norm.forward(transformed + hidden)
    }

    fn attend(&self, hidden: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let [batch, length, _] = hidden.dims();
        let heads = |x: Tensor<3>| x.reshape([batch, length, HEADS, HEAD]).swap_dims(1, 2);
        let query = heads(self.query.forward(hidden.clone()));
        let key = heads(self.key.forward(hidden.clone()));
        let value = heads(self.value.forward(hidden));
        let scores = query.matmul(key.swap_dims(2, 3)) / (HEAD as f32).sqrt() + bias;
        softmax(scores, 3).matmul(value).swap_dims(1, 2).reshape([batch, length, HIDDEN])
    }
}

/// - `hidden` `[batch, length, HIDDEN]`, `mask` `[batch, length]`
fn mean_over_mask(hidden: Tensor<3>, mask: Tensor<2>) -> Tensor<2> {
    let tokens = mask.clone().sum_dim(1);
    let sum = (hidden * mask.unsqueeze_dim::<3>(2)).sum_dim(1).squeeze_dim::<2>(1);
    sum / tokens
}

fn unit(vectors: Tensor<2>) -> Tensor<2> {
    let length = (vectors.clone() * vectors.clone()).sum_dim(1).sqrt();
    vectors / length
}
