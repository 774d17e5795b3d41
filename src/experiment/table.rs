//! Outcomes of several arms and seeds, side by side.

use std::fmt::Write;

use serde::Serialize;

use super::Outcome;
use crate::eval::Interval;

/// Seeds every bootstrap, so that a table is printed twice alike.
const SEED: u64 = 0;

/// What is averaged over pairs and seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Metric {
    /// U of the final text.
    Utility,
    /// What U gained over the anchor.
    UtilityGain,
    /// What the judge says it gained.
    JudgeGain,
    /// What the hidden tastes say it gained, in stars.
    EnjoymentGain,
    /// Distance in Z from the anchor.
    Distance,
    /// Likeness of the texts.
    Identity,
    /// Environment calls.
    Calls,
    /// How far a jump's text is from the point it was written for.
    RealisabilityGap,
}

/// One arm: its outcomes, seed by seed, the same pairs in the same order as any other arm of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Outcomes of each seed.
    pub seeds: Vec<Vec<Outcome>>,
}

/// Arms side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Its arms.
    pub rows: Vec<Row>,
}

impl Metric {
    /// All of them, in the order of a table.
    pub const ALL: [Metric; 8] = [
        Metric::Utility,
        Metric::UtilityGain,
        Metric::JudgeGain,
        Metric::EnjoymentGain,
        Metric::Distance,
        Metric::Identity,
        Metric::Calls,
        Metric::RealisabilityGap,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Utility => "U",
            Metric::UtilityGain => "U gain",
            Metric::JudgeGain => "judge gain",
            Metric::EnjoymentGain => "hidden enjoyment, stars",
            Metric::Distance => "distance",
            Metric::Identity => "identity",
            Metric::Calls => "calls",
            Metric::RealisabilityGap => "realisability gap",
        }
    }

    /// Its value; none where it does not apply.
    pub fn of(self, outcome: &Outcome) -> Option<f64> {
        match self {
            Metric::Utility => Some(outcome.utility_after),
            Metric::UtilityGain => Some(outcome.utility_after - outcome.utility_before),
            Metric::JudgeGain => Some(outcome.judge_gain),
            Metric::EnjoymentGain => outcome.enjoyment_gain,
            Metric::Distance => Some(outcome.distance),
            Metric::Identity => Some(outcome.identity),
            Metric::Calls => Some(outcome.environment_calls as f64),
            Metric::RealisabilityGap => outcome.realisability_gap,
        }
    }
}

impl Row {
    /// The mean over pairs and seeds with its interval; none where the metric does not apply.
    pub fn interval(&self, metric: Metric) -> Option<Interval> {
        let groups: Vec<Vec<f64>> =
            self.seeds.iter().map(|seed| seed.iter().filter_map(|outcome| metric.of(outcome)).collect()).collect();
        let interval = Interval::of_groups(&groups, SEED);
        (!interval.mean.is_nan()).then_some(interval)
    }

    /// The mean difference to another arm, pair by pair; none where the metric does not apply or the pairs differ.
    pub fn difference(&self, other: &Row, metric: Metric) -> Option<Interval> {
        let is_paired = self.seeds.len() == other.seeds.len()
            && self.seeds.iter().flatten().map(|o| &o.pair).eq(other.seeds.iter().flatten().map(|o| &o.pair));
        let of_pair = |own: &Outcome, other: &Outcome| Some(metric.of(own)? - metric.of(other)?);
        let of_seed = |(own, other): (&Vec<Outcome>, &Vec<Outcome>)| {
            own.iter().zip(other).filter_map(|(own, other)| of_pair(own, other)).collect()
        };
        let groups: Vec<Vec<f64>> = self.seeds.iter().zip(&other.seeds).map(of_seed).collect();
        let interval = Interval::of_groups(&groups, SEED);
        (is_paired && !interval.mean.is_nan()).then_some(interval)
    }
}

impl Table {
    /// As Markdown, one line an arm; metrics that apply to no arm are left out.
    pub fn to_markdown(&self) -> String {
        let applies = |metric: &Metric| self.rows.iter().any(|row| row.interval(*metric).is_some());
        let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(applies).collect();
        let headings: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let mut text =
            format!("| {} | {} |\n|---|{}\n", self.title, headings.join(" | "), "---|".repeat(metrics.len()));
        for row in &self.rows {
            let cells = metrics.iter().map(|&metric| cell(metric, row.interval(metric)));
            // Writing into a string cannot fail.
            let _ = writeln!(text, "| {} | {} |", row.name, cells.collect::<Vec<_>>().join(" | "));
        }
        text
    }
}

fn cell(metric: Metric, interval: Option<Interval>) -> String {
    let Some(Interval { mean, low, high }) = interval else { return "–".to_owned() };
    match metric {
        Metric::Calls => format!("{mean:.0}"),
        Metric::UtilityGain | Metric::JudgeGain => format!("{mean:+.3} [{low:+.3}, {high:+.3}]"),
        Metric::EnjoymentGain => format!("{mean:+.2} [{low:+.2}, {high:+.2}]"),
        _ => format!("{mean:.2} [{low:.2}, {high:.2}]"),
    }
}
