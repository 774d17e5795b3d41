//! A result never replaces an input, whatever it is called; settings that cannot work are refused before any work.

#[path = "support/program.rs"]
mod program;
mod support;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Output, Stdio};

use program::*;

const ITEMS: &str =
    "{\"id\":\"a\",\"title\":\"A\",\"plot\":\"A kite.\"}\n{\"id\":\"b\",\"title\":\"B\",\"plot\":\"A boat.\"}\n";
const RATINGS: &str = "userId,movieId,rating\nann,a,4\nann,b,2\nben,b,5\n";

/// A folder with a catalog and ratings, whose names come with it.
fn with_data(name: &str) -> (std::path::PathBuf, String, String) {
    let folder = folder(name);
    let (items, ratings) = (path(&folder, "items.jsonl"), path(&folder, "ratings.csv"));
    std::fs::write(&items, ITEMS).unwrap();
    std::fs::write(&ratings, RATINGS).unwrap();
    (folder, items, ratings)
}

fn factorize(items: &str, ratings: &str, more: &[&str]) -> Output {
    let words = ["factorize", "--catalog", items, "--ratings", ratings, "--sweeps", "1", "--factors", "1"];
    command(&[&words, more].concat()).output().unwrap()
}

#[track_caller]
fn assert_untouched(items: &str, ratings: &str) {
    assert_eq!(std::fs::read_to_string(items).unwrap(), ITEMS);
    assert_eq!(std::fs::read_to_string(ratings).unwrap(), RATINGS);
}

#[cfg(unix)]
#[test]
fn an_input_is_known_under_every_name() {
    let (folder, items, ratings) = with_data("inputs-names");
    let [soft, hard, other] = ["soft.jsonl", "hard.jsonl", "other.jsonl"].map(|name| path(&folder, name));
    std::os::unix::fs::symlink(&items, &soft).unwrap();
    std::fs::hard_link(&items, &hard).unwrap();
    let dotted = path(&folder, "./../inputs-names/ratings.csv");
    for (out, input) in [(&items, &items), (&soft, &items), (&hard, &items), (&ratings, &ratings), (&dotted, &ratings)]
    {
        let refused = factorize(&items, &ratings, &["--out", out]);
        assert_refused(
            &refused,
            2,
            &format!("{out} cannot be written: it is the file {input}, which this command reads"),
        );
        assert_untouched(&items, &ratings);
    }
    // The input may be the link, too.
    assert_refused(&factorize(&soft, &ratings, &["--out", &items]), 2, "which this command reads");
    assert_eq!(factorize(&items, &ratings, &["--out", &other]).status.code(), Some(0));
    assert_eq!(factorize(&items, &ratings, &["--out", &other]).status.code(), Some(0), "an old result is no input");
    assert_untouched(&items, &ratings);
}

#[test]
fn no_command_writes_over_what_it_reads() {
    let (folder, items, ratings) = with_data("inputs-commands");
    let model = ["--llm", "http://localhost:1/v1", "--model", "m"];
    let data = ["--catalog", &items, "--ratings", &ratings];
    let refused = |words: &[&str], message: &str| {
        assert_refused(&run(words), 2, message);
        assert_untouched(&items, &ratings);
    };
    let reads = "which this command reads";
    refused(&[&["align", "--out", &items], &data[..]].concat(), reads);
    refused(&[&["train", "--out", &ratings, "--llm", "simulator"], &data[..]].concat(), reads);
    refused(&[&["steer", "--transcript", &items], &data[..], &model].concat(), reads);
    refused(&[&["steer", "--transcript", &ratings, "--batch", &items], &data[..]].concat(), "cannot be used with");
    refused(&["steer", "--transcript", &items, "--policy-file", &items], reads);
    refused(&[&["judge", "--out", &items, &items], &model[..]].concat(), reads);
    refused(&[&["judge", "--out", &items, "--answers", &items, &ratings], &model[..]].concat(), "this is no answer");
    refused(
        &["paper", "--quick", "--out", folder.to_str().unwrap(), "--catalog", &items, "--ratings", &ratings],
        reads,
    );
    let (new, fresh) = (path(&folder, "new.jsonl"), path(&folder, "fresh.jsonl"));
    let twice = ["steer", "--transcript", &new, "--answers", &new];
    refused(&[&twice, &model[..]].concat(), "which this command writes already");
    let twice = ["judge", "--out", &fresh, "--answers", &path(&folder, "./fresh.jsonl"), &items];
    refused(&[&twice, &model[..]].concat(), "which this command writes already");
    assert_eq!(names(&folder), ["items.jsonl", "ratings.csv"]);
}

#[cfg(unix)]
#[test]
fn a_result_does_not_go_into_its_input_through_the_shell() {
    let (folder, items, ratings) = with_data("inputs-shell");
    let into = |words: &[&str], file: &Path| {
        let stdout: File = OpenOptions::new().append(true).open(file).unwrap();
        let child = command(words).stdout(stdout).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        child.wait_with_output().unwrap()
    };
    let words = ["factorize", "--catalog", &items, "--ratings", &ratings, "--sweeps", "1", "--factors", "1"];
    let refused = into(&words, Path::new(&ratings));
    assert_refused(&refused, 2, "stdout goes into the file that this command reads: ");
    assert!(stderr(&refused).contains("ratings.csv") && stderr(&refused).contains("hint: send it to another file"));
    let model = ["--llm", "http://localhost:1/v1", "--model", "m"];
    assert_refused(&into(&[&["describe", &items], &model[..]].concat(), Path::new(&items)), 2, "stdout goes into");
    assert_untouched(&items, &ratings);
    let judge = [&["judge", "--out", &items], &model[..]].concat();
    let refused = command(&judge).stdin(File::open(&items).unwrap()).output().unwrap();
    assert_refused(&refused, 2, "it is the file /dev/stdin, which this command reads");
    assert_untouched(&items, &ratings);
    let other = folder.join("other.txt");
    std::fs::write(&other, "before\n").unwrap();
    assert_eq!(into(&words, &other).status.code(), Some(0));
    let appended = std::fs::read_to_string(&other).unwrap();
    assert!(appended.starts_with("before\n") && appended.lines().count() > 1, "other files may be appended to");
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_can() {
    let (_, items, ratings) = with_data("inputs-settings");
    let scale = |ends: [&str; 2]| factorize(&items, &ratings, &[&["--scale"], &ends[..]].concat());
    assert_refused(&scale(["-5", "0"]), 2, "--scale needs a highest rating above 0");
    assert!(stderr(&scale(["-5", "0"])).contains("hint: add 6 to all ratings"));
    assert_refused(&scale(["-10", "-1"]), 2, "above 0");
    assert_refused(&scale(["1", "inf"]), 2, "the lower one first");
    let refused = |words: &[&str], what: &str| {
        assert_refused(&command(words).output().unwrap(), 2, what);
    };
    refused(&["factorize", "--factors", "50000"], "use 1 to 512");
    refused(&["factorize", "--ridge", "nan"], "use a number above 0");
    for (name, value, what) in [
        ("--timeout", "0", "seconds, a number above 0"),
        ("--timeout", "-3", "seconds, a number above 0"),
        ("--most-seconds", "inf", "seconds, a number above 0"),
        ("--most-calls", "0", "a whole number from 1"),
        ("--most-tokens", "1e6", "a whole number from 1"),
        ("--most-money", "NaN", "a number above 0"),
        ("--price", "1,-2", "numbers from 0"),
        ("--price", "nan,1", "numbers from 0"),
    ] {
        refused(&["describe", "x", "--llm", "http://localhost:1/v1", &format!("{name}={value}")], what);
    }
}

#[test]
fn the_simulator_edits_other_texts_than_its_own_only_when_it_is_asked_by_name() {
    let (_, items, ratings) = with_data("inputs-simulator");
    let data = ["--catalog", &items, "--ratings", &ratings];
    for words in [&["steer"][..], &["design"], &["evaluate"], &["train", "--out", "policy"]] {
        let refused = run(&[words, &data].concat());
        assert_refused(&refused, 2, "there is no language model to edit these texts");
        assert!(stderr(&refused).contains("--llm simulator"), "{}", stderr(&refused));
    }
    let named = run(&[&["steer", "--llm", "simulator", "--model", "m"], &data[..]].concat());
    assert_refused(&named, 2, "the simulator is no language model");
    assert_refused(&run(&["describe", &items, "--llm", "simulator"]), 2, "a language model is needed");

    let items = path(&folder("inputs-own"), "items.jsonl");
    let films: Vec<&str> = include_str!("../data/catalog.jsonl").lines().take(24).collect();
    std::fs::write(&items, films.join("\n")).unwrap();
    let id = |film: &&str| serde_json::from_str::<serde_json::Value>(film).unwrap()["id"].as_str().unwrap().to_owned();
    let rated = films.iter().enumerate().flat_map(|(n, film)| {
        let id = id(film);
        (0..3).map(move |user| format!("u{user},{id},{}\n", 1 + (n * 7 + user * 3) % 5))
    });
    let ratings = items.replace("items.jsonl", "ratings.csv");
    std::fs::write(&ratings, format!("userId,movieId,rating\n{}", rated.collect::<String>())).unwrap();
    let steer = ["steer", "--catalog", &items, "--ratings", &ratings, "--llm", "simulator"];
    let steered = run(&[&steer[..], &["--horizon", "1", "--candidates", "2", "--outcome", "last"]].concat());
    assert_eq!(steered.status.code(), Some(0), "{}", stderr(&steered));
    assert!(stdout(&steered).contains("Step 1") && stdout(&steered).contains("by a simulator"), "{}", stdout(&steered));
}
