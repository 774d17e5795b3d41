//! The original safetensors bytes into the network, and their half-precision form.

use burn::store::{ChainAdapter, FloatCastAdapter, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use burn::tensor::{DType, Device};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::model::MiniLm;
use crate::error::{EncoderError, Result};

/// Names in the file (regular expression) and in [`MiniLm`].
const NAMES: [(&str, &str); 13] = [
    (r"^embeddings\.word_embeddings", "words"),
    (r"^embeddings\.position_embeddings", "positions"),
    (r"^embeddings\.token_type_embeddings", "token_types"),
    (r"^embeddings\.LayerNorm", "norm"),
    (r"^encoder\.layer\.", "layers."),
    (r"\.attention\.self\.query", ".query"),
    (r"\.attention\.self\.key", ".key"),
    (r"\.attention\.self\.value", ".value"),
    (r"\.attention\.output\.dense", ".output"),
    (r"\.attention\.output\.LayerNorm", ".attention_norm"),
    (r"\.intermediate\.dense", ".up"),
    (r"\.output\.dense", ".down"),
    (r"\.output\.LayerNorm", ".norm"),
];

/// Builds the network from safetensors bytes, f32 or f16. Computation is always f32.
///
/// # Errors
/// [`EncoderError::Weights`] for bytes that are no safetensors file, a missing tensor or a wrong shape.
pub fn load(bytes: Vec<u8>, device: &Device) -> Result<MiniLm> {
    // The store trusts its header; this parse checks every offset against the buffer first.
    SafeTensors::deserialize(&bytes).map_err(weights_error)?;
    let to_f32 = ChainAdapter::new(PyTorchToBurnAdapter, FloatCastAdapter::to(DType::F32));
    let mut store = SafetensorsStore::from_bytes(Some(bytes)).with_from_adapter(to_f32).allow_partial(true);
    for (pattern, name) in NAMES {
        store = store.with_key_remapping(pattern, name);
    }
    let mut model = MiniLm::init(device);
    let result = model.load_from(&mut store).map_err(weights_error)?;
    if let Some(error) = result.errors.first() {
        return Err(weights_error(error).into());
    }
    if let Some((missing, _)) = result.missing.first() {
        return Err(weights_error(format!("the tensor {missing} is missing")).into());
    }
    Ok(model)
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
    let values = f32_bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    values.flat_map(|value| f16::from_f32(value).to_le_bytes()).collect()
}

fn weights_error<E: std::fmt::Display>(why: E) -> EncoderError {
    EncoderError::Weights { why: why.to_string() }
}
