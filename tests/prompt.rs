//! What models are asked: word by word, and with data that stay data.

use aquiline::action::{Action, Category, Origin};
use aquiline::catalog::Item;
use aquiline::llm::ChatRequest;
use aquiline::profile::{Passage, Profile};
use aquiline::prompt::{Domain, Form, Prompts, Rated, Task};

fn prompts(form: Form) -> Prompts {
    Prompts { domain: Domain::films(), form }
}

fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kite Season".into(),
        year: Some(1994),
        genres: vec!["Drama".into(), "Family".into()],
        plot: "Two sisters build kites on a roof in Recife.\nA storm is coming.".into(),
        likes: vec!["the sisters".into(), "the roof at dusk".into()],
        dislikes: vec!["it is slow".into()],
    }
}

fn viewer() -> Profile {
    Profile {
        likes: vec!["Mystery".into()],
        dislikes: vec!["War".into()],
        words: vec!["storm".into()],
        ..Profile::default()
    }
}

fn action(text: &str) -> Action {
    Action { text: text.into(), category: Category::Plot, origin: Origin::Generic }
}

/// As a person would read it.
fn read(request: &ChatRequest) -> String {
    let said = request.messages.iter().map(|message| format!("[{:?}]\n{}", message.role, message.content));
    let schema = request.schema.as_ref().map(|schema| format!("[{}]\n{}", schema.name, schema.shape.to_json_schema()));
    let most = format!("[at most {} tokens]", request.max_tokens);
    said.chain(schema).chain([most]).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn each_prompt_in_lines() {
    let prompts = prompts(Form::Lines);
    let (kites, viewer) = (kites(), viewer());
    insta::assert_snapshot!("actions", read(&prompts.actions(&kites, 50)));
    insta::assert_snapshot!("personalised_actions", read(&prompts.personalised_actions(&kites, &viewer, 50)));
    insta::assert_snapshot!("edit", read(&prompts.edit(&kites, &viewer)));
    insta::assert_snapshot!("macro_actions", read(&prompts.macro_actions(&kites, &viewer, 5)));
    let both = Action::at_once(&[action("Add a lodger."), action("Set it in winter.")]);
    let after = Item { plot: "Two sisters build kites, and a lodger watches.".into(), ..kites.clone() };
    let constraints = ["nobody dies".to_owned()];
    insta::assert_snapshot!("rewrite", read(&prompts.rewrite(&after, &kites, &constraints, &both)));
    let rated = [Rated { item: &kites, liking: 1.5 }, Rated { item: &after, liking: -1.0 }];
    insta::assert_snapshot!("profile", read(&prompts.profile(&rated)));
    insta::assert_snapshot!("describe", read(&prompts.describe("Kite Season", Some(1994))));
    insta::assert_snapshot!("decode", read(&prompts.decode(&kites, &[after.clone(), kites.clone()], &[0.7, 0.3])));
    insta::assert_snapshot!("judge", read(&prompts.judge(&viewer, &kites, &after)));
}

#[test]
fn each_form_in_json() {
    let prompts = prompts(Form::Json);
    insta::assert_snapshot!("actions_json", read(&prompts.actions(&kites(), 10)));
    insta::assert_snapshot!("rewrite_json", read(&prompts.rewrite(&kites(), &kites(), &[], &action("Add a lodger."))));
    insta::assert_snapshot!("profile_json", read(&prompts.profile(&[])));
    insta::assert_snapshot!("judge_json", read(&prompts.judge(&viewer(), &kites(), &kites())));
}

#[test]
fn products_have_words_of_their_own() {
    let prompts = Prompts { domain: Domain::products(), form: Form::Lines };
    let said = read(&prompts.personalised_actions(&kites(), &viewer(), 10));
    for word in ["product designer", "customer", "Material", "Marketing"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("film") && !said.contains("viewer"), "{said}");
}

#[test]
fn items_of_any_kind_are_taken_for_no_films_and_read_as_english() {
    let (kites, viewer) = (kites(), viewer());
    for form in [Form::Lines, Form::Json] {
        let prompts = Prompts { domain: Domain::items(), form };
        let requests = [
            prompts.actions(&kites, 10),
            prompts.personalised_actions(&kites, &viewer, 10),
            prompts.edit(&kites, &viewer),
            prompts.macro_actions(&kites, &viewer, 5),
            prompts.rewrite(&kites, &kites, &[], &action("Add a lodger.")),
            prompts.profile(&[Rated { item: &kites, liking: 1.0 }]),
            prompts.describe("Kite Season", None),
            prompts.decode(&kites, std::slice::from_ref(&kites), &[1.0]),
            prompts.judge(&viewer, &kites, &kites),
        ];
        for said in requests.iter().map(read) {
            for word in ["film", "viewer", "movie", "plot", " a item", "watch"] {
                assert!(!said.to_lowercase().contains(word), "{word}: {said}");
            }
        }
    }
}

#[test]
fn what_a_model_wrote_about_a_person_takes_the_place_of_counts() {
    let passage = Passage { heading: "Overall".into(), text: "Wants to be surprised.".into() };
    let written = Profile { written: vec![passage], ..viewer() };
    let said = read(&prompts(Form::Lines).edit(&kites(), &written));
    assert!(said.contains(r#"profile: [["Overall","Wants to be surprised."]]"#), "{said}");
    assert!(!said.contains("profile.words"), "{said}");
}

#[test]
fn a_profile_is_asked_for_without_titles() {
    let kites = kites();
    let said = read(&prompts(Form::Lines).profile(&[Rated { item: &kites, liking: 1.0 }]));
    assert!(!said.contains("Kite Season"), "{said}");
}

#[test]
fn an_instruction_can_be_worded_otherwise_and_the_frame_cannot() {
    let mut domain = Domain::films();
    domain.instructions.insert(Task::Actions, "Give {count} wild ideas for this {noun}.".into());
    domain.check().unwrap();
    let ours = prompts(Form::Lines).actions(&kites(), 3);
    let theirs = Prompts { domain, form: Form::Lines }.actions(&kites(), 3);
    let lines = |request: &ChatRequest| request.messages[1].content.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&theirs)[0], "Give 3 wild ideas for this film.");
    assert_eq!(lines(&theirs)[1..], lines(&ours)[1..]);
    assert_eq!(theirs.messages[0], ours.messages[0]);
}

#[test]
fn words_that_are_none_are_refused() {
    let films = Domain::films;
    let cases = [
        Domain { noun: String::new(), ..films() },
        Domain { role: "x".repeat(300), ..films() },
        Domain { person: "view\u{202e}er".into(), ..films() },
        Domain {
            categories: films().categories.map(|one| aquiline::prompt::Wording { name: "Same".into(), ..one }),
            ..films()
        },
        Domain { instructions: [(Task::Edit, " ".into())].into(), ..films() },
    ];
    for domain in cases {
        let error = domain.check().unwrap_err();
        assert_eq!(error.code(), "data.malformed", "{error}");
    }
    for ours in [Domain::films(), Domain::products(), Domain::items()] {
        ours.check().unwrap();
    }
}
