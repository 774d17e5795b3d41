//! `aquiline design`: the candidate edits of one item, and the design over where they lead.

use aquiline::session::design::{Candidate, Certificate, DesignReport};
use aquiline::session::{DesignOptions, SteerOptions};

use crate::data::DataArguments;
use crate::failure::Outcome;
use crate::llm::LlmArguments;
use crate::world::{ModelArguments, World};
use crate::{output, values};

/// Of `aquiline design`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    #[command(flatten)]
    llm: LlmArguments,
    /// Whom the edits are for, by id [default: the first user]
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// What is edited, by id [default: what the user is predicted to like least of what they rated]
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// Candidate edits
    #[arg(long, default_value_t = SteerOptions::default().candidates, value_parser = values::positive)]
    candidates: usize,
    /// Size of the D-optimal subset [default: 10, or all candidates]
    #[arg(long, value_parser = values::positive)]
    subset: Option<usize>,
}

/// Tries every candidate once and designs over where they led.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let writer = arguments.llm.writer(arguments.data.domain(), &arguments.models.cache, None)?;
    let world = World::open(&arguments.data, &arguments.models, Some(writer))?;
    world.end(arguments.design(&world))
}

impl Arguments {
    fn design(&self, world: &World) -> Outcome<()> {
        let user = world.user(self.user.as_deref())?;
        let item = world.item(self.item.as_deref(), &user)?;
        let (candidates, seed) = (self.candidates, self.data.seed);
        let subset = values::subset(self.subset, candidates);
        let report = world.design(&DesignOptions { user, item, candidates, subset, seed })?;
        if self.data.json { output::json(&report) } else { print(&report) }
    }
}

fn print(report: &DesignReport) -> Outcome<()> {
    let DesignReport { user, anchor, candidates, certificate } = report;
    let (item, utility) = (&anchor.item.id, anchor.utility);
    output::line(format_args!("{} edits of {item} for {user}, U {utility:.3} now", candidates.len()))?;
    match certificate {
        None => output::line("no edit moves the item, so all are alike")?,
        Some(Certificate { effective_rank, optimality_gap, largest_leverage, support }) => {
            output::line(format_args!(
                "{support} edits carry the design; largest leverage {largest_leverage:.4}, dimension \
                 {effective_rank}, so at most {optimality_gap:.1e} from the optimum"
            ))?;
        }
    }
    output::line("weight leverage subset      U distance  edit")?;
    candidates.iter().try_for_each(print_candidate)
}

fn print_candidate(candidate: &Candidate) -> Outcome<()> {
    let Candidate { action, weight, leverage, in_subset, state } = candidate;
    let leverage = leverage.map_or_else(|| "-".to_owned(), |leverage| format!("{leverage:.3}"));
    let (mark, utility, distance) = (if *in_subset { "yes" } else { "" }, state.utility, state.distance);
    output::line(format_args!("{weight:6.3} {leverage:>8} {mark:>6} {utility:6.3} {distance:8.3}  {}", action.text))
}
