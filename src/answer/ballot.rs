//! A judge's answers to the eleven questions.

use super::Complaint;
use super::json::{self, Json};
use super::prepare::{prepare, refuses};
use crate::prompt::{Domain, Kind, QUESTIONS, questions};

/// What was answered to each question, as the place of the choice among [`Kind::choices`].
pub type Ballot = [Option<usize>; QUESTIONS];

/// Reads a ballot; questions without a readable answer stay open.
///
/// ```
/// use aquiline::answer::ballot;
/// use aquiline::prompt::Domain;
/// let (ballot, _) = ballot("1: B\n2. **A**\n3) 4/5\n6 - Yes, gladly\nEND", &Domain::films());
/// assert_eq!(ballot[..6], [Some(1), Some(0), Some(3), None, None, Some(0)]);
/// ```
pub fn ballot(answer: &str, domain: &Domain) -> (Ballot, Vec<Complaint>) {
    let text = prepare(answer);
    let mut ballot: Ballot = [None; QUESTIONS];
    let kinds = questions(domain).map(|(kind, _)| kind);
    let numbered = json::all(&text).into_iter().flat_map(entries).collect::<Vec<_>>();
    let lines = || text.lines().map(|line| line.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned());
    let said: Vec<String> = if numbered.is_empty() { lines().collect() } else { numbered };
    for line in said {
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let Some(place) = line[..digits].parse().ok().and_then(|number: usize| number.checked_sub(1)) else { continue };
        if let (Some(kind), Some(slot @ None)) = (kinds.get(place), ballot.get_mut(place)) {
            *slot = choice(*kind, &line[digits..]);
        }
    }
    let open = ballot.iter().filter(|choice| choice.is_none()).count();
    let complaint = match open {
        0 => None,
        QUESTIONS if refuses(&text) => Some(Complaint::Refusal),
        QUESTIONS => Some(Complaint::Nothing),
        _ => Some(Complaint::Count { wanted: QUESTIONS, found: QUESTIONS - open }),
    };
    (ballot, complaint.into_iter().collect())
}

/// Every entry with a text, as a line.
fn entries(value: Json) -> Vec<String> {
    let line = |(key, value): (String, Json)| match value {
        Json::Text(text) => vec![format!("{}: {text}", key.trim_start_matches(|c: char| !c.is_ascii_digit()))],
        deeper => entries(deeper),
    };
    match value {
        Json::Text(_) => Vec::new(),
        Json::List(values) => values.into_iter().flat_map(entries).collect(),
        Json::Object(object) => object.into_iter().flat_map(line).collect(),
    }
}

/// The first word that is one of the choices.
fn choice(kind: Kind, said: &str) -> Option<usize> {
    let words = said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let place = |word: &str| kind.choices().iter().position(|choice| choice.eq_ignore_ascii_case(word));
    words.filter_map(place).next()
}
