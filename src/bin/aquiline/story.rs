//! A trajectory for people, and for machines.

use aquiline::catalog::Item;
use aquiline::llm::budget::Spent;
use aquiline::session::view::{StateView, StepView, TrajectoryView};

use crate::failure::Outcome;
use crate::output::line;

/// Columns of a text.
const WIDTH: usize = 96;

/// As the package gives it, without times: equal requests give equal lines.
pub fn value(trajectory: &TrajectoryView) -> serde_json::Value {
    let mut value = serde_json::to_value(trajectory).expect("trajectories are plain data with string keys");
    let steps = value.get_mut("steps").and_then(serde_json::Value::as_array_mut);
    for step in steps.into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
        step.remove("milliseconds");
    }
    value
}

/// Who wrote the texts.
pub enum Environment {
    /// Hand-written phrases.
    Simulator,
    /// A language model, and what it cost.
    Model(Spent),
    /// Whoever wrote them when they were recorded.
    Record,
}

/// Every text on the way, with what it is worth.
pub fn print(trajectory: &TrajectoryView, environment: Environment) -> Outcome<()> {
    let TrajectoryView { user, policy, anchor, steps, outcome, kept, environment_calls, .. } = trajectory;
    line(format_args!("Steering for {user} by {policy}, from {}", heading(&anchor.item)))?;
    line(format_args!("U = {}\n{}\n", worth(anchor), wrapped(&anchor.item.plot)))?;
    let before = std::iter::once(anchor).chain(steps.iter().map(|step| &step.state));
    before.zip(steps).try_for_each(|(before, step)| print_step(before, step))?;
    match kept {
        true => line("No text was better than the original, so the original is kept.")?,
        false => line(format_args!("U rose by {:.3}.", outcome.utility - anchor.utility))?,
    }
    match environment {
        Environment::Simulator => {
            line(format_args!("{environment_calls} rewrites, by a simulator: hand-written phrases, no language model."))
        }
        Environment::Model(Spent { calls, tokens, .. }) => {
            line(format_args!("{environment_calls} rewrites, by a language model: {calls} answers, {tokens} tokens."))
        }
        Environment::Record => line(format_args!("{environment_calls} rewrites, as they were recorded.")),
    }
}

fn print_step(before: &StateView, StepView { index, action, state, .. }: &StepView) -> Outcome<()> {
    line(format_args!("Step {}  {}\n{}", index + 1, action.text, wrapped(&state.item.plot)))?;
    line(format_args!("U {:.3} → {}   distance {:.2}\n", before.utility, worth(state), state.distance))
}

fn heading(Item { title, year, genres, .. }: &Item) -> String {
    let year = year.map_or_else(String::new, |year| format!(" ({year})"));
    let genres = if genres.is_empty() { String::new() } else { format!(" — {}", genres.join(", ")) };
    format!("{title}{year}{genres}")
}

fn worth(StateView { utility, uncertainty, truncated, .. }: &StateView) -> String {
    let unread = if *truncated { "   (longer than the encoder reads; its end does not count)" } else { "" };
    format!("{utility:.3} {}{unread}", plus_minus(*uncertainty))
}

/// A deviation as it is printed; one that is no more than rounding shows is not 0.
pub fn plus_minus(deviation: Option<f32>) -> String {
    match deviation {
        None => "± unknown".to_owned(),
        Some(deviation) if deviation < 0.0005 => "± less than 0.001".to_owned(),
        Some(deviation) => format!("± {deviation:.3}"),
    }
}

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.chars().count() + word.chars().count() < WIDTH => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
