//! What keeps an episode from drifting: a likeness to the anchor, no request twice, none against an earlier one, and a
//! reviewer's verdict on the text.
//!
//! **Why.** A proxy that is maximised is over-optimised. Of the eleven rewritten films that the paper prints five have
//! lost what made them that film, four plans ask for nearly the same edit twice, and one adds flashbacks and takes them
//! out again. Titles do not notice: a rewrite may keep one and tell another story.
//!
//! **How.** *Identity* is the cosine between the sentence vectors of title and plot, here and at the anchor.
//! *Duplicates* share four fifths of all their words. *Contradictions* are read from the words: which things an action
//! asks to bring and which to take away (see [`contradicts`]).
//!
//! **When it fails.** A sentence encoder calls two texts alike that are about the same things, whoever they happen to:
//! a floor is a tripwire for another subject, not a proof of the same story. Where it should lie depends on encoder and
//! texts: look at [`crate::objective::State::identity`] of good edits first. Words are English; paraphrases without a
//! common word ("add a ghost", "remove the haunting") are seen only where a short list of topics has both.

mod request;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::error::{NumericError, Result};
use crate::profile::words_of;
use request::requests_of;

/// Share of common words from which two requests are one.
const NEARLY_EQUAL: f64 = 0.8;
/// Reasons of a verdict that are kept.
const MOST_REASONS: usize = 8;
/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 200;

/// What an episode refuses to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Safeguards {
    /// Least [identity](crate::objective::State::identity) of a text, from −1 to 1; none by default, as it depends on
    /// encoder and texts.
    pub identity_floor: Option<f32>,
    /// Whether an action that [is nearly](is_duplicate) one of an earlier step is dropped.
    pub drop_duplicates: bool,
    /// Whether an action that [contradicts] one of an earlier step is dropped.
    pub drop_contradictions: bool,
}

/// What a reviewer (moderation, a fact check, a person) says about a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the text may be used.
    pub allowed: bool,
    /// Why, as the reviewer put it: untrusted text.
    pub reasons: Vec<String>,
}

impl Default for Safeguards {
    /// No duplicates and no contradictions; texts as unlike the anchor as they come.
    fn default() -> Self {
        Safeguards { identity_floor: None, drop_duplicates: true, drop_contradictions: true }
    }
}

impl Safeguards {
    /// Nothing is refused.
    pub fn none() -> Self {
        Safeguards { identity_floor: None, drop_duplicates: false, drop_contradictions: false }
    }

    /// Whether an action may follow those that were taken.
    pub fn allows<'a>(&self, action: &Action, taken: impl IntoIterator<Item = &'a Action>) -> bool {
        let is_refused = |earlier: &Action| {
            self.drop_duplicates && is_duplicate(action, earlier)
                || self.drop_contradictions && contradicts(action, earlier)
        };
        !taken.into_iter().any(is_refused)
    }

    /// Whether a text of this identity is like enough to the anchor.
    pub fn keeps_identity(&self, identity: f32) -> bool {
        self.identity_floor.is_none_or(|floor| identity >= floor)
    }

    /// Checks the floor.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a floor that no cosine can have.
    pub fn check(&self) -> Result<()> {
        match self.identity_floor {
            Some(floor) if !(-1.0..=1.0).contains(&floor) => {
                Err(NumericError::BadSetting { what: "the identity floor", why: "it must be in [-1, 1]" }.into())
            }
            _ => Ok(()),
        }
    }
}

impl Verdict {
    /// A text that may be used.
    pub fn allow() -> Self {
        Verdict { allowed: true, reasons: Vec::new() }
    }

    /// A text that may not.
    pub fn refuse(reason: impl Into<String>) -> Self {
        Verdict { allowed: false, reasons: vec![reason.into()] }
    }

    /// The verdict as it is kept: the first few reasons that say something, each on one line and not too long.
    pub fn bounded(self) -> Self {
        let reasons = self.reasons.iter().map(|reason| one_line(reason)).filter(|reason| !reason.is_empty());
        Verdict { allowed: self.allowed, reasons: reasons.take(MOST_REASONS).collect() }
    }
}

/// Whether two actions ask for nearly the same: four fifths of all their words are common (Jaccard similarity).
///
/// The opposite of a request is no duplicate, however many words it shares.
///
/// ```
/// use aquiline::action::{Action, Category, Origin};
/// use aquiline::safeguard::is_duplicate;
/// let action = |text: &str| Action { text: text.into(), category: Category::Audience, origin: Origin::Generic };
/// let campaign = action("Start a marketing campaign with the web-slinging hero.");
/// assert!(is_duplicate(&campaign, &action("start a marketing campaign with the web slinging hero")));
/// assert!(!is_duplicate(&campaign, &action("Start a whispering campaign against the hero.")));
/// ```
pub fn is_duplicate(one: &Action, other: &Action) -> bool {
    if one.text.trim() == other.text.trim() {
        return true;
    }
    let (one_words, other_words) = (words_of(&one.text, 1), words_of(&other.text, 1));
    let shared = one_words.intersection(&other_words).count();
    let all = one_words.len() + other_words.len() - shared;
    shared > 0 && shared as f64 >= NEARLY_EQUAL * all as f64 && !contradicts(one, other)
}

/// Whether one action asks for less of what the other asks for more of.
///
/// Each action is read as a list of requests: a word that brings (add, more, raise) or takes away (cut, remove, less,
/// without), turned round by "not", and the content words that follow it in the same clause. Inflections, generic words
/// ("scene", "story") and a few topics (romance, love, wedding) count as one. Two requests contradict each other where
/// one brings, the other takes away, and at least half of the content words of the shorter are in the longer.
///
/// ```
/// use aquiline::action::{Action, Category, Origin};
/// use aquiline::safeguard::contradicts;
/// let action = |text: &str| Action { text: text.into(), category: Category::Plot, origin: Origin::Generic };
/// let flashbacks = action("Add flashbacks to the villain's childhood.");
/// assert!(contradicts(&action("Remove the flashbacks, and keep the pace."), &flashbacks));
/// assert!(!contradicts(&action("Remove the car chase."), &flashbacks));
/// ```
pub fn contradicts(one: &Action, other: &Action) -> bool {
    let others = requests_of(&other.text);
    requests_of(&one.text).iter().any(|request| others.iter().any(|other| request.is_against(other)))
}

fn one_line(reason: &str) -> String {
    let readable: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    readable.trim().chars().take(LONGEST_REASON).collect()
}
