//! `aquiline steer`: one episode, or one for every line of a batch.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use aquiline::session::Method;

use crate::batch::{self, Defaults};
use crate::data::{DataArguments, read};
use crate::failure::{Failure, Outcome};
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
}

/// Steers, and prints what came of it.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let policy_file = arguments.episode.policy_file.as_deref();
    values::check_policy(&[arguments.policy], policy_file)?;
    let policy = policy_file.map(read).transpose()?;
    let requests = arguments.batch.as_deref().map(requests).transpose()?;
    let mut world = World::open(&arguments.data, &arguments.models)?;
    if let Some(bytes) = policy {
        world.load_policy(&bytes, arguments.data.seed)?;
    }
    match (requests, &arguments.batch) {
        (Some(mut requests), Some(path)) => {
            batch::run(&world, &mut requests, &path.to_string_lossy(), &arguments.defaults())
        }
        _ => one(&world, arguments),
    }
}

fn one(world: &World, arguments: &Arguments) -> Outcome<()> {
    let user = world.user(arguments.user.as_deref())?;
    let item = world.item(arguments.item.as_deref(), &user)?;
    let episode = world.steer(&arguments.defaults().options(user, item))?;
    if arguments.data.json { output::json(&story::value(&episode.view)) } else { story::print(&episode.view) }
}

type Requests = Box<dyn std::io::BufRead>;

fn requests(path: &Path) -> Outcome<Requests> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = std::fs::File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

impl Arguments {
    fn defaults(&self) -> Defaults {
        Defaults {
            policy: self.policy,
            episode: self.episode.clone(),
            seed: self.episode_seed.unwrap_or(self.data.seed),
        }
    }
}
