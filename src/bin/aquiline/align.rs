//! `aquiline align`: texts to the latent space, and how far to believe it.

use std::path::PathBuf;

use aquiline::alignment::{Skill, Verdict};
use aquiline::session::view::InfoView;
use serde::Serialize;

use crate::data::DataArguments;
use crate::failure::Outcome;
use crate::output::{self, Destination};
use crate::world::{ModelArguments, World};

/// Of `aquiline align`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    /// Write every item's id, title and latent there, one JSON object a line
    #[arg(long, value_name = "FILE.jsonl")]
    out: Option<PathBuf>,
}

/// What a fit came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    encoder: String,
    users: usize,
    items: usize,
    items_without_text: usize,
    items_truncated: usize,
    dimensions: usize,
    skill: Skill,
    verdict: Verdict,
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    title: &'a str,
    latent: &'a [f32],
}

/// Fits, and says how well.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let out = arguments.out.as_deref().map(Destination::check).transpose()?;
    let world = World::open(&arguments.data, &arguments.models, None)?;
    let agent = world.session.agent()?;
    if let Some(out) = out {
        let items = agent.catalog().items().iter().zip(agent.items().rows());
        out.write(&output::jsonl(items.map(|(item, latent)| Line { id: &item.id, title: &item.title, latent })))?;
    }
    let summary = Summary::of(world.session.info()?, agent.items().dimensions());
    if arguments.data.json { output::json(&summary) } else { summary.print() }
}

impl Summary {
    fn of(info: InfoView, dimensions: usize) -> Self {
        let InfoView { encoder, skill, verdict, items, users, items_without_text, items_truncated, .. } = info;
        let (users, items) = (users.len(), items.len());
        Summary { encoder, users, items, items_without_text, items_truncated, dimensions, skill, verdict }
    }

    fn print(&self) -> Outcome<()> {
        let Summary { encoder, users, items, items_without_text, items_truncated, dimensions, skill, verdict } = self;
        output::line(format_args!("{items} items and {users} users in {dimensions} dimensions, encoder {encoder}"))?;
        if *items_without_text > 0 {
            output::line(format_args!("{items_without_text} items have no text and are left out"))?;
        }
        if *items_truncated > 0 {
            output::line(format_args!("{items_truncated} texts are longer than the encoder reads"))?;
        }
        let Skill { rmse_ratio, rank_correlation, coverage, held_out_ratings, held_out_items, .. } = skill;
        output::line(format_args!(
            "On {held_out_ratings} ratings of {held_out_items} items that the fit did not see:\n  \
             error over that of user means   {rmse_ratio:.3}\n  \
             rank correlation                {rank_correlation:.3}\n  \
             ratings within one deviation    {coverage:.2} (0.68 is right)"
        ))?;
        output::line(&verdict.text)
    }
}
