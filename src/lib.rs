//! Steer any language model toward the best region of your own embedding space.
#![warn(missing_docs)]

pub mod error;
pub mod catalog;
pub mod ratings;
pub mod latent;
mod ridge;
pub mod factorization;
pub mod design;
pub mod action;
pub mod profile;
pub mod simulator;
#[cfg(feature = "networks")]
pub mod encoder;

pub use error::{Error, Result};
