//! The forms of answers: what a model is told about them, their JSON schemas, and how long they may get.

use serde::{Deserialize, Serialize};

use super::Domain;
use super::question::{Kind, questions};
use crate::llm::{Schema, Shape};

/// Tokens around the answer proper.
const ENVELOPE: usize = 200;
/// Tokens of an item's text and reasons.
const ITEM_TOKENS: usize = 700;
/// Tokens of a profile.
const PROFILE_TOKENS: usize = 900;
/// Tokens of eleven short answers.
const BALLOT_TOKENS: usize = 120;
/// The last line of an answer in lines: where it lacks, the answer may have been cut.
pub(crate) const END: &str = "END";

/// In which form answers are wanted. Whatever is wanted, [`crate::answer`] reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Labelled lines: the easiest for small models.
    #[default]
    Lines,
    /// One JSON object, for models that can be held to a schema.
    Json,
}

/// What a prompt says about the form of its answer.
pub(super) struct Wanted {
    pub(super) told: String,
    pub(super) schema: Option<Schema>,
    pub(super) max_tokens: u32,
}

impl Form {
    /// Edits under the headings of their categories.
    pub(super) fn actions(self, domain: &Domain, tokens: usize) -> Wanted {
        let names: Vec<&str> = domain.categories.iter().map(|category| category.name.as_str()).collect();
        let meanings = domain.categories.iter().map(|category| format!("{}: {}", category.name, category.means));
        let meanings = meanings.collect::<Vec<_>>().join("; ");
        let lines = format!(
            "The categories are {meanings}. Answer with a heading for each category that you use, its edits numbered \
             below it, and {END} on the last line, like this:\n{}:\n1. first edit\n2. second edit\n{}:\n3. third \
             edit\n{END}",
            names[0], names[1]
        );
        let told = match self {
            Form::Lines => lines,
            Form::Json => format!(
                "The categories are {meanings}. Answer with one JSON object and nothing else: \
                 {{\"actions\": [{{\"category\": \"{}\", \"action\": \"the edit\"}}]}}",
                names[0]
            ),
        };
        let names = names.into_iter().map(str::to_owned).collect();
        let action = Shape::object([("category", Shape::OneOf(names)), ("action", Shape::Text)]);
        self.wanted(told, "actions", Shape::object([("actions", Shape::List(Box::new(action)))]), tokens)
    }

    /// An item's text and the reasons to like and to dislike it, in this order.
    pub(super) fn item(self, domain: &Domain) -> Wanted {
        let label = domain.text.to_uppercase();
        let told = match self {
            Form::Lines => format!(
                "Answer in exactly this form:\n{label}: the {} in one paragraph\nLIKES:\n- first reason\n- second \
                 reason\nDISLIKES:\n- first reason\n- second reason\n{END}",
                domain.text
            ),
            Form::Json => {
                "Answer with one JSON object and nothing else: {\"text\": \"the text\", \"likes\": [\"a reason\"], \
                           \"dislikes\": [\"a reason\"]}"
                    .into()
            }
        };
        let shape = Shape::object([("text", Shape::Text), ("likes", Shape::texts()), ("dislikes", Shape::texts())]);
        self.wanted(told, "item", shape, ITEM_TOKENS)
    }

    /// A profile's sections.
    pub(super) fn profile(self, domain: &Domain) -> Wanted {
        let form = domain.sections.iter().map(|section| match self {
            Form::Lines => format!("{}: {}", section.name, section.means),
            Form::Json => format!("\"{}\": \"{}\"", section.name, section.means),
        });
        let form = form.collect::<Vec<_>>();
        let told = match self {
            Form::Lines => format!("Answer in exactly this form:\n{}\n{END}", form.join("\n")),
            Form::Json => format!("Answer with one JSON object and nothing else: {{{}}}", form.join(", ")),
        };
        let entries = domain.sections.iter().map(|section| (section.name.clone(), Shape::Text)).collect();
        self.wanted(told, "profile", Shape::Object(entries), PROFILE_TOKENS)
    }

    /// One answer to each question of the raters' form.
    pub(super) fn ballot(self, domain: &Domain) -> Wanted {
        let asked = questions(domain).into_iter().zip(1..).map(|((kind, question), number)| {
            let [first, .., last] = kind.choices() else { return question };
            let between = if kind == Kind::Scale { "to" } else { "or" };
            format!("{number}. {question} ({first} {between} {last})")
        });
        let asked = asked.collect::<Vec<_>>().join("\n");
        let form = match self {
            Form::Lines => {
                format!("Answer with one line for each question, its number and the answer, as in \"1: B\", and {END}.")
            }
            Form::Json => {
                "Answer with one JSON object and nothing else, as in {\"1\": \"B\"}, with all numbers.".into()
            }
        };
        let choices = |kind: Kind| Shape::OneOf(kind.choices().iter().map(|&choice| choice.to_owned()).collect());
        let entries =
            questions(domain).into_iter().zip(1..).map(|((kind, _), number)| (number.to_string(), choices(kind)));
        self.wanted(format!("{asked}\n{form}"), "ballot", Shape::Object(entries.collect()), BALLOT_TOKENS)
    }

    fn wanted(self, told: String, name: &str, shape: Shape, tokens: usize) -> Wanted {
        let schema = (self == Form::Json).then(|| Schema { name: name.into(), shape });
        Wanted { told, schema, max_tokens: u32::try_from(tokens + ENVELOPE).unwrap_or(u32::MAX) }
    }
}
