//! A small latent world: no text, but the same decisions, rewards and candidates.
#![allow(dead_code, reason = "each test file uses its own part")]

use aquiline::action::{Action, Category, Origin};
use aquiline::latent::{Latents, dot};
use aquiline::network::NetworkShape;
use aquiline::network::observation::{ActionTable, Observation, Situation, StateEncoding};
use aquiline::train::{Decision, Episode, Learner, Target, TrainSettings};
use burn::tensor::Device;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub const LATENT: usize = 4;
pub const HORIZON: usize = 5;
const ACTIONS: usize = 30;
const CANDIDATES: usize = 10;
/// Components of the toy sentence vectors.
const SENTENCE: usize = 12;

/// Actions that each move a point the same way for everyone; users who like different directions.
pub struct World {
    pub table: ActionTable,
    moves: Latents,
    users: Latents,
    encoding: StateEncoding,
    /// Mixes a latent into a toy sentence vector.
    mixing: Latents,
    /// Whether a policy is told what each candidate gains.
    foreseeing: bool,
}

/// How an episode's actions are chosen.
#[derive(Clone, Copy)]
pub enum Chooser<'a> {
    Random,
    /// The best candidate, which no policy can see.
    Oracle,
    Policy(&'a Learner),
    Reference(&'a Learner),
}

fn noise(random: &mut ChaCha8Rng, rows: usize, columns: usize, size: f32) -> Latents {
    Latents::new(columns, (0..rows * columns).map(|_| random.random_range(-size..size)).collect()).unwrap()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let moves = noise(&mut random, ACTIONS, LATENT, 0.3);
        let users = noise(&mut random, 40, LATENT, 0.5);
        let mixing = noise(&mut random, SENTENCE, LATENT, 0.5);
        let mut world = World {
            table: ActionTable::new(SENTENCE),
            encoding: StateEncoding::of(&noise(&mut random, 100, LATENT, 1.0), &users),
            moves,
            users,
            mixing,
            foreseeing: false,
        };
        for action in 0..ACTIONS {
            let sentence = world.sentence(world.moves.row(action));
            world.table.insert(&action_named(action), &sentence).unwrap();
        }
        world
    }

    /// The same world, in which a policy is told what each candidate gains.
    pub fn foreseeing(self) -> Self {
        World { foreseeing: true, ..self }
    }

    pub fn shape(&self) -> NetworkShape {
        let state = self.encoding.width(SENTENCE);
        NetworkShape { state, action: self.table.width(), hidden: 32, key: 16 }
    }

    pub fn encoding(&self) -> &StateEncoding {
        &self.encoding
    }

    /// With a quick rate: there is little to learn, and tests are short.
    pub fn learner(&self, mut settings: TrainSettings) -> Learner {
        settings.optimizer.policy_rate = 3e-3;
        Learner::new(self.shape(), settings).unwrap()
    }

    fn sentence(&self, latent: &[f32]) -> Vec<f32> {
        self.mixing.rows().map(|row| dot(row, latent)).collect()
    }

    /// 0.5 + u·z: like a rating as a share of the top rating.
    fn utility(&self, user: usize, latent: &[f32]) -> f32 {
        0.5 + dot(self.users.row(user), latent)
    }

    fn observe(&self, user: usize, latent: &[f32], step: usize, random: &mut ChaCha8Rng) -> Observation {
        let mut candidates: Vec<u32> = (0..ACTIONS as u32).collect();
        candidates.shuffle(random);
        candidates.truncate(CANDIDATES);
        let (sentences, anchor) = (self.sentence(latent), [0.0; LATENT]);
        let user = self.users.row(user);
        let gain = |&action: &u32| dot(user, self.moves.row(action as usize));
        let gains = if self.foreseeing { candidates.iter().map(gain).collect() } else { Vec::new() };
        let situation = Situation { sentences: &sentences, latent, anchor: &anchor, user, step, horizon: HORIZON };
        Observation { state: self.encoding.encode(&situation).unwrap(), candidates, gains }
    }

    /// One episode; `seed` gives the user and every draw.
    pub fn episode(&self, chooser: Chooser, group: usize, seed: u64) -> Episode {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let user = group % self.users.len();
        let mut latent = vec![0.0; LATENT];
        let mut episode = Episode { decisions: Vec::new(), utilities: vec![self.utility(user, &latent)], group };
        for step in 0..HORIZON {
            let observation = self.observe(user, &latent, step, &mut random);
            let chosen = self.choose(chooser, user, &observation, &mut random);
            let action = observation.candidates[chosen] as usize;
            latent.iter_mut().zip(self.moves.row(action)).for_each(|(value, moved)| *value += moved);
            episode.utilities.push(self.utility(user, &latent));
            episode.decisions.push(Decision { observation, chosen });
        }
        episode
    }

    fn choose(&self, chooser: Chooser, user: usize, observation: &Observation, random: &mut ChaCha8Rng) -> usize {
        let one = std::slice::from_ref(observation);
        let device = Device::flex();
        let evaluated = match chooser {
            Chooser::Random => return random.random_range(0..observation.candidates.len()),
            Chooser::Oracle => {
                let gain = |&candidate: &u32| dot(self.users.row(user), self.moves.row(candidate as usize));
                let gains: Vec<f32> = observation.candidates.iter().map(gain).collect();
                return (0..gains.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b])).unwrap();
            }
            Chooser::Policy(learner) => pollster::block_on(learner.evaluate(one, &self.table, &device)),
            Chooser::Reference(learner) => pollster::block_on(learner.evaluate_reference(one, &self.table, &device)),
        };
        draw(&evaluated.unwrap()[0].log_probabilities, random)
    }

    pub fn episodes(&self, chooser: Chooser, groups: std::ops::Range<usize>, seed: u64) -> Vec<Episode> {
        groups.map(|group| self.episode(chooser, group, seed * 1000 + group as u64)).collect()
    }

    /// Mean utility of the last points of 200 episodes.
    pub fn mean_reward(&self, chooser: Chooser) -> f32 {
        let episodes = self.episodes(chooser, 0..200, 999);
        episodes.iter().map(|episode| episode.utilities[HORIZON]).sum::<f32>() / 200.0
    }

    /// Random states; q is uniform over those candidates that move the first coordinate up.
    pub fn targets(&self, count: usize) -> Vec<Target> {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let target = |index: usize| {
            let observation = self.observe(index % 40, &[0.0; LATENT], 0, &mut random);
            let up = |&action: &u32| f32::from(u8::from(self.moves.row(action as usize)[0] > 0.0)) + 1e-3;
            let weights: Vec<f32> = observation.candidates.iter().map(up).collect();
            let sum: f32 = weights.iter().sum();
            Target { observation, weights: weights.iter().map(|weight| weight / sum).collect() }
        };
        (0..count).map(target).collect()
    }
}

fn action_named(number: usize) -> Action {
    Action {
        text: format!("action {number}"),
        category: Category::ALL[number % Category::ALL.len()],
        origin: if number.is_multiple_of(2) { Origin::Generic } else { Origin::Personalised },
    }
}

fn draw(log_probabilities: &[f32], random: &mut ChaCha8Rng) -> usize {
    let mut left: f32 = random.random_range(0.0..1.0);
    for (index, log_probability) in log_probabilities.iter().enumerate() {
        left -= log_probability.exp();
        if left < 0.0 {
            return index;
        }
    }
    log_probabilities.len() - 1
}
