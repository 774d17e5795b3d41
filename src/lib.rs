//! Steer any language model toward the best region of your own embedding space.
#![warn(missing_docs)]

// Values
pub mod error;
pub mod catalog;
pub mod ratings;
pub mod latent;
// Mathematics
mod ridge;
pub mod factorization;
pub mod alignment;
pub mod utility;
pub mod gap;
pub mod design;
// Language, as values
pub mod action;
pub mod profile;
// The engine
pub mod objective;
pub mod rollout;
pub mod policy;
pub mod simulator;
// Networks
#[cfg(feature = "networks")]
pub mod encoder;
// The product
pub mod agent;
#[cfg(feature = "networks")]
pub mod session;
pub mod eval;
#[cfg(target_family = "wasm")]
mod wasm;

pub use error::{Error, Result};
