//! `aquiline steer`: one episode, or one for every line of a batch.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use aquiline::llm::budget::Spent;
use aquiline::rollout::transcript::{Line, Run, Transcript};
use aquiline::session::view::{Tell, TrajectoryView};
use aquiline::session::{Method, SteerOptions};
use serde_json::json;

use crate::batch::{self, Batch, Defaults};
use crate::claims::{Role, claim, claim_stdin};
use crate::data::{DataArguments, read, read_text};
use crate::failure::{Failure, Outcome, message_of};
use crate::lines::Lines;
use crate::llm::LlmArguments;
use crate::output::Destination;
use crate::story::{Environment, Heard, Story};
use crate::values::{self, EpisodeArguments};
use crate::world::{Episode, ModelArguments, Stopped, World};
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
    /// Results of an earlier run of the batch: what is done there is printed again and not done again. May be given several
    /// times
    #[arg(long, value_name = "FILE.jsonl", requires = "batch")]
    done: Vec<PathBuf>,
    /// First have the language model describe the user from what they rated, and write for that
    #[arg(long, requires = "llm", conflicts_with = "batch")]
    written_profile: bool,
    /// Keep the record of the episode, every question to a language model included, each as soon as it is answered
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "batch")]
    transcript: Option<PathBuf>,
    /// Run the episode of this record again, without a language model; data and seed must be those of the record
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["batch", "transcript", "llm", "user", "item"])]
    replay: Option<PathBuf>,
}

/// Steers, and prints what comes of it when it does.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let policy_file = arguments.episode.policy_file.as_deref();
    values::check_policy(&[arguments.policy], policy_file)?;
    let policy = policy_file.map(read).transpose()?;
    let requests = arguments.batch.as_deref().map(requests).transpose()?;
    let done = batch::done(&arguments.done)?;
    let transcript = arguments.transcript.as_deref().map(Destination::check).transpose()?;
    let transcript = transcript.as_ref().map(Lines::anew);
    let record = arguments.replay.as_deref().map(transcript_of).transpose()?;
    let cache = &arguments.models.cache;
    let writer = match arguments.replay {
        // Its texts are in the record.
        Some(_) => None,
        None => Some(arguments.llm.writer(arguments.data.domain(), cache, transcript.as_ref())?),
    };
    if arguments.written_profile && writer.as_ref().is_none_or(|writer| writer.speaker.is_none()) {
        return Err(Failure::bad_input("only a language model can describe a user: name it with --llm and --model"));
    }
    let mut world = World::open(&arguments.data, &arguments.models, writer)?;
    if let Some(bytes) = policy {
        world.load_policy(&bytes, arguments.data.seed)?;
    }
    let outcome = match (requests, &arguments.batch, record) {
        (Some(requests), Some(path), _) => {
            // Without a language model nothing is waited for.
            let at_once = if world.session.speaker().is_some() { arguments.llm.concurrency() } else { 1 };
            let file = &path.to_string_lossy();
            Batch { world: &world, file, defaults: arguments.defaults(), done }.run(requests, at_once)
        }
        (_, _, Some(record)) => arguments.replay(&world, &record),
        _ => arguments.one(&mut world, transcript.as_ref()),
    };
    world.end(outcome)
}

fn transcript_of(path: &Path) -> Outcome<Transcript> {
    let text = read_text(path)?;
    if let Some(line) = Transcript::torn_line(&text) {
        output::note(format_args!("note: line {line} of {} is torn and is left out", path.display()));
    }
    Ok(Transcript::from_jsonl(&text, &path.to_string_lossy())?)
}

fn requests(path: &Path) -> Outcome<batch::Source> {
    if path == Path::new("-") {
        claim_stdin()?;
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    claim(path, Role::Input)?;
    let file = std::fs::File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

impl Arguments {
    fn one(&self, world: &mut World, transcript: Option<&Lines>) -> Outcome<()> {
        let user = world.user(self.user.as_deref())?;
        let item = world.item(self.item.as_deref(), &user)?;
        if self.written_profile {
            world.write_profile(&user, self.data.seed)?;
        }
        let options = self.defaults().options(user, item);
        if world.client().is_some() {
            let Spent { calls, tokens, money } = world.session.estimate(&options)?;
            let money = if money > 0.0 { format!(", {money:.2} in money") } else { String::new() };
            output::note(format_args!(
                "asking the language model about {calls} questions: some {tokens} tokens{money}"
            ));
        }
        let Episode { view, transcript: record, .. } =
            self.told(&options, transcript, |hear| world.steer(&options, hear))?;
        if let Some(lines) = transcript.filter(|_| options.policy == Method::BestOfN) {
            // Which of its episodes is the best is known at the end only.
            record.run.iter().for_each(|run| lines.hold(&Line::Run(run)));
            record.exchanges.iter().for_each(|exchange| lines.hold(&Line::Exchange(exchange)));
        }
        let environment = match world.client() {
            Some(client) => Environment::Model(client.spent()),
            None => Environment::Simulator,
        };
        transcript.into_iter().for_each(Lines::release);
        self.print_end(&view, environment)?;
        match transcript.and_then(Lines::trouble) {
            Some(trouble) => Err(Failure::failed(trouble)),
            None => Ok(()),
        }
    }

    fn replay(&self, world: &World, record: &Transcript) -> Outcome<()> {
        let Run { user, item, policy, settings, .. } = record.run()?;
        let policy = Method::named(policy).unwrap_or(self.policy);
        let (user, item, seed) = (user.clone(), item.clone(), settings.seed);
        let options = SteerOptions { user, item, policy, seed, ..SteerOptions::default() };
        let view = self.told(&options, None, |hear| world.replay(record, hear))?;
        self.print_end(&view, Environment::Record)
    }

    /// Runs an episode, writes it to the transcript as it comes, and prints its steps: for people as they come, for machines
    /// where it does not come to its end.
    fn told<T>(
        &self,
        options: &SteerOptions,
        transcript: Option<&Lines>,
        run: impl FnOnce(&mut dyn FnMut(&Tell) -> Outcome<()>) -> Stopped<T>,
    ) -> Outcome<T> {
        let (mut heard, mut story) = (Heard::default(), Story::of(options.policy.name()));
        let mut hear = |tell: &Tell| {
            heard.hear(tell);
            match (transcript, tell) {
                (Some(lines), Tell::Run(run)) => lines.hold(&Line::Run(run)),
                (Some(lines), Tell::Exchange(exchange)) => lines.hold(&Line::Exchange(exchange)),
                _ => {}
            }
            if self.data.json { Ok(()) } else { story.tell(tell) }
        };
        let stop = match run(&mut hear) {
            Ok(episode) => return Ok(episode),
            Err(stop) => stop,
        };
        if self.data.json
            && let (Some(error), Some(mut value)) = (stop.error(), heard.value(options))
        {
            value.insert("error".into(), json!({"code": error.code(), "message": message_of(error)}));
            output::json(&value)?;
        }
        Err(stop.into())
    }

    fn print_end(&self, episode: &TrajectoryView, environment: Environment) -> Outcome<()> {
        if self.data.json { output::json(&story::value(episode)) } else { story::print_end(episode, environment) }
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            policy: self.policy,
            episode: self.episode.clone(),
            seed: self.episode_seed.unwrap_or(self.data.seed),
        }
    }
}
