//! The command line: everything that the library does, on files and pipes.
//!
//! It uses the library's public API only. Results go to stdout, progress and errors to stderr. A command is a file with
//! its `Arguments` and a `run`, a variant of [`Command`], and an arm of `run`.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod align;
mod answers;
mod batch;
mod cache;
mod claims;
mod clean;
mod data;
mod describe;
mod design;
mod done;
mod evaluate;
mod factorize;
mod failure;
mod gaps;
mod interrupt;
mod judge;
mod lines;
mod llm;
mod output;
mod paper;
mod report;
mod space;
mod steer;
mod story;
mod train;
mod values;
mod wait;
mod world;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use failure::{Failure, Outcome};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    it failed, or a line of a batch did
  2    the arguments or the data cannot be used
  130  interrupted by Ctrl-C; what was learned is saved";

/// Steer texts toward the best region of an embedding space
#[derive(Debug, Parser)]
#[command(name = "aquiline", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Fit factors to the ratings, without texts
    Factorize(factorize::Arguments),
    /// Fit the map from texts to the latent space, and say how well it predicts
    Align(align::Arguments),
    /// Find good places without an item
    Gaps(gaps::Arguments),
    /// Show the optimal design over the candidate edits of one item
    Design(design::Arguments),
    /// Train a policy that chooses edits
    Train(train::Arguments),
    /// Edit an item step by step for a user, once or for every line of a batch
    Steer(Box<steer::Arguments>),
    /// Compare policies by what they gain on low-rated items
    Evaluate(evaluate::Arguments),
    /// Have a language model judge episodes, blind and from both sides
    Judge(Box<judge::Arguments>),
    /// Have a language model write the texts that a catalog lacks, from the titles
    Describe(Box<describe::Arguments>),
    /// Measure what the paper measures, in the simulator's world
    Paper(paper::Arguments),
}

fn main() -> ExitCode {
    let command = match Arguments::try_parse() {
        Ok(Arguments { command }) => command,
        // It may quote what was typed.
        Err(error) if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Failure::of_arguments(&error).report();
        }
        Err(help) => help.exit(),
    };
    match interrupt::watch().and_then(|()| run(&command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: &Command) -> Outcome<()> {
    match command {
        Command::Factorize(arguments) => factorize::run(arguments),
        Command::Align(arguments) => align::run(arguments),
        Command::Gaps(arguments) => gaps::run(arguments),
        Command::Design(arguments) => design::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Steer(arguments) => steer::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Judge(arguments) => judge::run(arguments),
        Command::Describe(arguments) => describe::run(arguments),
        Command::Paper(arguments) => paper::run(arguments),
    }
}
