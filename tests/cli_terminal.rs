//! What a terminal is sent: nothing that it would obey, and all that is text.

#[path = "support/gate.rs"]
mod gate;
#[path = "support/llm_server.rs"]
mod llm_server;
#[path = "support/program.rs"]
mod program;
mod support;

use gate::{Gate, Verdict};
use llm_server::{Server, Settings};
use program::*;
use serde_json::json;

/// Whether a terminal obeys it.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
fn assert_harmless(text: &str) {
    assert!(!text.contains(is_obeyed), "{text:?}");
}

#[test]
fn titles_answers_arguments_and_names_of_files_move_no_cursor() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, |_, body| match body.contains("Bell") {
        true => Verdict::Status(422, "no\u{1b}[31m\u{9b}2J\rred\u{202e}"),
        false => Verdict::Pass,
    });
    let titles = path(&folder("terminal-titles"), "titles.jsonl");
    let items = [
        json!({"id": "1", "title": "Kite \u{1b}]52;c;b3duZWQ=\u{7}می\u{200c}خواهم", "note": "\u{85}\u{7f}\u{2066}"}),
        json!({"id": "2", "title": "Bell\u{8}\u{1b}[A\u{202e} 👩\u{200d}👩\u{200d}👧"}),
    ];
    std::fs::write(&titles, format!("{}\n{}\n", items[0], items[1])).unwrap();
    let llm = ["--llm", &gate.base_url(), "--model", "simulator", "--concurrency", "1"];
    let described = run(&[&["describe", &titles], &llm[..]].concat());
    assert_eq!(described.status.code(), Some(1), "{}", stderr(&described));
    assert_harmless(stdout(&described));
    assert_harmless(stderr(&described));
    let printed = parsed(&described);
    for (item, printed) in items.iter().zip(&printed) {
        assert_eq!((&printed["title"], &printed["note"]), (&item["title"], &item["note"]), "JSON has the same value");
    }
    assert!(stdout(&described).contains("می\u{200c}خواهم") && stdout(&described).contains("👩\u{200d}👩\u{200d}👧"));
    let said = "no text for “Bell␈␛[A\u{fffd} 👩\u{200d}👩\u{200d}👧”: ";
    assert!(stderr(&described).contains(said), "{}", stderr(&described));

    let named = run(&["align", "--out", "/nowhere/\u{1b}]0;mine\u{7}"]);
    assert_refused(&named, 2, "/nowhere/␛]0;mine␇ cannot be written");
    assert_harmless(stderr(&named));
    let typed = run(&["steer", "--policy", "\u{1b}[2Jx", "--user\u{9b}1m"]);
    assert_eq!(typed.status.code(), Some(2));
    assert_harmless(stderr(&typed));
}

#[test]
fn an_episode_of_a_catalog_with_escapes_is_printed_with_signs_in_their_place() {
    let folder = folder("terminal-story");
    let [items, ratings] = ["items.jsonl", "ratings.csv"].map(|name| path(&folder, name));
    let films = include_str!("../data/catalog.jsonl").lines().take(20);
    let films: Vec<serde_json::Value> = films.map(|line| serde_json::from_str(line).unwrap()).collect();
    let item = |(n, film): (usize, &serde_json::Value)| {
        let title = format!("No. {n} \u{1b}[8mhidden\u{1b}[0m");
        let plot = format!("\u{1b}]8;;http://x\u{7}{}\u{9c}", film["plot"].as_str().unwrap());
        format!("{}\n", json!({"id": n.to_string(), "title": title, "plot": plot, "genres": ["\u{1b}cDrama"]}))
    };
    std::fs::write(&items, films.iter().enumerate().map(item).collect::<String>()).unwrap();
    let rated =
        (0..20).flat_map(|n| (0..2).map(move |user| format!("\u{1b}[7mu{user},{n},{}\n", 1 + (n * 3 + user) % 5)));
    std::fs::write(&ratings, format!("userId,movieId,rating\n{}", rated.collect::<String>())).unwrap();
    let data = ["--catalog", &items, "--ratings", &ratings];
    let steer = [&["steer", "--llm", "simulator", "--policy", "uniform"], &SMALL[..], &data[..]].concat();
    let steered = run(&steer);
    assert_eq!(steered.status.code(), Some(0), "{}", stderr(&steered));
    assert_harmless(stdout(&steered));
    assert_harmless(stderr(&steered));
    assert!(stdout(&steered).contains("␛[8mhidden␛[0m"), "{}", stdout(&steered));
    let gaps = run(&[&["gaps"], &data[..]].concat());
    assert_harmless(stdout(&gaps));
}

/// Whoever prints around the place where everything is cleaned is found here; clippy finds the macros.
#[test]
fn only_one_file_of_the_program_prints() {
    let mut folders = vec![std::path::PathBuf::from("src/bin/aquiline")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // Claims only look which file a stream goes into.
            let may = path.ends_with("output.rs") || path.ends_with("claims.rs");
            for name in ["io::stdout", "io::stderr", "print!(", "println!("] {
                assert!(may || !text.contains(name), "{}: {name}", path.display());
            }
        }
    }
}
