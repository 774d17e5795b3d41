//! What may be expected of steering, given the skill.

use serde::Serialize;

use super::{Measured, Skill};

/// Error ratio from which texts are said to tell nothing.
const NOTHING: f64 = 0.995;
/// Error ratio from which they are said to tell little.
const LITTLE: f64 = 0.95;
/// Error ratio from which they are said to tell something, and below it much.
const SOMETHING: f64 = 0.8;
/// Held-out items below which a skill is said to be measured on few.
const FEW_ITEMS: usize = 20;

/// What may be expected of steering here, in one word and in plain sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// In one word.
    pub level: Level,
    /// For people.
    pub text: String,
}

/// How much texts tell about ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody knows.
    Unknown,
    /// Nothing.
    None,
    /// Predictions err a little less than users' averages.
    Little,
    /// They err clearly less.
    Some,
    /// They err less by a fifth or more.
    Much,
}

impl Skill {
    /// What may be expected of steering here.
    pub fn verdict(&self) -> Verdict {
        let level = self.level();
        let text = match (level, self.rmse_ratio, self.rank_correlation) {
            (Level::Unknown, Measured::Unknown { unknown }, _) => format!(
                "How well texts predict ratings here is unknown: {unknown}. Take every utility as a guess, and every gain as \
                 one."
            ),
            (Level::None, _, Measured::Known(correlation)) if correlation <= 0.0 => format!(
                "Texts put held-out items into no better order than chance (rank correlation {correlation:.2}). A higher \
                 utility is no evidence that anyone would like a text better."
            ),
            (Level::None, ratio, _) => format!(
                "Texts tell nothing about ratings here: predictions err as much as each user's average does (error ratio \
                 {ratio}). A higher utility is no evidence that anyone would like a text better."
            ),
            (Level::Little, ratio, _) => format!(
                "Texts tell little about ratings here{}. Expect small gains, and believe only those that are larger than \
                 their ±.",
                less(ratio)
            ),
            (Level::Some, ratio, _) => format!(
                "Texts tell something about ratings here{}. Believe gains that are larger than their ±.",
                less(ratio)
            ),
            (_, ratio, _) => format!(
                "Texts tell much about ratings here{}. Believe gains that are larger than their ±.",
                less(ratio)
            ),
        };
        Verdict { level, text: text + &self.evidence() }
    }

    fn level(&self) -> Level {
        let Some(ratio) = self.rmse_ratio.known() else { return Level::Unknown };
        let is_chance = self.rank_correlation.known().is_some_and(|correlation| correlation <= 0.0);
        let is_thin = self.held_out_items < FEW_ITEMS;
        match ratio {
            _ if is_chance => Level::None,
            NOTHING.. => Level::None,
            LITTLE.. => Level::Little,
            // A handful of items may look predictable by chance.
            SOMETHING.. => Level::Some,
            _ if is_thin => Level::Some,
            _ => Level::Much,
        }
    }

    fn evidence(&self) -> String {
        if self.rmse_ratio.known().is_none() || self.held_out_items >= FEW_ITEMS {
            return String::new();
        }
        let Skill { held_out_ratings, held_out_items, .. } = self;
        format!(" This was measured on {held_out_ratings} ratings of {held_out_items} items only, so it may be chance.")
    }
}

/// How much less predictions err.
fn less(ratio: Measured) -> String {
    let less = |ratio: f64| format!(": predictions err {:.0} % less than each user's average", 100.0 * (1.0 - ratio));
    ratio.known().map_or_else(String::new, less)
}
