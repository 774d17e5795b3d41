//! Edit prompts: what an agent may ask of the environment.

use serde::{Deserialize, Serialize};

/// The paper's five kinds of edit (§E.2 there), for films.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// What happens.
    Plot,
    /// Who it happens to.
    Character,
    /// How it looks and how it is told.
    Visual,
    /// What it is about.
    Theme,
    /// Whom it is for.
    Audience,
}

impl Category {
    /// All five, in the paper's order.
    pub const ALL: [Category; 5] =
        [Category::Plot, Category::Character, Category::Visual, Category::Theme, Category::Audience];
}

/// Whether a user's profile was looked at when the action was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Written from the item alone.
    Generic,
    /// Written for one user.
    Personalised,
}

/// One edit prompt, a sentence such as "Give the lead a talkative companion."
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Action {
    /// The request, as the environment reads it.
    pub text: String,
    /// Its kind.
    pub category: Category,
    /// Where it came from.
    pub origin: Origin,
}
