//! The house rules: a module uses only modules above it, and few modules may name the outside world.

use std::path::{Path, PathBuf};

/// A line of code without its comment, and where it stands.
struct Line {
    module: String,
    place: String,
    code: String,
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let order = declared_modules();
    for line in source_lines() {
        let Some(own) = position(&order, &line.module) else { continue };
        for used in line.code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(place) = position(&order, &used) {
                assert!(place <= own, "{}: `{}` uses `{used}`, which stands below it", line.place, line.module);
            }
        }
    }
}

#[test]
fn every_module_is_declared_once() {
    let order = declared_modules();
    assert!(order.len() > 15, "{order:?}");
    for line in source_lines() {
        let is_outside = ["lib", "bin"].contains(&line.module.as_str());
        assert!(is_outside || order.contains(&line.module), "{} is in no module", line.place);
    }
}

#[test]
fn only_the_boundary_knows_javascript() {
    forbid(&["js_sys", "wasm_bindgen", "web_sys"], &["wasm"]);
}

#[test]
fn only_the_networks_name_burn_and_only_the_encoder_the_tokenizer() {
    forbid(&["tokenizers::"], &["encoder"]);
    forbid(&["burn::", "safetensors::"], &["encoder", "network", "train"]);
}

#[test]
fn files_are_the_command_lines_and_clocks_and_connections_a_shells() {
    forbid(&["std::fs", "std::net", "std::env"], &["bin"]);
    forbid(&["std::time", "Instant", "SystemTime", "reqwest::", "tokio::time"], &["bin", "client"]);
    forbid(&["rand::rng(", "thread_rng"], &[]);
}

#[test]
fn only_the_product_and_the_encoder_are_async() {
    forbid(
        &["async ", ".await"],
        &["encoder", "network", "train", "client", "agent", "session", "experiment", "wasm", "bin"],
    );
}

#[test]
fn the_command_line_knows_the_library_as_everyone_does() {
    for line in source_lines().iter().filter(|line| line.module == "bin") {
        // What is private to the library stays so: no file of it is compiled in once more.
        let found = ["#[path", "include!(", "include_str!("].into_iter().find(|name| line.code.contains(name));
        assert!(found.is_none(), "{}: `{}`", line.place, found.unwrap_or(""));
    }
    forbid(&["clap::", "ctrlc::", "indicatif::", "flate2::"], &["bin"]);
}

#[test]
fn nothing_panics_on_input() {
    forbid(&[".unwrap()", "todo!", "unimplemented!", "panic!("], &[]);
}

#[test]
fn hidden_tastes_reach_no_reward_encoder_or_policy() {
    forbid(&["tastes::", "true_attributes"], &["simulator", "session", "experiment"]);
}

fn forbid(names: &[&str], allowed: &[&str]) {
    for line in source_lines().iter().filter(|line| !allowed.contains(&line.module.as_str())) {
        let found = names.iter().find(|name| line.code.contains(*name));
        assert!(found.is_none(), "{}: `{}` may not name `{}`", line.place, line.module, found.unwrap_or(&""));
    }
}

fn declared_modules() -> Vec<String> {
    let lib = std::fs::read_to_string("src/lib.rs").unwrap();
    let declared = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    declared.map(|name| name.trim_end_matches(';').to_owned()).collect()
}

fn position(order: &[String], module: &str) -> Option<usize> {
    order.iter().position(|name| name == module)
}

fn source_lines() -> Vec<Line> {
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    files.iter().flat_map(|file| lines_of(file)).collect()
}

fn lines_of(file: &Path) -> Vec<Line> {
    let top = file.strip_prefix("src").unwrap().components().next().unwrap();
    let module = top.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
    let text = std::fs::read_to_string(file).unwrap();
    let line = |(number, text): (usize, &str)| Line {
        module: module.clone(),
        place: format!("{}:{}", file.display(), number + 1),
        code: text.split("//").next().unwrap_or("").to_owned(),
    };
    text.lines().enumerate().map(line).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
