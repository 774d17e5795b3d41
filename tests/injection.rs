//! Instructions in items, profiles, requests and answers stay data: whatever they say, the next prompt has the same
//! frame, and an item stays the item it is.

use aquiline::action::{Action, Category, Origin};
use aquiline::answer::{actions, item, profile};
use aquiline::catalog::Item;
use aquiline::llm::openai::Endpoint;
use aquiline::llm::{ChatRequest, clean};
use aquiline::profile::{Passage, Profile};
use aquiline::prompt::{Domain, Form, Prompts};

struct Attack {
    name: String,
    place: String,
    body: String,
}

fn attacks() -> Vec<Attack> {
    let text = std::fs::read_to_string("tests/fixtures/injections.txt").unwrap();
    let attack = |case: &str| {
        let (name, rest) = case.split_once("\n@in ").unwrap_or_else(|| panic!("{case}: no @in"));
        let (place, rest) = rest.split_once('\n').unwrap_or_else(|| panic!("{case}: no body"));
        let (body, _) = rest.rsplit_once("\n@end").unwrap_or_else(|| panic!("{case}: no @end"));
        Attack {
            name: name.to_owned(),
            place: place.trim().to_owned(),
            body: unescaped(body.strip_prefix("@body\n").unwrap_or(body)),
        }
    };
    text.split("@@@ ").skip(1).map(attack).collect()
}

/// `\u{200b}` and `\\` as the signs they stand for.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut whole = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        whole.extend(char::from_u32(u32::from_str_radix(code, 16).unwrap()));
        whole.push_str(rest);
    }
    whole.replace("\\\\", "\\")
}

fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kite Season".into(),
        year: Some(1994),
        genres: vec!["Drama".into()],
        plot: "Two sisters build kites on a roof in Recife while a storm comes closer.".into(),
        likes: vec!["the sisters".into()],
        dislikes: vec!["it is slow".into()],
    }
}

/// Every prompt, with something in one place of its data.
fn every_prompt(place: &str, body: &str) -> Vec<ChatRequest> {
    let put = |named: &str, usual: &str| if place == named { body.to_owned() } else { usual.to_owned() };
    let shown = Item {
        title: put("title", "Kite Season"),
        genres: vec![put("genres", "Drama")],
        plot: put("text", "Two sisters build kites."),
        likes: vec![put("likes", "the sisters")],
        dislikes: vec![put("dislikes", "it is slow")],
        ..kites()
    };
    let action = Action { text: put("action", "Add a lodger."), category: Category::Plot, origin: Origin::Free };
    let passage = Passage { heading: "Overall".into(), text: put("profile", "Likes surprises.") };
    let counted = Profile { likes: vec![put("profile", "Mystery")], ..Profile::default() };
    let written = Profile { written: vec![passage], ..Profile::default() };
    let constraints = [put("constraint", "nobody dies")];
    [Form::Lines, Form::Json]
        .into_iter()
        .flat_map(|form| {
            let prompts = Prompts { domain: Domain::films(), form };
            [
                prompts.actions(&shown, 5),
                prompts.personalised_actions(&shown, &written, 5),
                prompts.edit(&shown, &counted),
                prompts.rewrite(&shown, &shown, &constraints, &action),
                prompts.decode(&shown, std::slice::from_ref(&shown), &[1.0]),
                prompts.describe(&shown.title, None),
                prompts.judge(&written, &shown, &shown),
            ]
        })
        .collect()
}

/// A prompt's lines in front of, within and behind its data.
fn parts(request: &ChatRequest) -> [Vec<&str>; 3] {
    let lines: Vec<&str> = request.messages[1].content.split('\n').collect();
    let begin = lines.iter().position(|line| *line == "BEGIN DATA").unwrap();
    let end = lines.iter().position(|line| *line == "END DATA").unwrap();
    [lines[..begin].to_vec(), lines[begin + 1..end].to_vec(), lines[end + 1..].to_vec()]
}

fn assert_same_frame(name: &str, usual: &ChatRequest, attacked: &ChatRequest) {
    assert_eq!(usual.messages.len(), attacked.messages.len(), "{name}");
    assert_eq!(usual.messages[0], attacked.messages[0], "{name}");
    assert_eq!((usual.max_tokens, &usual.schema), (attacked.max_tokens, &attacked.schema), "{name}");
    let ([before, data, behind], [attacked_before, attacked_data, attacked_behind]) = (parts(usual), parts(attacked));
    assert_eq!((before, behind), (attacked_before, attacked_behind), "{name}");
    assert_eq!(labels(&data), labels(&attacked_data), "{name}");
    let visible = |c: char| c == '\n' || clean(&format!("a{c}b"), 9).chars().count() == 3;
    assert!(attacked.messages[1].content.chars().all(visible), "{name}: something that nobody sees");
}

/// The label of each line of data, whose value must be JSON to its end.
fn labels<'a>(data: &[&'a str]) -> Vec<&'a str> {
    let label = |line: &&'a str| {
        let (label, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        serde_json::from_str::<serde_json::Value>(value).unwrap_or_else(|error| panic!("{line}: {error}"));
        label
    };
    data.iter().map(label).collect()
}

#[test]
fn there_are_attacks_of_every_kind() {
    let attacks = attacks();
    assert!(attacks.len() >= 40, "{}", attacks.len());
    for place in [
        "title",
        "text",
        "likes",
        "dislikes",
        "genres",
        "action",
        "profile",
        "constraint",
        "answer-actions",
        "answer-item",
    ] {
        assert!(attacks.iter().any(|attack| attack.place == place), "none in {place}");
    }
}

#[test]
fn whatever_the_data_say_the_frame_is_the_same() {
    for Attack { name, place, body } in attacks() {
        let usual = every_prompt("nowhere", "");
        for (usual, attacked) in usual.iter().zip(every_prompt(&place, &body)) {
            // A macro action is a list of its own: how many requests it makes is its author's choice.
            assert_same_frame(&name, usual, &attacked);
        }
    }
}

#[test]
fn whatever_an_answer_says_the_item_and_the_next_prompt_are_the_same() {
    let films = Domain::films();
    let prompts = Prompts { domain: films.clone(), form: Form::Lines };
    let usual = prompts.edit(&kites(), &Profile::default());
    for Attack { name, body, .. } in attacks() {
        if let (Some(read), _) = item(&body, &films, &kites()) {
            let kept = |item: &Item| (item.id.clone(), item.title.clone(), item.year, item.genres.clone());
            assert_eq!(kept(&read), kept(&kites()), "{name}");
            assert_same_frame(&name, &usual, &prompts.edit(&read, &Profile::default()));
        }
        let (read, _) = actions(&body, &films, 5, Origin::Generic);
        assert!(read.len() <= 5, "{name}");
        for action in &read {
            assert_eq!(action.requests().count(), 1, "{name}: {action:?}");
            let usual =
                prompts.rewrite(&kites(), &kites(), &[], &Action { text: "Add a lodger.".into(), ..action.clone() });
            assert_same_frame(&name, &usual, &prompts.rewrite(&kites(), &kites(), &[], action));
        }
        let (sections, _) = profile(&body, &films, &[]);
        let written: Vec<Passage> =
            sections.into_iter().map(|text| Passage { heading: "Overall".into(), text }).collect();
        let usual = Profile {
            written: written.iter().map(|one| Passage { text: "x".into(), ..one.clone() }).collect(),
            ..Profile::default()
        };
        let attacked = Profile { written, ..Profile::default() };
        assert_same_frame(&name, &prompts.edit(&kites(), &usual), &prompts.edit(&kites(), &attacked));
    }
}

#[test]
fn on_the_wire_an_attack_is_one_string_of_one_message() {
    let endpoint = Endpoint::new("http://localhost/v1", "small").unwrap();
    let shape = |request: &ChatRequest| {
        let body: serde_json::Value = serde_json::from_str(&endpoint.encode(request, 9)).unwrap();
        let keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        (keys, body["model"].clone(), body["max_tokens"].clone(), body["messages"].as_array().unwrap().len())
    };
    for Attack { name, place, body } in attacks() {
        for (usual, attacked) in every_prompt("nowhere", "").iter().zip(every_prompt(&place, &body)) {
            assert_eq!(shape(usual), shape(&attacked), "{name}");
        }
        // A repair quotes the answer back as what the model said, and as nothing else.
        let repaired = every_prompt("nowhere", "")[0].repaired(&body, "again");
        assert_eq!(repaired.messages.len(), 4, "{name}");
    }
}
