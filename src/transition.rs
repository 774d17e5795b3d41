//! Where an edit leads, before it is made: a model of transitions, a line and what like ones leave over, learned as they
//! are seen.
//!
//! **Idea.** A design over candidate edits needs the displacement of each (see [`crate::design`]), and finding one out
//! costs a call of the environment: a hundred calls to choose ten. Every call that was made says something about the
//! next ones, as edits that read alike move texts alike. So displacements are regressed on what is known beforehand,
//! the design is computed from predictions, and only the candidates that it chooses are paid for.
//!
//! **Formula.** With `φ = [1, action / action_length, latent / latent_length]`, where the action is the sentence vector
//! of its text, a displacement is `δ = Wᵀφ + noise`. Bayes' rule under the prior `W ~ N(0, noise²/ridge)` gives
//!
//! - the prediction `Wᵀφ` with `W = A⁻¹ Σ φ δᵀ` and `A = ridge·I + Σ φ φᵀ`, as ridge regression does;
//! - and to it is added `γ c`: c is what the nearest transitions seen leave over on average, weighed by how much their
//!   actions and places are alike (see `transition/local.rs`), and γ, from 0 to 1, the share of such corrections that
//!   would have been right so far: `Σ e·c / Σ c·c` over the errors e of the line alone;
//! - its deviation `noise · √(1 + φᵀA⁻¹φ)`, one for all coordinates: the noise of the transition itself, and with it
//!   what is not known about W. It shrinks where transitions were seen, and stays large for actions unlike any of
//!   those;
//! - `noise² = Σ_t ‖e_t‖² / (1 + φ_tᵀA_t⁻¹φ_t) / dimensions`, averaged over the transitions t, where `e_t` is the error
//!   of the prediction made before t was learned; the setting counts as one transition more. This *is* the residual sum
//!   of squares of the fit with its ridge penalty, and makes deviations right on average by construction.
//!
//! **Steps.** Each transition is first predicted, which judges the model ([`TransitionModel::skill`], one step ahead as
//! Dawid asks), and then learned, which updates a Cholesky factor in O(unknowns²): below a millisecond for 384 + 16
//! dimensions. So the model is up to date at any time, there is no refit, and nothing drifts.
//!
//! **When it fails.** To the line, what an action does is the same everywhere, up to a shift that depends on the place:
//! that a shark frightens in a comedy and bores in a thriller only its neighbours know, once there are some. Before it has seen many transitions the ridge draws
//! predictions toward the mean displacement and, worse for a design, flattens the directions it has not seen yet: ask
//! `skill`, as [`crate::policy::predicted_shortlist`] does. A design looks for extremes, where effects saturate and a
//! line does not, so it loses more than `explained` suggests. A `ridge` is right near the ratio of the variances of
//! noise and of displacements that actions of that length explain; far from it, deviations are right on average but too
//! small at first and too large later, or the other way round. Noise that is larger in some coordinates, or in some
//! places, is averaged. Nothing is forgotten, so an environment that changes needs a new model.
//!
//! **References.** Plackett 1950, *Some theorems in least squares*; Gill, Golub, Murray & Saunders 1974, *Methods for
//! modifying matrix factorizations*; Gramacy & Apley 2015, *Local Gaussian process approximation for large computer
//! experiments*; Dawid 1984, *Statistical theory: the prequential approach*; Bishop 2006, *Pattern
//! Recognition and Machine Learning*, 3.3; Tennenholtz et al. 2024, *Embedding-Aligned Language Models*, Def. 1, takes
//! one sample of each displacement instead.
//!
//! ```
//! use aquiline::latent::Latents;
//! use aquiline::transition::{TransitionModel, TransitionSettings};
//! // Two kinds of edits: one leads east, the other north.
//! let settings = TransitionSettings { sentence: 2, latent: 2, ridge: 0.01, ..Default::default() };
//! let mut model = TransitionModel::new(settings)?;
//! for step in 0..20 {
//!     let here = [step as f32 / 20.0, 0.5];
//!     let (action, by) = if step % 2 == 0 { ([1.0, 0.0], [0.3, 0.0]) } else { ([0.0, 1.0], [0.0, 0.2]) };
//!     let next = [here[0] + by[0], here[1] + by[1]];
//!     model.observe(&here, &action, &next)?;
//! }
//! let mixed = model.predict(&[0.5, 0.5], &[0.5, 0.5])?;
//! assert!((mixed.displacement[0] - 0.15).abs() < 0.01 && (mixed.displacement[1] - 0.1).abs() < 0.01);
//! let unlike = model.predict(&[0.5, 0.5], &[-1.0, -1.0])?;
//! assert!(unlike.deviation > 2.0 * mixed.deviation);
//! assert!(model.skill().is_some_and(|skill| skill.explained > 0.5));
//! # Ok::<(), aquiline::Error>(())
//! ```

mod local;
mod record;

use std::collections::VecDeque;

use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use crate::error::{NumericError, Result};
use crate::latent::Latents;
use crate::ridge::{RecursiveRidge, is_ridge};
use local::{Neighbourhood, Seen, Widths};
pub use record::{TransitionHeader, TransitionRecord};

/// Transitions that [`TransitionModel::skill`] is about: enough for a figure, few enough to forget how a model began.
const RECENT: usize = 200;

/// More neighbours would take long and say little.
const MOST_NEIGHBOURS: usize = 64;

/// A model has 8 bytes for each pair of unknowns, so these are 128 MiB.
const MOST_UNKNOWNS: usize = 4096;

/// What a model is about, and what is believed before anything is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionSettings {
    /// Width of the sentence vectors of actions.
    pub sentence: usize,
    /// Dimensions of the latent space.
    pub latent: usize,
    /// Strength with which coefficients are drawn to 0: the variance of the noise, relative to that of the
    /// displacements which actions of `action_length` explain. At least 0.000001.
    pub ridge: f64,
    /// The noise of a coordinate of the next latent, in units of Z, as believed before anything is seen; it counts as
    /// much as one transition. Above 0.
    pub noise: f32,
    /// How long sentence vectors typically are; at least 0.000001.
    pub action_length: f32,
    /// How long latents typically are, in units of Z; at least 0.000001. A larger one makes less of the place.
    pub latent_length: f32,
    /// Nearest transitions that correct the line, at most 64; with 0 it is the line alone.
    pub neighbours: usize,
}

/// A model of where actions lead; see the module.
#[derive(Debug, Clone)]
pub struct TransitionModel {
    settings: TransitionSettings,
    regression: RecursiveRidge,
    neighbourhood: Neighbourhood,
    /// Sums over transitions of e·c and c·c, see the module.
    agreement: f64,
    corrections: f64,
    /// Sum of all displacements.
    sum: DVector<f64>,
    transitions: usize,
    /// Sum over transitions of the mean square of the errors before learning, each in units of what was to be expected.
    scatter: f64,
    recent: VecDeque<Foresight>,
}

/// Where an action is expected to lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Next latent − latent, in units of Z.
    pub displacement: Vec<f32>,
    /// Standard deviation of each coordinate of the displacement, in units of Z: noise, and what is not known yet.
    pub deviation: f32,
}

/// How well the latest transitions, at most 200, were predicted before each was learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransitionSkill {
    /// 1 − squared error / squared error of the mean displacement of the transitions before. 1 is perfect, at 0 the
    /// mean does as well, and below 0 the model misleads.
    pub explained: f32,
    /// Share of the coordinates within one deviation of the prediction; 0.68 where deviations are right and errors
    /// normal.
    pub coverage: f32,
    /// Transitions measured.
    pub transitions: usize,
}

/// What was known of one transition before it was learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Foresight {
    squared_error: f64,
    /// The same for the mean displacement of the transitions before.
    squared_baseline: f64,
    /// Coordinates within one deviation.
    covered: usize,
}

impl Default for TransitionSettings {
    /// Unit sentence vectors of all-MiniLM-L6-v2, an alignment of 16 dimensions, a tenth as much noise as effect.
    fn default() -> Self {
        TransitionSettings {
            sentence: 384,
            latent: 16,
            ridge: 0.1,
            noise: 0.1,
            action_length: 1.0,
            latent_length: 1.0,
            neighbours: 16,
        }
    }
}

impl TransitionModel {
    /// A model that has seen nothing, and predicts that nothing moves.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a width of 0, for more than 4,096 unknowns (`1 + sentence + latent`), and for a
    /// strength, noise or length out of its range.
    pub fn new(settings: TransitionSettings) -> Result<Self> {
        settings.check()?;
        Ok(TransitionModel {
            regression: RecursiveRidge::new(settings.unknowns(), settings.latent, settings.ridge),
            neighbourhood: Neighbourhood::new(settings.sentence),
            agreement: 0.0,
            corrections: 0.0,
            sum: DVector::zeros(settings.latent),
            transitions: 0,
            scatter: 0.0,
            recent: VecDeque::new(),
            settings,
        })
    }

    /// Learns that an action (its sentence vector) led from one latent to the next; equal transitions in equal order
    /// give equal models.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`], and [`NumericError::NotFinite`] also for values so large that the model has no
    /// number for them. The model is then as it was.
    pub fn observe(&mut self, latent: &[f32], action: &[f32], next: &[f32]) -> Result<()> {
        let features = self.features(latent, action)?;
        check("the next latent", next, self.settings.latent)?;
        let moved = latent.iter().zip(next).map(|(&from, &to)| f64::from(to) - f64::from(from));
        let displacement = DVector::from_iterator(next.len(), moved);
        self.judge(latent, action, &features, &displacement)?;
        self.regression.observe(&features, &displacement);
        if self.settings.neighbours > 0 {
            self.neighbourhood.insert(latent, action, next);
        }
        self.sum += displacement;
        self.transitions += 1;
        Ok(())
    }

    /// Where an action leads from a latent.
    ///
    /// # Errors
    /// [`NumericError::WrongSize`], and [`NumericError::NotFinite`] also for a displacement beyond what f32 can say.
    pub fn predict(&self, latent: &[f32], action: &[f32]) -> Result<Prediction> {
        let features = self.features(latent, action)?;
        let places = self.neighbourhood.distances(latent, self.widths());
        let predicted = self.regression.predict(&features) + self.correction(&places, action) * self.trust();
        let displacement: Vec<f32> = predicted.iter().map(|&value| value as f32).collect();
        let deviation = self.deviation(self.regression.leverage(&features)) as f32;
        if !deviation.is_finite() || displacement.iter().any(|value| !value.is_finite()) {
            return Err(NumericError::NotFinite { what: "a predicted displacement" }.into());
        }
        Ok(Prediction { displacement, deviation })
    }

    /// The predicted displacements of many actions (K × sentence) from one latent: K × latent.
    ///
    /// # Errors
    /// As [`TransitionModel::predict`].
    pub fn predict_all(&self, latent: &[f32], actions: &Latents) -> Result<Latents> {
        let mut displacements = Vec::with_capacity(actions.len() * self.settings.latent);
        let places = self.neighbourhood.distances(latent, self.widths());
        for action in actions.rows() {
            let line = self.regression.predict(&self.features(latent, action)?);
            let predicted = line + self.correction(&places, action) * self.trust();
            displacements.extend(predicted.iter().map(|&value| value as f32));
        }
        Latents::new(self.settings.latent, displacements)
    }

    /// Transitions learned.
    pub fn transitions(&self) -> usize {
        self.transitions
    }

    /// What the model is about.
    pub fn settings(&self) -> &TransitionSettings {
        &self.settings
    }

    /// How well the latest transitions were predicted; none before two transitions that moved differently.
    pub fn skill(&self) -> Option<TransitionSkill> {
        let error: f64 = self.recent.iter().map(|foresight| foresight.squared_error).sum();
        let baseline: f64 = self.recent.iter().map(|foresight| foresight.squared_baseline).sum();
        let covered: usize = self.recent.iter().map(|foresight| foresight.covered).sum();
        let (transitions, coordinates) = (self.recent.len(), self.recent.len() * self.settings.latent);
        let explained = (1.0 - error / baseline) as f32;
        let coverage = (covered as f64 / coordinates as f64) as f32;
        explained.is_finite().then_some(TransitionSkill { explained, coverage, transitions })
    }

    /// Compares a displacement with what is predicted while it is not learned yet.
    fn judge(
        &mut self,
        latent: &[f32],
        action: &[f32],
        features: &DVector<f64>,
        displacement: &DVector<f64>,
    ) -> Result<()> {
        let of_line = displacement - self.regression.predict(features);
        let correction = self.correction(&self.neighbourhood.distances(latent, self.widths()), action);
        let errors = &of_line - &correction * self.trust();
        let (squared_error, leverage) = (errors.norm_squared(), self.regression.leverage(features));
        let (agreement, corrections) = (of_line.dot(&correction), correction.norm_squared());
        if !(squared_error + leverage + agreement + corrections).is_finite() {
            return Err(NumericError::NotFinite { what: "the error of a predicted displacement" }.into());
        }
        // The first transition has no mean before it to be compared with.
        if self.transitions > 0 {
            let deviation = self.deviation(leverage);
            let squared_baseline = (displacement - &self.sum / self.transitions as f64).norm_squared();
            let covered = errors.iter().filter(|error| error.abs() <= deviation).count();
            self.remember(Foresight { squared_error, squared_baseline, covered });
        }
        self.agreement += agreement;
        self.corrections += corrections;
        self.scatter += squared_error / (1.0 + leverage) / self.settings.latent as f64;
        Ok(())
    }

    /// γ.
    fn trust(&self) -> f64 {
        if self.corrections > 0.0 { (self.agreement / self.corrections).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// c, for transitions that began at these distances.
    fn correction(&self, places: &[f32], action: &[f32]) -> DVector<f64> {
        let left_over = |Seen { action, latent, next }: &Seen| {
            let moved = latent.iter().zip(next).map(|(&from, &to)| f64::from(to) - f64::from(from));
            let action = self.neighbourhood.actions.row(*action);
            DVector::from_iterator(next.len(), moved) - self.regression.predict(&self.scaled(latent, action))
        };
        let (count, widths) = (self.settings.neighbours, self.widths());
        let correction = self.neighbourhood.correction(places, action, count, widths, left_over);
        correction.unwrap_or_else(|| DVector::zeros(self.settings.latent))
    }

    fn widths(&self) -> Widths {
        Widths::of(self.settings.action_length, self.settings.latent_length)
    }

    fn remember(&mut self, foresight: Foresight) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(foresight);
    }

    fn deviation(&self, leverage: f64) -> f64 {
        let believed = f64::from(self.settings.noise).powi(2);
        let noise = (believed + self.scatter) / (1 + self.transitions) as f64;
        (noise * (1.0 + leverage)).sqrt()
    }

    /// φ of a state and an action.
    fn features(&self, latent: &[f32], action: &[f32]) -> Result<DVector<f64>> {
        check("the latent", latent, self.settings.latent)?;
        check("the sentence vector of an action", action, self.settings.sentence)?;
        Ok(self.scaled(latent, action))
    }

    fn scaled(&self, latent: &[f32], action: &[f32]) -> DVector<f64> {
        let of_action = action.iter().map(|&value| f64::from(value) / f64::from(self.settings.action_length));
        let of_latent = latent.iter().map(|&value| f64::from(value) / f64::from(self.settings.latent_length));
        DVector::from_iterator(self.settings.unknowns(), std::iter::once(1.0).chain(of_action).chain(of_latent))
    }
}

impl TransitionSettings {
    fn unknowns(&self) -> usize {
        self.sentence.saturating_add(self.latent).saturating_add(1)
    }

    fn check(&self) -> Result<()> {
        let bad = |what, why| Err(NumericError::BadSetting { what, why }.into());
        let is_length = |length: f32| length.is_finite() && length >= 1e-6;
        match self {
            _ if self.sentence == 0 => bad("sentence", "use at least 1"),
            _ if self.latent == 0 => bad("latent", "use at least 1"),
            _ if self.unknowns() > MOST_UNKNOWNS => bad("sentence and latent", "use at most 4,095 together"),
            _ if !is_ridge(self.ridge) => bad("ridge", "it must be finite and at least 0.000001"),
            _ if !(self.noise.is_finite() && self.noise > 0.0) => bad("noise", "it must be finite and above 0"),
            _ if !is_length(self.action_length) => bad("action_length", "it must be finite and at least 0.000001"),
            _ if self.neighbours > MOST_NEIGHBOURS => bad("neighbours", "use at most 64"),
            _ if !is_length(self.latent_length) => bad("latent_length", "it must be finite and at least 0.000001"),
            _ => Ok(()),
        }
    }
}

fn check(what: &'static str, values: &[f32], expected: usize) -> Result<()> {
    if values.len() != expected {
        return Err(NumericError::WrongSize { what, expected, found: values.len() }.into());
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(NumericError::NotFinite { what }.into());
    }
    Ok(())
}
