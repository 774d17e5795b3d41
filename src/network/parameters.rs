//! The weights of both networks, as plain numbers on the host.

use burn::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{NetworkShape, matrix};
use crate::error::{NumericError, Result};

/// One matrix of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the formulas at the head of the module name them in this order")]
pub enum Weight {
    State,
    StateBias,
    Query,
    Action,
    ActionBias,
    Key,
    Gain,
    Value,
    ValueBias,
    Worth,
    WorthBias,
}

/// All weights of one shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    shape: NetworkShape,
    values: [Vec<f32>; Weight::ALL.len()],
}

impl Weight {
    /// All of them, in the order in which they are kept.
    pub const ALL: [Weight; 11] = [
        Weight::State,
        Weight::StateBias,
        Weight::Query,
        Weight::Action,
        Weight::ActionBias,
        Weight::Key,
        Weight::Gain,
        Weight::Value,
        Weight::ValueBias,
        Weight::Worth,
        Weight::WorthBias,
    ];

    /// Its name in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Weight::State => "policy.state.weight",
            Weight::StateBias => "policy.state.bias",
            Weight::Query => "policy.query.weight",
            Weight::Action => "policy.action.weight",
            Weight::ActionBias => "policy.action.bias",
            Weight::Key => "policy.key.weight",
            Weight::Gain => "policy.gain.weight",
            Weight::Value => "value.state.weight",
            Weight::ValueBias => "value.state.bias",
            Weight::Worth => "value.worth.weight",
            Weight::WorthBias => "value.worth.bias",
        }
    }

    /// Rows and columns.
    pub fn shape(self, shape: &NetworkShape) -> [usize; 2] {
        let NetworkShape { state, action, hidden, key } = *shape;
        match self {
            Weight::State => [state, hidden],
            Weight::Query | Weight::Key => [hidden, key],
            Weight::Action => [action, hidden],
            // The value of a state is simpler than its policy.
            Weight::Value => [state, hidden.div_ceil(2)],
            Weight::StateBias | Weight::ActionBias => [1, hidden],
            Weight::ValueBias => [1, hidden.div_ceil(2)],
            Weight::Worth => [hidden.div_ceil(2), 1],
            Weight::Gain | Weight::WorthBias => [1, 1],
        }
    }

    /// Whether it belongs to V.
    pub fn is_of_value(self) -> bool {
        matches!(self, Weight::Value | Weight::ValueBias | Weight::Worth | Weight::WorthBias)
    }

    /// Whether it begins at 0.
    fn is_silent(self) -> bool {
        use Weight::{ActionBias, Gain, StateBias, ValueBias, Worth, WorthBias};
        matches!(self, StateBias | ActionBias | Gain | ValueBias | Worth | WorthBias)
    }
}

impl Parameters {
    /// Random weights of variance 1 / fan-in; biases of 0. At first nothing predicted is trusted, every state
    /// is worth 0 (a V that begins by chance would misjudge the first episodes), and every candidate is about as likely.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a shape without meaning.
    pub fn init(shape: NetworkShape, seed: u64) -> Result<Self> {
        shape.check()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let values = Weight::ALL.map(|weight| {
            let [rows, columns] = weight.shape(&shape);
            if weight.is_silent() {
                return vec![0.0; rows * columns];
            }
            let last = weight == Weight::Query;
            // A uniform variable on ±√3 has variance 1.
            let reach = (3.0 / rows as f32).sqrt() * if last { 0.1 } else { 1.0 };
            (0..rows * columns).map(|_| random.random_range(-reach..reach)).collect()
        });
        Ok(Parameters { shape, values })
    }

    /// Weights in the order of [`Weight::ALL`].
    ///
    /// # Errors
    /// [`NumericError::WrongSize`] for another number of values than the shape needs, [`NumericError::NotFinite`], and
    /// [`NumericError::BadSetting`] for a shape without meaning.
    pub fn from_values(shape: NetworkShape, values: [Vec<f32>; Weight::ALL.len()]) -> Result<Self> {
        shape.check()?;
        for (weight, values) in Weight::ALL.into_iter().zip(&values) {
            let [rows, columns] = weight.shape(&shape);
            let (expected, found) = (rows * columns, values.len());
            if expected != found {
                return Err(NumericError::WrongSize { what: weight.name(), expected, found }.into());
            }
            if values.iter().any(|value| !value.is_finite()) {
                return Err(NumericError::NotFinite { what: weight.name() }.into());
            }
        }
        Ok(Parameters { shape, values })
    }

    /// Their shape.
    pub fn shape(&self) -> &NetworkShape {
        &self.shape
    }

    /// Each matrix with its values.
    pub fn iter(&self) -> impl Iterator<Item = (Weight, &[f32])> {
        Weight::ALL.into_iter().zip(self.values.iter().map(Vec::as_slice))
    }

    /// The values of one matrix.
    pub fn values_of(&self, weight: Weight) -> &[f32] {
        &self.values[weight as usize]
    }

    /// All values, in the order of [`Weight::ALL`].
    pub(crate) fn into_values(self) -> Vec<Vec<f32>> {
        self.values.into()
    }

    pub(super) fn values_mut(&mut self) -> &mut [Vec<f32>; Weight::ALL.len()] {
        &mut self.values
    }

    /// The weights on a device, in the order of [`Weight::ALL`].
    pub(crate) fn upload(&self, device: &Device) -> Vec<Tensor<2>> {
        let upload = |(weight, values): (Weight, &[f32])| {
            let [rows, columns] = weight.shape(&self.shape);
            matrix(values.to_vec(), rows, columns, device)
        };
        self.iter().map(upload).collect()
    }
}
