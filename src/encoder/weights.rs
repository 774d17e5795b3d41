//! The original safetensors bytes into the network, and their half-precision form.

use burn::module::Param;
use burn::nn::{Embedding, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::digest::PIECE;
use crate::error::{EncoderError, Result};

/// The tensors of a file, by the names that PyTorch gave them, on their way to a device.
pub(super) struct Weights<'a> {
    tensors: SafeTensors<'a>,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    /// Reads safetensors bytes.
    ///
    /// # Errors
    /// [`EncoderError::Weights`] for bytes that are no safetensors file.
    pub(super) fn read(bytes: &'a [u8], device: &'a Device) -> Result<Self> {
        Ok(Weights { tensors: SafeTensors::deserialize(bytes).map_err(weights_error)?, device })
    }

    /// A table of `count` rows.
    ///
    /// # Errors
    /// [`EncoderError::Weights`] for a tensor that is missing, or has another shape or type, as all of these.
    pub(super) fn embedding(&self, name: &str, count: usize, width: usize) -> Result<Embedding> {
        let values = self.values(&format!("{name}.weight"), &[count, width])?;
        Ok(Embedding { weight: self.matrix(values, [count, width]) })
    }

    /// PyTorch keeps a linear map as `[to, from]`; it is `[from, to]` here.
    pub(super) fn linear(&self, name: &str, from: usize, to: usize) -> Result<Linear> {
        let values = transposed(&self.values(&format!("{name}.weight"), &[to, from])?, from);
        let bias = self.values(&format!("{name}.bias"), &[to])?;
        Ok(Linear { weight: self.matrix(values, [from, to]), bias: Some(self.vector(bias)) })
    }

    pub(super) fn layer_norm(&self, name: &str, width: usize, epsilon: f64) -> Result<LayerNorm> {
        let part = |part: &str| Ok(self.vector(self.values(&format!("{name}.{part}"), &[width])?));
        let (gamma, beta): (_, Result<_>) = (part("weight")?, part("bias"));
        let mut norm = LayerNormConfig::new(width).with_epsilon(epsilon).init(self.device);
        (norm.gamma, norm.beta) = (gamma, Some(beta?));
        Ok(norm)
    }

    /// The values of a tensor as f32.
    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let missing = || weights_error(format!("the tensor {name} is missing"));
        let view = self.tensors.tensor(name).map_err(|_| missing())?;
        if view.shape() != shape {
            let found = view.shape();
            return Err(weights_error(format!("the tensor {name} has the shape {found:?}, not {shape:?}")).into());
        }
        match view.dtype() {
            Dtype::F32 => Ok(f32_values(view.data()).collect()),
            Dtype::F16 => Ok(f16_values(view.data())),
            other => Err(weights_error(format!("the tensor {name} is of type {other:?}, not F32 or F16")).into()),
        }
    }

    fn matrix(&self, values: Vec<f32>, shape: [usize; 2]) -> Param<Tensor<2>> {
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    fn vector(&self, values: Vec<f32>) -> Param<Tensor<1>> {
        let length = values.len();
        Param::from_tensor(Tensor::from_data(TensorData::new(values, [length]), self.device))
    }
}

/// A row-major matrix of rows of this width, turned over; by squares, so that neither side is touched far apart.
fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    const SIDE: usize = 16;
    let height = values.len() / width;
    let mut turned = vec![0.0; values.len()];
    for top in (0..height).step_by(SIDE) {
        for left in (0..width).step_by(SIDE) {
            for row in top..height.min(top + SIDE) {
                for column in left..width.min(left + SIDE) {
                    turned[column * height + row] = values[row * width + column];
                }
            }
        }
    }
    turned
}

fn f32_values(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn f16_values(bytes: &[u8]) -> Vec<f32> {
    let mut values = Vec::with_capacity(bytes.len() / 2);
    bytes.chunks(PIECE).for_each(|piece| extend_from_f16(&mut values, piece));
    values
}

#[inline(never)]
fn extend_from_f16(values: &mut Vec<f32>, bytes: &[u8]) {
    values.extend(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()));
}

/// The same weights at half precision: half the download, cosines within 2e-3.
///
/// Tensors that are not f32 are copied as they are.
///
/// # Errors
/// [`EncoderError::Weights`] for bytes that are no safetensors file.
pub fn halve(bytes: &[u8]) -> Result<Vec<u8>> {
    let tensors = SafeTensors::deserialize(bytes).map_err(weights_error)?;
    let halved: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, view)| match view.dtype() {
            Dtype::F32 => (name.to_owned(), Dtype::F16, view.shape().to_vec(), half_precision(view.data())),
            other => (name.to_owned(), other, view.shape().to_vec(), view.data().to_vec()),
        })
        .collect();
    let views =
        halved.iter().map(|(name, dtype, shape, data)| Ok((name, TensorView::new(*dtype, shape.clone(), data)?)));
    let views =
        views.collect::<std::result::Result<Vec<_>, _>>().map_err(weights_error::<safetensors::SafeTensorError>)?;
    Ok(safetensors::serialize(views, None).map_err(weights_error)?)
}

fn half_precision(f32_bytes: &[u8]) -> Vec<u8> {
    f32_values(f32_bytes).flat_map(|value| f16::from_f32(value).to_le_bytes()).collect()
}

fn weights_error<E: std::fmt::Display>(why: E) -> EncoderError {
    EncoderError::Weights { why: why.to_string() }
}
