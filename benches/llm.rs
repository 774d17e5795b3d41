//! What a language model's client costs beside the model: `./build.sh bench llm`.
//!
//! First our own time for one step of an episode (prompts, readers, charges, the engine), with a model that answers at
//! once and words that are counted instead of encoded. Then many episodes at once over real sockets, against a server
//! that takes its time, beside the least time that so many requests can take in so many places. Last, how soon a server
//! sees that nobody waits for its answer any more.

#[path = "../tests/support/llm_server.rs"]
mod llm_server;
#[path = "../tests/support/spoken.rs"]
mod spoken;
#[path = "../tests/toy_world/mod.rs"]
mod toy_world;

use std::time::{Duration, Instant};

use aquiline::client::http::{Http, SystemClock};
use aquiline::client::{Answered, Client, ClientSettings, Local, Model, Remote, Speaker};
use aquiline::llm::openai::Endpoint;
use aquiline::llm::{ChatReply, ChatRequest, Finish, Message};
use aquiline::rollout::RolloutSettings;
use futures_util::future::join_all;
use llm_server::{Misdeed, Server, Settings};
use spoken::{episode, kites, prompts};

const EPISODES: u64 = 200;
const AT_ONCE: u64 = 64;
const LATENCY: Duration = Duration::from_millis(200);
const CATEGORIES: [&str; 5] = ["Plot", "Character", "Visual", "Theme", "Audience"];

/// Answers at once, in the form that was asked for.
#[derive(Debug)]
struct AtOnce;

impl Model for AtOnce {
    fn chat<'a>(&'a self, request: &'a ChatRequest, _: u32, said: &'a mut String) -> Local<'a, Answered> {
        Box::pin(async move {
            let text = match wanted(request) {
                Some(count) => edits(count, request.seed.unwrap_or(0)),
                None => rewritten(request),
            };
            said.push_str(&text);
            Ok(ChatReply { text, finish: Finish::Stop, usage: None })
        })
    }
}

/// How many edits are asked for, if any.
fn wanted(request: &ChatRequest) -> Option<usize> {
    let asked = &request.messages[1].content;
    let count = asked.strip_prefix("Propose ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    count.or(asked.starts_with("Name the one edit").then_some(1))
}

fn edits(count: usize, seed: u64) -> String {
    let things = ["storm", "market", "letter", "choir", "bridge", "orchard", "lantern", "wager", "harbour", "train"];
    let edit = |n: usize| {
        let (thing, other) = (things[n % 10], things[(n / 10 + seed as usize) % 10]);
        format!(
            "{}:\n{}. Let a {thing} of the year {seed} part the sisters, until a {other} brings them back.",
            CATEGORIES[n % 5],
            n + 1
        )
    };
    (0..count).map(edit).collect::<Vec<_>>().join("\n") + "\nEND"
}

fn rewritten(request: &ChatRequest) -> String {
    let seed = request.seed.unwrap_or(0);
    format!(
        "PLOT: {} Storm {seed} carries them over the sun.\nLIKES:\n- a storm\n- two sisters\n- a house\nDISLIKES:\n- rain\n- \
         noise\n- length\nEND",
        kites().plot
    )
}

fn main() {
    for lookahead in [false, true] {
        let mut times: Vec<Duration> = (0..EPISODES).map(|seed| time_of_a_step(seed, lookahead)).collect();
        times.sort();
        let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
        let questions = if lookahead { 3 + 20 } else { 3 + 1 };
        println!("llm/own-time-of-a-step/{questions}-questions  {:8.3} ms  (95 %: {:.3} ms)", at(50), at(95));
    }
    [8, 16, 32].into_iter().for_each(many_at_once);
    abort("before-the-head", Misdeed::Silence);
    abort("within-the-answer", Misdeed::Endless);
}

/// The time of many episodes, and how much more that is than the least.
fn many_at_once(concurrency: usize) {
    let server = Server::start(Settings { latency: LATENCY, ..Settings::default() });
    let client = client_of(&server, ClientSettings { concurrency, ..Default::default() });
    let speaker = Speaker::new(client, prompts());
    let began = Instant::now();
    let settings = |seed| RolloutSettings { seed, candidates: 8, lookahead: false, ..Default::default() };
    let ended = runtime().block_on(join_all((0..AT_ONCE).map(|seed| episode(&speaker, settings(seed)))));
    let (time, requests) = (began.elapsed().as_secs_f64(), server.seen().len());
    assert!(ended.iter().all(Result::is_ok), "the server behaves");
    // Proposals and a rewrite follow each other in every step.
    let in_turn = 2.0 * ended.iter().flatten().map(|end| end.steps.len()).max().unwrap_or(0) as f64;
    let least = LATENCY.as_secs_f64() * (requests as f64 / concurrency as f64).ceil().max(in_turn);
    println!(
        "llm/{AT_ONCE}-episodes/{concurrency}-places  {time:6.2} s for {requests} requests, {:.2} of the least",
        time / least
    );
}

/// How soon the server sees that the client has gone.
fn abort(stage: &str, misdeed: Misdeed) {
    let mut times: Vec<f64> = (0..21).map(|_| time_of_an_abort(misdeed).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    println!("llm/abort/{stage}  {:8.3} ms  (longest: {:.3} ms)", times[10], times[20]);
}

fn time_of_an_abort(misdeed: Misdeed) -> Duration {
    let pause = Duration::from_millis(20);
    let server = Server::start(Settings { misdeed: Some(misdeed), pause, ..Settings::default() });
    let client = client_of(&server, ClientSettings::default());
    let messages = vec![Message::user("Say yes.")];
    let request = ChatRequest { messages, temperature: None, seed: None, max_tokens: 1_000_000, schema: None };
    let left = runtime().block_on(async {
        let waiting = tokio::time::sleep(Duration::from_millis(100));
        tokio::select! { _ = client.ask(request) => {}, () = waiting => {} }
        Instant::now()
    });
    loop {
        if let Some(closed) = server.seen().first().and_then(|seen| seen.closed_early) {
            return closed.saturating_duration_since(left);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn client_of(server: &Server, settings: ClientSettings) -> Client {
    let endpoint = Endpoint::new(&server.base_url(), "simulator").expect("the server has an address");
    let http = Http::new(&endpoint.base_url, None).expect("there is no key");
    let remote = Remote::new(endpoint, http).expect("the address is one");
    Client::new("simulator", remote, SystemClock::default(), settings).expect("the settings are usual")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread can wait")
}

fn time_of_a_step(seed: u64, lookahead: bool) -> Duration {
    let client = Client::new("at once", AtOnce, SystemClock::default(), ClientSettings::default());
    let speaker = Speaker::new(client.expect("the settings are the usual ones"), prompts());
    let settings = RolloutSettings { seed, candidates: 20, lookahead, ..Default::default() };
    let runtime = runtime();
    let began = Instant::now();
    let trajectory = runtime.block_on(episode(&speaker, settings)).expect("the model answers in form");
    began.elapsed() / trajectory.steps.len() as u32
}
