//! Candidate edits, from lists, tables and JSON.

use std::collections::HashSet;

use super::Complaint;
use super::json::{self, Json};
use super::lines::{self, Line, ends_sentence};
use super::prepare::{is_placeholder, prepare, refuses, unfolded};
use super::words;
use crate::action::{Action, Category, Origin};
use crate::llm::clean;
use crate::prompt::Domain;

/// Characters of one edit.
const MOST_ACTION: usize = 600;
/// Keys of an object, and labels of a line, under which an edit stands.
const EDITS: [&str; 12] = [
    "action",
    "edit",
    "text",
    "prompt",
    "change",
    "suggestion",
    "instruction",
    "request",
    "modification",
    "idea",
    "direction",
    "description",
];
/// The same for its category.
const CATEGORIES: [&str; 7] = ["category", "type", "kind", "heading", "group", "area", "kategorie"];
/// The same for what is said about an edit.
const ASIDES: [&str; 12] = [
    "why",
    "impact",
    "rationale",
    "reason",
    "reasoning",
    "explanation",
    "effect",
    "example",
    "benefit",
    "note",
    "justification",
    "purpose",
];
/// How people begin when they are about to answer, or have answered. Lower case.
const AROUND: [&str; 24] = [
    "sure",
    "certainly",
    "of course",
    "here are",
    "here is",
    "here's",
    "below",
    "okay",
    "ok,",
    "great",
    "absolutely",
    "let me",
    "i hope",
    "i have",
    "i've",
    "these ",
    "feel free",
    "note:",
    "note that",
    "would you",
    "if you",
    "hope ",
    "could you",
    "please ",
];

/// Up to `wanted` different edits. Those whose category is not told go through the categories in turn.
///
/// ```
/// use aquiline::action::{Category, Origin};
/// use aquiline::answer::actions;
/// use aquiline::prompt::Domain;
///
/// let answer = "Sure! Here they are:\n**Plot**\n1. Add a storm at sea.\n**Theme**\n2) \"Make it about debt.\"\n";
/// let (read, complaints) = actions(answer, &Domain::films(), 2, Origin::Generic);
/// assert_eq!(read[0].text, "Add a storm at sea.");
/// assert_eq!(read[1].category, Category::Theme);
/// assert!(complaints.is_empty());
/// ```
pub fn actions(answer: &str, domain: &Domain, wanted: usize, origin: Origin) -> (Vec<Action>, Vec<Complaint>) {
    let text = prepare(answer);
    let mut found = Found { domain, entries: Vec::new(), unknown: Vec::new() };
    let values = json::all(&text);
    values.iter().for_each(|value| found.add_json(value, None));
    let is_json =
        matches!(values.first(), Some(Json::Object(_))) && text.trim_start().starts_with('{') || text.trim() == "[]";
    if found.entries.is_empty() && !is_json {
        found.add_lines(&unfolded(&text), wanted);
    }
    let refused = refuses(&text) || values.iter().any(json::refuses);
    if refused && found.entries.iter().all(|(_, category)| category.is_none()) {
        return (Vec::new(), vec![Complaint::Refusal]);
    }
    if found.entries.is_empty() {
        return (Vec::new(), vec![Complaint::Nothing]);
    }
    distinct(found.entries, wanted, origin)
}

/// An edit, and its category if that is known.
type Entry = (String, Option<Category>);

struct Found<'a> {
    domain: &'a Domain,
    entries: Vec<Entry>,
    /// Headings that name no category, in their order.
    unknown: Vec<String>,
}

/// What lines have to be read by those before them.
#[derive(Default)]
struct Place {
    category: Option<Category>,
    /// Columns of the last entry, as long as what follows may belong to it.
    open: Option<usize>,
    /// Entries before the last heading of something else than a category.
    ended: bool,
}

impl Found<'_> {
    fn add_json(&mut self, value: &Json, category: Option<Category>) {
        match value {
            Json::Text(text) => self.add(text, category),
            Json::List(values) => values.iter().for_each(|value| self.add_json(value, category)),
            Json::Object(entries) => self.add_object(entries, category),
        }
    }

    fn add_object(&mut self, entries: &[(String, Json)], category: Option<Category>) {
        let named = |keys: &[&str]| keys.iter().find_map(|name| json::text_under(entries, name));
        let told = named(&CATEGORIES).and_then(|name| self.category(name)).or(category);
        if let Some(edit) = named(&EDITS).filter(|edit| is_edit(edit)) {
            return self.add(edit, told);
        }
        for (key, value) in entries {
            let of_key = self.category(key);
            let is_counter = key.chars().any(char::is_numeric) || EDITS.contains(&key.to_lowercase().as_str());
            match value {
                // A sentence under another key is a reason or a title.
                Json::Text(text) if of_key.is_some() || is_counter => self.add(text, of_key.or(told)),
                Json::Text(_) => {}
                deeper => self.add_json(deeper, of_key.or(told)),
            }
        }
    }

    fn add_lines(&mut self, text: &str, wanted: usize) {
        let domain = self.domain;
        let is_name = |text: &str| words::category(text, domain).is_some();
        let mut place = Place::default();
        let mut prose: Vec<Entry> = Vec::new();
        let mut has_end = false;
        let all: Vec<Line> = text.lines().flat_map(|line| lines::read(line, &is_name)).collect();
        for (at, line) in all.iter().enumerate() {
            match line {
                Line::End if self.entries.is_empty() && prose.is_empty() => {}
                Line::End => {
                    has_end = true;
                    break;
                }
                Line::Blank => place.open = None,
                Line::Heading(title) => self.enter(title, &mut place),
                Line::Row(cells) => self.add_row(cells),
                Line::Entry { text, indent } => self.add_entry(text, *indent, &mut place),
                Line::Prose { text, indent } => {
                    // A short line over a list is a heading, whatever its language.
                    let before = all[at + 1..].iter().find(|line| **line != Line::Blank);
                    let is_over_list =
                        matches!(before, Some(Line::Entry { .. })) && word_count(text) <= 4 && !ends_sentence(text);
                    match is_over_list && place.open.is_none() {
                        true => self.enter(text, &mut place),
                        false => self.add_prose(text, *indent, &mut place, &mut prose),
                    }
                }
            }
        }
        if self.entries.is_empty() {
            self.add_unmarked(prose, wanted);
        }
        if !has_end {
            self.drop_cut();
        }
    }

    /// Under a heading. One that names no category counts by its place among such, which is how other languages are read.
    fn enter(&mut self, title: &str, place: &mut Place) {
        if is_label(title, &EDITS) || title.is_empty() {
            return;
        }
        place.open = None;
        place.ended = false;
        if is_part_of_item(title) {
            place.ended = true;
            return;
        }
        place.category = self.category(title).or_else(|| {
            if !self.unknown.iter().any(|known| known == title) {
                self.unknown.push(title.to_owned());
            }
            None
        });
    }

    fn add_entry(&mut self, text: &str, indent: usize, place: &mut Place) {
        if let Some((label, rest)) = lines::labelled(text) {
            if is_label(label, &CATEGORIES) {
                place.category = self.category(rest);
                place.open = None;
                return;
            }
            if is_label(label, &ASIDES) && !self.entries.is_empty() {
                return;
            }
        }
        // What is indented below an entry explains it.
        if !place.ended && place.open.is_none_or(|parent| indent <= parent + 1) {
            self.add(text, place.category);
            place.open = Some(indent);
        }
    }

    fn add_prose(&mut self, text: &str, indent: usize, place: &mut Place, prose: &mut Vec<Entry>) {
        let (label, rest) = lines::labelled(text).unwrap_or(("", text));
        let aside = text.trim_start_matches(['(', '[']);
        if ASIDES.iter().any(|word| aside.to_lowercase().starts_with(word)) && lines::labelled(aside).is_some() {
            return;
        }
        if is_label(label, &CATEGORIES) {
            let named = self.category(rest);
            match (place.open, self.entries.last_mut()) {
                (Some(_), Some((_, category @ None))) => *category = named,
                _ => place.category = named,
            }
            return;
        }
        if is_label(label, &EDITS) && is_edit(rest) {
            place.open = Some(indent);
            return self.add(rest, place.category);
        }
        match (place.open, self.entries.last_mut()) {
            (Some(parent), Some((last, _))) if indent > parent || !ends_sentence(last) => {
                last.push(' ');
                last.push_str(text);
            }
            _ if !place.ended => prose.push((text.to_owned(), place.category)),
            _ => {}
        }
    }

    /// The longest cell is the edit; another one may name its category.
    fn add_row(&mut self, cells: &[String]) {
        let category = cells.iter().find_map(|cell| self.category(cell).filter(|_| word_count(cell) <= 4));
        if let Some(edit) = cells.iter().max_by_key(|cell| cell.chars().count()).filter(|cell| word_count(cell) > 3) {
            self.add(edit, category);
        }
    }

    /// Where nothing is marked, each line that says something is an edit, or all of them are the one that was wanted.
    fn add_unmarked(&mut self, prose: Vec<Entry>, wanted: usize) {
        let telling: Vec<Entry> = prose.into_iter().filter(|(line, _)| !is_around(line)).collect();
        if wanted == 1 && telling.len() > 1 {
            let category = telling[0].1;
            let whole: Vec<String> = telling.into_iter().map(|(line, _)| line).collect();
            return self.add(&whole.join(" "), category);
        }
        telling.into_iter().for_each(|(line, category)| self.add(&line, category));
    }

    fn add(&mut self, text: &str, category: Option<Category>) {
        let mut text = lines::plain(lines::unmarked(text).unwrap_or(text));
        let mut category = category;
        if let Some((label, rest)) = lines::labelled(&text) {
            let named = self.category(label).filter(|_| word_count(label) <= 4);
            if named.is_some() || is_label(label, &EDITS) {
                category = named.or(category);
                text = lines::plain(rest);
            }
        }
        if let Some((before, label)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('('))
            && let Some(named) = self.category(label).filter(|_| word_count(label) <= 3)
        {
            category = Some(named);
            text = before.trim().to_owned();
        }
        let text = clean(text.strip_suffix("END").filter(|text| ends_sentence(text)).unwrap_or(&text), MOST_ACTION);
        if is_edit(&text) && !is_placeholder(&text) {
            self.entries.push((text, category));
        }
    }

    /// Where every entry but the last one is a sentence, the last one was cut.
    fn drop_cut(&mut self) {
        let is_whole = |(text, _): &Entry| ends_sentence(text);
        if let [others @ .., last] = &self.entries[..]
            && !others.is_empty()
            && !is_whole(last)
            && others.iter().all(is_whole)
        {
            self.entries.pop();
        }
    }

    fn category(&self, heading: &str) -> Option<Category> {
        words::category(heading, self.domain)
    }
}

fn distinct(entries: Vec<Entry>, wanted: usize, origin: Origin) -> (Vec<Action>, Vec<Complaint>) {
    let all = entries.len();
    let mut seen = HashSet::new();
    let different: Vec<Entry> = entries.into_iter().filter(|(text, _)| seen.insert(letters(text))).collect();
    let (duplicates, found) = (all - different.len(), different.len());
    let mut in_turn = Category::ALL.into_iter().cycle();
    let mut unknown = 0;
    let mut action = |(text, category): Entry| {
        let category = category.or_else(|| {
            unknown += 1;
            in_turn.next()
        });
        Action { text, category: category.unwrap_or(Category::Plot), origin }
    };
    let actions = different.into_iter().take(wanted).map(&mut action).collect();
    let complaints = [
        (found != wanted).then_some(Complaint::Count { wanted, found }),
        (duplicates > 0).then_some(Complaint::Duplicates(duplicates)),
        (unknown > 0).then_some(Complaint::UnknownCategories(unknown)),
    ];
    (actions, complaints.into_iter().flatten().collect())
}

/// Two words, or as much of a script that does not part words.
fn is_edit(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 4 && (word_count(text) >= 2 || text.chars().any(words::is_unspaced))
}

fn is_around(line: &str) -> bool {
    let line = line.to_lowercase().replace('’', "'");
    AROUND.iter().any(|start| line.starts_with(start)) || line.ends_with([':', '：']) || line.ends_with('?')
}

fn is_label(text: &str, labels: &[&str]) -> bool {
    let text = text.trim().trim_end_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    labels.iter().any(|label| text == *label)
}

/// A heading over what people like: the item is being repeated, not edited.
fn is_part_of_item(title: &str) -> bool {
    ["likes", "dislikes", "reasons to like", "reasons to dislike"].contains(&title.to_lowercase().as_str())
}

fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
