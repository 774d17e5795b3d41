//! `aquiline design`: the candidate edits of one item, and the design over where they lead.

use aquiline::action::Action;
use aquiline::design::subset;
use aquiline::error::{DesignError, Error};
use aquiline::latent::{Latents, distance};
use aquiline::policy::ReferencePolicy;
use aquiline::rollout::{Choices, DesignSummary, Effect};
use aquiline::session::{Method, SteerOptions};
use serde::Serialize;

use crate::data::DataArguments;
use crate::failure::{Failure, Outcome};
use crate::world::{Episode, ModelArguments, World};
use crate::{output, values};

/// Of `aquiline design`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
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

/// The candidates and their design.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    user: String,
    item: String,
    utility: f32,
    /// Nothing where no candidate moves the item.
    certificate: Option<Certificate>,
    candidates: Vec<Candidate>,
}

/// That no design would be better: the largest leverage is at least the dimension, and equal to it at the optimum.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    effective_rank: usize,
    optimality_gap: f64,
    largest_leverage: f64,
    support: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    action: Action,
    weight: f64,
    leverage: Option<f64>,
    in_subset: bool,
    utility: f32,
    /// From the item, in the latent space.
    distance: f32,
}

/// Tries every candidate once and designs over where they led.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let world = World::open(&arguments.data, &arguments.models)?;
    let user = world.user(arguments.user.as_deref())?;
    let item = world.item(arguments.item.as_deref(), &user)?;
    let options = SteerOptions {
        user,
        item,
        policy: Method::GOptimal,
        horizon: 1,
        candidates: arguments.candidates,
        subset: values::subset(arguments.subset, arguments.candidates),
        seed: arguments.data.seed,
        ..Default::default()
    };
    let episode = world.steer(&options)?;
    let table = Table::of(&options, asked(&episode)?)?;
    if arguments.data.json { output::json(&table) } else { table.print() }
}

/// What the policy chose from.
fn asked(episode: &Episode) -> Outcome<&Choices> {
    let choices = episode.transcript.exchanges.iter().find_map(|exchange| match &exchange.effect {
        Effect::Choose(choices) => Some(choices),
        _ => None,
    });
    choices.ok_or_else(|| Failure::failed("no edit was proposed that differs from the item"))
}

impl Table {
    fn of(options: &SteerOptions, choices: &Choices) -> Outcome<Self> {
        let (weights, design) = ReferencePolicy::GOptimal.distribution(choices)?;
        let chosen = d_optimal(choices, options.subset)?;
        let candidate = |(index, action): (usize, &Action)| Candidate {
            action: action.clone(),
            weight: weights[index],
            leverage: design.as_ref().map(|design| design.leverages[index]),
            in_subset: chosen.contains(&index),
            utility: choices.outcomes[index].utility,
            distance: distance(&choices.outcomes[index].latent, &choices.state.latent),
        };
        Ok(Table {
            user: options.user.clone(),
            item: options.item.clone(),
            utility: choices.state.utility,
            candidates: choices.actions.iter().enumerate().map(candidate).collect(),
            certificate: design.as_ref().map(Certificate::of),
        })
    }

    fn print(&self) -> Outcome<()> {
        let Table { user, item, utility, certificate, candidates } = self;
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
        candidates.iter().try_for_each(Candidate::print)
    }
}

impl Certificate {
    fn of(design: &DesignSummary) -> Self {
        Certificate {
            effective_rank: design.effective_rank,
            optimality_gap: design.optimality_gap,
            largest_leverage: design.leverages.iter().copied().fold(0.0, f64::max),
            support: design.weights.iter().filter(|weight| **weight > 0.0).count(),
        }
    }
}

impl Candidate {
    fn print(&self) -> Outcome<()> {
        let Candidate { action, weight, leverage, in_subset, utility, distance } = self;
        let leverage = leverage.map_or_else(|| "-".to_owned(), |leverage| format!("{leverage:.3}"));
        let mark = if *in_subset { "yes" } else { "" };
        output::line(format_args!("{weight:6.3} {leverage:>8} {mark:>6} {utility:6.3} {distance:8.3}  {}", action.text))
    }
}

/// The subset that greedy steering looks at; everything where no candidate moves the item.
fn d_optimal(choices: &Choices, size: usize) -> Outcome<Vec<usize>> {
    let from = &choices.state.latent;
    let moved = choices.outcomes.iter().flat_map(|to| to.latent.iter().zip(from).map(|(to, from)| to - from));
    let count = choices.outcomes.len();
    match subset(&Latents::new(from.len(), moved.collect())?, size.min(count)) {
        Ok(subset) => Ok(subset.actions),
        Err(Error::Design(DesignError::NoDisplacement)) => Ok((0..count).collect()),
        Err(error) => Err(error.into()),
    }
}
