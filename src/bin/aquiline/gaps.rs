//! `aquiline gaps`: where demand is and no item.

use aquiline::session::view::GapView;

use crate::clean::one_line;
use crate::data::DataArguments;
use crate::failure::Outcome;
use crate::world::{ModelArguments, World};
use crate::{output, story, values};

/// Of `aquiline gaps`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    /// A user, by id; several are a group, whose mean counts [default: the first user]
    #[arg(long = "user", value_name = "ID")]
    users: Vec<String>,
    /// Gaps at most
    #[arg(long, default_value_t = 8, value_parser = values::positive)]
    count: usize,
}

/// Finds gaps, best first; as JSON one a line. Where there is none, says so.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let world = World::open(&arguments.data, &arguments.models, None)?;
    let users = match arguments.users.as_slice() {
        [] => vec![world.user(None)?],
        named => named.to_vec(),
    };
    let gaps = world.session.gaps(&users, arguments.count)?;
    if arguments.data.json {
        return gaps.iter().try_for_each(output::json);
    }
    output::line(format_args!("{} gaps for {}", gaps.len(), users.join(", ")))?;
    if gaps.is_empty() {
        output::line("No place lies far enough from all items: they are too few, or nothing tells them apart.")?;
        output::line(&world.session.info()?.verdict.text)?;
    }
    gaps.iter().try_for_each(print)
}

fn print(gap: &GapView) -> Outcome<()> {
    let GapView { utility, uncertainty, affinity, distance, neighbours, .. } = gap;
    let near: Vec<String> = neighbours.iter().map(|near| one_line(&near.title)).collect();
    output::line(format_args!(
        "U {utility:.3} {}, affinity {affinity:.3}, {distance:.2} from the nearest of {}",
        story::plus_minus(*uncertainty),
        near.join(" · ")
    ))
}
