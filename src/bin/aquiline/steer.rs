//! `aquiline steer`: one episode, or one for every line of a batch.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use aquiline::llm::budget::Spent;
use aquiline::rollout::transcript::Transcript;
use aquiline::session::Method;
use aquiline::session::view::TrajectoryView;

use crate::batch::{self, Defaults};
use crate::data::{DataArguments, read};
use crate::failure::{Failure, Outcome};
use crate::llm::LlmArguments;
use crate::output::Destination;
use crate::story::Environment;
use crate::values::{self, EpisodeArguments};
use crate::world::{ModelArguments, World};
use crate::{output, story};

/// Of `aquiline steer`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    #[command(flatten)]
    llm: LlmArguments,
    /// Whom to steer for, by id [default: the first user]
    #[arg(long, value_name = "ID", conflicts_with = "batch")]
    user: Option<String>,
    /// What to start from, by id [default: what the user is predicted to like least of what they rated]
    #[arg(long, value_name = "ID", conflicts_with = "batch")]
    item: Option<String>,
    /// How edits are chosen
    #[arg(long, default_value = "greedy", value_parser = values::method())]
    policy: Method,
    #[command(flatten)]
    episode: EpisodeArguments,
    /// Seeds the episode alone, where it is not to have the seed of data and fit
    #[arg(long, value_name = "SEED")]
    episode_seed: Option<u64>,
    /// Requests, one JSON object a line, from a file or from stdin (-): user, item, and where they differ from the
    /// arguments policy, seed, horizon, candidates, subset,
    /// temperature. Prints one line of JSON for each
    #[arg(long, value_name = "FILE.jsonl")]
    batch: Option<PathBuf>,
    /// First have the language model describe the user from what they rated, and write for that
    #[arg(long, requires = "llm", conflicts_with = "batch")]
    written_profile: bool,
    /// Keep the record of the episode, every question to a language model included
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "batch")]
    transcript: Option<PathBuf>,
    /// Run the episode of this record again, without a language model; data and seed must be those of the record
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["batch", "transcript", "llm", "user", "item"])]
    replay: Option<PathBuf>,
}

/// Steers, and prints what came of it.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let policy_file = arguments.episode.policy_file.as_deref();
    values::check_policy(&[arguments.policy], policy_file)?;
    let policy = policy_file.map(read).transpose()?;
    let requests = arguments.batch.as_deref().map(requests).transpose()?;
    let transcript = arguments.transcript.as_deref().map(Destination::check).transpose()?;
    let record = arguments.replay.as_deref().map(transcript_of).transpose()?;
    let speaker = arguments.llm.speaker(arguments.data.domain())?;
    let mut world = World::open(&arguments.data, &arguments.models)?;
    world.session.set_speaker(speaker);
    if let Some(bytes) = policy {
        world.load_policy(&bytes, arguments.data.seed)?;
    }
    match (requests, &arguments.batch, record) {
        (Some(requests), Some(path), _) => {
            // Without a language model nothing is waited for.
            let at_once = if world.session.speaker().is_some() { arguments.llm.concurrency() } else { 1 };
            batch::run(&world, requests, &path.to_string_lossy(), &arguments.defaults(), at_once)
        }
        (_, _, Some(record)) => arguments.print(&world.replay(&record)?, Environment::Record),
        _ => one(&mut world, arguments, transcript),
    }
}

fn one(world: &mut World, arguments: &Arguments, transcript: Option<Destination>) -> Outcome<()> {
    let user = world.user(arguments.user.as_deref())?;
    let item = world.item(arguments.item.as_deref(), &user)?;
    if arguments.written_profile {
        world.write_profile(&user, arguments.data.seed)?;
    }
    let options = arguments.defaults().options(user, item);
    if world.session.speaker().is_some() {
        let Spent { calls, tokens, money } = world.session.estimate(&options)?;
        let money = if money > 0.0 { format!(", {money:.2} in money") } else { String::new() };
        eprintln!("asking the language model about {calls} questions: some {tokens} tokens{money}");
    }
    let episode = world.steer(&options)?;
    if let Some(file) = transcript {
        file.write(episode.transcript.to_jsonl().as_bytes())?;
    }
    let environment = match world.session.speaker() {
        Some(speaker) => Environment::Model(speaker.client().spent()),
        None => Environment::Simulator,
    };
    arguments.print(&episode.view, environment)
}

fn transcript_of(path: &Path) -> Outcome<Transcript> {
    let bytes = read(path)?;
    Ok(Transcript::from_jsonl(&String::from_utf8_lossy(&bytes), &path.to_string_lossy())?)
}

fn requests(path: &Path) -> Outcome<batch::Source> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = std::fs::File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

impl Arguments {
    fn print(&self, episode: &TrajectoryView, environment: Environment) -> Outcome<()> {
        if self.data.json { output::json(&story::value(episode)) } else { story::print(episode, environment) }
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            policy: self.policy,
            episode: self.episode.clone(),
            seed: self.episode_seed.unwrap_or(self.data.seed),
        }
    }
}
