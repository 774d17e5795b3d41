//! An item's text and the reasons to like and to dislike it.

use super::Complaint;
use super::json::{self, Json};
use super::lines::{self, Line};
use super::prepare::{is_placeholder, prepare, refuses};
use super::words::{self, Part};
use crate::catalog::Item;
use crate::llm::clean;
use crate::prompt::Domain;

/// Characters of a text; 110 words are asked for.
const MOST_TEXT: usize = 2_000;
/// Words below which there is no text.
const FEWEST_WORDS: usize = 8;
/// Reasons that are kept of each kind, and their characters.
const MOST_REASONS: usize = 6;
const MOST_REASON: usize = 300;
/// The item after a rewrite: `of` with another text, and other reasons where they were given.
///
/// ```
/// use aquiline::answer::item;
/// use aquiline::catalog::Item;
/// use aquiline::prompt::Domain;
///
/// let kites: Item = serde_json::from_str(r#"{"id":"kites","title":"Kites","plot":"Two sisters build kites."}"#)?;
/// let answer = "PLOT: Two sisters build kites for a storm that takes the island.\nLIKES:\n- the weather\nEND";
/// let (read, complaints) = item(answer, &Domain::films(), &kites);
/// assert_eq!(read.unwrap().likes, ["the weather"]);
/// assert!(complaints.is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn item(answer: &str, domain: &Domain, of: &Item) -> (Option<Item>, Vec<Complaint>) {
    let text = prepare(answer);
    let known = Parts { domain };
    let in_json = json::all(&text).iter().rev().find_map(|value| known.of_json(value));
    let read = in_json.unwrap_or_else(|| known.of_lines(&broken(&text)));
    let body = clean(&lines::plain(&read.text), usize::MAX);
    let is_preamble = body.ends_with([':', '：']);
    if is_preamble || body.split_whitespace().count() < FEWEST_WORDS && body.chars().count() < 4 * FEWEST_WORDS {
        let is_refusal = refuses(&text);
        return (None, vec![if is_refusal { Complaint::Refusal } else { Complaint::Missing(domain.text.clone()) }]);
    }
    if refuses(&body) && read.likes.is_empty() && read.dislikes.is_empty() {
        return (None, vec![Complaint::Refusal]);
    }
    let plot = clean(&body, MOST_TEXT);
    let complaints = [
        (plot.len() < body.len()).then_some(Complaint::TooLong),
        (plot == clean(&of.plot, MOST_TEXT)).then_some(Complaint::Unchanged),
    ];
    let reasons = |read: Vec<String>, old: &[String]| if read.is_empty() { old.to_vec() } else { read };
    let item = Item {
        plot,
        likes: reasons(tidy(read.likes), &of.likes),
        dislikes: reasons(tidy(read.dislikes), &of.dislikes),
        ..of.clone()
    };
    (Some(item), complaints.into_iter().flatten().collect())
}

#[derive(Default)]
struct Read {
    text: String,
    likes: Vec<String>,
    dislikes: Vec<String>,
}

struct Parts<'a> {
    domain: &'a Domain,
}

struct Section {
    part: Option<Part>,
    lines: Vec<String>,
}

impl Parts<'_> {
    fn named(&self, heading: &str) -> Option<Part> {
        words::part(heading, self.domain)
    }

    fn of_json(&self, value: &Json) -> Option<Read> {
        let entries = match value {
            Json::Object(entries) => entries,
            Json::List(values) => return values.iter().find_map(|value| self.of_json(value)),
            Json::Text(_) => return None,
        };
        let mut read = Read::default();
        for (key, value) in entries {
            match self.named(key) {
                Some(Part::Text) => read.text = texts(value).join(" "),
                Some(Part::Likes) => read.likes = reasons(texts(value)),
                Some(Part::Dislikes) => read.dislikes = reasons(texts(value)),
                None => {}
            }
        }
        if read.text.is_empty() || is_placeholder(&read.text) {
            return entries.iter().find_map(|(_, value)| self.of_json(value));
        }
        Some(read)
    }

    /// The last of each part: what comes first may be the question, repeated.
    fn of_lines(&self, text: &str) -> Read {
        let sections = self.sections(text);
        let mut read = Read::default();
        let mut has_text = false;
        for (at, Section { part, lines }) in sections.into_iter().enumerate() {
            match part {
                Some(Part::Text) if has_text => read = Read { text: lines.join(" "), ..Read::default() },
                Some(Part::Text) => read.text = lines.join(" "),
                // Before all headings there is a preamble, unless nothing else comes.
                None if at == 0 => read.text = lines.join(" "),
                Some(Part::Likes) => read.likes.extend(reasons(lines)),
                Some(Part::Dislikes) => read.dislikes.extend(reasons(lines)),
                None => {}
            }
            has_text |= part == Some(Part::Text);
        }
        read
    }

    fn sections(&self, text: &str) -> Vec<Section> {
        let is_name = |text: &str| self.named(text).is_some() && text.split_whitespace().count() <= 6;
        let mut sections = vec![Section { part: None, lines: Vec::new() }];
        let mut has_paused = false;
        for line in text.lines().flat_map(|line| lines::read(line, &is_name)) {
            let in_list =
                sections.last().is_some_and(|section| section.part != Some(Part::Text) && section.part.is_some());
            let said = match line {
                Line::End if in_list => break,
                Line::End => continue,
                Line::Blank => {
                    has_paused = true;
                    continue;
                }
                Line::Heading(title) => {
                    has_paused = false;
                    sections.push(Section { part: self.named(&title), lines: Vec::new() });
                    continue;
                }
                Line::Entry { text, .. } => text,
                // Behind a list, what is no entry of it is a remark.
                Line::Prose { .. } if in_list && has_paused && sections.last().is_some_and(|s| !s.lines.is_empty()) => {
                    break;
                }
                Line::Prose { text, .. } => text,
                Line::Row(cells) => {
                    self.add_row(&cells, &mut sections);
                    continue;
                }
            };
            has_paused = false;
            sections.last_mut().into_iter().for_each(|section| section.lines.push(said.clone()));
        }
        let last = sections.len() - 1;
        // A heading in between that names nothing belongs to no part; the first one without any is all there is.
        sections.into_iter().enumerate().filter(|(at, s)| *at == last || !s.lines.is_empty()).map(|(_, s)| s).collect()
    }

    /// A row that begins with the name of a part belongs to it, any other one to the last part.
    fn add_row(&self, cells: &[String], sections: &mut Vec<Section>) {
        match cells {
            [label, rest @ ..] if self.named(label).is_some() => {
                sections.push(Section { part: self.named(label), lines: rest.to_vec() });
            }
            cells => sections.last_mut().into_iter().for_each(|section| section.lines.extend(cells.iter().cloned())),
        }
    }
}

/// Breaks before the names of the parts, where an answer stands on one line.
fn broken(text: &str) -> String {
    if text.lines().filter(|line| !line.trim().is_empty()).count() > 2 {
        return text.to_owned();
    }
    let parted = ["LIKES:", "DISLIKES:", "PLOT:"]
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(&format!(" {name}"), &format!("\n{name}\n")));
    parted.replace(" - ", "\n- ").replace(" END", "\nEND")
}

fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Text(text) => text.lines().map(str::to_owned).collect(),
        Json::List(values) => values.iter().flat_map(texts).collect(),
        Json::Object(entries) => entries.iter().flat_map(|(_, value)| texts(value)).collect(),
    }
}

/// One reason a line; where all stand on one, parted by semicolons.
fn reasons(lines: Vec<String>) -> Vec<String> {
    match &lines[..] {
        [one] if one.contains(';') => one.split(';').map(|reason| reason.trim().to_owned()).collect(),
        _ => lines,
    }
}

fn tidy(reasons: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for reason in reasons {
        let reason = lines::unmarked(&reason).unwrap_or(&reason).trim_end();
        let reason = clean(&lines::plain(reason.strip_suffix("END").unwrap_or(reason)), MOST_REASON);
        // One that an earlier one begins with was cut, or says the same.
        if is_reason(&reason) && !kept.iter().any(|other| other.starts_with(&reason)) && kept.len() < MOST_REASONS {
            kept.push(reason);
        }
    }
    kept
}

fn is_reason(text: &str) -> bool {
    let word = text.trim_end_matches('.').to_lowercase();
    text.chars().any(char::is_alphabetic)
        && !["none", "n/a", "null", "nil", "nothing"].contains(&word.as_str())
        && !is_placeholder(text)
}
