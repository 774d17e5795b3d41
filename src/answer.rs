//! Reads what language models answer, whatever they make of the form that they were told.
//!
//! Each reader returns what it could use and what it has to complain of, and never fails on a text: numbering, bullets,
//! bold or foreign headings, code fences, tables, thoughts before the answer, JSON of several tastes, JSON that was cut
//! off. [`Complaint::is_fatal`] tells whether anything is left to work with; if not, [`repair`] words a second and last
//! request.
//!
//! What is read is data: it is cleaned of what nobody sees, bounded in number and length, and never looked up, executed
//! or shown as anything but text.

mod actions;
mod ballot;
mod item;
mod json;
mod lines;
mod markup;
mod prepare;
mod profile;
mod words;

use std::fmt;

pub use actions::actions;
pub use ballot::{Ballot, ballot};
pub use item::item;
pub use profile::profile;

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Complaint {
    /// No answer in it.
    Nothing,
    /// The model would not answer.
    Refusal,
    /// A part lacks.
    Missing(String),
    /// Another number than was asked for.
    Count {
        /// Asked for.
        wanted: usize,
        /// Found, after duplicates were dropped.
        found: usize,
    },
    /// The same more than once; the others were dropped.
    Duplicates(usize),
    /// Under no known category; the next in turn was taken.
    UnknownCategories(usize),
    /// The text is what it was.
    Unchanged,
    /// Sentences with a title or a rating in them; they were dropped.
    Leaks(usize),
    /// Longer than it may be; the rest was dropped.
    TooLong,
}

impl Complaint {
    /// Whether nothing is left to work with.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Complaint::Nothing | Complaint::Refusal | Complaint::Missing(_))
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint::Nothing => write!(f, "there was no answer in the form that was asked for"),
            Complaint::Refusal => write!(f, "it was refused"),
            Complaint::Missing(part) => write!(f, "{part:?} is missing"),
            Complaint::Count { wanted, found } => write!(f, "{found} came where {wanted} were asked for"),
            Complaint::Duplicates(count) => write!(f, "{count} said the same as another"),
            Complaint::UnknownCategories(count) => write!(f, "{count} were under no known category"),
            Complaint::Unchanged => write!(f, "the text did not change"),
            Complaint::Leaks(count) => write!(f, "{count} sentences named a title or a rating"),
            Complaint::TooLong => write!(f, "it was too long"),
        }
    }
}

/// What to say to a model whose answer could not be used; nothing if it can be.
///
/// ```
/// use aquiline::answer::{Complaint, repair};
/// assert!(repair(&[Complaint::Duplicates(2)]).is_none());
/// let asked = repair(&[Complaint::Missing("plot".into())]).unwrap();
/// assert!(asked.contains("\"plot\" is missing"));
/// ```
pub fn repair(complaints: &[Complaint]) -> Option<String> {
    if !complaints.iter().any(Complaint::is_fatal) {
        return None;
    }
    let said: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    Some(format!(
        "That answer cannot be used: {}. Answer the question again, in exactly the form that was asked for and with \
         nothing around it.",
        said.join("; ")
    ))
}
