//! Steer any language model toward the best region of your own embedding space.
//!
//! # What it does
//!
//! You have items with a text and people who rate them. Ratings say where demand is; texts say where the items are;
//! somewhere between the items there is a place that someone would like and that nothing fills. aquiline finds such
//! places, takes an existing item, and asks for one small edit of its text after another. After every edit a sentence
//! encoder reads the new text, a fitted map puts it into the latent space Z, and a utility says what it is worth there.
//! The idea, the horizon of five edits and the optimal design over candidate edits are those of the EAGLE agent
//! (Tennenholtz et al. 2024, *Embedding-Aligned Language Models*, NeurIPS).
//!
//! # The mathematics in one example
//!
//! No model and no file is needed for this much:
//!
//! ```
//! use std::sync::Arc;
//!
//! use aquiline::design::{Design, DesignSettings};
//! use aquiline::factorization::Factorization;
//! use aquiline::latent::Latents;
//! use aquiline::ratings::Ratings;
//! use aquiline::utility::{Person, Utility};
//!
//! // Ratings become a behavioural embedding.
//! let csv = b"userId,movieId,rating\n\
//!     ann,kites,5\nann,ghosts,1\nann,tides,4.5\nben,kites,1.5\nben,ghosts,5\nben,tides,2\n";
//! let ratings = Ratings::from_movielens_csv(csv, "ratings.csv", (0.5, 5.0))?;
//! let settings = Factorization { factors: 2, ridge: 0.5, ..Default::default() };
//! let factors = settings.fit(&ratings, |_, _| Ok(()))?;
//! let (ann, kites, ghosts) = (0, 0, 1);
//! assert!(factors.predict(ann, kites) > factors.predict(ann, ghosts));
//!
//! // A point is worth what Ann would rate it (1.0 is the top rating) plus a little for being new.
//! let items = Arc::new(factors.items.clone());
//! let vector = factors.users.row(ann).iter().map(|value| value / 5.0).collect();
//! let person = Person { offset: (factors.mean + factors.user_biases[ann]) / 5.0, vector };
//! let utility = Utility::local_gap(person, items.clone(), 0.02, 1.0);
//! assert!(utility.value(items.row(kites)) > utility.value(items.row(ghosts)));
//!
//! // Three candidate edits, by how far each moves the text: the third says nothing that the first does not say louder.
//! let moves = Latents::new(2, vec![0.4, 0.0, 0.0, 0.3, 0.1, 0.0])?;
//! let design = Design::g_optimal(&moves, &DesignSettings::default())?;
//! assert_eq!(design.support(), [0, 1]);
//! assert!(design.optimality_gap <= 1e-3 * design.dimension as f64);
//! # Ok::<(), aquiline::Error>(())
//! ```
//!
//! # The modules, in reading order
//!
//! A module uses only modules listed above it.
//!
//! *Values.* [`error`]: every failure, with a stable code. [`catalog`]: items and their readers. [`ratings`]: who rated
//! what, and seeded splits. [`latent`]: points of Z.
//!
//! *Mathematics.* [`eval`]: results with intervals. [`factorization`]: ratings to factors, by alternating least squares. [`alignment`]: sentence vectors
//! to Z, with the skill on held-out items. [`judge`]: another opinion than the reward's. [`preference`]: what people
//! prefer, from pairs. [`knowledge`]: facts, and points that must satisfy them. [`utility`]: what a point is worth. [`gap`]: where it is worth much and no item is
//! near. [`design`]: which actions to try, with a certificate of optimality. [`transition`]: where an action leads,
//! before it is tried.
//!
//! *Language, as values.* [`llm`]: questions and replies, the dialect of servers, retries and budgets. [`action`]: edit
//! prompts. [`profile`]: a user's ratings in words. [`prompt`]: everything a language model is asked. [`answer`]: what it
//! meant by what it said. [`raters`]: what a judge thinks of pairs.
//!
//! *The engine*, without I/O, clock or `async`. [`objective`]: the utility of a text. [`safeguard`]: what keeps an
//! episode near its anchor, from asking twice and from taking back. [`rollout`]: an episode as a machine that asks for
//! what it needs. [`dialogue`]: what it needs of a language model, as questions. [`policy`]: how the next action is
//! chosen. [`search`]: the best text within a budget, without training. [`simulator`]: a seeded stand-in for the language
//! model. [`elm`]: the baseline that jumps to the best point of Z and has a text written for it.
//!
//! *Networks* (feature `networks`), on the CPU or on WebGPU. `encoder`: texts to sentence vectors. `network`: the
//! policy and the value. `train`: the learner.
//!
//! *The product.* [`client`]: asks a language model, within a budget. [`agent`]: a fitted world and the loop that drives episodes. `session` (feature `networks`): encoder,
//! catalog and agent together, as a page or Node.js talks to them. [`diversity`]:
//! what steering many users does to the whole. [`explain`]: why an episode took its steps. `experiment`
//! (feature `networks`): the paper's tables. `wasm`, in browser builds:
//! the JavaScript boundary.
#![warn(missing_docs)]

// Values
mod order;
pub mod error;
pub mod catalog;
pub mod ratings;
pub mod latent;
// Mathematics
pub mod eval;
mod ridge;
pub mod factorization;
pub mod alignment;
pub mod judge;
pub mod preference;
pub mod knowledge;
pub mod utility;
pub mod gap;
pub mod design;
pub mod transition;
// Language, as values
pub mod llm;
pub mod action;
pub mod profile;
pub mod prompt;
pub mod answer;
pub mod raters;
// The engine
pub mod objective;
pub mod safeguard;
pub mod rollout;
pub mod dialogue;
pub mod policy;
pub mod search;
pub mod simulator;
pub mod elm;
// Networks
#[cfg(feature = "networks")]
pub mod encoder;
#[cfg(feature = "networks")]
pub mod network;
#[cfg(feature = "networks")]
pub mod train;
// The product
pub mod client;
pub mod agent;
#[cfg(feature = "networks")]
pub mod session;
pub mod diversity;
pub mod explain;
#[cfg(feature = "networks")]
pub mod experiment;
#[cfg(target_family = "wasm")]
mod wasm;

pub use error::{Error, Result};
