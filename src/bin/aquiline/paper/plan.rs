//! What the experiments of the paper measure here, as a list.

use aquiline::action::ActionSpace;
use aquiline::elm::Manifold;
use aquiline::experiment::{Anchors, Arm};
use aquiline::policy::ReferencePolicy;
use aquiline::search::Strategy;
use aquiline::session::Method;
use aquiline::simulator::{Simulator, SimulatorSettings};

/// A policy that is trained once for each world and seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// Names its file.
    pub name: &'static str,
    pub reference: ReferencePolicy,
    pub environment: Environment,
    pub space: ActionSpace,
}

/// The environments of the transfer experiment, and the one of all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Environment {
    Usual,
    Weak,
    Strong,
}

/// One line of one table.
#[derive(Debug, Clone)]
pub struct Measurement {
    pub table: Table,
    pub name: String,
    pub training: Option<Training>,
    pub environment: Environment,
    pub anchors: Anchors,
    pub arm: Arm,
}

/// The tables, in the order of the report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// One episode's calls: references and agents.
    Main,
    /// All arms with the same, larger number of environment calls.
    Budget,
    /// Trained in one environment, run in another.
    Transfer,
    /// Which actions there are.
    Spaces,
    /// Where episodes begin.
    Anchors,
    /// How much caution.
    Caution,
    /// Designs over predictions.
    Foresight,
}

const UNIFORM: Training = usual("uniform", ReferencePolicy::Uniform);
const OPTIMISTIC: Training = usual("optimistic", ReferencePolicy::Optimistic);
/// The agent of the paper.
pub const G_OPTIMAL: Training = usual("g-optimal", ReferencePolicy::GOptimal);
const WEAK: Training = Training { name: "weak", environment: Environment::Weak, ..G_OPTIMAL };
const STRONG: Training = Training { name: "strong", environment: Environment::Strong, ..G_OPTIMAL };
const GENERIC: Training = Training { name: "generic", space: ActionSpace::Generic, ..G_OPTIMAL };
const COMBINED: Training = Training { name: "combined", space: ActionSpace::Combined, ..G_OPTIMAL };

const fn usual(name: &'static str, reference: ReferencePolicy) -> Training {
    Training { name, reference, environment: Environment::Usual, space: ActionSpace::All }
}

impl Environment {
    pub fn simulator(self) -> Simulator {
        match self {
            Environment::Usual => Simulator::new(SimulatorSettings::default()),
            Environment::Weak => Simulator::weak(),
            Environment::Strong => Simulator::strong(),
        }
    }
}

impl Table {
    pub fn title(self) -> &'static str {
        match self {
            Table::Main => "one episode: five environment calls",
            Table::Budget => "the same number of environment calls",
            Table::Transfer => "run in the strong environment",
            Table::Spaces => "action spaces, EAGLE (G-optimal)",
            Table::Anchors => "anchors that the user likes",
            Table::Caution => "caution of a greedy search",
            Table::Foresight => "designs over predicted displacements",
        }
    }
}

/// Differences that the tables are about, as (table, arm, arm that it is compared with).
pub const DIFFERENCES: [(Table, &str, &str); 18] = [
    (Table::Main, "EAGLE: uniform", "reference: uniform"),
    (Table::Main, "EAGLE: optimistic", "reference: optimistic"),
    (Table::Main, "EAGLE: G-optimal", "reference: G-optimal"),
    (Table::Main, "EAGLE: G-optimal", "EAGLE: uniform"),
    (Table::Main, "EAGLE: G-optimal", "EAGLE: optimistic"),
    (Table::Main, "EAGLE: G-optimal", "its transition model alone"),
    (Table::Budget, "EAGLE: G-optimal, best of several", "random, best of several"),
    (Table::Budget, "EAGLE: G-optimal, best of several", "greedy search"),
    (Table::Budget, "EAGLE: G-optimal, best of several", "tree search"),
    (Table::Budget, "EAGLE: G-optimal, best of several", "greedy search by its transition model"),
    (Table::Budget, "EAGLE: G-optimal, best of several", "tree search by its transition model"),
    (Table::Budget, "tree search by its transition model", "tree search"),
    (Table::Transfer, "trained in the weak one", "trained in the strong one"),
    (Table::Spaces, "without personalised actions", "all actions"),
    (Table::Spaces, "its five actions at once", "all actions"),
    (Table::Spaces, "with macro actions", "all actions"),
    (Table::Anchors, "EAGLE: G-optimal", "reference: G-optimal"),
    (Table::Caution, "2 standard deviations", "0 standard deviations"),
];

/// Every line of every table. `budget` is the number of environment calls of [`Table::Budget`].
pub fn plan(budget: usize) -> Vec<Measurement> {
    [main(), equal_budget(budget), transfer(), spaces(), anchors(), caution(budget)].concat()
}

fn main() -> Vec<Measurement> {
    let line = |name: &str, arm| line(Table::Main, name, arm);
    let mut lines = vec![
        line("random edits", Arm::episodes(Method::Uniform, 1)),
        line("one shot: five requests at once", Arm::OneShot { count: 1 }),
        line("ELM on a graph of neighbours", Arm::Jump { manifold: Manifold::NeighbourGraph { neighbours: 8 } }),
        line("ELM with a pull-back metric", Arm::Jump { manifold: Manifold::pull_back() }),
    ];
    for (training, name) in [(UNIFORM, "uniform"), (OPTIMISTIC, "optimistic"), (G_OPTIMAL, "G-optimal")] {
        let reference = Arm::episodes(Method::EagleReference, 1);
        lines.push(line(&format!("reference: {name}"), reference).with(training));
        lines.push(line(&format!("EAGLE: {name}"), Arm::episodes(Method::Eagle, 1)).with(training));
    }
    lines.push(line("its transition model alone", Arm::episodes(Method::Foresight, 1)).with(G_OPTIMAL));
    lines
}

fn equal_budget(budget: usize) -> Vec<Measurement> {
    let line = |name: &str, arm| line(Table::Budget, name, arm);
    let (greedy, episodes) = (Strategy::Beam { width: 1 }, (budget / 5).max(1));
    let foresighted = |strategy| Arm::Search { strategy, budget, foresight: true, caution: 0.0 };
    vec![
        line("one shot, best of several", Arm::OneShot { count: budget }),
        line("random, best of several", Arm::episodes(Method::Uniform, episodes)),
        line("greedy search", Arm::search(greedy, budget)),
        line("beam search", Arm::search(Strategy::Beam { width: 2 }, budget)),
        line("tree search", Arm::search(Strategy::Tree, budget)),
        line("ELM + edits toward its point", Arm::JumpThenEdit { budget }),
        line("EAGLE: G-optimal, best of several", Arm::episodes(Method::Eagle, episodes)).with(G_OPTIMAL),
        line("greedy search by its transition model", foresighted(greedy)).with(G_OPTIMAL),
        line("tree search by its transition model", foresighted(Strategy::Tree)).with(G_OPTIMAL),
    ]
}

fn transfer() -> Vec<Measurement> {
    let eagle = Arm::episodes(Method::Eagle, 1);
    let strong = |line: Measurement| Measurement { environment: Environment::Strong, ..line };
    [
        line(Table::Transfer, "reference", Arm::episodes(Method::EagleReference, 1)).with(STRONG),
        line(Table::Transfer, "trained in the weak one", eagle.clone()).with(WEAK),
        line(Table::Transfer, "trained in the strong one", eagle).with(STRONG),
    ]
    .map(strong)
    .to_vec()
}

fn spaces() -> Vec<Measurement> {
    let eagle = |space| Arm::Episodes { method: Method::Eagle, space, temperature: None, count: 1 };
    vec![
        line(Table::Spaces, "all actions", eagle(ActionSpace::All)).with(G_OPTIMAL),
        line(Table::Spaces, "without personalised actions", eagle(ActionSpace::Generic)).with(GENERIC),
        line(Table::Spaces, "its five actions at once", Arm::AtOnce).with(G_OPTIMAL),
        line(Table::Spaces, "with macro actions", eagle(ActionSpace::Combined)).with(COMBINED),
    ]
}

fn anchors() -> Vec<Measurement> {
    let high = |line: Measurement| Measurement { anchors: Anchors::High, ..line };
    [
        line(Table::Anchors, "random edits", Arm::episodes(Method::Uniform, 1)),
        line(Table::Anchors, "reference: G-optimal", Arm::episodes(Method::EagleReference, 1)).with(G_OPTIMAL),
        line(Table::Anchors, "EAGLE: G-optimal", Arm::episodes(Method::Eagle, 1)).with(G_OPTIMAL),
    ]
    .map(high)
    .to_vec()
}

fn caution(budget: usize) -> Vec<Measurement> {
    let greedy = |caution| Arm::Search { strategy: Strategy::Beam { width: 1 }, budget, foresight: false, caution };
    let lines = [0.0, 0.5, 1.0, 2.0].map(|caution| (format!("{caution} standard deviations"), greedy(caution)));
    lines.map(|(name, arm)| line(Table::Caution, &name, arm)).to_vec()
}

fn line(table: Table, name: &str, arm: Arm) -> Measurement {
    Measurement {
        table,
        name: name.to_owned(),
        training: None,
        environment: Environment::Usual,
        anchors: Anchors::Low,
        arm,
    }
}

impl Measurement {
    fn with(self, training: Training) -> Self {
        Measurement { training: Some(training), ..self }
    }
}
