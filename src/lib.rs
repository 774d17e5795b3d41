//! Steer any language model toward the best region of your own embedding space.
#![warn(missing_docs)]

pub mod error;
pub mod catalog;
pub mod ratings;
pub mod latent;
#[cfg(feature = "networks")]
pub mod encoder;

pub use error::{Error, Result};
