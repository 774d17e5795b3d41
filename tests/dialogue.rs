//! Effects as questions to a language model, and its answers as replies.

use aquiline::action::{Action, ActionSpace, Category, Origin};
use aquiline::catalog::Item;
use aquiline::dialogue::{Answer, Interview, Question, Turn, description, portrait, questions, reply};
use aquiline::error::LlmError;
use aquiline::llm::Role;
use aquiline::profile::{Passage, Profile};
use aquiline::prompt::{Domain, Form, Prompts, Rated};
use aquiline::rollout::{Effect, Reply, Rewrite};

const PLOT: &str = "PLOT: Two sisters build kites for a storm that takes the roof, and a lodger watches.";

fn prompts() -> Prompts {
    Prompts { domain: Domain::films(), form: Form::Lines }
}

fn kites() -> Item {
    serde_json::from_str(r#"{"id":"kites","title":"Kite Season","plot":"Two sisters build kites on a roof."}"#).unwrap()
}

fn ask(effect: &Effect) -> Vec<Question> {
    ask_in(ActionSpace::All, effect)
}

fn ask_in(space: ActionSpace, effect: &Effect) -> Vec<Question> {
    let (prompts, anchor) = (prompts(), kites());
    let interview = Interview {
        prompts: &prompts,
        anchor: &anchor,
        constraints: &[],
        proposal_temperature: 0.8,
        rewrite_temperature: 0.5,
        space,
    };
    questions(effect, &interview)
}

fn propose(count: usize) -> Effect {
    Effect::Propose { item: kites(), profile: Profile::default(), count, seed: 7 }
}

fn rewrite(count: usize) -> Effect {
    let action =
        |n: usize| Action { text: format!("Add lodger {n}."), category: Category::Plot, origin: Origin::Generic };
    Effect::Rewrite { item: kites(), actions: (0..count).map(action).collect(), seeds: (0..count as u64).collect() }
}

fn done(turn: Turn) -> Answer {
    match turn {
        Turn::Done(answer, _) => answer,
        Turn::Again(_, complaints) => panic!("asked again: {complaints:?}"),
    }
}

#[test]
fn proposals_are_half_generic_half_personal_and_one_of_the_models_own() {
    let asked = ask(&propose(10));
    assert_eq!(asked.len(), 3);
    for (question, words) in asked.iter().zip(["Propose 5 ", "Propose 4 ", "Name the one edit"]) {
        assert!(question.request.messages[1].content.starts_with(words), "{:?}", question.request.messages[1]);
        assert_eq!(question.request.temperature, Some(0.8));
    }
    assert_eq!(ask(&propose(1)).len(), 1);
    let answers = asked.into_iter().map(|question| Ok(done(question.read("Plot:\n1. Add a storm.\nEND", &prompts()))));
    let Reply::Actions(actions) = reply(&propose(10), answers.collect()).unwrap() else { panic!() };
    let origins: Vec<Origin> = actions.iter().map(|action| action.origin).collect();
    assert_eq!(origins, [Origin::Generic, Origin::Personalised, Origin::Free]);
}

#[test]
fn each_rewrite_has_its_seed_and_its_place() {
    let asked = ask(&rewrite(3));
    assert_eq!(asked.iter().map(|question| question.request.seed).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    let answers = asked
        .into_iter()
        .enumerate()
        .map(|(n, question)| Ok(done(question.read(&format!("{PLOT} Lodger {n} stays."), &prompts()))));
    let Reply::Items(items) = reply(&rewrite(3), answers.collect()).unwrap() else { panic!() };
    for (n, item) in items.iter().enumerate() {
        assert!(item.plot.ends_with(&format!("Lodger {n} stays.")), "{item:?}");
        assert_eq!((item.id.as_str(), item.title.as_str()), ("kites", "Kite Season"));
    }
}

#[test]
fn what_cannot_be_used_is_asked_for_once_more_and_then_left() {
    let question = ask(&rewrite(1)).remove(0);
    let Turn::Again(again, complaints) = question.read("LIKES:\n- the sea", &prompts()) else { panic!() };
    assert_eq!(complaints.len(), 1);
    let roles: Vec<Role> = again.request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
    assert!(again.request.messages[3].content.contains("\"plot\" is missing"));
    let repaired = again.clone().read(PLOT, &prompts());
    assert!(matches!(done(repaired), Answer::Item(_)));
    assert_eq!(done(again.read("", &prompts())), Answer::Nothing);
}

#[test]
fn an_environment_that_will_not_has_failed_at_that_rewrite_and_the_others_stand() {
    let failed = [
        Ok(Answer::Nothing),
        Err(LlmError::Refused { why: "not about kites".into() }),
        Err(LlmError::TooLong { most: 9_000 }),
    ];
    let answers = [vec![Ok(Answer::Item(Box::new(kites())))], failed.to_vec()].concat();
    let Reply::Rewrites(rewrites) = reply(&rewrite(4), answers).unwrap() else { panic!() };
    assert_eq!(rewrites[0], Rewrite::Written(kites()));
    let why: Vec<&String> =
        rewrites[1..].iter().map(|rewrite| if let Rewrite::Failed(why) = rewrite { why } else { panic!() }).collect();
    assert!(why[0].contains("asked again") && why[1].contains("not about kites") && why[2].contains("9000"), "{why:?}");
}

#[test]
fn a_server_that_is_gone_ends_the_effect_unless_others_were_heard() {
    let gone = || Err(LlmError::Unreachable { why: "refused".into() });
    assert_eq!(reply(&rewrite(2), vec![Ok(Answer::Nothing), gone()]).unwrap_err().code(), "llm.unreachable");
    let action = Action { text: "Add a storm.".into(), category: Category::Plot, origin: Origin::Generic };
    let heard = reply(&propose(10), vec![gone(), Ok(Answer::Actions(vec![action.clone()])), gone()]).unwrap();
    assert_eq!(heard, Reply::Actions(vec![action]));
    assert_eq!(reply(&propose(10), vec![gone(), Ok(Answer::Nothing)]).unwrap_err().code(), "llm.unreachable");
    assert_eq!(reply(&propose(10), vec![Ok(Answer::Nothing)]).unwrap_err().code(), "llm.unusable");
}

#[test]
fn what_is_not_language_is_not_asked() {
    assert!(ask(&Effect::Place { anchor: kites(), items: vec![kites()] }).is_empty());
}

#[test]
fn each_space_of_actions_has_its_questions() {
    let asked = |space, count| -> Vec<String> {
        let sentence =
            |question: &Question| question.request.messages[1].content.split(" of ").next().unwrap().to_owned();
        ask_in(space, &propose(count)).iter().map(sentence).collect()
    };
    let of =
        |space| asked(space, 20).iter().map(|text| text.split(" the ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(of(ActionSpace::Generic), ["Propose 20 different edits"]);
    assert_eq!(of(ActionSpace::All).len(), 3);
    let combined = of(ActionSpace::Combined);
    assert_eq!(combined.len(), 4);
    assert!(combined[3].starts_with("Propose 5 different directions"), "{combined:?}");
    for space in [ActionSpace::All, ActionSpace::Generic, ActionSpace::Combined] {
        for count in 1..12 {
            let number = |text: &String| text.split_whitespace().nth(1).unwrap().parse().unwrap_or(1);
            assert_eq!(asked(space, count).iter().map(number).sum::<usize>(), count, "{space:?}");
        }
    }
}

#[test]
fn a_portrait_is_read_in_sections_and_names_no_title() {
    let (film, prompts) = (kites(), prompts());
    let rated = [Rated { item: &film, liking: 1.5 }];
    let question = portrait(&prompts, &rated, 0.5, 3);
    let asked = &question.request.messages[1].content;
    assert!(!asked.contains(&film.title) && asked.contains(&film.plot[..20]), "{asked}");
    assert_eq!((question.request.seed, question.request.temperature), (Some(3), Some(0.5)));
    let name = &prompts.domain.sections[1].name;
    let answer = format!("{name}: Slow mysteries. They adored {}.\nEND", film.title);
    let Answer::Portrait(passages) = done(question.clone().read(&answer, &prompts)) else { panic!("no portrait") };
    assert_eq!(passages, [Passage { heading: name.clone(), text: "Slow mysteries.".into() }]);
    let Turn::Again(again, _) = question.read("I cannot say.", &prompts) else { panic!("nothing was said") };
    assert_eq!(done(again.read("I cannot say.", &prompts)), Answer::Nothing);
}

#[test]
fn a_description_keeps_what_is_known_of_an_item() {
    let untold = Item { year: Some(1999), plot: String::new(), likes: Vec::new(), dislikes: Vec::new(), ..kites() };
    let prompts = prompts();
    let question = description(&prompts, &untold, 0.5, 3);
    assert!(question.request.messages[1].content.contains("\nyear: 1999\n"));
    let answer = "PLOT: Two sisters build kites for a storm that takes the island.\nLIKES:\n- wind\nEND";
    let Answer::Item(item) = done(question.read(answer, &prompts)) else { panic!("no text") };
    let plot = "Two sisters build kites for a storm that takes the island.".into();
    assert_eq!(*item, Item { plot, likes: vec!["wind".into()], ..untold });
}
