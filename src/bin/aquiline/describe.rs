//! `aquiline describe`: the texts that a catalog lacks, written by a language model from the titles.

use std::path::{Path, PathBuf};

use aquiline::catalog::Item;
use aquiline::client::Speaker;
use aquiline::prompt::Domain;
use futures_util::stream::{StreamExt, iter};
use serde_json::Value;

use crate::data::read;
use crate::failure::{Failure, Outcome};
use crate::llm::LlmArguments;
use crate::{output, wait};

/// Of `aquiline describe`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Items, one JSON object a line: id, title, and year, genres, plot where known
    #[arg(value_name = "FILE.jsonl")]
    catalog: PathBuf,
    /// Seeds the answers of models that can be seeded
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    llm: LlmArguments,
}

/// Prints every item, in order, those without a plot with the one that was written. Where it ends early, what was
/// written until then is printed.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let needed = || Failure::bad_input("a language model is needed").with_hint("name it with --llm and --model");
    let speaker = arguments.llm.speaker(Domain::items())?.ok_or_else(needed)?;
    let items = items(&arguments.catalog)?;
    let lacking = items.iter().filter(|item| lacks_text(item)).count();
    eprintln!("{lacking} of {} items lack a text", items.len());
    let described = items.iter().zip(arguments.seed..).map(|(item, seed)| with_text(&speaker, item, seed));
    // The model's own places limit how many are asked at once.
    let mut described = iter(described).buffered(arguments.llm.concurrency());
    let print_all = async {
        while let Some(item) = described.next().await {
            output::json(&item?)?;
        }
        Ok(())
    };
    wait::for_answers(Some(speaker.client()), print_all)
}

async fn with_text(speaker: &Speaker, item: &Item, seed: u64) -> Outcome<Item> {
    if lacks_text(item) { Ok(speaker.describe(item, seed).await?) } else { Ok(item.clone()) }
}

fn lacks_text(item: &Item) -> bool {
    item.plot.trim().is_empty()
}

/// The items of a file, in which a plot may lack.
fn items(path: &Path) -> Outcome<Vec<Item>> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let item = |(number, line): (usize, &str)| {
        let malformed = |why: String| Failure::bad_input(format!("{}, line {number}: {why}", path.display()));
        let mut value: Value = serde_json::from_str(line).map_err(|error| malformed(error.to_string()))?;
        let fields = value.as_object_mut().ok_or_else(|| malformed("an item is a JSON object".into()))?;
        fields.entry("plot").or_insert_with(|| "".into());
        serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
    };
    lines.map(item).collect()
}
