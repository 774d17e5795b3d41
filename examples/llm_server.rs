//! A pretended language model for tests in browsers: an OpenAI-compatible server on this machine.
//!
//! Run with `cargo run --no-default-features --example llm_server -- --wild --seed 7`. It prints its base URL, then one
//! line of JSON for each request that is over, and serves until it is killed.

use std::io::Write;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use serde_json::json;

#[path = "../tests/support/llm_server.rs"]
mod llm_server;

use llm_server::{Misdeed, Seen, Server, Settings};

const USAGE: &str = "llm_server [--port N] [--seed N] [--wild] [--misdeed NAME] [--latency MS] [--pause MS] [--key KEY] \
                     [--model NAME] [--no-cors]";

fn main() -> ExitCode {
    let server = read_arguments(std::env::args().skip(1))
        .and_then(|(settings, port)| Server::bind(settings, port).map_err(|error| format!("port {port}: {error}")));
    match server {
        Ok(server) => serve(&server),
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn read_arguments(mut arguments: impl Iterator<Item = String>) -> Result<(Settings, u16), String> {
    let mut settings = Settings { tell: Some(tell), ..Settings::default() };
    let mut port = 0;
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--wild" => settings.wild = true,
            "--no-cors" => settings.cors = false,
            "--port" => port = number(&value()?)?,
            "--seed" => settings.seed = number(&value()?)?,
            "--latency" => settings.latency = Duration::from_millis(number(&value()?)?),
            "--pause" => settings.pause = Duration::from_millis(number(&value()?)?),
            "--key" => settings.key = Some(value()?),
            "--model" => settings.model = value()?,
            "--misdeed" => {
                let name = value()?;
                settings.misdeed = Some(Misdeed::named(&name).ok_or_else(|| format!("{name} is no misdeed"))?);
            }
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok((settings, port))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn serve(server: &Server) -> ! {
    say(&server.base_url());
    loop {
        thread::park();
    }
}

/// Nobody has to listen.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn tell(seen: &Seen) {
    let line = json!({
        "method": seen.method,
        "path": seen.path,
        "headers": seen.headers,
        "authorized": seen.authorized,
        "task": seen.task,
        "misdeed": seen.misdeed.map(|misdeed| format!("{misdeed:?}")),
        "status": seen.status,
        "usage": seen.usage,
        "closedEarly": seen.closed_early.is_some(),
    });
    say(&line.to_string());
}
