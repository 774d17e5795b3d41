//! The tables, from the records of one or more files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use aquiline::eval::Interval;
use aquiline::experiment::{Foresight, Metric, Outcome, Row, Table as Comparison, Told};

use super::plan::{DIFFERENCES, Table};
use super::record::{Conditions, Record};

/// Seeds the bootstraps.
const SEED: u64 = 0;

/// Everything about one world as Markdown.
pub fn markdown(records: &[Record]) -> String {
    let mut text = String::new();
    let tables = tables(records);
    text.push_str(&conditions(records, &tables));
    for (&table, comparison) in &tables {
        let _ = write!(text, "\n{}", comparison.to_markdown());
        text.push_str(&differences(table, comparison));
    }
    text.push_str(&foresight(records));
    text.push_str(&training(records));
    text
}

/// An arm and its outcomes by seed.
struct Line {
    name: String,
    seeds: BTreeMap<u64, Vec<Outcome>>,
}

/// Arms by table.
pub fn tables(records: &[Record]) -> BTreeMap<Table, Comparison> {
    let mut tables: BTreeMap<Table, Vec<Line>> = BTreeMap::new();
    for record in records {
        let Record::Arm { seed, table, name, outcomes, .. } = record else { continue };
        let lines = tables.entry(*table).or_default();
        let place = lines.iter().position(|line| line.name == *name).unwrap_or_else(|| {
            lines.push(Line { name: name.clone(), seeds: BTreeMap::new() });
            lines.len() - 1
        });
        lines[place].seeds.insert(*seed, outcomes.clone());
    }
    tables.values_mut().for_each(|lines| keep_whole_seeds(lines));
    let row = |Line { name, seeds }: Line| Row { name, seeds: seeds.into_values().collect() };
    let comparison = |(table, lines): (Table, Vec<Line>)| {
        (table, Comparison { title: table.title().to_owned(), rows: lines.into_iter().map(row).collect() })
    };
    tables.into_iter().map(comparison).collect()
}

/// Of a run that is not over: a seed that some arms still lack would make arms incomparable.
fn keep_whole_seeds(lines: &mut [Line]) {
    let seeds = lines.iter().map(|line| line.seeds.keys().copied().collect::<BTreeSet<u64>>());
    let whole = seeds.reduce(|one, other| &one & &other).unwrap_or_default();
    if !whole.is_empty() {
        lines.iter_mut().for_each(|line| line.seeds.retain(|seed, _| whole.contains(seed)));
    }
}

fn conditions(records: &[Record], tables: &BTreeMap<Table, Comparison>) -> String {
    let Some(Record::Conditions(conditions)) = records.first() else { return String::new() };
    let Conditions { world, pairs, candidates, updates, episodes, states, kl_weight, budget } = conditions;
    let seeds = tables.values().flat_map(|table| &table.rows).map(|row| row.seeds.len()).max().unwrap_or(0);
    let accuracies = records.iter().filter_map(|record| match record {
        Record::Judge { accuracy, .. } => Some(*accuracy),
        _ => None,
    });
    let accuracies: Vec<f64> = accuracies.collect();
    let accuracy = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
    format!(
        "**{world}**: {seeds} seeds × {pairs} pairs, {candidates} candidates a step, {updates} updates of {episodes} \
         episodes from a reference fitted at {states} states, α = {kl_weight}, {budget} calls where they \
         are equal. The judge puts {:.0} % of the pairs of ratings that it never saw into their order.\n",
        100.0 * accuracy
    )
}

fn differences(table: Table, comparison: &Comparison) -> String {
    let row = |name: &str| comparison.rows.iter().find(|row| row.name == name);
    let mut text = String::new();
    for (_, arm, other) in DIFFERENCES.iter().filter(|(of, _, _)| *of == table) {
        let (Some(one), Some(two)) = (row(arm), row(other)) else { continue };
        let of = |metric: Metric, digits: usize| {
            let Interval { mean, low, high } = one.difference(two, metric)?;
            Some(format!("{} {mean:+.digits$} [{low:+.digits$}, {high:+.digits$}]", metric.name()))
        };
        let parts = [of(Metric::UtilityGain, 3), of(Metric::JudgeGain, 3), of(Metric::EnjoymentGain, 2)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let _ = writeln!(text, "- {arm} − {other}: {}", parts.join("; "));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// A table for each number of candidates that were paid for.
fn foresight(records: &[Record]) -> String {
    let seeds = records.iter().filter_map(|record| match record {
        Record::Foresight { found, .. } => Some(found),
        _ => None,
    });
    let seeds: Vec<&Vec<Foresight>> = seeds.collect();
    let costs: BTreeSet<usize> = seeds.iter().flat_map(|found| found.iter()).map(|found| found.paid).collect();
    let at_cost = |paid| {
        let of_one = |found: &&Vec<Foresight>| found.iter().filter(|found| found.paid == paid).cloned().collect();
        foresight_at(&seeds.iter().map(of_one).collect::<Vec<_>>())
    };
    costs.into_iter().map(at_cost).collect()
}

fn foresight_at(groups: &[Vec<Foresight>]) -> String {
    let Some(one) = groups.iter().flatten().next() else { return String::new() };
    let shortfall = |of: fn(&Foresight) -> Told, value: fn(Told) -> f64| {
        let nats = |found: &Foresight| value(found.known) - value(of(found));
        let share = |found: &Foresight| 100.0 * nats(found) / value(found.known).abs();
        let of_groups = |measure: &dyn Fn(&Foresight) -> f64| {
            let groups: Vec<Vec<f64>> = groups.iter().map(|found| found.iter().map(measure).collect()).collect();
            Interval::of_groups(&groups, SEED)
        };
        let (Interval { mean, low, high }, in_nats) = (of_groups(&share), of_groups(&nats).mean);
        let worst = groups.iter().flatten().map(share).fold(f64::NEG_INFINITY, f64::max);
        format!("{mean:.1} % [{low:.1}, {high:.1}], {in_nats:.2} nats | {worst:.1} %")
    };
    let cells = |of: fn(&Foresight) -> Told| {
        format!("{} | {}", shortfall(of, |told| told.design), shortfall(of, |told| told.paid))
    };
    let lines = [
        ("the transition model's predictions", cells(|found| found.predicted)),
        ("the sentence vectors of the requests", cells(|found| found.by_requests)),
        ("nothing: the first candidates", cells(|found| found.first)),
    ];
    let mut text = format!(
        "\n| {paid} of {} candidates are paid for, chosen by | log det of the best {} of these, short of the best of all, \
         mean | worst | log det of all {paid}, short of the best {paid}, mean | worst |\n|---|---|---|---|---|\n",
        one.candidates,
        one.design,
        paid = one.paid,
    );
    for (name, cells) in lines {
        let _ = writeln!(text, "| {name} | {cells} |");
    }
    text
}

fn training(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        let Record::Training { seed, name, seconds, environment_calls, fit, logs } = record else { continue };
        let Some(last) = logs.last() else { continue };
        let _ = writeln!(
            text,
            "| {name} | {seed} | {environment_calls} | {seconds:.0} | {:.2} ({:.2}) | {:+.3} | {:.2} | {:.2} |",
            fit.kl, fit.uniform_kl, last.gain_mean, last.kl, last.entropy
        );
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "\n| policy | seed | calls | seconds | held-out KL of the reference (of uniform) | last gain | KL | entropy |\n\
         |---|---|---|---|---|---|---|---|\n{text}"
    )
}
