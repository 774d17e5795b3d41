//! The program `aquiline`, run as a user runs it: real files, real pipes, the real model, the embedded films.
//!
//! Runs of the encoder are the expensive part, so there are few, and all share one folder of sentence vectors.

#[path = "support/llm_server.rs"]
mod llm_server;
#[path = "support/program.rs"]
mod program;
mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use aquiline::prompt::Task;
use serde_json::Value;

use program::*;

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let output = command(&["--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    for word in
        ["factorize", "align", "gaps", "design", "train", "steer", "evaluate", "judge", "paper", "Exit codes", "130"]
    {
        assert!(stdout(&output).contains(word), "{word}");
    }
    assert_refused(&command(&["steer", "--policy", "best"]).output().unwrap(), 2, "possible values: uniform");
    assert_refused(&command(&["train", "--out", "x", "--kl-weight", "nan"]).output().unwrap(), 2, "a number from 0");
    assert_refused(&command(&["evaluate", "--policy", "eagle"]).output().unwrap(), 2, "--policy-file");
    assert_refused(&command(&["gaps", "--count", "0"]).output().unwrap(), 2, "whole number from 1");
}

#[test]
fn factorize_needs_no_model_and_writes_every_factor() {
    let folder = folder("cli-factorize");
    let out = path(&folder, "factors.jsonl");
    let words = ["factorize", "--json", "--models", "/nowhere", "--sweeps", "3", "--factors", "4", "--out", &out];
    assert_refused(&command(&words).output().unwrap(), 2, "unexpected argument '--models'");
    let words = ["factorize", "--json", "--sweeps", "3", "--factors", "4", "--seed", "1", "--out", &out];
    let summary = lines(&command(&words).output().unwrap()).remove(0);
    assert!(summary["heldOutRmse"].as_f64().unwrap() < summary["meanRmse"].as_f64().unwrap(), "{summary}");
    let written = read_lines(&out);
    let of = |kind: &str| written.iter().filter(|line| line["kind"] == kind).count() as u64;
    assert_eq!((of("mean"), of("user"), of("item")), (1, 420, 169));
    assert_eq!(written[1]["vector"].as_array().unwrap().len(), 4);

    let all = lines(&command(&["factorize", "--json", "--sweeps", "1", "--hold-out", "0"]).output().unwrap());
    assert!(all[0]["heldOutRmse"]["unknown"].as_str().unwrap().contains("held out"), "{all:?}");
    assert_refused(&command(&["factorize", "--hold-out", "1"]).output().unwrap(), 2, "from 0 to below 1");
}

#[test]
fn align_encodes_a_catalog_once_and_writes_every_latent() {
    let folder = folder("cli-align");
    let out = path(&folder, "latents.jsonl");
    let before = names(&CACHE.join("vectors"));
    let summary = lines(&run(&["align", "--json", "--out", &out])).remove(0);
    assert_eq!((summary["items"].as_u64(), summary["dimensions"].as_u64()), (Some(169), Some(17)));
    assert!(summary["skill"]["rmseRatio"].as_f64().unwrap() < 1.0, "{summary}");
    let written = read_lines(&out);
    assert_eq!(written.len(), 169);
    assert_eq!(written[0]["latent"].as_array().unwrap().len(), 17);
    assert_eq!(names(&CACHE.join("vectors")), before, "one file, and none half-written");
}

#[test]
fn gaps_and_designs_are_printed_for_machines_and_for_people() {
    let gaps = lines(&run(&["gaps", "--json", "--user", "viewer-001", "--user", "viewer-002", "--count", "2"]));
    assert_eq!(gaps.len(), 2);
    assert!(gaps[0]["utility"].as_f64() >= gaps[1]["utility"].as_f64());
    assert_eq!(gaps[0]["neighbours"].as_array().unwrap().len(), 3);

    let design = lines(&run(&["design", "--json", "--candidates", "4", "--subset", "2"])).remove(0);
    let candidates = design["candidates"].as_array().unwrap();
    let sum = |name: &str| candidates.iter().map(|candidate| candidate[name].as_f64().unwrap()).sum::<f64>();
    assert_eq!(candidates.len(), 4);
    assert!((sum("weight") - 1.0).abs() < 1e-9);
    assert_eq!(candidates.iter().filter(|candidate| candidate["inSubset"] == true).count(), 2);
    let certificate = &design["certificate"];
    let (largest, rank) =
        (certificate["largestLeverage"].as_f64().unwrap(), certificate["effectiveRank"].as_f64().unwrap());
    assert!(largest >= rank - 1e-9 && largest - rank <= 1e-3 * rank, "{certificate}");

    let people = run(&["design", "--candidates", "2"]);
    assert_eq!(people.status.code(), Some(0), "{}", stderr(&people));
    assert!(stdout(&people).contains("carry the design"), "{}", stdout(&people));
}

#[test]
fn a_batch_answers_every_line_in_order_and_goes_on_after_bad_ones() {
    let requests = "{\"user\":\"viewer-001\",\"item\":\"wolf-tax\"}\n\
        \n\
        {\"user\":\"viewer-001\",\"item\":\n\
        {\"user\":\"nobody\",\"item\":\"wolf-tax\"}\n\
        {\"user\":\"viewer-001\",\"item\":\"wolf-tax\",\"polcy\":\"greedy\"}\n\
        {\"user\":\"viewer-001\",\"item\":\"wolf-tax\",\"policy\":\"eagle\"}\n\
        {\"user\":\"viewer-002\",\"item\":\"harmattan\",\"policy\":\"uniform\",\"seed\":7}";
    let output = run_on(&[&["steer", "--batch", "-"], &SMALL[..]].concat(), requests);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("4 of 6 requests failed"), "{}", stderr(&output));
    let answers = parsed(&output);
    let errors: Vec<_> = answers[1..5].iter().map(|line| (&line["error"]["code"], &line["error"]["line"])).collect();
    assert_eq!(errors[0], (&"data.malformed".into(), &3.into()));
    assert_eq!(errors[1], (&"data.unknown_user".into(), &4.into()));
    assert_eq!(errors[2], (&"data.malformed".into(), &5.into()));
    let meant = answers[3]["error"]["message"].as_str().unwrap();
    assert!(meant.contains("there is no setting \"polcy\": did you mean \"policy\"?"), "{meant}");
    assert_eq!(errors[3], (&"training.untrained".into(), &6.into()));
    assert_eq!((&answers[5]["policy"], &answers[5]["seed"]), (&"uniform".into(), &7.into()));
    assert_eq!(answers.len(), 6);

    let one = [&["steer", "--json", "--user", "viewer-001", "--item", "wolf-tax"], &SMALL[..]].concat();
    let mut first = answers[0].clone();
    let own = ["line", "request"].map(|name| first.as_object_mut().unwrap().remove(name).unwrap());
    assert_eq!((&own[0], &own[1]["horizon"], &own[1]["policy"]), (&1.into(), &1.into(), &"greedy".into()));
    assert_eq!(lines(&run(&one)), [first], "otherwise a line of a batch is what a single run prints");
    let people = run(&["steer", "--policy", "uniform", "--horizon", "1", "--candidates", "1"]);
    assert_eq!(people.status.code(), Some(0), "{}", stderr(&people));
    assert!(stdout(&people).contains("Step 1") && stdout(&people).contains("simulator"), "{}", stdout(&people));
}

#[test]
fn a_record_is_replayed_to_the_same_bytes() {
    let folder = folder("cli-replay");
    let record = path(&folder, "run.jsonl");
    let recorded = run(&[&["steer", "--json", "--transcript", &record], &SMALL[..]].concat());
    assert_eq!(recorded.status.code(), Some(0), "{}", stderr(&recorded));
    let replayed = run(&["steer", "--json", "--replay", &record]);
    assert_eq!(stdout(&recorded), stdout(&replayed), "{}", stderr(&replayed));
    assert!(stdout(&run(&["steer", "--replay", &record])).contains("as they were recorded"));
    let other = run(&["steer", "--seed", "1", "--replay", &record]);
    assert_eq!(other.status.code(), Some(2), "{}", stderr(&other));
    assert!(stderr(&other).contains("diverges") && !stdout(&other).contains("Step"), "{}", stderr(&other));
    let text = std::fs::read_to_string(&record).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    std::fs::write(&record, rest).unwrap();
    assert_refused(&run(&["steer", "--replay", &record]), 2, "does not say what was run");
    let other = first.replace(r#""encoder":""#, r#""encoder":"x"#);
    std::fs::write(&record, format!("{other}\n{rest}")).unwrap();
    assert_refused(&run(&["steer", "--replay", &record]), 2, "made by encoder x");
    std::fs::write(&record, format!("{first}\nnonsense\n")).unwrap();
    assert_refused(&run(&["steer", "--replay", &record]), 2, "line 2");
}

#[test]
fn a_language_model_steers_and_judges() {
    let server =
        llm_server::Server::start(llm_server::Settings { key: Some("sk-of-cli".into()), ..Default::default() });
    let (url, folder) = (server.base_url(), folder("cli-llm"));
    let (record, ballots) = (path(&folder, "run.jsonl"), path(&folder, "ballots.jsonl"));
    let llm = ["--llm", &url, "--model", "simulator", "--key-env", "AQUILINE_TEST_KEY"];
    let ask = |words: &[&str]| {
        let mut command = command(&[words, &llm[..]].concat());
        command.env("AQUILINE_TEST_KEY", "sk-of-cli").env("AQUILINE_CACHE", &*CACHE).output().unwrap()
    };
    let steered = ask(&[&["steer", "--json", "--policy", "uniform", "--transcript", &record], &SMALL[..]].concat());
    assert_eq!(lines(&steered)[0]["steps"].as_array().unwrap().len(), 1);
    assert!(stderr(&steered).contains("questions"), "an estimate comes first: {}", stderr(&steered));
    let text = std::fs::read_to_string(&record).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("{\"call\":")).count(), server.seen().len());
    assert!(!text.contains("sk-of-cli"));
    assert_eq!(stdout(&run(&["steer", "--json", "--replay", &record])), stdout(&steered), "without the model");
    let episodes = path(&folder, "episodes.jsonl");
    std::fs::write(&episodes, &steered.stdout).unwrap();
    let judged = lines(&ask(&["judge", "--json", "--out", &ballots, &episodes]));
    assert_eq!((judged[0]["pairs"].as_u64(), judged[0]["agreement"]["mean"].as_f64()), (Some(1), Some(1.0)));
    assert_eq!(read_lines(&ballots)[0]["editedFirst"].as_array().unwrap().len(), 11);
    std::fs::write(&episodes, "nonsense\n").unwrap();
    assert_refused(&ask(&["judge", &episodes]), 2, "has no episode in it");
    let spent = ask(&[&["steer", "--policy", "uniform", "--most-calls", "1"], &SMALL[..]].concat());
    assert_eq!(spent.status.code(), Some(0), "{}", stderr(&spent));
    assert!(stdout(&spent).contains("The budget is spent, so there is no further step."), "{}", stdout(&spent));
    assert!(stderr(&spent).contains("note: what was answered is in "), "{}", stderr(&spent));
}

#[test]
fn a_batch_asks_a_language_model_for_several_episodes_at_once_and_prints_them_in_order() {
    let latency = Duration::from_millis(100);
    let server = llm_server::Server::start(llm_server::Settings { latency, ..Default::default() });
    let llm = ["--llm", &server.base_url(), "--model", "simulator", "--concurrency", "8"];
    let steer = [&["steer", "--policy", "uniform", "--batch", "-"], &llm[..], &SMALL[..]].concat();
    let request = |seed: u64| format!("{{\"user\":\"viewer-001\",\"item\":\"wolf-tax\",\"seed\":{seed}}}\n");
    let output = run_on(&steer, &format!("{}nonsense\n{}", request(1), request(2) + &request(3)));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let answers = parsed(&output);
    let seeds: Vec<Option<u64>> = answers.iter().map(|answer| answer["seed"].as_u64()).collect();
    assert_eq!(seeds, [Some(1), None, Some(2), Some(3)]);
    assert_eq!(answers[1]["error"]["line"], 2);
    // One episode asks three questions at once at most.
    let seen = server.seen();
    let beside =
        |one: &llm_server::Seen| seen.iter().filter(|s| s.began <= one.began && s.ended > Some(one.began)).count();
    assert!(seen.iter().map(beside).max() > Some(3), "{seen:?}");
}

#[test]
fn a_language_model_describes_a_person_and_items_that_have_a_title_only() {
    let server = llm_server::Server::start(llm_server::Settings::default());
    let (url, folder) = (server.base_url(), folder("cli-describe"));
    let (record, catalog) = (path(&folder, "run.jsonl"), path(&folder, "catalog.jsonl"));
    let llm = ["--llm", &url, "--model", "simulator"];
    let steer = ["steer", "--json", "--policy", "uniform", "--written-profile", "--transcript", &record];
    let steered = run(&[&steer, &llm[..], &SMALL[..]].concat());
    assert!(stderr(&steered).contains("What draws them in is"), "{}", stderr(&steered));
    assert!(
        std::fs::read_to_string(&record).unwrap().contains(r#""written":[{"heading""#),
        "proposals were asked with it"
    );
    assert_eq!(stdout(&run(&["steer", "--json", "--replay", &record])), stdout(&steered), "the record knows it");

    let known = r#"{"id":"b","title":"Told","year":1990,"plot":"A storm takes the island, and two sisters with it."}"#;
    std::fs::write(&catalog, format!("{{\"id\":\"a\",\"title\":\"Kites\",\"year\":1999}}\n\n{known}\n")).unwrap();
    let described = lines(&run(&[&["describe", &catalog], &llm[..]].concat()));
    assert_eq!((&described[0]["id"], &described[0]["year"]), (&"a".into(), &1999.into()));
    assert!(described[0]["plot"].as_str().unwrap().split(' ').count() > 8, "{described:?}");
    assert!(!described[0]["likes"].as_array().unwrap().is_empty());
    assert_eq!(described[1]["plot"], "A storm takes the island, and two sisters with it.");
    let asked: Vec<_> = server.seen().into_iter().filter(|seen| seen.task == Some(Task::Describe)).collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("Describe the item"), "{}", asked[0].body);

    assert_refused(&run(&["describe", &catalog]), 2, "a language model is needed");
    std::fs::write(&catalog, "{\"id\":\"a\",\"title\":\"Kites\"}\n[]\n").unwrap();
    assert_refused(&run(&[&["describe", &catalog], &llm[..]].concat()), 2, "line 2: an item is a JSON object");
    assert_refused(&run(&[&["describe", "/nowhere"], &llm[..]].concat()), 2, "cannot be read");
    assert_refused(&run(&["steer", "--written-profile"]), 2, "--llm");
}

#[test]
fn a_language_model_that_cannot_be_asked_is_refused_before_any_work() {
    let steer = |words: &[&str]| command(&[&["steer"], words].concat()).env("NO_KEY_IN_IT", "a\nb").output().unwrap();
    let llm = ["--llm", "http://localhost:1/v1", "--model", "m"];
    assert_refused(&steer(&llm[..2]), 2, "--model");
    assert_refused(&steer(&["--llm", "localhost:1", "--model", "m"]), 2, "must begin with https://");
    assert_refused(&steer(&[&llm[..], &["--key-env", "THERE_IS_NONE"]].concat()), 2, "no variable THERE_IS_NONE");
    assert_refused(&steer(&[&llm[..], &["--key-env", "NO_KEY_IN_IT"]].concat()), 2, "characters that no key has");
    assert_refused(&steer(&[&llm[..], &["--most-money", "1"]].concat()), 2, "--price");
    assert_refused(&steer(&[&llm[..], &["--price", "cheap"]].concat()), 2, "two numbers with a comma");
    assert_refused(&steer(&[&llm[..], &["--domain", "/nowhere"]].concat()), 2, "films, products, items");
    let nobody = run(&[&["steer", "--timeout", "1"], &llm[..], &SMALL[..]].concat());
    assert_eq!(nobody.status.code(), Some(1), "{}", stderr(&nobody));
    assert!(stderr(&nobody).contains("cannot be reached"), "{}", stderr(&nobody));
}

#[test]
fn a_resumed_training_equals_an_unbroken_one_and_its_policy_steers() {
    let folder = folder("cli-train");
    let [first, resumed, straight] = ["first", "resumed", "straight"].map(|name| path(&folder, name));
    let fit = ["--reference-episodes", "2", "--reference", "uniform"];
    let train = |more: &[&str]| {
        run(&[&["train", "--json", "--episodes", "2", "--user", "viewer-001"], &SMALL[..], more].concat())
    };
    let told = lines(&train(&[&["--out", &first, "--updates", "1"], &fit[..]].concat()));
    assert_eq!(told.iter().map(|event| &event["type"]).collect::<Vec<_>>(), ["reference", "update"]);
    assert_eq!(lines(&train(&["--resume", &first, "--out", &resumed, "--updates", "1"]))[0]["log"]["update"], 2);
    // The budget pays two updates of two episodes of one step.
    let straight_run = train(&[&["--out", &straight, "--updates", "9", "--budget", "5"], &fit[..]].concat());
    assert_eq!(lines(&straight_run).len(), 3);
    assert!(std::fs::read(&resumed).unwrap() == std::fs::read(&straight).unwrap(), "the resumed run has other bits");
    assert_eq!(names(&folder), ["first", "resumed", "straight"], "and nothing half-written");

    let evaluate = ["evaluate", "--policy", "uniform", "--policy", "eagle", "--pairs", "2", "--policy-file", &straight];
    let comparison = lines(&run(&[&evaluate[..], &["--json"], &SMALL[..]].concat())).remove(0);
    assert_eq!((&comparison["pairs"], &comparison["policies"][1]["policy"]), (&2.into(), &"eagle".into()));
    assert_eq!(comparison["policies"][0]["overFirst"]["mean"], 0.0);
    let gain = &comparison["policies"][1]["gain"];
    assert!(gain["low"].as_f64() <= gain["mean"].as_f64() && gain["mean"].as_f64() <= gain["high"].as_f64());
}

#[test]
fn what_factorize_wrote_is_a_space_to_work_in_with_ratings_or_without() {
    let folder = folder("cli-space");
    let (out, other) = (path(&folder, "space.jsonl"), path(&folder, "other.jsonl"));
    let factorize = ["factorize", "--json", "--hold-out", "0", "--sweeps", "3", "--factors", "4"];
    lines(&command(&[&factorize[..], &["--out", &out]].concat()).output().unwrap());
    let rated = lines(&run(&["align", "--json", "--space", &out])).remove(0);
    assert_eq!((&rated["dimensions"], &rated["items"]), (&5.into(), &169.into()));
    let unrated = lines(&run(&["align", "--json", "--space", &out, "--catalog", "data/catalog.jsonl"])).remove(0);
    assert_eq!((&unrated["users"], &unrated["skill"]["noise"]), (&rated["users"], &0.0.into()));
    assert!(unrated["skill"]["rmseRatio"].as_f64() > Some(0.0));

    assert_refused(&command(&[&factorize[..], &["--space", &out]].concat()).output().unwrap(), 2, "leave --space out");
    std::fs::write(&other, "{\"kind\":\"mean\",\"value\":3}\n\n{\"kind\":\"user\"}\n").unwrap();
    assert_refused(&run(&["align", "--space", &other]), 2, "other.jsonl, line 3:");
    let vectors = std::fs::read_to_string(&out).unwrap().replace("\"viewer-002\"", "\"viewer-001\"");
    std::fs::write(&other, vectors).unwrap();
    assert_refused(&run(&["align", "--space", &other]), 2, "user \"viewer-001\" cannot be used: there are two of it");
}

#[test]
fn bad_data_is_refused_with_its_line() {
    let folder = folder("cli-data");
    let (items, ratings) = (path(&folder, "items.jsonl"), path(&folder, "ratings.csv"));
    std::fs::write(&items, "{\"id\":\"a\",\"title\":\"A\",\"plot\":\"A kite.\"}\n").unwrap();
    std::fs::write(&ratings, "userId,movieId,rating\nann,a,4\nann,a,9\n").unwrap();
    let of = |more: &[&str]| command(&[&["factorize", "--catalog", &items], more].concat()).output().unwrap();
    assert_refused(&of(&["--ratings", &ratings]), 2, "ratings.csv, line 3: rating 9 is not a number between 0.5 and 5");
    assert_refused(&of(&[]), 2, "--ratings");
    assert_refused(&of(&["--ratings", &path(&folder, "none.csv")]), 2, "none.csv cannot be read: No such file");
    assert_refused(&of(&["--ratings", &ratings, "--scale", "5", "1"]), 2, "the lower one first");
    assert_eq!(of(&["--ratings", &ratings, "--scale", "1", "10"]).status.code(), Some(0));
    std::fs::write(&items, "{\"id\":\"a\",\"title\":\"A\",\"plot\":\"A kite.\"}\n{\"id\":1}\n").unwrap();
    assert_refused(&of(&["--ratings", &ratings]), 2, "items.jsonl, line 2:");
    let movies = command(&["factorize", "--data", folder.to_str().unwrap()]).output().unwrap();
    assert_refused(&movies, 2, "has neither movies.csv nor movies.csv.gz");
}

#[test]
fn bad_requests_leave_nothing_behind() {
    let folder = folder("cli-refused");
    let (out, garbage) = (path(&folder, "out"), path(&folder, "garbage"));
    std::fs::write(&garbage, b"no checkpoint").unwrap();
    assert_refused(&run(&["gaps", "--user", "nobody"]), 2, "unknown user \"nobody\"");
    assert_refused(&run(&["steer", "--item", "nothing"]), 2, "unknown item \"nothing\"");
    assert_refused(&run(&["train", "--resume", &garbage, "--out", &out]), 2, "error: ");
    assert_refused(&run(&["train", "--out", &out, "--user", "nobody"]), 2, "unknown user");
    let models = command(&["align", "--models", folder.to_str().unwrap()]).output().unwrap();
    assert_refused(&models, 2, "./build.sh models");
    let nowhere = path(&folder, "missing/out");
    assert_refused(&run(&["align", "--out", &nowhere]), 2, "its folder does not exist");
    assert_refused(&run(&["align", "--out", folder.to_str().unwrap()]), 2, "it is no ordinary file");
    assert_eq!(names(&folder), ["garbage"]);
    assert_eq!(std::fs::read(&garbage).unwrap(), b"no checkpoint");
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_keeps_what_it_learned() {
    let folder = folder("cli-interrupted");
    let out = path(&folder, "policy");
    let words = ["train", "--out", &out, "--reference-episodes", "1", "--reference", "uniform", "--updates", "1000"];
    let mut command = command(&[&words[..], &["--episodes", "1", "--user", "viewer-001"], &SMALL[..]].concat());
    command.env("AQUILINE_CACHE", &*CACHE).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("update 1") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0, "it ended early");
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // Read on, or the child could wait for a reader.
    std::io::copy(&mut told, &mut std::io::sink()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("go on with --resume"), "{}", stderr(&output));
    assert_eq!(names(&folder), ["policy"]);
    assert!(std::fs::metadata(&out).unwrap().len() > 1000);
}

/// Every experiment once, as small as can be: it shows that all of it runs, and nothing about methods.
#[test]
fn the_papers_tables_are_measured_once_and_printed_as_often_as_one_likes() {
    let folder = folder("cli-paper");
    let out = folder.to_str().unwrap();
    let first = run(&["paper", "--quick", "--out", out]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    for said in [
        "| one episode: five environment calls | U |",
        "| EAGLE: G-optimal |",
        "- EAGLE: G-optimal − reference: G-optimal: U gain",
        "| tree search by its transition model |",
        "| trained in the weak one |",
        "| its five actions at once |",
        "| 0.5 standard deviations |",
        "candidates are paid for, chosen by | log det",
        "| policy | seed | calls |",
    ] {
        assert!(stdout(&first).contains(said), "{said} is not in\n{}", stdout(&first));
    }
    let raw = path(&folder, "embedded.jsonl");
    let measured = std::fs::read(&raw).unwrap();
    let budget = |record: &Value| record["table"] == "budget" && record["outcomes"][0]["environmentCalls"] != 5;
    assert!(!read_lines(&raw).iter().any(budget), "all arms of the table of equal budgets spend the same");

    // A line that was cut off is measured again; all others are not.
    std::fs::write(&raw, &measured[..measured.len() - 9]).unwrap();
    let again = run(&["paper", "--quick", "--out", out]);
    assert_eq!(stdout(&again), stdout(&first));
    assert_eq!(std::fs::read(&raw).unwrap(), measured);
    assert_eq!(stdout(&command(&["paper", "--report", &raw]).output().unwrap()), stdout(&first));
    assert!(!lines(&command(&["paper", "--json", "--report", &raw]).output().unwrap()).is_empty());
    assert_refused(&run(&["paper", "--out", out, "--pairs", "1"]), 2, "other conditions");

    // A seed that was begun is not yet reported.
    let begun = read_lines(&raw).into_iter().find(|record| record["record"] == "arm").map(|mut arm| {
        arm["seed"] = 7.into();
        arm.to_string()
    });
    let unfinished = path(&folder, "unfinished.jsonl");
    std::fs::write(&unfinished, [&measured[..], begun.unwrap().as_bytes(), b"\n"].concat()).unwrap();
    assert_eq!(stdout(&command(&["paper", "--report", &unfinished]).output().unwrap()), stdout(&first));
}
