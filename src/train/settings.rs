//! What a training run can be told.

use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result};
use crate::network::optimizer::OptimizerSettings;

/// Of all bounds of a gradient's length the largest that has a meaning.
const MOST_GRADIENT: f32 = 1e12;

/// What advantages are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// The value network, with generalised advantage estimation.
    Value,
    /// The other episodes of the same group (same user and anchor); the value network is not trained.
    Group,
}

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrainSettings {
    /// Weight of KL(π‖π_ref).
    pub kl_weight: f32,
    /// Divides the scores of candidates: lower is greedier.
    pub temperature: f32,
    /// γ.
    pub discount: f32,
    /// λ of GAE: 1 trusts returns, 0 trusts V.
    pub trace: f32,
    /// Whether rewards are the gains of single steps, γ U(x_{t+1}) − U(x_t) and without γ at the last, instead of the last
    /// text's U. The optimum is the same (Ng et al. 1999), and credit reaches the step that earned it.
    pub shaping: bool,
    /// What advantages are measured against.
    pub baseline: Baseline,
    /// Whether advantages are brought to mean 0 and variance 1 over an update.
    pub whitening: bool,
    /// Learning rates and clipping.
    pub optimizer: OptimizerSettings,
    /// Updates without a better mean reward (of the last [`SMOOTHING`](super::SMOOTHING)) after which a run has converged; 0 for never.
    pub patience: usize,
    /// Seeds the weights and every shuffle.
    pub seed: u64,
}

impl Default for TrainSettings {
    /// The paper's α, temperature and γ (Table 7).
    fn default() -> Self {
        TrainSettings {
            kl_weight: 0.1,
            temperature: 0.5,
            discount: 1.0,
            trace: 0.95,
            shaping: false,
            baseline: Baseline::Value,
            whitening: true,
            optimizer: OptimizerSettings::default(),
            patience: 0,
            seed: 0,
        }
    }
}

impl TrainSettings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for one out of its range.
    pub fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let OptimizerSettings { policy_rate, value_rate, most_gradient } = self.optimizer;
        let is_share = |value: f32| (0.0..=1.0).contains(&value);
        match self {
            _ if !(self.kl_weight >= 0.0 && self.kl_weight.is_finite()) => bad("kl_weight", "use a number from 0"),
            _ if !(self.temperature >= 0.01 && self.temperature.is_finite()) => bad("temperature", "use at least 0.01"),
            _ if !is_share(self.discount) => bad("discount", "use a number from 0 to 1"),
            _ if !is_share(self.trace) => bad("trace", "use a number from 0 to 1"),
            // Steps are then too short for a finite weight to become none.
            _ if ![policy_rate, value_rate, most_gradient / MOST_GRADIENT]
                .iter()
                .all(|&part| part > 0.0 && part <= 1.0) =>
            {
                bad("optimizer", "use rates above 0 and at most 1, and a bound above 0 and at most 1e12")
            }
            _ => Ok(()),
        }
    }
}
