//! Answers as models give them, written by hand from what models do: how much of what they meant is read.

use aquiline::action::{Action, Origin};
use aquiline::answer::{Complaint, actions, ballot, item, profile, repair};
use aquiline::catalog::Item;
use aquiline::prompt::{Domain, SECTIONS};
use proptest::prelude::*;

/// Share of the intended edits, texts, reasons and sections that must be read as they were meant.
const ENOUGH: f64 = 0.95;

struct Case {
    name: String,
    wanted: usize,
    titles: Vec<String>,
    answer: String,
    expected: Vec<String>,
}

fn cases(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(format!("tests/fixtures/answers/{file}.txt")).unwrap();
    let cases = text.split("@@@ ").skip(1).map(|case| {
        let (head, rest) = case.split_once("\n@answer\n").unwrap_or_else(|| panic!("{case}: no @answer"));
        let (answer, rest) = rest.split_once("@expect\n").unwrap_or_else(|| panic!("{case}: no @expect"));
        let (expected, _) = rest.split_once("@end").unwrap_or_else(|| panic!("{case}: no @end"));
        let setting = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Case {
            name: head.lines().next().unwrap().to_owned(),
            wanted: setting("@wanted").map_or(0, |wanted| wanted.parse().unwrap()),
            titles: setting("@titles")
                .map_or(Vec::new(), |all| all.split('|').map(|one| one.trim().to_owned()).collect()),
            answer: answer.strip_suffix('\n').unwrap_or(answer).to_owned(),
            expected: expected.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        }
    });
    cases.collect()
}

/// Counts what was meant and read, prints what was not, and holds the share to [`ENOUGH`].
fn score(file: &str, read: impl Fn(&Case) -> Vec<String>) {
    let (mut meant, mut found, mut invented, mut whole) = (0, 0, 0, 0);
    let cases = cases(file);
    for case in &cases {
        let read = read(case);
        let missing: Vec<_> = case.expected.iter().filter(|line| !read.contains(line)).collect();
        let extra: Vec<_> = read.iter().filter(|line| !case.expected.contains(line)).collect();
        meant += case.expected.len();
        found += case.expected.len() - missing.len();
        invented += extra.len();
        whole += usize::from(missing.is_empty() && extra.is_empty());
        if !(missing.is_empty() && extra.is_empty()) {
            println!("\n{}\n  not read: {missing:#?}\n  read instead: {extra:#?}", case.name);
        }
    }
    let share = found as f64 / meant as f64;
    println!(
        "{file}: {found} of {meant} read ({share:.3}), {invented} besides; {whole} of {} answers whole",
        cases.len()
    );
    assert!(share >= ENOUGH, "{file}: {share:.3}");
    assert!(invented as f64 <= (1.0 - ENOUGH) * meant as f64, "{file}: {invented} that nobody meant");
}

fn before() -> Item {
    serde_json::from_str(r#"{"id":"x","title":"X","plot":"What it was before the edit, in a few words."}"#).unwrap()
}

#[test]
fn edits_are_read_from_ugly_answers() {
    score("actions", |case| {
        let (read, complaints) = actions(&case.answer, &Domain::films(), case.wanted, Origin::Generic);
        let unknown = |action: &Action| case.expected.contains(&format!("? | {}", action.text));
        let line = |action: &Action| match unknown(action) {
            true => format!("? | {}", action.text),
            false => format!("{:?} | {}", action.category, action.text),
        };
        named(&complaints).into_iter().chain(read.iter().map(line)).collect()
    });
}

#[test]
fn items_are_read_from_ugly_answers() {
    score("items", |case| {
        let (read, complaints) = item(&case.answer, &Domain::films(), &before());
        let Some(read) = read else { return named(&complaints) };
        let text = format!("text: {}", read.plot);
        let likes = read.likes.iter().map(|reason| format!("like: {reason}"));
        let dislikes = read.dislikes.iter().map(|reason| format!("dislike: {reason}"));
        std::iter::once(text).chain(likes).chain(dislikes).collect()
    });
}

#[test]
fn profiles_are_read_from_ugly_answers() {
    score("profiles", |case| {
        let titles: Vec<&str> = case.titles.iter().map(String::as_str).collect();
        let (read, complaints) = profile(&case.answer, &Domain::films(), &titles);
        let sections = read.iter().zip(1..).filter(|(text, _)| !text.is_empty());
        named(&complaints).into_iter().chain(sections.map(|(text, number)| format!("{number}: {text}"))).collect()
    });
}

/// A fatal complaint as the fixtures name it.
fn named(complaints: &[Complaint]) -> Vec<String> {
    let name = |complaint: &Complaint| match complaint {
        Complaint::Refusal => Some("REFUSAL"),
        Complaint::Nothing => Some("NOTHING"),
        Complaint::Missing(_) => Some("MISSING"),
        _ => None,
    };
    complaints.iter().filter_map(name).map(str::to_owned).collect()
}

#[test]
fn lesser_faults_are_named_and_do_not_ask_again() {
    let answer = "1. Add a storm at sea.\n2. Add a storm at sea!\n3. Cut the wedding.";
    let (read, complaints) = actions(answer, &Domain::films(), 5, Origin::Free);
    assert_eq!(read.len(), 2);
    let expected =
        [Complaint::Count { wanted: 5, found: 2 }, Complaint::Duplicates(1), Complaint::UnknownCategories(2)];
    assert_eq!(complaints, expected);
    assert_eq!(repair(&complaints), None);
}

#[test]
fn an_answer_that_cannot_be_used_is_asked_for_again_with_the_reason() {
    let (read, complaints) = item("LIKES:\n- the sea", &Domain::products(), &before());
    assert_eq!(read, None);
    assert!(repair(&complaints).is_some_and(|asked| asked.contains("\"description\" is missing")), "{complaints:?}");
    let (_, complaints) = actions("", &Domain::films(), 3, Origin::Generic);
    assert!(repair(&complaints).is_some());
}

#[test]
fn a_rewrite_never_changes_which_item_it_is() {
    let answer = r#"{"id":"other","title":"Other","text":"Someone else entirely walks into a bar at the end of the world.","likes":["x"]}"#;
    let (read, _) = item(answer, &Domain::films(), &before());
    let read = read.unwrap();
    assert_eq!((read.id.as_str(), read.title.as_str()), ("x", "X"));
    assert!(read.plot.starts_with("Someone else"), "{read:?}");
}

#[test]
fn ballots_are_read_in_both_forms() {
    let (lines, complaints) =
        ballot("1: A\n2: B\n3: 4\n4: 2\n5: 5\n6: yes\n7: no\n8: B\n9: no\n10: no\n11: A\nEND", &Domain::films());
    assert_eq!(lines.map(Option::unwrap), [0, 1, 3, 1, 4, 0, 1, 1, 1, 1, 0]);
    assert!(complaints.is_empty());
    let json = r#"{"1":"A","2":"B","3":"4","4":"2","5":"5","6":"yes","7":"no","8":"B","9":"no","10":"no","11":"A"}"#;
    assert_eq!(ballot(json, &Domain::films()).0, lines);
    assert_eq!(ballot("I can't judge that.", &Domain::films()).1, [Complaint::Refusal]);
}

proptest! {
    /// Text of the signs that readers look for, in any order.
    #[test]
    fn no_answer_makes_a_reader_panic_or_exceed_its_bounds(
        answer in "([ \\n\"'{}\\[\\]:,#*|<>/\\\\-]|END|PLOT|LIKES|1\\.|think|null|[a-z]{1,6} ?|\\PC){0,120}",
        wanted in 0..8_usize,
    ) {
        let films = Domain::films();
        let (read, _) = actions(&answer, &films, wanted, Origin::Generic);
        prop_assert!(read.len() <= wanted && read.iter().all(|action| action.text.chars().count() <= 600));
        if let (Some(read), _) = item(&answer, &films, &before()) {
            prop_assert!(read.plot.chars().count() <= 2_000 && read.likes.len() <= 6 && read.dislikes.len() <= 6);
            prop_assert_eq!(read.id, "x");
        }
        let (sections, _) = profile(&answer, &films, &["Ash"]);
        prop_assert_eq!(sections.len(), SECTIONS);
        ballot(&answer, &films);
    }

    #[test]
    fn depth_and_length_are_bounded(depth in 1..3_000_usize, open in "[\\[{(]{1,3}\"?") {
        let answer = open.repeat(depth);
        actions(&answer, &Domain::films(), 3, Origin::Generic);
        item(&answer, &Domain::films(), &before());
    }
}
