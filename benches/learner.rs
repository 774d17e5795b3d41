//! One update of the learner on a batch as a session makes it, 64 episodes of 5 decisions among 100 candidates, beside
//! the same update written with PyTorch: `cargo bench --bench learner -- PYTHON`, or without PYTHON for ours alone.
//!
//! The peer reads the batch and the weights from a file, has to find our losses and our gradient, and is then timed in
//! turns with ours. Both run on one thread: natively our tensors are built without others.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use aquiline::action::{Action, Category, Origin};
use aquiline::encoder::DIMENSIONS;
use aquiline::network::NetworkShape;
use aquiline::network::observation::{ActionTable, Observation};
use aquiline::network::parameters::Weight;
use aquiline::objective::FIELDS;
use aquiline::train::{Decision, Episode, Learner, TrainSettings, UpdateLog};
use burn::tensor::Device;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use safetensors::tensor::{Dtype, TensorView};

const EPISODES: usize = 64;
const HORIZON: usize = 5;
const CANDIDATES: usize = 100;
/// Different actions.
const ACTIONS: usize = 1500;
/// Coordinates of an item and of a user: those of a default alignment and the bias.
const LATENT: usize = 17;
/// Updates before the weights are handed to the peer: π is then no longer π_ref, and gains are trusted.
const WARM_UP: usize = 3;
/// Turns of ours and the peer's, and updates timed in each.
const TURNS: usize = 12;
const UPDATES: usize = 5;
/// How the peer can go about it.
const WAYS: [&str; 2] = ["products", "keys"];

fn main() {
    let world = World::random();
    let learner = world.learner();
    let python = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut peer = python.map(|python| Peer::start(&python, &world.write(&learner)));

    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); WAYS.len()]);
    for _ in 0..TURNS {
        ours.extend((0..UPDATES).map(|_| world.time_update(&learner)));
        for (way, times) in WAYS.iter().zip(&mut theirs) {
            times.extend(peer.iter_mut().flat_map(|peer| peer.time_updates(way)));
        }
    }

    println!("{EPISODES} episodes of {HORIZON} decisions among {CANDIDATES} of {ACTIONS} actions, one thread");
    let own = report("learner/update", &mut ours);
    if peer.is_none() {
        println!("the peer is missing: name a python with torch to compare with");
        return;
    }
    let each = WAYS.iter().zip(&mut theirs).map(|(way, times)| report(&format!("torch/{way}"), times));
    let (median, least) = each.fold((f64::INFINITY, f64::INFINITY), |a, b| (a.0.min(b.0), a.1.min(b.1)));
    println!(
        "ours ÷ PyTorch's faster way    {:9.2}     (of the fastest updates: {:.2})",
        own.0 / median,
        own.1 / least
    );
}

/// Random states and actions of the sizes that a session has.
struct World {
    shape: NetworkShape,
    table: ActionTable,
    episodes: Vec<Episode>,
    device: Device,
}

impl World {
    fn random() -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut table = ActionTable::new(DIMENSIONS);
        for number in 0..ACTIONS {
            let action = Action {
                text: format!("action {number}"),
                category: Category::ALL[number % Category::ALL.len()],
                origin: if number.is_multiple_of(2) { Origin::Generic } else { Origin::Personalised },
            };
            // About as long as a sentence vector.
            let sentence = noise(&mut random, DIMENSIONS, 1.0 / (DIMENSIONS as f32).sqrt());
            table.insert(&action, &sentence).expect("it is as wide as the table");
        }
        let shape = NetworkShape::of(FIELDS * DIMENSIONS + 3 * LATENT + 1, table.width());
        let episodes = (0..EPISODES).map(|group| episode(&mut random, shape.state, group)).collect();
        World { shape, table, episodes, device: Device::flex() }
    }

    fn learner(&self) -> Learner {
        let mut learner = Learner::new(self.shape.clone(), TrainSettings::default()).expect("defaults are valid");
        for _ in 0..WARM_UP {
            self.update(&mut learner);
        }
        learner
    }

    fn update(&self, learner: &mut Learner) -> UpdateLog {
        pollster::block_on(learner.update(&self.episodes, &self.table, &self.device)).expect("the episodes are valid")
    }

    /// Milliseconds of one update, always from the same weights.
    fn time_update(&self, learner: &Learner) -> f64 {
        let mut learner = learner.clone();
        let start = Instant::now();
        self.update(&mut learner);
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Batch, weights and what an update makes of them, for the peer.
    fn write(&self, learner: &Learner) -> PathBuf {
        let mut after = learner.clone();
        let log = self.update(&mut after);
        let decisions: Vec<&Decision> = self.episodes.iter().flat_map(|episode| &episode.decisions).collect();
        let actions = (0..ACTIONS as u32).flat_map(|row| self.table.row(row).expect("the row was added")).copied();
        let of_each = |values: fn(&Decision) -> Vec<f32>| decisions.iter().flat_map(|one| values(one)).collect();
        let count = decisions.len();
        let mut tensors: Vec<(String, [usize; 2], Vec<f32>)> = vec![
            ("states".into(), [count, self.shape.state], of_each(|one| one.observation.state.clone())),
            ("gains".into(), [count, CANDIDATES], of_each(|one| one.observation.gains.clone())),
            // Exact: numbers of actions have few digits.
            (
                "candidates".into(),
                [count, CANDIDATES],
                of_each(|one| one.observation.candidates.iter().map(|&c| c as f32).collect()),
            ),
            ("chosen".into(), [count, 1], of_each(|one| vec![one.chosen as f32])),
            ("actions".into(), [ACTIONS, self.shape.action], actions.collect()),
            (
                "utilities".into(),
                [EPISODES, HORIZON + 1],
                self.episodes.iter().flat_map(|episode| episode.utilities.iter().copied()).collect(),
            ),
        ];
        for (index, weight) in Weight::ALL.into_iter().enumerate() {
            let moments = after.first_moments()[index].iter().zip(&learner.first_moments()[index]);
            let gradient = moments.map(|(after, before)| (after - 0.9 * before) / 0.1).collect();
            for (part, values) in [
                ("parameters", learner.parameters().values_of(weight).to_vec()),
                ("reference", learner.reference().values_of(weight).to_vec()),
                ("gradient", gradient),
            ] {
                tensors.push((format!("{part}.{}", weight.name()), weight.shape(&self.shape), values));
            }
        }
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|(.., values)| values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
        let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
            (
                name,
                TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("there are as many values as the shape says"),
            )
        });
        let json = |value: serde_json::Result<String>| value.expect("plain data with string keys");
        let header =
            [("settings", json(serde_json::to_string(learner.settings()))), ("log", json(serde_json::to_string(&log)))];
        let header = header.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("learner.safetensors");
        safetensors::serialize_to_file(views, Some(header), &path).expect("the build folder can be written to");
        path
    }
}

/// The same update in another process.
struct Peer {
    process: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it; it ends by itself where it does not find our losses and our gradient.
    fn start(python: &str, fixture: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/learner.py");
        let process =
            Command::new(python).arg(script).arg(fixture).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.expect("the interpreter can be started");
        let requests = process.stdin.take().expect("it was asked for");
        let replies = BufReader::new(process.stdout.take().expect("it was asked for"));
        let mut peer = Peer { process, requests, replies };
        println!("peer: {}", peer.read().trim());
        peer
    }

    fn time_updates(&mut self, way: &str) -> Vec<f64> {
        writeln!(self.requests, "{way} {UPDATES}").expect("the peer reads");
        serde_json::from_str(&self.read()).expect("the peer answers with a list of milliseconds")
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        let length = self.replies.read_line(&mut line).expect("the peer writes text");
        assert!(length > 0, "the peer has ended: {:?}", self.process.wait());
        line
    }
}

fn episode(random: &mut ChaCha8Rng, width: usize, group: usize) -> Episode {
    let decisions = (0..HORIZON).map(|_| decision(random, width)).collect();
    let utilities = (0..=HORIZON).map(|_| random.random_range(0.3..0.7)).collect();
    Episode { decisions, utilities, group }
}

fn decision(random: &mut ChaCha8Rng, width: usize) -> Decision {
    let candidates = rand::seq::index::sample(random, ACTIONS, CANDIDATES).into_iter().map(|action| action as u32);
    let candidates = candidates.collect();
    let observation =
        Observation { state: noise(random, width, 0.6), candidates, gains: noise(random, CANDIDATES, 0.1) };
    Decision { observation, chosen: random.random_range(0..CANDIDATES as u32) as usize }
}

fn noise(random: &mut ChaCha8Rng, count: usize, deviation: f32) -> Vec<f32> {
    let reach = 3.0_f32.sqrt() * deviation;
    (0..count).map(|_| random.random_range(-reach..reach)).collect()
}

/// Prints and returns the median and the least.
fn report(name: &str, times: &mut [f64]) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    let (median, least, most) = (times[times.len() / 2], times[0], times[times.len() - 1]);
    println!("{name:<30} {median:9.2} ms  ({least:.2} to {most:.2}, {} updates)", times.len());
    (median, least)
}
