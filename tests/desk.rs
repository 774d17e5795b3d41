//! What happens to a question between being asked and being answered: retries, budgets, memory and the record.

use aquiline::error::LlmError;
use aquiline::llm::budget::{Budget, Price, Spent};
use aquiline::llm::desk::{Begun, Call, Desk, KnownAnswer};
use aquiline::llm::retry::RetrySettings;
use aquiline::llm::{ChatReply, ChatRequest, Finish, Message, Usage};

fn desk(budget: Budget, remembers: bool) -> Desk {
    let retry = RetrySettings { attempts: 3, first_wait: 100.0, ..Default::default() };
    Desk::new("small", budget, Price::default(), remembers, 0.0).unwrap().with_retry(retry)
}

fn ask(word: &str) -> ChatRequest {
    ChatRequest { messages: vec![Message::user(word)], temperature: None, seed: Some(1), max_tokens: 50, schema: None }
}

fn reply() -> ChatReply {
    let usage = Some(Usage { prompt_tokens: 10, completion_tokens: 5 });
    ChatReply { text: "Box.".into(), finish: Finish::Stop, usage }
}

fn sent(begun: Begun) -> Call {
    match begun {
        Begun::Send(call) => *call,
        other => panic!("not sent: {other:?}"),
    }
}

fn busy() -> LlmError {
    LlmError::Server { status: 503, why: "busy".into() }
}

#[test]
fn a_failure_that_may_pass_is_tried_again_and_charged_once() {
    let mut desk = desk(Budget { calls: Some(1), ..Budget::default() }, false);
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    let waiting = desk.failed(call, busy(), "", 10.0).unwrap();
    assert!((60.0..=110.0).contains(&waiting.until), "{}", waiting.until);
    desk.answered(waiting.call, &reply(), 300.0);
    assert_eq!(desk.spent(), Spent { calls: 1, tokens: 15, money: 0.0 });
    let record = &desk.log()[0];
    assert_eq!((record.attempts, record.milliseconds, record.error.as_deref()), (2, 300.0, None));
    assert_eq!(desk.begin(ask("box"), 301.0).unwrap_err(), LlmError::Budget { limit: "calls" });
}

#[test]
fn patience_ends() {
    let mut desk = desk(Budget::default(), false);
    let mut call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    for _ in 0..2 {
        call = desk.failed(call, busy(), "", 0.0).unwrap().call;
    }
    assert_eq!(desk.failed(call, busy(), "", 2_000.0).unwrap_err(), busy());
    assert_eq!(desk.spent(), Spent::default());
    let record = &desk.log()[0];
    assert_eq!((record.attempts, record.reply.is_some()), (3, false));
    assert!(record.error.as_deref().is_some_and(|error| error.starts_with("llm.server: ")), "{record:?}");
}

#[test]
fn what_had_begun_to_come_is_charged_and_not_asked_for_again() {
    let mut desk = desk(Budget::default(), false);
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    let cut = LlmError::Interrupted { why: "cut".into() };
    assert_eq!(desk.failed(call, cut.clone(), "Two sisters bui", 0.0).unwrap_err(), cut);
    assert_eq!(desk.spent().calls, 1);
    // Also when the fault itself would be worth another attempt.
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    assert_eq!(
        desk.failed(call, LlmError::TimedOut { seconds: 1.0 }, "Two", 0.0).unwrap_err().to_string(),
        "the language model did not answer within 1 seconds"
    );
}

#[test]
fn no_attempt_is_made_after_the_time_is_over() {
    let mut desk = desk(Budget { time: Some(1_000.0), ..Budget::default() }, false);
    let call = sent(desk.begin(ask("kite"), 980.0).unwrap());
    assert_eq!(desk.time_left(980.0), Some(20.0));
    assert_eq!(desk.failed(call, busy(), "", 990.0).unwrap_err(), busy());
    assert_eq!(desk.begin(ask("kite"), 1_001.0).unwrap_err(), LlmError::Budget { limit: "time" });
}

#[test]
fn equal_questions_are_asked_once_where_that_is_wanted() {
    let mut remembering = desk(Budget { calls: Some(1), ..Budget::default() }, true);
    let call = sent(remembering.begin(ask("kite"), 0.0).unwrap());
    remembering.answered(call, &reply(), 5.0);
    let known = remembering.begin(ask("kite"), 6.0).unwrap();
    assert!(matches!(known, Begun::Known(known) if known == reply()));
    assert_eq!((remembering.spent().calls, remembering.log()[1].attempts), (1, 0));
    let other_seed = ChatRequest { seed: Some(2), ..ask("kite") };
    assert!(remembering.begin(other_seed, 7.0).is_err(), "another seed is another question");
    let mut forgetful = desk(Budget::default(), false);
    for _ in 0..2 {
        let call = sent(forgetful.begin(ask("kite"), 0.0).unwrap());
        forgetful.answered(call, &reply(), 1.0);
    }
    assert_eq!(forgetful.spent().calls, 2);
}

#[test]
fn the_last_tokens_are_in_the_request() {
    let mut desk = desk(Budget { tokens: Some(60), ..Budget::default() }, false);
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    assert_eq!((call.request().max_tokens, call.max_tokens()), (50, 40));
    desk.abandoned(call, "", 1.0);
}

#[test]
fn a_question_waits_while_others_may_still_need_the_rest_of_the_budget() {
    let mut desk = desk(Budget { calls: Some(1), ..Budget::default() }, false);
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    let Begun::Later(request) = desk.begin(ask("box"), 1.0).unwrap() else { panic!("the only call is under way") };
    desk.abandoned(call, "", 2.0);
    assert_eq!((desk.spent().calls, desk.log().len()), (0, 1), "nothing came, so nothing is charged");
    let call = sent(desk.begin(request, 3.0).unwrap());
    desk.abandoned(call, "Two sisters bui", 4.0);
    assert_eq!(desk.spent().calls, 1, "what had come is charged");
    assert_eq!(desk.log()[1].error.as_deref(), Some("cancelled"));
    assert_eq!(desk.begin(ask("box"), 5.0).unwrap_err(), LlmError::Budget { limit: "calls" });
}

#[test]
fn a_server_that_counts_more_than_it_may_is_not_believed() {
    let mut desk = desk(Budget { tokens: Some(500), ..Budget::default() }, false);
    let call = sent(desk.begin(ask("kite"), 0.0).unwrap());
    let usage = Some(Usage { prompt_tokens: u64::MAX, completion_tokens: 1 });
    desk.answered(call, &ChatReply { usage, ..reply() }, 1.0);
    assert_eq!(desk.spent().tokens, 4 + 16 + 50, "the question's bytes, its envelope and the answer's limit");
}

#[test]
fn what_was_learned_can_be_taken_to_another_desk_of_the_same_model() {
    let mut first = desk(Budget::default(), true);
    let call = sent(first.begin(ask("kite"), 0.0).unwrap());
    first.answered(call, &reply(), 1.0);
    let learned = first.take_learned();
    assert_eq!((learned.len(), first.take_learned().len()), (1, 0));
    let text = serde_json::to_string(&learned).unwrap();
    let learned: Vec<KnownAnswer> = serde_json::from_str(&text).unwrap();

    let mut second = desk(Budget { calls: Some(0), ..Budget::default() }, true);
    second.learn(learned.clone());
    assert!(matches!(second.begin(ask("kite"), 0.0).unwrap(), Begun::Known(known) if known == reply()));
    assert_eq!(second.begin(ask("box"), 0.0).unwrap_err(), LlmError::Budget { limit: "calls" });
    assert!(second.take_learned().is_empty(), "what came from elsewhere is kept there");

    let mut forgetful = desk(Budget::default(), false);
    forgetful.learn(learned.clone());
    drop(sent(forgetful.begin(ask("kite"), 0.0).unwrap()));
    let mut other = Desk::new("large", Budget::default(), Price::default(), true, 0.0).unwrap();
    other.learn(learned);
    drop(sent(other.begin(ask("kite"), 0.0).unwrap()));
}
