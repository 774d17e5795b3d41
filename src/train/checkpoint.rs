//! A training run written down: f32 safetensors, with everything else as JSON in the header.
//!
//! Bytes may come from anywhere: sizes are checked before anything is allocated, every number must be finite, and a
//! checkpoint of another version or another encoder is refused by name.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{Learner, Progress, TrainSettings};
use crate::error::{EncoderError, Result, TrainingError};
use crate::network::NetworkShape;
use crate::network::observation::StateEncoding;
use crate::network::optimizer::Optimizer;
use crate::network::parameters::{Parameters, Weight};
use crate::transition::{TransitionHeader, TransitionModel, TransitionRecord};

/// Raised whenever older readers would misunderstand.
const VERSION: u32 = 2;
/// The matrices of the transition model: two of f64, and two of f32.
const TRANSITIONS: [&str; 4] =
    ["transitions.information", "transitions.coefficients", "transitions.actions", "transitions.seen"];
/// The one key of the header's metadata.
const HEADER: &str = "aquiline";
/// Updates that a checkpoint may count: more would be an attack on the reader's memory.
const MOST_UPDATES: usize = 10_000_000;

/// A learner with what its weights refer to.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Fingerprint of the encoder whose vectors the weights read.
    pub encoder: String,
    /// How states are turned into numbers.
    pub encoding: StateEncoding,
    /// The learner.
    pub learner: Learner,
    /// What the policy knows of where actions lead.
    pub transitions: TransitionModel,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    encoder: String,
    encoding: StateEncoding,
    shape: NetworkShape,
    settings: TrainSettings,
    progress: Progress,
    optimizer_steps: u64,
    transitions: TransitionHeader,
}

/// Only the version, so that an unknown one can be named whatever else has changed.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// What a matrix is for.
#[derive(Clone, Copy)]
enum Part {
    Parameters,
    Reference,
    FirstMoment,
    SecondMoment,
}

impl Part {
    const ALL: [Part; 4] = [Part::Parameters, Part::Reference, Part::FirstMoment, Part::SecondMoment];

    fn name(self, weight: Weight) -> String {
        let part = match self {
            Part::Parameters => "parameters",
            Part::Reference => "reference",
            Part::FirstMoment => "optimizer.first",
            Part::SecondMoment => "optimizer.second",
        };
        format!("{part}.{}", weight.name())
    }
}

impl Checkpoint {
    /// As safetensors.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Learner { settings, parameters, reference, optimizer, progress } = &self.learner;
        let transitions = self.transitions.to_record();
        let header = Header {
            version: VERSION,
            encoder: self.encoder.clone(),
            encoding: self.encoding.clone(),
            shape: parameters.shape().clone(),
            settings: settings.clone(),
            progress: progress.clone(),
            optimizer_steps: optimizer.steps,
            transitions: transitions.header.clone(),
        };
        let json = serde_json::to_string(&header).expect("the header is plain data with string keys");
        let mut tensors: Vec<(String, Dtype, [usize; 2], Vec<u8>)> = Vec::new();
        for part in Part::ALL {
            for (index, weight) in Weight::ALL.into_iter().enumerate() {
                let values = match part {
                    Part::Parameters => parameters.values_of(weight),
                    Part::Reference => reference.values_of(weight),
                    Part::FirstMoment => &optimizer.first[index],
                    Part::SecondMoment => &optimizer.second[index],
                };
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                tensors.push((part.name(weight), Dtype::F32, weight.shape(parameters.shape()), bytes));
            }
        }
        let of_transitions = [&transitions.information, &transitions.coefficients];
        for ((name, values), shape) in TRANSITIONS.into_iter().zip(of_transitions).zip(transitions.header.shapes()) {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((name.to_owned(), Dtype::F64, shape, bytes));
        }
        let of_neighbours = [&transitions.actions, &transitions.seen];
        for ((name, values), width) in TRANSITIONS[2..].iter().zip(of_neighbours).zip(transitions.header.widths()) {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push(((*name).to_owned(), Dtype::F32, [values.len() / width, width], bytes));
        }
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.to_vec(), bytes);
            (name, view.expect("every matrix has as many values as its shape says"))
        });
        let metadata = HashMap::from([(HEADER.to_owned(), json)]);
        safetensors::serialize(views, Some(metadata)).expect("the header fits into memory, as its parts do")
    }

    /// Reads what [`Checkpoint::to_bytes`] wrote, for the encoder with this fingerprint.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] for bytes that cannot be used, [`TrainingError::Version`] and
    /// [`EncoderError::Fingerprint`] for those of another version or encoder.
    pub fn from_bytes(bytes: &[u8], encoder: &str) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| unusable(e.to_string()))?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| unusable(e.to_string()))?;
        let json = metadata.metadata().as_ref().and_then(|metadata| metadata.get(HEADER));
        let json = json.ok_or_else(|| unusable("it is no checkpoint of this library"))?;
        let Version { version } = serde_json::from_str(json).map_err(|e| unusable(e.to_string()))?;
        if version != VERSION {
            return Err(TrainingError::Version { expected: VERSION, found: version }.into());
        }
        let header: Header = serde_json::from_str(json).map_err(|e| unusable(e.to_string()))?;
        if header.encoder != encoder {
            let (expected, found) = (encoder.to_owned(), header.encoder.chars().take(64).collect());
            return Err(EncoderError::Fingerprint { expected, found }.into());
        }
        header.check()?;
        let part = |part: Part| -> Result<Parameters> {
            let mut values: [Vec<f32>; Weight::ALL.len()] = Default::default();
            for (values, weight) in values.iter_mut().zip(Weight::ALL) {
                *values = read(&tensors, &part.name(weight))?;
            }
            Parameters::from_values(header.shape.clone(), values)
        };
        let optimizer = Optimizer {
            steps: header.optimizer_steps,
            first: part(Part::FirstMoment)?.into_values(),
            second: part(Part::SecondMoment)?.into_values(),
        };
        // Means of clipped gradients, and of their squares, of which roots are taken.
        let most = 1.01 * header.settings.optimizer.most_gradient;
        let is_mean = |moment: &f32| moment.abs() <= most;
        if !optimizer.first.iter().flatten().all(is_mean)
            || optimizer.second.iter().flatten().any(|square| *square < 0.0)
        {
            return Err(unusable("the means in its optimiser are not those of clipped gradients and of squares"));
        }
        Ok(Checkpoint {
            learner: Learner {
                parameters: part(Part::Parameters)?,
                reference: part(Part::Reference)?,
                optimizer,
                settings: header.settings,
                progress: header.progress,
            },
            encoder: header.encoder,
            encoding: header.encoding,
            transitions: TransitionModel::from_record(TransitionRecord {
                header: header.transitions,
                information: read_f64(&tensors, TRANSITIONS[0])?,
                coefficients: read_f64(&tensors, TRANSITIONS[1])?,
                actions: read(&tensors, TRANSITIONS[2])?,
                seen: read(&tensors, TRANSITIONS[3])?,
            })?,
        })
    }
}

impl Header {
    fn check(&self) -> Result<()> {
        self.shape.check()?;
        self.settings.check()?;
        let Progress { updates, episodes, rewards } = &self.progress;
        let most = MOST_UPDATES as u64;
        let too_many =
            rewards.len() > MOST_UPDATES || *updates.max(&self.optimizer_steps) > most || *episodes > most.pow(2);
        if too_many || rewards.iter().any(|reward| !reward.is_finite()) {
            return Err(unusable("its progress is not one that a run can have"));
        }
        Ok(())
    }
}

fn read(tensors: &SafeTensors, name: &str) -> Result<Vec<f32>> {
    let bytes = bytes_of(tensors, name, Dtype::F32)?;
    Ok(bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

/// Sums over many transitions need more digits.
fn read_f64(tensors: &SafeTensors, name: &str) -> Result<Vec<f64>> {
    let bytes = bytes_of(tensors, name, Dtype::F64)?;
    Ok(bytes.as_chunks().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect())
}

fn bytes_of<'a>(tensors: &SafeTensors<'a>, name: &str, expected: Dtype) -> Result<&'a [u8]> {
    let view = tensors.tensor(name).map_err(|e| unusable(e.to_string()))?;
    if view.dtype() != expected {
        return Err(unusable(format!("{name} is not {expected:?}")));
    }
    Ok(view.data())
}

fn unusable(why: impl Into<String>) -> crate::Error {
    TrainingError::Checkpoint { why: why.into() }.into()
}
