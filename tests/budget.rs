//! Budgets are hard, also for requests that are under way together; retries wait, and give up.

use aquiline::error::LlmError;
use aquiline::llm::budget::{Budget, Hold, Ledger, Price, Spent};
use aquiline::llm::retry::{Retry, RetrySettings};
use aquiline::llm::{ChatRequest, Message, Usage};
use proptest::prelude::*;

fn request(words: usize, max_tokens: u32) -> ChatRequest {
    let messages = vec![Message::user("word ".repeat(words))];
    ChatRequest { messages, temperature: None, seed: None, max_tokens, schema: None }
}

fn ledger(budget: Budget) -> Ledger {
    Ledger::new(budget, Price::default(), 0.0).unwrap()
}

#[test]
fn calls_that_are_under_way_count() {
    let mut ledger = ledger(Budget { calls: Some(2), ..Budget::default() });
    let request = request(3, 10);
    let (first, second) = (ledger.hold(&request, 0.0).unwrap(), ledger.hold(&request, 0.0).unwrap());
    assert_eq!(ledger.hold(&request, 0.0), Err(LlmError::Budget { limit: "calls" }));
    // One fails without an answer: it is not charged, and another may be sent instead.
    ledger.release(first);
    let third = ledger.hold(&request, 0.0).unwrap();
    for hold in [second, third] {
        ledger.settle(hold, &request, "an answer", None);
    }
    assert_eq!(ledger.spent().calls, 2);
    assert!(ledger.hold(&request, 0.0).is_err());
}

#[test]
fn the_last_tokens_shorten_the_answer_and_then_end_it() {
    let mut ledger = ledger(Budget { tokens: Some(200), ..Budget::default() });
    let hold = ledger.hold(&request(10, 1_000), 0.0).unwrap();
    assert!(hold.max_tokens < 200 - 50 && hold.max_tokens > 100, "{}", hold.max_tokens);
    assert_eq!(ledger.hold(&request(10, 1_000), 0.0), Err(LlmError::Budget { limit: "tokens" }));
    ledger.settle(hold, &request(10, 1_000), "", Some(Usage { prompt_tokens: 12, completion_tokens: 20 }));
    assert_eq!(ledger.spent(), Spent { calls: 1, tokens: 32, money: 0.0 });
    assert!(ledger.hold(&request(10, 1_000), 0.0).is_ok());
}

#[test]
fn money_is_limited_by_its_price() {
    let price = Price { prompt: 1_000.0, completion: 2_000.0 };
    let budget = Budget { money: Some(1.0), ..Budget::default() };
    let mut ledger = Ledger::new(budget, price, 0.0).unwrap();
    let hold = ledger.hold(&request(20, 10_000), 0.0).unwrap();
    assert!(price.of(Usage { prompt_tokens: 100, completion_tokens: hold.max_tokens.into() }) <= 1.0);
    ledger.settle(hold, &request(20, 10_000), "", Some(Usage { prompt_tokens: 100, completion_tokens: 440 }));
    assert!((ledger.spent().money - 0.98).abs() < 1e-9);
    assert_eq!(ledger.hold(&request(20, 10_000), 0.0), Err(LlmError::Budget { limit: "money" }));
    let unpriced = Ledger::new(budget, Price::default(), 0.0).unwrap_err();
    assert!(unpriced.to_string().contains("give the price"), "{unpriced}");
    let nan = Budget { money: Some(f64::NAN), ..Budget::default() };
    assert!(Ledger::new(nan, price, 0.0).is_err());
}

#[test]
fn time_runs_out() {
    let mut ledger = Ledger::new(Budget { time: Some(500.0), ..Budget::default() }, Price::default(), 1_000.0).unwrap();
    let hold = ledger.hold(&request(1, 10), 1_499.0).unwrap();
    ledger.release(hold);
    assert_eq!(ledger.time_left(1_400.0), Some(100.0));
    assert_eq!(ledger.hold(&request(1, 10), 1_500.0), Err(LlmError::Budget { limit: "time" }));
}

#[test]
fn answers_that_nobody_counted_are_estimated() {
    let mut ledger = ledger(Budget::default());
    let hold = ledger.hold(&request(8, 100), 0.0).unwrap();
    ledger.settle(hold, &request(8, 100), &"word ".repeat(8), None);
    assert!((15..=40).contains(&ledger.spent().tokens), "{:?}", ledger.spent());
}

proptest! {
    /// Requests in any order, together or one by one, answered or not: an honest server never takes it over the limit.
    #[test]
    fn no_order_of_events_exceeds_a_budget(
        events in proptest::collection::vec((0..3_u8, 1..40_usize, 1..200_u32, 0.0..1.0_f64), 1..60),
    ) {
        let budget = Budget { calls: Some(20), tokens: Some(3_000), money: Some(0.5), time: None };
        let mut ledger = Ledger::new(budget, Price { prompt: 100.0, completion: 300.0 }, 0.0).unwrap();
        let mut under_way: Vec<(Hold, ChatRequest)> = Vec::new();
        for (event, words, max_tokens, share) in events {
            match (event, under_way.pop()) {
                (0, last) => {
                    under_way.extend(last);
                    let request = request(words, max_tokens);
                    under_way.extend(ledger.hold(&request, 0.0).ok().map(|hold| (hold, request)));
                }
                (1, Some((hold, _))) => ledger.release(hold),
                (_, Some((hold, request))) => {
                    let prompt_tokens = request.messages[0].content.len() as u64;
                    let completion_tokens = (f64::from(hold.max_tokens) * share) as u64;
                    ledger.settle(hold, &request, "", Some(Usage { prompt_tokens, completion_tokens }));
                }
                (_, None) => {}
            }
            let spent = ledger.spent();
            prop_assert!(spent.calls <= 20 && spent.tokens <= 3_000 && spent.money <= 0.5 + 1e-9, "{:?}", spent);
        }
    }
}

#[test]
fn waits_double_and_end() {
    let busy = LlmError::Server { status: 500, why: String::new() };
    let settings = RetrySettings { attempts: 4, first_wait: 100.0, longest_wait: 300.0, longest_asked: 5_000.0 };
    let mut retry = Retry::new(settings, 7);
    for own in [100.0, 200.0, 300.0] {
        let wait = retry.after(&busy, 50.0).unwrap() - 50.0;
        assert!((own / 2.0..=own).contains(&wait), "{wait} of {own}");
    }
    assert_eq!(retry.after(&busy, 0.0), None);
    let waits = |seed| Retry::new(settings, seed).after(&busy, 0.0);
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[test]
fn a_server_that_asks_to_wait_is_believed_within_bounds() {
    let asked = |seconds| LlmError::RateLimited { retry_after: Some(seconds), why: String::new() };
    let settings = RetrySettings { longest_asked: 10_000.0, ..Default::default() };
    assert_eq!(Retry::new(settings, 0).after(&asked(3.0), 1.0), Some(3_001.0));
    assert_eq!(Retry::new(settings, 0).after(&asked(11.0), 1.0), None);
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    let why = || "why".to_owned();
    for failure in [
        LlmError::Unauthorized { status: 401, why: why() },
        LlmError::NotFound { why: why() },
        LlmError::Rejected { status: 400, why: why() },
        LlmError::Dialect { why: why() },
        LlmError::Interrupted { why: why() },
        LlmError::Refused { why: why() },
        LlmError::Budget { limit: "calls" },
    ] {
        assert_eq!(Retry::new(RetrySettings::default(), 0).after(&failure, 0.0), None, "{failure}");
    }
}
