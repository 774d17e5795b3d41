//! Every way the library can fail, as values with a stable code.
//!
//! One [`Error`] made of one enum per area. Messages say what is wrong and what to do; they never
//! contain keys, and they quote at most a short piece of the input.

mod code;
mod llm;

pub use llm::LlmError;

/// Anything aquiline can fail with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A catalog or a set of ratings could not be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Numbers of the wrong shape, or numbers that are none.
    #[error(transparent)]
    Numeric(#[from] NumericError),
    /// A design was asked for that does not exist.
    #[error(transparent)]
    Design(#[from] DesignError),
    /// The sentence encoder could not be loaded or run.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// A rollout was started or continued wrongly.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// A policy could not be trained or read.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A language model could not be asked, or did not answer usefully.
    #[error(transparent)]
    Llm(#[from] LlmError),
}

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can be wrong with a catalog or with ratings.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A line that does not follow its format.
    #[error("{file}, line {line}: {why}")]
    Malformed {
        /// The file as the caller named it.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// What was expected there.
        why: String,
    },
    /// Nothing to work with.
    #[error("{what} is empty: at least one entry is needed")]
    Empty {
        /// What was empty.
        what: &'static str,
    },
    /// A user that has no ratings here.
    #[error("unknown user {id:?}: it has no ratings in this data set")]
    UnknownUser {
        /// The id that was asked for.
        id: String,
    },
    /// An item that is not in the catalog.
    #[error("unknown item {id:?}: it is not in this catalog")]
    UnknownItem {
        /// The id that was asked for.
        id: String,
    },
    /// A name that the data does not mention.
    #[error("unknown {what} {id:?}: no triple names it")]
    UnknownName {
        /// What it was said to be: an entity or a relation.
        what: &'static str,
        /// The name that was asked for.
        id: String,
    },
    /// An item that cannot be steered because there is nothing to read.
    #[error("item {id:?} has no text, so it has no place in the latent space; give it a description or pick another")]
    NoText {
        /// The id that was asked for.
        id: String,
    },
    /// A ready-made vector that cannot be used.
    #[error("the vector of {whose} {id:?} cannot be used: {why}")]
    Vector {
        /// An item or a user.
        whose: &'static str,
        /// Its id.
        id: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A space with too few points of the catalog for a map into it.
    #[error(
        "{found} items of the catalog have a vector, and {dimensions} dimensions need {needed}: give more items (by the ids of the catalog), or vectors of fewer dimensions"
    )]
    FewVectors {
        /// Items that have a text and a vector.
        found: usize,
        /// Items needed.
        needed: usize,
        /// Dimensions of the vectors.
        dimensions: usize,
    },
    /// Vectors that predict something else than ratings on the scale.
    #[error(
        "the vectors predict from {from:.2} to {to:.2}, mostly off the scale of {lowest} to {highest}: give the scale that they are on, or the mean that they leave out"
    )]
    OffScale {
        /// Least that they predict.
        from: f32,
        /// Most that they predict.
        to: f32,
        /// Lowest rating of the scale.
        lowest: f32,
        /// Highest rating of the scale.
        highest: f32,
    },
    /// A rating outside the scale.
    #[error("{file}, line {line}: rating {value} is not a number between {lowest} and {highest}")]
    RatingOutOfRange {
        /// The file as the caller named it.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// The offending text.
        value: String,
        /// Lowest rating of the scale.
        lowest: f32,
        /// Highest rating of the scale.
        highest: f32,
    },
}

/// What can be wrong with numbers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NumericError {
    /// Two things that should have one size have two.
    #[error("{what} has {found} entries where {expected} are needed")]
    WrongSize {
        /// What was measured.
        what: &'static str,
        /// Entries needed.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// NaN or infinity in an input or a result.
    #[error("{what} contains a value that is not a finite number")]
    NotFinite {
        /// Where it was found.
        what: &'static str,
    },
    /// A setting that has no meaning.
    #[error("{what} is out of range: {why}")]
    BadSetting {
        /// The setting.
        what: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// An iteration that did not come to rest.
    #[error("{what} did not converge in {iterations} iterations: allow more, or raise the ridge")]
    NotConverged {
        /// What was fitted.
        what: &'static str,
        /// Iterations that were allowed.
        iterations: usize,
    },
}

/// What can be wrong with a request for a design.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DesignError {
    /// No candidate action at all.
    #[error("no candidate actions: a design needs at least one")]
    NoActions,
    /// More actions wanted than there are.
    #[error("a subset of {wanted} was asked for, but there are only {available} actions")]
    SubsetTooLarge {
        /// Size asked for.
        wanted: usize,
        /// Actions there are.
        available: usize,
    },
    /// All actions lead to the same place.
    #[error("no action moves the item: every displacement is zero")]
    NoDisplacement,
}

/// What can go wrong with the encoder.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// A file that is not the one the manifest names.
    #[error(
        "{file} is not the expected file ({why}); download it again, or update the manifest if you changed it on purpose"
    )]
    Integrity {
        /// File name in the manifest.
        file: String,
        /// Size or checksum, expected and found.
        why: String,
    },
    /// A tokenizer file that cannot be read.
    #[error("the tokenizer cannot be used: {why}")]
    Tokenizer {
        /// What the tokenizer library said.
        why: String,
    },
    /// Weights that do not fit the model.
    #[error("the weights cannot be used: {why}")]
    Weights {
        /// Which tensor, and why.
        why: String,
    },
    /// A device that cannot be had, or that stopped answering.
    #[error("the device cannot be used: {why}")]
    Device {
        /// What the driver said.
        why: String,
    },
    /// A device that computes wrong numbers.
    #[error("self-test failed: cosine {found:.4} where {expected:.4} is right; this device computes wrong numbers")]
    SelfTest {
        /// The reference value.
        expected: f32,
        /// What this device computed.
        found: f32,
    },
    /// Vectors or checkpoints that another encoder made.
    #[error("these vectors were made by encoder {found}, not by {expected}; encode the texts again")]
    Fingerprint {
        /// Fingerprint of the encoder in use.
        expected: String,
        /// Fingerprint found in the data.
        found: String,
    },
    /// A stored cache of vectors that cannot be read.
    #[error("the vector cache cannot be used: {why}")]
    Cache {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What can be wrong with a rollout.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// A rollout of no steps.
    #[error("a horizon of 0 leaves nothing to do: use at least 1")]
    NoHorizon,
    /// A search with too few environment calls for anything.
    #[error("the budget of environment calls is too small for a single path: use at least {least}")]
    NoBudget {
        /// The smallest budget that the strategy can use.
        least: usize,
    },
    /// Nothing was proposed.
    #[error("the proposer returned no usable action at step {step}")]
    NoActions {
        /// Step, from 0.
        step: usize,
    },
    /// An environment that carried out nothing of what it was asked.
    #[error("none of the {tried} rewrites was carried out, so there is no new text; the last reason: {why}")]
    RewritesFailed {
        /// Rewrites asked for.
        tried: usize,
        /// What went wrong with the last one: untrusted text.
        why: String,
    },
    /// Nobody to edit texts.
    #[error(
        "there is no language model to edit these texts: name one, or ask for the simulator by name, whose sentences are \
         about films"
    )]
    NoEnvironment,
    /// A reply of another kind or size than the effect asked for.
    #[error("a reply does not answer its effect: {why}")]
    WrongReply {
        /// What was expected.
        why: &'static str,
    },
    /// A recorded run that asks something else than it did when it was recorded.
    #[error("the transcript diverges at effect {at}: {why}")]
    Diverged {
        /// Index of the effect, from 0.
        at: usize,
        /// What differs.
        why: &'static str,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// What can go wrong with a policy and its training.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A training step without anything to learn from.
    #[error("there is nothing to learn from: at least one episode with one decision is needed")]
    NoEpisodes,
    /// A decision without a choice.
    #[error("a decision has no candidates, or a chosen action is not among them")]
    NoCandidates,
    /// A reward, gradient or output that is no number.
    #[error("{what} is not a finite number, so training stopped; what was learned before is kept")]
    NotFinite {
        /// Where it was found.
        what: &'static str,
    },
    /// A trained policy was asked for before there is one.
    #[error("there is no trained policy yet: train one, or load a checkpoint")]
    Untrained,
    /// An allowance of environment calls that allows none.
    #[error("a budget of {budget} environment calls does not pay for one update, which takes {needed}")]
    NoBudget {
        /// Calls allowed.
        budget: usize,
        /// Calls that one update takes.
        needed: usize,
    },
    /// Bytes that are no checkpoint.
    #[error("the checkpoint cannot be used: {why}")]
    Checkpoint {
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint of another version of this library.
    #[error("the checkpoint has version {found}, and this library reads version {expected}; train again")]
    Version {
        /// Version that can be read.
        expected: u32,
        /// Version found.
        found: u32,
    },
}
