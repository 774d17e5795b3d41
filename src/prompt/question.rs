//! The paper's form for raters (§8 of its evaluation), in the words of a domain.

use super::Domain;

/// How many questions there are.
pub const QUESTIONS: usize = 11;

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A or B.
    Side,
    /// A whole number from 1 to 5.
    Scale,
    /// Yes or no.
    YesNo,
}

/// The questions in the paper's order. The first is its *user utility*, the fifth its *distance*, the eighth its *rater
/// utility*; the second to the fourth show whether the first was meant.
pub fn questions(domain: &Domain) -> [(Kind, String); QUESTIONS] {
    let Domain { plural, person, verb, .. } = domain;
    [
        (Kind::Side, format!("Which one would this {person} rather {verb}?")),
        (Kind::Side, format!("Which one fits the description of the {person} better?")),
        (Kind::Scale, format!("How would the {person} rate A, from 1 (bad) to 5 (excellent)?")),
        (Kind::Scale, format!("How would the {person} rate B, from 1 (bad) to 5 (excellent)?")),
        (Kind::Scale, "\"A and B are different\": from 1 (not at all) to 5 (entirely), how far is that true?".into()),
        (Kind::YesNo, format!("Would you {verb} A yourself?")),
        (Kind::YesNo, format!("Would you {verb} B yourself?")),
        (Kind::Side, "Which one do you prefer yourself?".into()),
        (Kind::YesNo, format!("Do you think that A is one of the {plural} that exist?")),
        (Kind::YesNo, format!("Do you think that B is one of the {plural} that exist?")),
        (Kind::Side, "Which one would appeal to more people?".into()),
    ]
}

impl Kind {
    /// What may be answered.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Kind::Side => &["A", "B"],
            Kind::Scale => &["1", "2", "3", "4", "5"],
            Kind::YesNo => &["yes", "no"],
        }
    }
}
