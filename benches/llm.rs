//! What a language model's client costs beside the model: `./build.sh bench llm`.
//!
//! First our own time for one step of an episode (prompts, readers, charges, the engine), with a model that answers at
//! once and words that are counted instead of encoded.

#[path = "../tests/support/spoken.rs"]
mod spoken;
#[path = "../tests/toy_world/mod.rs"]
mod toy_world;

use std::time::{Duration, Instant};

use aquiline::client::http::SystemClock;
use aquiline::client::{Answered, Client, ClientSettings, Local, Model, Speaker};
use aquiline::llm::{ChatReply, ChatRequest, Finish};
use aquiline::rollout::RolloutSettings;
use spoken::{episode, kites, prompts};

const EPISODES: u64 = 200;
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
}

fn time_of_a_step(seed: u64, lookahead: bool) -> Duration {
    let client = Client::new("at once", AtOnce, SystemClock::default(), ClientSettings::default());
    let speaker = Speaker::new(client.expect("the settings are the usual ones"), prompts());
    let settings = RolloutSettings { seed, candidates: 20, lookahead, ..Default::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a thread can wait");
    let began = Instant::now();
    let trajectory = runtime.block_on(episode(&speaker, settings)).expect("the model answers in form");
    began.elapsed() / trajectory.steps.len() as u32
}
