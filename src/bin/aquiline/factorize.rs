//! `aquiline factorize`: weighted alternating least squares on the ratings alone.

use std::path::PathBuf;

use aquiline::alignment::{Measured, Reason};
use aquiline::factorization::{Factorization, Factors};
use aquiline::ratings::{Ratings, Split};
use aquiline::session::factorize::FactorizeOptions;
use serde::Serialize;

use crate::data::DataArguments;
use crate::failure::Outcome;
use crate::output::{self, Destination};
use crate::report::Report;
use crate::{space, values, wait};

/// Of `aquiline factorize`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Share of the ratings that the fit does not see, to measure it on
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = values::share)]
    hold_out: f64,
    /// Dimension of the vectors
    #[arg(long, default_value_t = Factorization::default().factors, value_parser = values::positive)]
    factors: usize,
    /// Strength with which vectors are drawn to 0, in units of one observation
    #[arg(long, default_value_t = Factorization::default().ridge, value_parser = values::amount)]
    ridge: f64,
    /// Alternating sweeps
    #[arg(long, default_value_t = Factorization::default().sweeps, value_parser = values::positive)]
    sweeps: usize,
    /// Write the factors there, one JSON object a line: the mean, every user, every item
    #[arg(long, value_name = "FILE.jsonl")]
    out: Option<PathBuf>,
}

/// What a fit came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    users: usize,
    items: usize,
    ratings: usize,
    held_out: usize,
    factors: usize,
    sweeps: usize,
    /// On the ratings that were fitted.
    rmse: Measured,
    /// On those that were not; none without any.
    held_out_rmse: Measured,
    /// Of predicting the mean of the fitted ratings for all that were not.
    mean_rmse: Measured,
}

/// Fits, measures, and writes the factors that were measured.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    let out = arguments.out.as_deref().map(Destination::check).transpose()?;
    let ratings = arguments.data.read()?.ratings;
    let (factors, split) = fit(arguments, &ratings)?;
    if let Some(out) = out {
        out.write(&space::to_jsonl(factors.by_id(&split.train, &split.test)))?;
    }
    let summary = Summary::of(arguments, &factors, &split);
    if arguments.data.json { output::json(&summary) } else { summary.print() }
}

fn fit(arguments: &Arguments, ratings: &Ratings) -> Outcome<(Factors, Split)> {
    let Arguments { factors, ridge, sweeps, hold_out: held_out, .. } = *arguments;
    let options = FactorizeOptions { factors, ridge, sweeps, held_out, seed: arguments.data.seed };
    let report = Report::new();
    let fitted = wait::for_value(options.fit(ratings, async |told| report.tick(&told)));
    report.clear();
    Ok(fitted?)
}

impl Summary {
    fn of(arguments: &Arguments, factors: &Factors, Split { train, test }: &Split) -> Self {
        let all = || train.entries().iter().chain(test.entries());
        let are_equal = all().all(|rating| rating.value == train.entries()[0].value);
        let measured = |part: &Ratings, error: &dyn Fn() -> f64| match part.is_empty() {
            _ if are_equal => Reason::EqualRatings.into(),
            true => Reason::FewHeldOut.into(),
            false => Measured::Known(error()),
        };
        let off_the_mean = || test.entries().iter().map(|rating| rating.value - factors.mean);
        Summary {
            users: train.users().len(),
            items: train.items().len(),
            ratings: train.len() + test.len(),
            held_out: test.len(),
            factors: arguments.factors,
            sweeps: arguments.sweeps,
            rmse: measured(train, &|| factors.rmse(train)),
            held_out_rmse: measured(test, &|| factors.rmse(test)),
            mean_rmse: measured(test, &|| aquiline::factorization::rmse(off_the_mean())),
        }
    }

    fn print(&self) -> Outcome<()> {
        let Summary { users, items, ratings, held_out, factors, sweeps, rmse, .. } = self;
        output::line(format_args!("{ratings} ratings of {items} items by {users} users"))?;
        output::line(format_args!("{factors} factors, {sweeps} sweeps: error on the ratings fitted {rmse:.4}"))?;
        let (unseen, mean) = (self.held_out_rmse, self.mean_rmse);
        output::line(format_args!("error on {held_out} ratings held out {unseen:.4}, of the mean alone {mean:.4}"))
    }
}
