//! Episodes that ask a real server over real sockets: one that behaves, one that does not, and one that wants a key.
#![cfg(feature = "http")]

#[path = "support/llm_server.rs"]
mod llm_server;
#[path = "support/spoken.rs"]
mod spoken;
mod toy_world;

use std::time::{Duration, Instant};

use aquiline::Error;
use aquiline::answer::Ballot;
use aquiline::catalog::Item;
use aquiline::client::http::{Http, SystemClock};
use aquiline::client::{Client, ClientSettings, Remote, Speaker};
use aquiline::error::{LlmError, Result};
use aquiline::llm::budget::{Budget, Price};
use aquiline::llm::openai::Endpoint;
use aquiline::llm::retry::RetrySettings;
use aquiline::llm::{ChatRequest, Message};
use aquiline::profile::Profile;
use aquiline::prompt::{Form, Prompts};
use aquiline::raters::RaterReport;
use aquiline::rollout::{Outcome, RolloutSettings, Trajectory};
use futures_util::stream::{self, StreamExt};
use llm_server::{Misdeed, Server, Settings};
use spoken::{episode, kites, prompts};

const KEY: &str = "sk-secret-of-the-test";
const EPISODES: u64 = 500;
/// What every episode may cost.
const BUDGET: Budget = Budget { calls: Some(40), tokens: Some(60_000), money: Some(0.05), time: Some(20_000.0) };
const PRICE: Price = Price { prompt: 0.5, completion: 2.0 };

fn virtually_never<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let limit = Duration::from_secs(600);
        tokio::time::timeout(limit, future).await.expect("nothing hangs")
    })
}

fn client_of(server: &Server, endpoint: impl FnOnce(Endpoint) -> Endpoint, settings: ClientSettings) -> Client {
    let endpoint = endpoint(Endpoint::new(&server.base_url(), "simulator").unwrap());
    let http = Http::new(&endpoint.base_url, Some(KEY.into())).unwrap();
    Client::new("simulator", Remote::new(endpoint, http).unwrap(), SystemClock::default(), settings).unwrap()
}

fn question() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user("Say yes.")],
        temperature: None,
        seed: Some(1),
        max_tokens: 50,
        schema: None,
    }
}

fn short(seed: u64) -> RolloutSettings {
    RolloutSettings { horizon: 2, candidates: 4, lookahead: false, seed, ..Default::default() }
}

#[test]
fn an_episode_is_steered_by_a_server_streaming_or_not_in_lines_or_json() {
    let server = Server::start(Settings { key: Some(KEY.into()), ..Settings::default() });
    for (streaming, form) in [(true, Form::Lines), (false, Form::Lines), (true, Form::Json), (false, Form::Json)] {
        let endpoint = |endpoint| Endpoint { streaming, schemas: form == Form::Json, ..endpoint };
        let client = client_of(&server, endpoint, ClientSettings::default());
        let speaker = Speaker::new(client, Prompts { form, ..prompts() });
        // Every step, whether or not it gains.
        let outcome = Outcome::Last;
        let settings = RolloutSettings { candidates: 6, lookahead: true, outcome, ..Default::default() };
        let trajectory = virtually_never(episode(&speaker, settings)).unwrap();
        assert_eq!(trajectory.steps.len(), 5);
        assert!(trajectory.steps.iter().all(|step| step.state.item.plot != kites().plot && step.candidates.len() > 2));
        let (spent, log) = (speaker.client().spent(), speaker.client().take_log());
        assert_eq!(spent.calls as usize, log.len());
        assert!(log.iter().all(|call| call.attempts == 1 && call.reply.as_ref().is_some_and(|r| r.usage.is_some())));
    }
    let seen = server.seen();
    // What sockets need besides says nothing of whom it is for.
    let ours = |name: &&String| !["host", "accept", "content-length", "connection"].contains(&name.as_str());
    let headers: std::collections::BTreeSet<&String> =
        seen.iter().flat_map(|seen| &seen.headers).filter(ours).collect();
    assert_eq!(headers.into_iter().collect::<Vec<_>>(), ["authorization", "content-type"]);
}

#[test]
fn a_pair_is_judged_from_both_sides() {
    let server = Server::start(Settings::default());
    for form in [Form::Lines, Form::Json] {
        let client = client_of(&server, |endpoint| endpoint, ClientSettings::default());
        let speaker = Speaker::new(client, Prompts { form, ..prompts() });
        let edited = Item { plot: "Two sisters sail a house over the sea, and the sun comes out.".into(), ..kites() };
        let opinion = virtually_never(speaker.opinion(&Profile::default(), [&kites(), &edited], 4)).unwrap();
        let answered = |ballot: Ballot| ballot.iter().all(Option::is_some);
        assert!(answered(opinion.original_first) && answered(opinion.edited_first), "{opinion:?}");
        // It judges texts, not sides.
        assert_eq!(RaterReport::of(&[opinion], 0).agreement.mean, 1.0, "{opinion:?}");
        let log = speaker.client().take_log();
        let asked = log.iter().map(|call| call.request.messages[1].content.clone());
        assert!(asked.clone().all(|asked| !asked.contains("Kites")), "titles would tell which is which");
        assert_eq!(asked.collect::<std::collections::HashSet<_>>().len(), 2);
    }
}

#[test]
fn equal_seeds_steer_alike_whoever_answers_first() {
    let run = |concurrency, latency| {
        let server = Server::start(Settings { latency, ..Settings::default() });
        let client = client_of(&server, |endpoint| endpoint, ClientSettings { concurrency, ..Default::default() });
        virtually_never(episode(&Speaker::new(client, prompts()), RolloutSettings { candidates: 6, ..short(3) }))
            .unwrap()
    };
    assert_eq!(run(1, Duration::ZERO), run(8, Duration::from_millis(20)));
}

/// One episode against a server that misbehaves, with a budget of its own; checks what was charged, and gives everything
/// that was written down.
async fn survive(server: &Server, seed: u64) -> (Result<Trajectory>, String) {
    let retry = RetrySettings { first_wait: 20.0, longest_wait: 100.0, longest_asked: 2_000.0, attempts: 3 };
    let settings = ClientSettings { timeout: 1_000.0, budget: BUDGET, price: PRICE, retry, ..Default::default() };
    let client = client_of(server, |endpoint| Endpoint { streaming: !seed.is_multiple_of(4), ..endpoint }, settings);
    let speaker = Speaker::new(client, prompts());
    let ended = episode(&speaker, short(seed)).await;
    let (spent, log) = (speaker.client().spent(), speaker.client().take_log());
    let answered = log.iter().filter(|call| call.attempts > 0 && call.reply.is_some()).count() as u64;
    assert!(answered <= spent.calls && spent.calls <= log.len() as u64, "{spent:?} for {answered} of {}", log.len());
    assert!(Some(spent.calls) <= BUDGET.calls && Some(spent.tokens) <= BUDGET.tokens, "{spent:?}");
    assert!(Some(spent.money) <= BUDGET.money, "{spent:?}");
    let calls: Vec<String> = log.iter().map(|call| serde_json::to_string(call).unwrap()).collect();
    let told = ended.as_ref().err().map_or_else(String::new, Error::to_string);
    (ended, format!("{} {told} {speaker:?}", calls.join("\n")))
}

#[test]
fn every_episode_against_a_misbehaving_server_ends_in_a_trajectory_or_a_typed_error() {
    let server = Server::start(Settings { wild: true, key: Some(KEY.into()), seed: 1, ..Settings::default() });
    let all = stream::iter(0..EPISODES).map(|seed| survive(&server, seed)).buffer_unordered(48);
    let ends: Vec<(Result<Trajectory>, String)> = virtually_never(all.collect());
    assert_eq!(ends.len() as u64, EPISODES);
    let mut codes = std::collections::BTreeMap::new();
    for (ended, written) in &ends {
        assert!(!written.contains(KEY), "a key was written down: {written}");
        let code = ended.as_ref().map_or_else(Error::code, |_| "a trajectory");
        *codes.entry(code).or_insert(0) += 1;
        let of_run = ["a trajectory", "rollout.no_actions", "rollout.rewrites_failed"];
        let is_expected = of_run.contains(&code) || code.starts_with("llm.");
        assert!(is_expected, "{code}: {:?}", ended.as_ref().err());
    }
    println!("{codes:?}");
    // It answers badly two times of five, and three attempts are made.
    assert!(codes["a trajectory"] > EPISODES / 4, "{codes:?}");
    let misdeeds = server.seen().into_iter().filter_map(|seen| seen.misdeed);
    let all: std::collections::HashSet<Misdeed> = misdeeds.collect();
    assert_eq!(all.len(), Misdeed::ALL.len(), "every misdeed was committed");
}

#[test]
fn each_misdeed_has_the_end_that_it_deserves() {
    let ended = |misdeed, streaming| {
        let server = Server::start(Settings { misdeed: Some(misdeed), key: Some(KEY.into()), ..Settings::default() });
        let retry = RetrySettings { attempts: 2, first_wait: 5.0, ..Default::default() };
        let settings = ClientSettings { timeout: 400.0, retry, ..Default::default() };
        let client = client_of(&server, |endpoint| Endpoint { streaming, ..endpoint }, settings);
        let answer = virtually_never(client.ask(question()));
        (
            answer.map(|_| "an answer").map_err(|error| Error::from(error).code()),
            server.seen().len(),
            client.spent().calls,
        )
    };
    for (misdeed, streaming, expected) in [
        (Misdeed::TooMany, true, (Err("llm.rate_limited"), 2, 0)),
        (Misdeed::TooManyBare, false, (Err("llm.rate_limited"), 2, 0)),
        (Misdeed::ServerError, true, (Err("llm.server"), 2, 0)),
        (Misdeed::ServerErrorHtml, true, (Err("llm.server"), 2, 0)),
        (Misdeed::HtmlInsteadOfJson, true, (Err("llm.dialect"), 1, 0)),
        (Misdeed::ErrorInBody, false, (Err("llm.server"), 2, 0)),
        (Misdeed::Refusal, true, (Err("llm.refused"), 1, 0)),
        (Misdeed::Silence, true, (Err("llm.timed_out"), 2, 0)),
        (Misdeed::Endless, true, (Err("llm.too_long"), 1, 1)),
        (Misdeed::NoDone, true, (Ok("an answer"), 1, 1)),
        (Misdeed::NoFinish, true, (Err("llm.interrupted"), 1, 1)),
        (Misdeed::Usage, true, (Ok("an answer"), 1, 1)),
        (Misdeed::Garbage, false, (Ok("an answer"), 1, 1)),
    ] {
        assert_eq!(ended(misdeed, streaming), expected, "{misdeed:?}");
    }
}

#[test]
fn a_key_that_is_wrong_is_told_without_the_key() {
    let server = Server::start(Settings { key: Some("another".into()), ..Settings::default() });
    let error = virtually_never(client_of(&server, |endpoint| endpoint, ClientSettings::default()).ask(question()));
    let error = error.unwrap_err();
    assert!(matches!(&error, LlmError::Unauthorized { status: 401, .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
    assert_eq!(server.seen().len(), 1, "a wrong key does not get better");
}

#[test]
fn a_model_that_is_not_there_is_named() {
    let server = Server::start(Settings::default());
    let client =
        client_of(&server, |endpoint| Endpoint { model: "other".into(), ..endpoint }, ClientSettings::default());
    let error = virtually_never(client.ask(question())).unwrap_err();
    assert!(matches!(&error, LlmError::NotFound { why } if why.contains("other")), "{error}");
}

#[test]
fn nobody_at_an_address_is_unreachable() {
    let gone = Server::start(Settings::default()).base_url();
    let http = Http::new(&gone, None).unwrap();
    let retry = RetrySettings { attempts: 2, first_wait: 5.0, ..Default::default() };
    let remote = Remote::new(Endpoint::new(&gone, "m").unwrap(), http).unwrap();
    let settings = ClientSettings { retry, ..Default::default() };
    let client = Client::new("m", remote, SystemClock::default(), settings).unwrap();
    let error = virtually_never(client.ask(question())).unwrap_err();
    assert!(matches!(error, LlmError::Unreachable { .. }), "{error}");
    assert_eq!(client.take_log()[0].attempts, 2);
}

/// Waits until the server has noticed, which it does every few milliseconds.
fn noticed(server: &Server, left: Instant) -> Duration {
    loop {
        if let Some(closed) = server.seen().first().and_then(|seen| seen.closed_early) {
            return closed.saturating_duration_since(left);
        }
        assert!(left.elapsed() < Duration::from_secs(20), "the request is still open");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn whoever_leaves_closes_the_request_at_every_stage() {
    for (stage, misdeed) in [("before the head", Misdeed::Silence), ("within the answer", Misdeed::Endless)] {
        let server = Server::start(Settings { misdeed: Some(misdeed), ..Settings::default() });
        let client = client_of(&server, |endpoint| endpoint, ClientSettings::default());
        let request = ChatRequest { max_tokens: 1_000_000, ..question() };
        let left = virtually_never(async {
            tokio::select! {
                answer = client.ask(request) => panic!("{stage}: {answer:?}"),
                () = tokio::time::sleep(Duration::from_millis(100)) => Instant::now(),
            }
        });
        println!("{stage}: noticed after {:?}", noticed(&server, left));
        assert_eq!(client.take_log().last().unwrap().error.as_deref(), Some("cancelled"));
    }
}
