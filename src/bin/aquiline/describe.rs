//! `aquiline describe`: the texts that a catalog lacks, written by a language model from the titles.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aquiline::Error;
use aquiline::catalog::Item;
use aquiline::client::Speaker;
use aquiline::error::LlmError;
use aquiline::prompt::Domain;
use futures_util::stream::{StreamExt, iter};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::cache::CacheArguments;
use crate::clean::one_line;
use crate::data::read_text;
use crate::done::{self, Object};
use crate::failure::{Failure, Outcome, is_lasting, message_of};
use crate::llm::LlmArguments;
use crate::{output, wait};

/// Of `aquiline describe`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Items, one JSON object a line: id, title, and year, genres, plot where known
    #[arg(value_name = "FILE.jsonl")]
    catalog: PathBuf,
    /// What an earlier run printed: texts that are there are printed again and not asked for. May be given several times
    #[arg(long, value_name = "FILE.jsonl")]
    done: Vec<PathBuf>,
    /// Seeds the answers of models that can be seeded
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    cache: CacheArguments,
    #[command(flatten)]
    llm: LlmArguments,
}

/// A line of the file.
struct Entry {
    item: Item,
    /// All that it says, also what is none of our business.
    given: Object,
    seed: u64,
}

/// An item as people write it: what says which it is comes first.
struct InOrder<'a>(&'a Object);

const ORDER: [&str; 7] = ["id", "title", "year", "genres", "plot", "likes", "dislikes"];

/// Prints every item, in order and as soon as it can be, those without a plot with the one that was written. A title for
/// which none can be had is printed as it was.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let (speaker, answers) = arguments.llm.model(Domain::items(), &arguments.cache, "a language model is needed")?;
    let entries = entries(&arguments.catalog, arguments.seed)?;
    let done = done::results(&arguments.done, key)?;
    let is_lacking = |entry: &&Entry| entry.lacks_text() && !done.contains_key(&entry.key());
    let lacking = entries.iter().filter(is_lacking).count();
    output::note(format_args!("{lacking} of {} items lack a text", entries.len()));
    let described = iter(&entries).map(async |entry| (entry, entry.described(&speaker, &done).await));
    // The model's own places limit how many are asked at once.
    let mut described = described.buffered(arguments.llm.concurrency());
    let mut failed = 0;
    let print_all = async {
        let mut is_any_written = false;
        while let Some((entry, described)) = described.next().await {
            match described {
                Ok(object) => {
                    is_any_written |= entry.lacks_text();
                    output::json(&InOrder(&object))?;
                }
                Err(error) if ends_all(&error, is_any_written) => return Err(error.into()),
                Err(error) => {
                    failed += 1;
                    let title = one_line(&entry.item.title);
                    output::note(format_args!("no text for “{title}”: {}", one_line(&message_of(&error))));
                    output::json(&InOrder(&entry.given))?;
                }
            }
        }
        Ok(())
    };
    answers.end(wait::for_answers(Some(speaker.client()), print_all))?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::failed(format!("{failed} of {lacking} titles have no text; they are printed as they were"))
            .with_hint("give what was printed to --done, and another --seed, to have them written")),
    }
}

impl Entry {
    fn lacks_text(&self) -> bool {
        self.item.plot.trim().is_empty()
    }

    fn key(&self) -> String {
        key_of(&self.item)
    }

    /// What is printed for it.
    async fn described(&self, speaker: &Speaker, done: &HashMap<String, Object>) -> aquiline::Result<Object> {
        let mut object = self.given.clone();
        if !self.lacks_text() {
            return Ok(object);
        }
        let written = ["plot", "likes", "dislikes"];
        if let Some(done) = done.get(&self.key()) {
            let known = written.iter().filter_map(|name| Some(((*name).to_owned(), done.get(*name)?.clone())));
            object.extend(known);
            return Ok(object);
        }
        let Item { plot, likes, dislikes, .. } = speaker.describe(&self.item, self.seed).await?;
        let values = [json!(plot), json!(likes), json!(dislikes)];
        object.extend(written.map(str::to_owned).into_iter().zip(values));
        Ok(object)
    }
}

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = ORDER.iter().filter_map(|name| self.0.get_key_value(*name));
        let rest = self.0.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
        serializer.collect_map(first.chain(rest))
    }
}

/// Whether the other titles need not be tried. A request that is rejected may be one title's fault only where the same
/// request was accepted for another.
fn ends_all(error: &Error, is_any_written: bool) -> bool {
    match error {
        Error::Llm(LlmError::Rejected { status: 400 | 413 | 422, .. }) => !is_any_written,
        error => is_lasting(error),
    }
}

/// Of a result that has a text.
fn key(result: &Object) -> Option<String> {
    let item = item(result.clone()).ok()?;
    (!item.plot.trim().is_empty()).then(|| key_of(&item))
}

fn key_of(Item { id, title, year, .. }: &Item) -> String {
    json!([id, title, year]).to_string()
}

/// The items of a file, in which a plot may lack.
fn entries(path: &Path, seed: u64) -> Outcome<Vec<Entry>> {
    let text = read_text(path)?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let entry = |((number, line), seed): ((usize, &str), u64)| {
        let malformed = |why: String| Failure::bad_input(format!("{}, line {number}: {why}", path.display()));
        let value: Value = serde_json::from_str(line).map_err(|error| malformed(error.to_string()))?;
        let Value::Object(given) = value else { return Err(malformed("an item is a JSON object".into())) };
        let item = item(given.clone()).map_err(|error| malformed(error.to_string()))?;
        Ok(Entry { item, given, seed })
    };
    lines.zip(seed..).map(entry).collect()
}

fn item(mut fields: Object) -> serde_json::Result<Item> {
    fields.entry("plot").or_insert_with(|| "".into());
    serde_json::from_value(Value::Object(fields))
}
