//! Adam with one clip of the whole gradient (Kingma & Ba 2015; Pascanu et al. 2013).
//!
//! On the host and over plain numbers: what it keeps can be written down, and a run that goes on from a checkpoint has
//! the bits of one that never stopped. The library's optimiser clips every matrix by itself and names its state by
//! random numbers.

use super::parameters::{Parameters, Weight};
use crate::error::{Result, TrainingError};

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Learning rates and the bound on the gradient.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OptimizerSettings {
    /// Learning rate of the policy.
    pub policy_rate: f32,
    /// Learning rate of the value.
    pub value_rate: f32,
    /// Largest length of each network's gradient; what is longer is shortened to it.
    pub most_gradient: f32,
}

impl Default for OptimizerSettings {
    /// For real sentences, which are many and soon known by heart: three times the policy's rate lets it settle on a few
    /// requests within five updates. The paper's 1e-5 and 5e-6 are for a language model.
    fn default() -> Self {
        OptimizerSettings { policy_rate: 1e-3, value_rate: 1e-3, most_gradient: 1.0 }
    }
}

/// Adam's state: running means of gradients and of their squares.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    pub(crate) steps: u64,
    pub(crate) first: Vec<Vec<f32>>,
    pub(crate) second: Vec<Vec<f32>>,
}

/// Lengths of the gradient before it was clipped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientNorms {
    /// Of the policy's gradient.
    pub policy: f32,
    /// Of the value's gradient.
    pub value: f32,
}

impl Optimizer {
    /// A fresh state for these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        let zeros = || parameters.iter().map(|(_, values)| vec![0.0; values.len()]).collect();
        Optimizer { steps: 0, first: zeros(), second: zeros() }
    }

    /// One step down the gradient, which has the values of every matrix in the order of [`Weight::ALL`].
    ///
    /// # Errors
    /// [`TrainingError::NotFinite`] for a gradient that is no number; nothing has changed then.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        gradient: &[Vec<f32>],
        settings: &OptimizerSettings,
    ) -> Result<GradientNorms> {
        let norms = GradientNorms { policy: norm(gradient, false), value: norm(gradient, true) };
        if !(norms.policy.is_finite() && norms.value.is_finite()) {
            return Err(TrainingError::NotFinite { what: "the gradient" }.into());
        }
        self.steps += 1;
        let correction = |decay: f64| (1.0 / (1.0 - decay.powi(self.steps.min(1 << 20) as i32))) as f32;
        let corrections = (correction(FIRST_DECAY), correction(SECOND_DECAY));
        let clip = |norm: f32| if norm > settings.most_gradient { settings.most_gradient / norm } else { 1.0 };
        for (index, weight) in Weight::ALL.into_iter().enumerate() {
            let (rate, norm) = match weight.is_of_value() {
                true => (settings.value_rate, norms.value),
                false => (settings.policy_rate, norms.policy),
            };
            let clip = clip(norm);
            let values = &mut parameters.values_mut()[index];
            let moments = self.first[index].iter_mut().zip(&mut self.second[index]);
            for ((value, (first, second)), gradient) in values.iter_mut().zip(moments).zip(&gradient[index]) {
                *value -= rate * adam(first, second, gradient * clip, corrections);
            }
        }
        Ok(norms)
    }
}

/// Updates both running means and gives the direction of the step.
fn adam(first: &mut f32, second: &mut f32, gradient: f32, corrections: (f32, f32)) -> f32 {
    *first += (1.0 - FIRST_DECAY as f32) * (gradient - *first);
    *second += (1.0 - SECOND_DECAY as f32) * (gradient * gradient - *second);
    (*first * corrections.0) / ((*second * corrections.1).sqrt() + EPSILON)
}

fn norm(gradient: &[Vec<f32>], of_value: bool) -> f32 {
    let of_network = Weight::ALL.into_iter().zip(gradient).filter(|(weight, _)| weight.is_of_value() == of_value);
    let values = of_network.flat_map(|(_, gradient)| gradient);
    values.map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt() as f32
}
