//! The program `aquiline`, run as a user runs it: real files, real pipes, the real model.
//!
//! Runs of the encoder are the expensive part, so all share one folder of sentence vectors.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::models_folder;

/// Where the catalog has been encoded: the first run does, which takes a while.
pub static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-cache");
    let output = command(&["align", "--json"]).env("AQUILINE_CACHE", &cache).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    cache
});

/// Small enough to be quick.
pub const SMALL: [&str; 4] = ["--horizon", "1", "--candidates", "3"];

pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aquiline"));
    command.args(words).env("AQUILINE_MODELS", models_folder());
    command
}

/// Runs with the shared vectors.
pub fn run(words: &[&str]) -> Output {
    command(words).env("AQUILINE_CACHE", &*CACHE).output().unwrap()
}

/// Runs with the shared vectors and lines on stdin.
pub fn run_on(words: &[&str], input: &str) -> Output {
    let mut command = command(words);
    command.env("AQUILINE_CACHE", &*CACHE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Every line as JSON, after a run that went well.
pub fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    parsed(output)
}

pub fn parsed(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
pub fn assert_refused(output: &Output, code: i32, message: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    assert!(stderr(output).contains(message), "{}", stderr(output));
    assert!(output.stdout.is_empty(), "{}", stdout(output));
}

/// An empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn read_lines(path: &str) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
