//! What was paid for is never lost: whatever ends the program, what it printed and wrote until then is there, and the next
//! run goes on from it.

#[path = "support/gate.rs"]
mod gate;
#[path = "support/llm_server.rs"]
mod llm_server;
#[path = "support/program.rs"]
mod program;
mod support;

use std::collections::HashSet;
use std::io::Read;
use std::process::{Child, Command, Output, Stdio};

use gate::{Gate, Verdict};
use llm_server::{Server, Settings};
use program::*;
use serde_json::Value;

/// Two steps of a few questions each, asked one after the other.
const STEER: [&str; 11] = [
    "steer",
    "--user",
    "viewer-003",
    "--policy",
    "uniform",
    "--horizon",
    "2",
    "--candidates",
    "4",
    "--concurrency",
    "1",
];

fn pass(_: usize, _: &str) -> Verdict {
    Verdict::Pass
}

fn with_model(gate: &Gate, words: &[&str]) -> Command {
    let mut command = command(&[words, &["--llm", &gate.base_url(), "--model", "simulator"]].concat());
    command.env("AQUILINE_CACHE", &*CACHE).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ask(gate: &Gate, words: &[&str]) -> Output {
    with_model(gate, words).output().unwrap()
}

/// Kills without a warning once so many questions have come, and returns what had been printed.
fn killed_at(gate: &Gate, question: usize, mut command: Command) -> String {
    let mut child: Child = command.spawn().unwrap();
    gate.wait_for(question);
    child.kill().unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    child.wait().unwrap();
    printed
}

fn calls(file: &str) -> usize {
    read_lines(file).iter().filter(|line| line.get("call").is_some_and(|call| call.get("reply").is_some())).count()
}

/// Whether nothing of `again` was asked before.
fn are_new(again: &[String], before: &[String]) -> bool {
    let before: HashSet<_> = before.iter().collect();
    again.iter().all(|body| !before.contains(body))
}

#[test]
fn a_killed_run_has_every_paid_answer_and_the_next_one_pays_for_the_rest_only() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-killed");
    let (answers, record) = (path(&folder, "answers.jsonl"), path(&folder, "record.jsonl"));
    let undisturbed = ask(&gate, &[&STEER[..], &["--json"]].concat());
    assert_eq!(undisturbed.status.code(), Some(0), "{}", stderr(&undisturbed));
    let all = gate.asked().len();

    gate.rule(move |number, _| if number < all { Verdict::Pass } else { Verdict::Hold });
    let words = [&STEER[..], &["--answers", &answers, "--transcript", &record]].concat();
    let printed = killed_at(&gate, all, with_model(&gate, &words));
    assert!(printed.starts_with("Steering for viewer-003 by uniform"), "{printed}");
    assert!(printed.contains("Step 1") && !printed.contains("Step 2"), "{printed}");
    assert_eq!((calls(&answers), calls(&record)), (all - 1, all - 1));

    let paid = gate.asked()[..all - 1].to_vec();
    for known in [&answers, &record] {
        let again = [&STEER[..], &["--json", "--answers", known]].concat();
        gate.rule(pass);
        let gone_on = ask(&gate, &again);
        assert_eq!(stdout(&gone_on), stdout(&undisturbed), "{}", stderr(&gone_on));
        assert_eq!((gate.asked().len(), calls(known)), (1, all));
        assert!(are_new(&gate.asked(), &paid));
        gate.rule(|_, _| Verdict::Status(401, "nobody should ask"));
        assert_eq!(stdout(&ask(&gate, &again)), stdout(&undisturbed));
        assert!(gate.asked().is_empty());
    }
}

#[test]
fn a_late_402_speaks_of_credit_and_leaves_the_steps_and_the_answers() {
    let server = Server::start(Settings { seed: 4, ..Default::default() });
    let gate = Gate::before(&server, pass);
    let cache = folder("lost-credit");
    std::fs::create_dir(cache.join("vectors")).unwrap();
    for name in names(&CACHE.join("vectors")) {
        std::fs::copy(CACHE.join("vectors").join(&name), cache.join("vectors").join(&name)).unwrap();
    }
    let steer = |words: &[&str]| {
        let words = [&STEER[..], &["--seed", "5"], words].concat();
        with_model(&gate, &words).env("AQUILINE_CACHE", &cache).output().unwrap()
    };
    let all = {
        lines(&steer(&["--json"]));
        gate.asked().len()
    };
    assert!(names(&cache.join("answers")).is_empty(), "what is over needs no answers");

    let broke = move |number, _: &str| match number < all {
        true => Verdict::Pass,
        false => Verdict::Status(402, "You can afford 7 tokens more."),
    };
    gate.rule(broke);
    let ended = steer(&[]);
    assert_eq!((ended.status.code(), gate.asked().len()), (Some(1), all), "it is asked once");
    assert!(stdout(&ended).contains("Step 1"), "{}", stdout(&ended));
    let said = stderr(&ended);
    assert!(said.contains("too little credit") && said.contains("You can afford 7 tokens more."), "{said}");
    assert!(said.contains("hint: add credit to the account") && !said.contains("seed"), "{said}");
    let kept = names(&cache.join("answers"));
    let kept = path(&cache.join("answers"), &kept[0]);
    assert!(said.contains(&format!("run it again with --answers {kept}")), "{said}");
    assert_eq!(calls(&kept), all - 1);

    gate.rule(broke);
    let ended = steer(&["--json"]);
    let so_far = &parsed(&ended)[0];
    assert_eq!((ended.status.code(), so_far["steps"].as_array().map(Vec::len)), (Some(1), Some(1)));
    assert_eq!((&so_far["error"]["code"], &so_far["user"]), (&"llm.rejected".into(), &"viewer-003".into()));
    assert!(so_far["anchor"]["item"]["plot"].is_string(), "{so_far}");

    gate.rule(pass);
    lines(&steer(&["--json", "--answers", &kept]));
    assert_eq!(gate.asked().len(), 1);
}

#[test]
fn a_torn_last_answer_is_said_and_asked_again_and_another_file_is_refused() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-torn");
    let [titles, answers] = ["titles.jsonl", "answers.jsonl"].map(|name| path(&folder, name));
    std::fs::write(&titles, "{\"id\":1,\"title\":\"Rope\"}\n".replace('1', "\"r\"")).unwrap();
    let describe = ["describe", &titles, "--answers", &answers];
    let first = ask(&gate, &describe);
    lines(&first);
    let whole = std::fs::read(&answers).unwrap();
    std::fs::write(&answers, &whole[..whole.len() / 2]).unwrap();
    let again = ask(&gate, &describe);
    assert!(stderr(&again).contains("answers.jsonl is torn"), "{}", stderr(&again));
    assert_eq!((stdout(&again), gate.asked().len(), calls(&answers)), (stdout(&first), 2, 1));

    // A line break that an editor took away is put back.
    let whole = std::fs::read(&answers).unwrap();
    std::fs::write(&answers, whole.trim_ascii_end()).unwrap();
    std::fs::write(&titles, "{\"id\":\"r\",\"title\":\"Rope\"}\n{\"id\":\"s\",\"title\":\"Salt\"}\n").unwrap();
    lines(&ask(&gate, &describe));
    assert_eq!((gate.asked().len(), calls(&answers)), (3, 2));

    let other = path(&folder, "other.jsonl");
    std::fs::write(&other, "{\"id\":\"x\",\"title\":\"no answer\"}").unwrap();
    assert_refused(&ask(&gate, &["describe", &titles, "--answers", &other]), 2, "this is no answer");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "{\"id\":\"x\",\"title\":\"no answer\"}");
}

#[test]
fn a_record_that_ends_early_is_read_as_far_as_it_goes() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-record");
    let record = path(&folder, "record.jsonl");
    let steered = ask(&gate, &[&STEER[..], &["--transcript", &record]].concat());
    assert_eq!(steered.status.code(), Some(0), "{}", stderr(&steered));
    let text = std::fs::read_to_string(&record).unwrap();
    // The exchange that placed the last text is torn.
    let last = text.match_indices("{\"exchange\":").last().unwrap().0;
    std::fs::write(&record, &text[..last + 40]).unwrap();
    let replayed = run(&["steer", "--replay", &record]);
    assert_eq!(replayed.status.code(), Some(2), "{}", stderr(&replayed));
    assert!(stdout(&replayed).contains("Step 1"), "{}", stdout(&replayed));
    assert!(stderr(&replayed).contains("record.jsonl is torn"), "{}", stderr(&replayed));
    assert!(stderr(&replayed).contains("the record ends here"), "{}", stderr(&replayed));
}

#[test]
fn a_killed_batch_goes_on_from_its_results() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-batch");
    let [requests, first, second] = ["requests.jsonl", "first.jsonl", "second.jsonl"].map(|name| path(&folder, name));
    let request = |seed: u64| format!("{{\"user\":\"viewer-004\",\"item\":\"harmattan\",\"seed\":{seed}}}\n");
    std::fs::write(&requests, format!("{}\n{}{}", request(1), request(2), request(3))).unwrap();
    let batch = ["steer", "--policy", "uniform", "--batch", &requests, "--concurrency", "1"];
    let batch = [&batch[..], &SMALL[..]].concat();
    let whole = ask(&gate, &batch);
    let results = lines(&whole);
    let numbers: Vec<_> = results.iter().map(|result| (&result["line"], &result["request"]["seed"])).collect();
    assert_eq!(numbers, [(&1.into(), &1.into()), (&3.into(), &2.into()), (&4.into(), &3.into())]);
    assert_eq!(results[0]["request"]["candidates"], 3, "with all settings");
    let all = gate.asked();

    // The second is being answered.
    let held = all.len() / 3 + 1;
    gate.rule(move |number, _| if number < held { Verdict::Pass } else { Verdict::Hold });
    let printed = killed_at(&gate, held, with_model(&gate, &batch));
    assert_eq!(printed, stdout(&whole).lines().next().unwrap().to_owned() + "\n");

    std::fs::write(&first, format!("{printed}{}", &stdout(&whole)[printed.len()..printed.len() + 99])).unwrap();
    gate.rule(pass);
    let again = ask(&gate, &[&batch[..], &["--done", &first]].concat());
    assert!(stderr(&again).contains("line 2 of"), "{}", stderr(&again));
    assert_eq!((stdout(&again), gate.asked().len()), (stdout(&whole), all.len() / 3 * 2));

    // Other settings are other requests, and a failed one is done again.
    let failed = "{\"line\":3,\"request\":{},\"error\":{\"code\":\"llm.refused\"}}\n";
    std::fs::write(&second, format!("{failed}{}", stdout(&whole))).unwrap();
    gate.rule(pass);
    lines(&ask(&gate, &[&batch[..], &["--done", &second, "--subset", "2"]].concat()));
    assert_eq!(gate.asked().len(), all.len());
    gate.rule(|_, _| Verdict::Status(401, "nobody should ask"));
    assert_eq!(stdout(&ask(&gate, &[&batch[..], &["--done", &second]].concat())), stdout(&whole));
}

#[test]
fn a_wrong_key_ends_a_batch_and_a_title_without_a_text_does_not_end_a_description() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, |_, _| Verdict::Status(401, "this key is unknown"));
    let folder = folder("lost-titles");
    let [requests, titles, first] = ["requests.jsonl", "titles.jsonl", "first.jsonl"].map(|name| path(&folder, name));
    std::fs::write(&requests, "{\"user\":\"viewer-004\",\"item\":\"harmattan\"}\n".repeat(9)).unwrap();
    let batch = ["steer", "--policy", "uniform", "--batch", &requests, "--concurrency", "1"];
    let refused = ask(&gate, &[&batch[..], &SMALL[..]].concat());
    let results = parsed(&refused);
    assert_eq!((refused.status.code(), results.len()), (Some(2), 1), "{}", stderr(&refused));
    assert_eq!((&results[0]["line"], &results[0]["error"]["code"]), (&1.into(), &"llm.unauthorized".into()));

    let items = [
        "{\"id\":\"k\",\"title\":\"Kiln\",\"price\":9.5}",
        "{\"id\":\"m\",\"title\":\"Mute\",\"price\":7}",
        "{\"id\":\"n\",\"title\":\"Nets\"}",
    ];
    std::fs::write(&titles, items.join("\n")).unwrap();
    let mute = |_: usize, body: &str| if body.contains("Mute") { Verdict::Say("No.") } else { Verdict::Pass };
    gate.rule(mute);
    let described = ask(&gate, &["describe", &titles]);
    assert_eq!(described.status.code(), Some(1), "{}", stderr(&described));
    let printed = parsed(&described);
    assert_eq!((&printed[0]["id"], &printed[0]["price"]), (&"k".into(), &9.5.into()), "nothing is dropped");
    assert_eq!(printed[1], serde_json::from_str::<Value>(items[1]).unwrap(), "as it was");
    assert!(printed[2]["plot"].as_str().is_some_and(|plot| plot.len() > 40));
    assert!(stderr(&described).contains("no text for “Mute”: the model's answers cannot be used"));
    assert!(stderr(&described).contains("1 of 3 titles have no text"), "{}", stderr(&described));

    // A server that has gone ends it, with what was done before; the next run goes on.
    gate.rule(|_, body| if body.contains("Nets") { Verdict::Status(404, "no such model") } else { Verdict::Pass });
    let ended = ask(&gate, &["describe", &titles, "--concurrency", "1", "--no-cache"]);
    assert_eq!((ended.status.code(), parsed(&ended).len()), (Some(2), 2), "{}", stderr(&ended));
    assert!(!stderr(&ended).contains("--answers"), "{}", stderr(&ended));
    std::fs::write(&first, &ended.stdout).unwrap();
    gate.rule(pass);
    let again = lines(&ask(&gate, &["describe", &titles, "--done", &first]));
    assert_eq!((gate.asked().len(), again.len(), &again[0]), (1, 3, &parsed(&ended)[0]));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_a_record_is_replaced_only_by_one_that_was_paid_for() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, |_, _| Verdict::Status(403, "not you"));
    let folder = folder("lost-interrupted");
    let record = path(&folder, "record.jsonl");
    std::fs::write(&record, "an older record").unwrap();
    let steer = [&STEER[..], &["--transcript", &record, "--seed", "2"]].concat();
    assert_eq!(ask(&gate, &steer).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&record).unwrap(), "an older record");

    gate.rule(|number, _| if number < 3 { Verdict::Pass } else { Verdict::Hold });
    let child = with_model(&gate, &steer).spawn().unwrap();
    gate.wait_for(3);
    let second = ask(&gate, &["describe", "/dev/null", "--answers", &record]);
    assert_refused(&second, 2, "another run is writing it");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Steering for viewer-003"), "{}", stdout(&output));
    assert!(stderr(&output).contains("error: interrupted") && stderr(&output).contains("run it again with --answers"));
    assert_eq!(calls(&record), 2);
}

#[test]
fn every_command_that_asks_goes_on_from_its_answers() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-commands");
    let [answers, policy] = ["answers.jsonl", "policy"].map(|name| path(&folder, name));
    let train = ["train", "--json", "--out", &policy, "--reference", "uniform", "--reference-episodes", "1"];
    let train = [&train[..], &["--updates", "1", "--episodes", "1", "--user", "viewer-001"], &SMALL[..]].concat();
    let evaluate = [&["evaluate", "--json", "--policy", "uniform", "--pairs", "1"], &SMALL[..]].concat();
    for command in [&["design", "--json", "--candidates", "2"][..], &evaluate, &train] {
        gate.rule(pass);
        let command = [command, &["--answers", &answers]].concat();
        let first = lines(&ask(&gate, &command));
        assert!(!gate.asked().is_empty(), "{command:?}");
        gate.rule(|_, _| Verdict::Status(401, "nobody should ask"));
        assert_eq!(lines(&ask(&gate, &command)), first, "{command:?}");
        assert!(gate.asked().is_empty(), "{command:?}");
    }
    gate.rule(pass);
    let spent = ask(&gate, &[&evaluate[..], &["--seed", "9", "--most-calls", "1"]].concat());
    assert_refused(&spent, 1, "the budget is spent after 0 of 1 pairs by uniform");
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_leave_the_answers() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let titles = path(&folder("lost-stdout"), "titles.jsonl");
    std::fs::write(&titles, "{\"id\":\"f\",\"title\":\"Full\"}\n").unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = with_model(&gate, &["describe", &titles]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("results cannot be written"), "{}", stderr(&output));
    let kept = stderr(&output).rsplit_once("--answers ").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert_eq!(calls(&kept), 1);
    std::fs::remove_file(kept).unwrap();
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_is_said_at_once_and_the_results_come_all_the_same() {
    let server = Server::start(Settings::default());
    let gate = Gate::before(&server, pass);
    let folder = folder("lost-disk");
    let [titles, answers] = ["titles.jsonl", "answers.jsonl"].map(|name| path(&folder, name));
    let item = |id: usize| format!("{{\"id\":\"{id}\",\"title\":\"Part {id}\"}}\n");
    std::fs::write(&titles, (0..5).map(item).collect::<String>()).unwrap();
    let program = with_model(&gate, &["describe", &titles, "--answers", &answers, "--concurrency", "1"]);
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "limited"]).arg(program.get_program());
    limited.args(program.get_args()).env("AQUILINE_CACHE", &*CACHE);
    let output = limited.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(parsed(&output).iter().all(|item| item["plot"].is_string()));
    let warnings = stderr(&output).matches("warning: ").count();
    assert!(warnings == 1 && stderr(&output).contains("answers.jsonl cannot be written"), "{}", stderr(&output));
    let kept = calls(&answers);
    assert!(kept > 0 && kept < 5, "whole lines only: {kept}");
}
