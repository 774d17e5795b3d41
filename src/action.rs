//! Edit prompts: what an agent may ask of the environment.

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
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
    /// Written for one user and this very state, in the proposer's own words.
    Free,
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

/// Which of the proposed actions a policy may choose from (paper §6, Table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionSpace {
    /// All of them.
    #[default]
    All,
    /// Those written without a look at the profile.
    Generic,
    /// Three quarters of them, and instead of each fourth a macro action: three of all proposed at once.
    Combined,
}

/// How each request of a macro action begins.
const ITEM_MARK: &str = "- ";
/// Requests of one action that are read.
const MOST_REQUESTS: usize = 16;
/// Requests of a macro action of [`ActionSpace::Combined`].
const MACRO_SIZE: usize = 3;

impl Action {
    /// A macro action: several edits in one request, one a line.
    ///
    /// ```
    /// use aquiline::action::{Action, Category, Origin};
    /// let action = |text: &str| Action { text: text.into(), category: Category::Plot, origin: Origin::Generic };
    /// let both = Action::at_once(&[action("Add a storm."), action("Cut the wedding.")]);
    /// assert_eq!(both.requests().collect::<Vec<_>>(), ["Add a storm.", "Cut the wedding."]);
    /// assert_eq!(action("Add a storm.").requests().collect::<Vec<_>>(), ["Add a storm."]);
    /// ```
    pub fn at_once(actions: &[Action]) -> Self {
        let requests: Vec<String> =
            actions.iter().flat_map(Action::requests).map(|text| format!("{ITEM_MARK}{text}")).collect();
        let is_personalised = actions.iter().any(|action| action.origin != Origin::Generic);
        Action {
            text: requests.join("\n"),
            category: actions.first().map_or(Category::Plot, |action| action.category),
            origin: if is_personalised { Origin::Personalised } else { Origin::Generic },
        }
    }

    /// The edits it asks for: one, or the first sixteen of a macro action.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        let is_list = self.text.lines().all(|line| line.starts_with(ITEM_MARK));
        let listed = self.text.lines().filter(move |_| is_list).filter_map(|line| line.strip_prefix(ITEM_MARK));
        listed.take(MOST_REQUESTS).chain((!is_list).then_some(self.text.as_str()))
    }
}

impl ActionSpace {
    /// What may be chosen of what was proposed. The seed draws macro actions.
    pub fn of(self, proposed: Vec<Action>, seed: u64) -> Vec<Action> {
        match self {
            ActionSpace::All => proposed,
            ActionSpace::Generic => proposed.into_iter().filter(|action| action.origin == Origin::Generic).collect(),
            ActionSpace::Combined => {
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                let mut draw = || proposed.sample(&mut random, MACRO_SIZE).cloned().collect::<Vec<_>>();
                let chosen = |(place, action): (usize, &Action)| match place % 4 {
                    3 => Action::at_once(&draw()),
                    _ => action.clone(),
                };
                proposed.iter().enumerate().map(chosen).collect()
            }
        }
    }
}
