//! `aquiline judge`: a language model's opinion of episodes, blind and from both sides.

use std::io::Read;
use std::path::{Path, PathBuf};

use aquiline::catalog::Item;
use aquiline::client::Speaker;
use aquiline::eval::Interval;
use aquiline::profile::Profile;
use aquiline::raters::{Opinion, RaterReport};
use aquiline::session::Dataset;
use serde::Deserialize;

use crate::cache::CacheArguments;
use crate::claims::claim_stdin;
use crate::data::{DataArguments, read};
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::llm::LlmArguments;
use crate::output::Destination;
use crate::{output, wait};

/// Of `aquiline judge`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    cache: CacheArguments,
    #[command(flatten)]
    llm: LlmArguments,
    /// What `aquiline steer --json` or `--batch` printed, or stdin (-)
    #[arg(value_name = "FILE.jsonl", default_value = "-")]
    episodes: PathBuf,
    /// Write every pair of ballots as it comes, one line for each episode
    #[arg(long, value_name = "FILE.jsonl")]
    out: Option<PathBuf>,
}

/// What is read of an episode. Lines of errors that have no step have none of this, and are left out.
#[derive(Deserialize)]
struct Episode {
    user: String,
    anchor: Text,
    steps: Vec<Step>,
    /// Missing where an episode did not come to its end, or was printed by an earlier version.
    #[serde(rename = "outcomeStep")]
    outcome_step: Option<usize>,
}

#[derive(Deserialize)]
struct Text {
    item: Item,
}

#[derive(Deserialize)]
struct Step {
    state: Text,
}

/// Asks about every episode that changed something, about the text that counts or else the last one, and prints what the opinions come to.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let (speaker, answers) = arguments.llm.model(arguments.data.domain(), &arguments.cache, "a judge is needed")?;
    let out = arguments.out.as_deref().map(Destination::check).transpose()?;
    let (dataset, episodes) = (arguments.data.read()?, episodes(&arguments.episodes)?);
    answers.end(arguments.judge(&speaker, &dataset, &episodes, out.as_ref().map(Lines::anew)))
}

impl Arguments {
    /// Every pair of ballots is written as soon as it is complete.
    fn judge(&self, speaker: &Speaker, dataset: &Dataset, episodes: &[Episode], out: Option<Lines>) -> Outcome<()> {
        let mut opinions = Vec::new();
        for (episode, seed) in episodes.iter().zip(self.data.seed..) {
            let opinion = opinion(speaker, dataset, episode, seed)?;
            if let (Some(lines), Some(opinion)) = (&out, &opinion) {
                lines.append(opinion);
            }
            opinions.extend(opinion);
            output::note(format_args!("{} of {} episodes judged", opinions.len(), episodes.len()));
        }
        let report = RaterReport::of(&opinions, self.data.seed);
        if self.data.json {
            output::json(&report)?
        } else {
            print(&report)?
        }
        match out.as_ref().and_then(Lines::trouble) {
            Some(trouble) => Err(Failure::failed(trouble)),
            None => Ok(()),
        }
    }
}

fn opinion(speaker: &Speaker, dataset: &Dataset, episode: &Episode, seed: u64) -> Outcome<Option<Opinion>> {
    let counts = episode.outcome_step.and_then(|edits| episode.steps.get(edits.checked_sub(1)?));
    let Some(edited) = counts.or(episode.steps.last()) else { return Ok(None) };
    let user = dataset.ratings.user_index(&episode.user)?;
    let profile = Profile::of(user, &dataset.ratings, &dataset.catalog);
    let pair = [&episode.anchor.item, &edited.state.item];
    Ok(Some(wait::for_answers(Some(speaker.client()), speaker.opinion(&profile, pair, seed))?))
}

fn episodes(path: &Path) -> Outcome<Vec<Episode>> {
    let bytes = if path == Path::new("-") {
        claim_stdin()?;
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(|error| Failure::failed(format!("stdin cannot be read: {error}")))?;
        bytes
    } else {
        read(path)?
    };
    let text = String::from_utf8_lossy(&bytes);
    let episodes: Vec<Episode> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if episodes.is_empty() {
        let hint = "give the lines that `aquiline steer --json` or `--batch` prints";
        return Err(Failure::bad_input(format!("{} has no episode in it", path.display())).with_hint(hint));
    }
    Ok(episodes)
}

fn print(report: &RaterReport) -> Outcome<()> {
    let line = |name: &str, Interval { mean, low, high }: Interval| {
        output::line(format_args!("{name:<56} {mean:6.2} [{low:.2}, {high:.2}]"))
    };
    output::line(format_args!("{} pairs, each judged from both sides", report.pairs))?;
    line("the user prefers the edited one, share", report.user_utility)?;
    line("the judge does, share", report.rater_utility)?;
    line("it appeals to more people, share", report.appeal)?;
    line("stars more for the edited one", report.rating_gain)?;
    line("how different they are, 0 to 1", report.distance)?;
    line("same answer from both sides, share (0.5 is chance)", report.agreement)?;
    line("answers for the left side, share less a half", report.position_bias)?;
    line("ratings that do not contradict the preference, share", report.consistency)
}
