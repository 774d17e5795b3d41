//! What is asked, read back from the words of a prompt.

use std::collections::BTreeMap;

use aquiline::catalog::Item;
use aquiline::profile::{Passage, Profile};
use aquiline::prompt::{Domain, Form, Task};
use serde_json::Value;

/// A question of [`aquiline::prompt`].
pub struct Question {
    pub task: Task,
    /// How many are asked for.
    pub count: usize,
    pub form: Form,
    /// What is said about the form of the answer.
    told: String,
    data: BTreeMap<String, Value>,
}

impl Question {
    /// None for a prompt of somebody else.
    pub fn read(prompt: &str) -> Option<Self> {
        let (instruction, rest) = prompt.split_once("\nBEGIN DATA\n")?;
        let (data, told) = rest.split_once("\nEND DATA\n")?;
        let labelled = |line: &str| {
            let (label, value) = line.split_once(": ")?;
            Some((label.to_owned(), serde_json::from_str(value).ok()?))
        };
        let data = data.lines().filter_map(labelled).collect();
        let task = task(instruction, &data)?;
        let mut numbers = instruction.split_whitespace().filter_map(|word| word.parse().ok());
        let count = if task == Task::Edit { 1 } else { numbers.next().unwrap_or(1) };
        let form = if told.contains("Answer with one JSON object") { Form::Json } else { Form::Lines };
        Some(Question { task, count, form, told: told.to_owned(), data })
    }

    pub fn item(&self) -> Item {
        let year = self.data.get("year").or_else(|| self.data.get("original")?.get("year"));
        Item {
            id: self.text("title"),
            title: self.text("title"),
            year: year.and_then(Value::as_u64).and_then(|year| u16::try_from(year).ok()),
            genres: self.texts("genres"),
            plot: self.text("text"),
            likes: self.texts("likes"),
            dislikes: self.texts("dislikes"),
        }
    }

    /// The items under a label, or the one item.
    pub fn items(&self, label: &str) -> Vec<Item> {
        match self.data.get(label) {
            Some(Value::Array(items)) => items.iter().map(item).collect(),
            Some(one) => vec![item(one)],
            None => Vec::new(),
        }
    }

    pub fn weights(&self) -> Vec<f32> {
        let neighbours = self.data.get("neighbours").and_then(Value::as_array).into_iter().flatten();
        neighbours.map(|item| item.get("weight").and_then(Value::as_f64).unwrap_or(0.0) as f32).collect()
    }

    pub fn edits(&self) -> Vec<String> {
        self.texts("edits")
    }

    /// A written profile counts by its words.
    pub fn profile(&self) -> Profile {
        let passage = |pair: &Value| Passage { heading: text(&pair[0]), text: text(&pair[1]) };
        let written: Vec<Passage> =
            self.data.get("profile").and_then(Value::as_array).into_iter().flatten().map(passage).collect();
        let told = written.iter().flat_map(|passage| words(&passage.text));
        Profile {
            likes: self.texts("profile.likes"),
            dislikes: self.texts("profile.dislikes"),
            words: self.texts("profile.words").into_iter().chain(told).collect(),
            written,
        }
    }

    /// The names of the five categories.
    pub fn categories(&self) -> Vec<String> {
        let listed = self.told.split_once("The categories are ").map_or("", |(_, listed)| listed);
        let listed = listed.split_once(". Answer with").map_or("", |(listed, _)| listed);
        named_or(listed.split("; "), &Domain::films().categories.map(|wording| wording.name))
    }

    /// The names of the five sections of a profile.
    pub fn sections(&self) -> Vec<String> {
        let usual = Domain::films().sections.map(|wording| wording.name);
        if self.form == Form::Lines {
            return named_or(self.told.lines().skip(1), &usual);
        }
        let listed = self.told.split_once('{').map_or("", |(_, listed)| listed);
        named_or(listed.split("\", \"").map(|entry| entry.trim_start_matches('"')), &usual)
            .into_iter()
            .map(|name| name.replace('"', ""))
            .collect()
    }

    /// What the text of an item is called in an answer.
    pub fn label(&self) -> &str {
        self.told.lines().nth(1).and_then(|line| line.split_once(':')).map_or("PLOT", |(label, _)| label)
    }

    fn text(&self, label: &str) -> String {
        self.data.get(label).map(text).unwrap_or_default()
    }

    fn texts(&self, label: &str) -> Vec<String> {
        self.data.get(label).map(texts).unwrap_or_default()
    }
}

/// Lower-case words that say something.
pub fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 3);
    words.map(str::to_lowercase).collect()
}

fn task(instruction: &str, data: &BTreeMap<String, Value>) -> Option<Task> {
    let has = |label: &str| data.contains_key(label);
    let is_personal = data.keys().any(|label| label.starts_with("profile"));
    Some(match () {
        () if has("neighbours") => Task::Decode,
        () if has("edits") => Task::Rewrite,
        () if has("A") && has("B") => Task::Judge,
        () if has("liked") => Task::Profile,
        () if has("title") && !has("text") => Task::Describe,
        () if !has("text") => return None,
        () if !is_personal => Task::Actions,
        () if instruction.starts_with("Name the one edit") => Task::Edit,
        () if instruction.contains("different directions") => Task::MacroActions,
        () => Task::PersonalisedActions,
    })
}

/// What stands before the colon of each of five entries, or else the usual names.
fn named_or<'a>(entries: impl Iterator<Item = &'a str>, usual: &[String]) -> Vec<String> {
    let named: Vec<String> =
        entries.filter_map(|entry| entry.split_once(": ")).map(|(name, _)| name.to_owned()).collect();
    if named.len() == usual.len() { named } else { usual.to_vec() }
}

/// An item without a name; its text has the domain's own label.
fn item(value: &Value) -> Item {
    let field = |name: &str| value.get(name).map(texts).unwrap_or_default();
    let plot = value.as_object().into_iter().flatten().find_map(|(_, value)| value.as_str());
    Item {
        id: String::new(),
        title: String::new(),
        year: None,
        genres: field("genres"),
        plot: plot.unwrap_or("").to_owned(),
        likes: field("likes"),
        dislikes: field("dislikes"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
