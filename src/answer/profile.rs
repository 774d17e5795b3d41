//! A person's tastes in sections, without what they were read from.

use super::Complaint;
use super::json::{self, Json};
use super::lines::{self, Line};
use super::prepare::{prepare, refuses};
use super::words;
use crate::catalog::sentences;
use crate::llm::clean;
use crate::prompt::{Domain, SECTIONS};

/// Characters of one section.
const MOST_SECTION: usize = 1_000;

/// The sections of a profile in the domain's order, those that lack empty.
///
/// Sentences that name one of `titles`, or a rating, are left out: a profile that told them would tell a proposer what
/// to copy.
///
/// ```
/// use aquiline::answer::profile;
/// use aquiline::prompt::Domain;
///
/// let answer = "Overall: They want to be surprised. They gave Kite Season 5 stars.\nGenre: Slow mysteries.\nEND";
/// let (sections, _) = profile(answer, &Domain::films(), &["Kite Season"]);
/// assert_eq!(sections[0], "They want to be surprised.");
/// assert_eq!(sections[1], "Slow mysteries.");
/// ```
pub fn profile(answer: &str, domain: &Domain, titles: &[&str]) -> ([String; SECTIONS], Vec<Complaint>) {
    let text = prepare(answer);
    let mut sections: [String; SECTIONS] = Default::default();
    for value in json::all(&text) {
        read_json(&value, domain, &mut sections);
    }
    if sections.iter().all(String::is_empty) {
        read_lines(&text, domain, &mut sections);
    }
    let leaks: usize = sections.iter_mut().map(|section| drop_leaks(section, titles)).sum();
    if sections.iter().all(String::is_empty) {
        return (sections, vec![if refuses(&text) { Complaint::Refusal } else { Complaint::Nothing }]);
    }
    (sections, (leaks > 0).then_some(Complaint::Leaks(leaks)).into_iter().collect())
}

fn read_json(value: &Json, domain: &Domain, sections: &mut [String; SECTIONS]) {
    let Json::Object(entries) = value else { return };
    for (key, value) in entries {
        match (section(key, domain), value) {
            (Some(at), Json::Text(text)) => text.clone_into(&mut sections[at]),
            (Some(at), Json::List(texts)) => {
                let texts =
                    texts.iter().filter_map(|text| if let Json::Text(text) = text { Some(&**text) } else { None });
                sections[at] = texts.collect::<Vec<_>>().join(" ");
            }
            (_, deeper) => read_json(deeper, domain, sections),
        }
    }
}

fn read_lines(text: &str, domain: &Domain, sections: &mut [String; SECTIONS]) {
    let is_name = |text: &str| section(text, domain).is_some();
    let mut current = None;
    let mut has_paused = false;
    for line in broken(text, domain).lines().flat_map(|line| lines::read(line, &is_name)) {
        let said = match line {
            Line::End if current.is_some() => break,
            Line::Blank => {
                has_paused = true;
                continue;
            }
            Line::End => continue,
            Line::Heading(title) => {
                current = section(&title, domain);
                current.into_iter().for_each(|at| sections[at].clear());
                has_paused = false;
                continue;
            }
            Line::Entry { text, .. } => text,
            // Behind a section, a remark.
            Line::Prose { .. }
                if has_paused && current.is_some_and(|at| at + 1 == SECTIONS && !sections[at].is_empty()) =>
            {
                break;
            }
            Line::Prose { text, .. } => text,
            Line::Row(cells) => match cells.split_first() {
                Some((label, rest)) if section(label, domain).is_some() => {
                    current = section(label, domain);
                    rest.join(" ")
                }
                _ => continue,
            },
        };
        has_paused = false;
        if let Some(at) = current {
            sections[at].push_str(if sections[at].is_empty() { "" } else { " " });
            sections[at].push_str(&said);
        }
    }
}

/// Breaks before the names of the sections, where an answer stands on one line.
fn broken(text: &str, domain: &Domain) -> String {
    if text.lines().filter(|line| !line.trim().is_empty()).count() > 2 {
        return text.to_owned();
    }
    let parted = domain.sections.iter().fold(text.to_owned(), |text, wording| {
        text.replace(&format!(" {}:", wording.name), &format!("\n{}:", wording.name))
    });
    parted.strip_suffix("END").unwrap_or(&parted).to_owned()
}

fn section(heading: &str, domain: &Domain) -> Option<usize> {
    if heading.split_whitespace().count() > 5 { None } else { words::section(heading, domain) }
}

fn drop_leaks(section: &mut String, titles: &[&str]) -> usize {
    let cleaned = clean(&lines::plain(section), MOST_SECTION);
    let all = sentences(&cleaned);
    let kept: Vec<String> = all.iter().filter(|sentence| !leaks(sentence, titles)).cloned().collect();
    *section = kept.join(" ");
    all.len() - kept.len()
}

fn leaks(sentence: &str, titles: &[&str]) -> bool {
    let lower = sentence.to_lowercase();
    let named = |title: &&str| is_named(sentence, title);
    let rated = ["star", "/5", "/10", "out of 5", "out of five", "out of 10", "out of ten", "rated", "rating"];
    let has_number = lower.chars().any(|c| c.is_ascii_digit()) || lower.contains("five") || lower.contains("ten ");
    titles.iter().any(named) || (has_number && rated.iter().any(|word| lower.contains(word)))
}

/// Whether a title stands in a sentence as words of their own, with the capitals that it has.
fn is_named(sentence: &str, title: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let parted = |(at, found): (usize, &str)| {
        !is_letter(sentence[..at].chars().next_back()) && !is_letter(sentence[at + found.len()..].chars().next())
    };
    !title.is_empty() && sentence.match_indices(title).any(parted)
}
