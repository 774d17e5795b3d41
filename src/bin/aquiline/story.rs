//! A trajectory for people, and for machines: as it comes, and as a whole.

use aquiline::catalog::Item;
use aquiline::llm::budget::Spent;
use aquiline::rollout::Ended;
use aquiline::session::SteerOptions;
use aquiline::session::view::{EpisodeEvent, StateView, StepView, Tell, TrajectoryView};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clean::one_line;
use crate::done::Object;
use crate::failure::Outcome;
use crate::output::line;

/// Columns of a text.
const WIDTH: usize = 96;

/// As the package gives it, without times: equal requests give equal lines.
pub fn value(trajectory: &TrajectoryView) -> Object {
    let mut value = object(trajectory);
    value.get_mut("steps").into_iter().for_each(without_times);
    value
}

/// What was heard of an episode so far.
#[derive(Debug, Default)]
pub struct Heard {
    anchor: Option<StateView>,
    steps: Vec<StepView>,
}

impl Heard {
    /// Keeps what is an event of an episode.
    pub fn hear(&mut self, tell: &Tell) {
        let Tell::Event(event) = tell else { return };
        match &**event {
            EpisodeEvent::Anchor { state, .. } => self.anchor = Some(state.clone()),
            EpisodeEvent::Step { step } => self.steps.push(step.clone()),
            EpisodeEvent::Done { .. } => {}
        }
    }

    /// The steps of an episode that did not come to its end; nothing where it had not begun.
    pub fn value(&self, options: &SteerOptions) -> Option<Object> {
        let SteerOptions { user, policy, seed, .. } = options;
        let mut steps = json!(self.steps);
        without_times(&mut steps);
        let of_run = [("user", json!(user)), ("policy", policy.name().into()), ("seed", json!(seed)), ("steps", steps)];
        let anchor = ("anchor", json!(self.anchor.as_ref()?));
        Some(of_run.into_iter().chain([anchor]).map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// Prints an episode for people, each step when it is taken.
#[derive(Debug, Default)]
pub struct Story {
    policy: String,
    /// U of the last text.
    utility: f32,
}

impl Story {
    /// Of an episode whose edits are chosen this way.
    pub fn of(policy: &str) -> Self {
        Story { policy: policy.to_owned(), utility: 0.0 }
    }

    /// Prints what is an event of an episode, but for the end.
    pub fn tell(&mut self, tell: &Tell) -> Outcome<()> {
        let Tell::Event(event) = tell else { return Ok(()) };
        match &**event {
            EpisodeEvent::Anchor { state, user } => {
                self.utility = state.utility;
                line(format_args!("Steering for {user} by {}, from {}", self.policy, heading(&state.item)))?;
                line(format_args!("U = {}\n{}\n", worth(state), wrapped(&state.item.plot)))
            }
            EpisodeEvent::Step { step } => {
                let before = std::mem::replace(&mut self.utility, step.state.utility);
                print_step(before, step)
            }
            EpisodeEvent::Done { .. } => Ok(()),
        }
    }
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

/// What an episode came to, after its steps.
pub fn print_end(trajectory: &TrajectoryView, environment: Environment) -> Outcome<()> {
    let TrajectoryView { anchor, steps, outcome, outcome_step, environment_calls, failed_rewrites, ended, .. } =
        trajectory;
    reason(*ended).into_iter().try_for_each(line)?;
    match outcome_step {
        0 => line("No text counts that is better than the original, so the original is kept.")?,
        step => {
            let gain = outcome.utility - anchor.utility;
            line(format_args!("The text after step {step} of {} counts: U rose by {gain:.3}.", steps.len()))?;
        }
    }
    let failed = if *failed_rewrites > 0 { format!(", {failed_rewrites} of which failed") } else { String::new() };
    let rewrites = format!("{environment_calls} rewrites{failed}");
    match environment {
        Environment::Simulator => {
            line(format_args!("{rewrites}, by a simulator: hand-written phrases, no language model."))
        }
        Environment::Model(Spent { calls, tokens, .. }) => {
            line(format_args!("{rewrites}, by a language model: {calls} answers, {tokens} tokens."))
        }
        Environment::Record => line(format_args!("{rewrites}, as they were recorded.")),
    }
}

/// Why there is no further step, where the horizon is not the reason.
fn reason(ended: Ended) -> Option<&'static str> {
    match ended {
        Ended::Horizon => None,
        Ended::NoGain => Some("No further edit is predicted or found to gain."),
        Ended::NoEdit => Some("The safeguards left no further edit."),
        Ended::NoRewrite => Some("Every rewrite of the last turn failed, so there is no further step."),
        Ended::Budget => Some("The budget is spent, so there is no further step."),
    }
}

fn print_step(before: f32, StepView { index, action, state, .. }: &StepView) -> Outcome<()> {
    let text = format!("Step {}  {}\n{}", index + 1, one_line(&action.text), wrapped(&state.item.plot));
    line(format_args!("{text}\nU {before:.3} → {}   distance {:.2}\n", worth(state), state.distance))
}

fn object(value: &impl Serialize) -> Object {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => unreachable!("trajectories are plain data with string keys"),
    }
}

fn without_times(steps: &mut Value) {
    let steps = steps.as_array_mut().into_iter().flatten();
    for step in steps.filter_map(Value::as_object_mut) {
        step.remove("milliseconds");
    }
}

fn heading(Item { title, year, genres, .. }: &Item) -> String {
    let year = year.map_or_else(String::new, |year| format!(" ({year})"));
    let genres = if genres.is_empty() { String::new() } else { format!(" — {}", genres.join(", ")) };
    one_line(&format!("{title}{year}{genres}"))
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
