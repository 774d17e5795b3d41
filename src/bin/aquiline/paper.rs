//! `aquiline paper`: the paper's tables in the simulator's world, resumable, with raw outcomes beside them.

mod plan;
mod record;
mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use aquiline::experiment::{Anchors, World};
use aquiline::session::TrainOptions;
use aquiline::session::view::Tell;
use aquiline::train::TrainSettings;
use plan::{Environment, G_OPTIMAL, Measurement, Table, Training, plan};
use record::{Conditions, Record, Records};

use crate::data::DataArguments;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Destination};
use crate::report::Report;
use crate::world::{ModelArguments, keep};
use crate::{values, wait};

/// Of `aquiline paper`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    models: ModelArguments,
    /// Folder of raw outcomes and trained policies; a run that was ended goes on with what is there
    #[arg(long, value_name = "DIR", default_value = "paper")]
    out: PathBuf,
    /// Print the tables of files of raw outcomes, and measure nothing
    #[arg(long, value_name = "FILE", num_args = 1..)]
    report: Vec<PathBuf>,
    /// Only these tables
    #[arg(long, value_delimiter = ',')]
    tables: Vec<Table>,
    /// Small sizes of everything, for a run of minutes that proves nothing
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    sizes: Sizes,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Sizes {
    /// Worlds, with seeds from --seed on
    #[arg(long, default_value_t = 5, value_parser = values::positive)]
    seeds: usize,
    /// Steered pairs of each world
    #[arg(long, default_value_t = 30, value_parser = values::positive)]
    pairs: usize,
    /// Candidate edits at each step
    #[arg(long, default_value_t = 100, value_parser = values::positive)]
    candidates: usize,
    /// Updates of each policy
    #[arg(long, default_value_t = 30, value_parser = values::positive)]
    updates: usize,
    /// Episodes of each update
    #[arg(long, default_value_t = 32, value_parser = values::positive)]
    episodes: usize,
    /// States that references are fitted at; a tenth of them is held out
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(10..))]
    states: u32,
    /// Weight of the KL divergence from the reference
    #[arg(long, default_value_t = 0.03, value_parser = values::weight)]
    kl_weight: f32,
    /// Environment calls of each arm in the table of equal budgets
    #[arg(long, default_value_t = 50, value_parser = values::positive)]
    budget: usize,
}

/// Those of a run of minutes.
const QUICK: Sizes =
    Sizes { seeds: 1, pairs: 2, candidates: 8, updates: 1, episodes: 3, states: 10, kl_weight: 0.03, budget: 5 };

/// One world while it is measured.
struct Run<'a> {
    arguments: &'a Arguments,
    sizes: Sizes,
    records: &'a mut Records,
    progress: &'a Report,
    name: &'a str,
    seed: u64,
    /// The policy that is loaded.
    loaded: Option<&'static str>,
}

/// Measures what is not measured yet and prints the tables.
pub fn run(arguments: &Arguments) -> Outcome<()> {
    if !arguments.report.is_empty() {
        let files = arguments.report.iter().map(|path| Ok(Records::read(path)?.all().to_vec()));
        return arguments.print(&files.collect::<Outcome<Vec<_>>>()?);
    }
    arguments.data.claim()?;
    let made = std::fs::create_dir_all(&arguments.out);
    made.map_err(|error| Failure::bad_input(format!("{} cannot be made: {error}", arguments.out.display())))?;
    let (sizes, name) = (if arguments.quick { QUICK } else { arguments.sizes }, arguments.data.name());
    let mut records = Records::open(&arguments.out.join(format!("{name}.jsonl")), &sizes.conditions(&name))?;
    let progress = Report::new();
    for seed in (arguments.data.seed..).take(sizes.seeds) {
        let (records, progress, name) = (&mut records, &progress, name.as_str());
        Run { arguments, sizes, records, progress, name, seed, loaded: None }.measure()?;
    }
    arguments.print(&[records.all().to_vec()])
}

impl Arguments {
    fn print(&self, files: &[Vec<Record>]) -> Outcome<()> {
        if self.data.json {
            return files
                .iter()
                .try_for_each(|records| output::json(&report::tables(records).into_values().collect::<Vec<_>>()));
        }
        files.iter().try_for_each(|records| output::line(report::markdown(records)))
    }

    fn wants(&self, table: Table) -> bool {
        self.tables.is_empty() || self.tables.contains(&table)
    }

    fn open(&self, seed: u64, progress: &Report) -> Outcome<World> {
        let (encoder, (dataset, hidden)) = (self.models.encoder()?, self.data.with_judges(seed)?);
        let store = self.models.vectors(encoder.fingerprint());
        let known = store.as_ref().and_then(|path| std::fs::read(path).ok());
        let opened =
            World::open(encoder, dataset, hidden, known.as_deref(), seed, async |told: Tell| progress.tick(&told));
        let world = wait::for_value(opened)?;
        progress.clear();
        if let (Some(path), Some(bytes)) = (store, world.session().cache_bytes()) {
            keep(path, &bytes);
        }
        Ok(world)
    }
}

impl Sizes {
    fn conditions(self, world: &str) -> Conditions {
        let Sizes { seeds: _, pairs, candidates, updates, episodes, states, kl_weight, budget } = self;
        Conditions { world: world.to_owned(), pairs, candidates, updates, episodes, states, kl_weight, budget }
    }

    fn training(self, training: Training, seed: u64) -> TrainOptions {
        let settings =
            TrainSettings { shaping: true, trace: 0.5, kl_weight: self.kl_weight, seed, ..Default::default() };
        TrainOptions {
            reference: training.reference,
            reference_episodes: self.states as usize,
            reference_horizon: 1,
            updates: self.updates,
            episodes: self.episodes,
            candidates: self.candidates,
            space: training.space,
            settings,
            ..Default::default()
        }
    }
}

impl Run<'_> {
    fn measure(&mut self) -> Outcome<()> {
        let plan: Vec<Measurement> = plan(self.sizes.budget);
        let missing: Vec<Measurement> =
            plan.into_iter().filter(|line| self.arguments.wants(line.table) && !self.is_measured(line)).collect();
        let wants_foresight = self.arguments.wants(Table::Foresight) && !self.has_foresight();
        if missing.is_empty() && !wants_foresight {
            return Ok(());
        }
        let mut world = self.arguments.open(self.seed, self.progress)?;
        let accuracy = Record::Judge { seed: self.seed, accuracy: world.judge_accuracy().mean };
        if !self.records.has(|record| matches!(record, Record::Judge { seed, .. } if *seed == self.seed)) {
            self.records.append(accuracy)?;
        }
        for line in &missing {
            world = self.measure_line(world, line)?;
        }
        if wants_foresight {
            world = self.prepare(world, G_OPTIMAL)?;
            let pairs = world.pairs(Anchors::Low, self.sizes.pairs)?;
            let found = world.foresight(&pairs, self.sizes.candidates, async |told: Tell| self.progress.tick(&told));
            self.records.append(Record::Foresight { seed: self.seed, found: wait::for_value(found)? })?;
        }
        Ok(())
    }

    fn measure_line(&mut self, mut world: World, line: &Measurement) -> Outcome<World> {
        if let Some(training) = line.training {
            world = self.prepare(world, training)?;
        }
        output::note(format_args!("{} · seed {} · {} · {}", self.name, self.seed, line.table.title(), line.name));
        world = world.with_simulator(line.environment.simulator());
        let pairs = world.pairs(line.anchors, self.sizes.pairs)?;
        let started = Instant::now();
        let outcomes =
            world.measure(&line.arm, &pairs, self.sizes.candidates, async |told: Tell| self.progress.tick(&told));
        let outcomes = wait::for_value(outcomes)?;
        self.records.append(Record::Arm {
            seed: self.seed,
            table: line.table,
            name: line.name.clone(),
            seconds: started.elapsed().as_secs_f64(),
            outcomes,
        })?;
        Ok(world.with_simulator(Environment::Usual.simulator()))
    }

    /// The world with a policy: the one that is loaded, the one in its file, or one that is trained now.
    fn prepare(&mut self, mut world: World, training: Training) -> Outcome<World> {
        if self.loaded == Some(training.name) {
            return Ok(world);
        }
        let file = format!("{}-{}-{}.safetensors", self.name, training.name, self.seed);
        let path = self.arguments.out.join(file);
        match std::fs::read(&path) {
            Ok(bytes) => world.load_policy(&bytes)?,
            Err(_) => world = self.train(world, training, &path)?,
        }
        self.loaded = Some(training.name);
        Ok(world)
    }

    fn train(&mut self, world: World, training: Training, path: &Path) -> Outcome<World> {
        output::note(format_args!("{} · seed {} · training the policy “{}”", self.name, self.seed, training.name));
        let options = self.sizes.training(training, self.seed);
        let mut world = world.with_simulator(training.environment.simulator());
        let started = Instant::now();
        let fit = wait::for_value(world.fit_reference(&options, async |told: Tell| self.progress.tick(&told)))?;
        let logs = wait::for_value(world.train(&options, async |told: Tell| self.progress.tick(&told)))?;
        Destination::own(path)?.write(&world.policy_bytes()?)?;
        let environment_calls = fit.environment_calls + logs.iter().map(|log| log.environment_calls).sum::<usize>();
        let (seed, name, seconds) = (self.seed, training.name.to_owned(), started.elapsed().as_secs_f64());
        self.records.append(Record::Training { seed, name, seconds, environment_calls, fit, logs })?;
        Ok(world.with_simulator(Environment::Usual.simulator()))
    }

    fn is_measured(&self, line: &Measurement) -> bool {
        let is_it = |record: &Record| {
            matches!(record, Record::Arm { seed, table, name, .. }
                if *seed == self.seed && *table == line.table && *name == line.name)
        };
        self.records.has(is_it)
    }

    fn has_foresight(&self) -> bool {
        self.records.has(|record| matches!(record, Record::Foresight { seed, .. } if *seed == self.seed))
    }
}
