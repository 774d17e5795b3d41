//! A spent budget of a language model ends a run with what it has come to, in a session with the real encoder and a server.
#![cfg(feature = "http")]

#[path = "support/llm_server.rs"]
mod llm_server;
mod support;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use aquiline::client::http::{Http, SystemClock};
use aquiline::client::{Client, ClientSettings, Remote, Speaker};
use aquiline::error::{Error, LlmError, Result};
use aquiline::llm::budget::Budget;
use aquiline::llm::openai::Endpoint;
use aquiline::prompt::{Domain, Form, Prompts};
use aquiline::rollout::transcript::Transcript;
use aquiline::rollout::{Ended, Trajectory};
use aquiline::session::arm::Pair;
use aquiline::session::evaluate::ArmOptions;
use aquiline::session::view::{EpisodeEvent, Tell};
use aquiline::session::{Dataset, EvaluateOptions, Method, Session, SteerOptions};
use llm_server::{Server, Settings};

/// A few of the embedded films, prepared once.
fn shared() -> MutexGuard<'static, Session> {
    static SESSION: LazyLock<Mutex<Session>> = LazyLock::new(|| {
        let jsonl = std::fs::read_to_string("data/catalog.jsonl").unwrap();
        let few: Vec<&str> = jsonl.lines().take(12).collect();
        let dataset = Dataset::embedded(few.join("\n").as_bytes(), 0).unwrap();
        let mut session = Session::new(support::encoder(), dataset, 0);
        pollster::block_on(session.prepare(None, async |_| Ok(()))).unwrap();
        Mutex::new(session)
    });
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A model that may be asked `calls` times.
fn speaker(server: &Server, calls: u64) -> Speaker {
    let budget = Budget { calls: Some(calls), ..Budget::default() };
    let endpoint = Endpoint::new(&server.base_url(), "simulator").unwrap();
    let http = Http::new(&endpoint.base_url, None).unwrap();
    let settings = ClientSettings { budget, concurrency: 1, ..ClientSettings::default() };
    let client = Client::new("simulator", Remote::new(endpoint, http).unwrap(), SystemClock::default(), settings);
    Speaker::new(client.unwrap(), Prompts { domain: Domain::films(), form: Form::Lines })
}

fn options(session: &Session, policy: Method) -> SteerOptions {
    let info = session.info().unwrap();
    let (user, item) = (info.users[0].id.clone(), info.users[0].low[0].clone());
    SteerOptions { user, item, policy, horizon: 3, candidates: 4, subset: 2, seed: 2, ..Default::default() }
}

/// A run within a budget: what it came to, its record, the events that were told, and the calls that were paid.
fn within(calls: u64, policy: Method) -> (Result<(Trajectory, Transcript)>, Vec<&'static str>, u64) {
    let server = Server::start(Settings::default());
    let mut session = shared();
    session.set_speaker(Some(speaker(&server, calls)));
    let mut told = Vec::new();
    let run = blocking(session.steer(&options(&session, policy), async |tell| {
        if let Tell::Event(event) = &tell {
            told.push(match **event {
                EpisodeEvent::Anchor { .. } => "anchor",
                EpisodeEvent::Step { .. } => "step",
                EpisodeEvent::Done { .. } => "done",
            });
        }
        Ok(())
    }));
    let spent = session.speaker().unwrap().client().spent().calls;
    session.set_speaker(None);
    (run, told, spent)
}

#[test]
fn whatever_a_budget_allows_the_run_ends_with_what_it_came_to() {
    // One step takes three questions for proposals and one for the rewrite.
    let mut most = 0;
    for calls in [0, 2, 3, 5, 8, 100] {
        let (run, told, spent) = within(calls, Method::Uniform);
        let (trajectory, _) = run.unwrap();
        assert!(spent <= calls, "{spent} of {calls}");
        assert_eq!(told.first(), Some(&"anchor"));
        assert_eq!(told.last(), Some(&"done"), "{told:?}");
        assert_eq!(told.len(), 2 + trajectory.steps.len());
        assert!(trajectory.steps.len() >= most, "more money, fewer steps");
        most = trajectory.steps.len();
        let ended = if calls == 100 { Ended::Horizon } else { Ended::Budget };
        assert_eq!(trajectory.ended, ended, "with {calls} calls");
    }
    assert_eq!(most, 3);
}

#[test]
fn a_run_that_a_budget_ended_replays_to_that_end() {
    for (calls, policy) in [(0, Method::Uniform), (6, Method::Uniform), (9, Method::Greedy)] {
        let (run, _, _) = within(calls, policy);
        let (trajectory, transcript) = run.unwrap();
        assert_eq!(trajectory.ended, Ended::Budget);
        let read = Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap();
        let replayed = blocking(shared().replay(&read, async |_| Ok(()))).unwrap();
        assert_eq!(replayed, trajectory, "{calls} calls");
    }
}

#[test]
fn of_several_runs_those_that_were_paid_for_are_compared() {
    let (run, told, spent) = within(14, Method::BestOfN);
    let (trajectory, _) = run.unwrap();
    assert_eq!((trajectory.ended, told.last()), (Ended::Budget, Some(&"done")));
    assert!(!trajectory.steps.is_empty() && spent <= 14);
}

#[test]
fn a_comparison_that_cannot_be_paid_for_is_an_error_and_no_figure() {
    let server = Server::start(Settings::default());
    let mut session = shared();
    session.set_speaker(Some(speaker(&server, 5)));
    let SteerOptions { user, item, .. } = options(&session, Method::Uniform);
    let arm = ArmOptions { policy: Some(Method::Uniform), ..ArmOptions::default() };
    let compared = EvaluateOptions {
        arms: vec![arm],
        pairs: vec![Pair { user, item }],
        budget: 3,
        candidates: 4,
        horizon: 3,
        ..EvaluateOptions::default()
    };
    let error = blocking(session.evaluate(&compared, async |_| Ok(()))).unwrap_err();
    session.set_speaker(None);
    assert_eq!(error, Error::from(LlmError::Budget { limit: "calls" }));
}
