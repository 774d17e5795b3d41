//! The slopes that training follows are those of the loss: compared with differences, weight by weight.

mod toy;

use aquiline::network::evaluate;
use aquiline::network::optimizer::OptimizerSettings;
use aquiline::network::parameters::{Parameters, Weight};
use aquiline::train::{Episode, Learner, TrainSettings, UpdateLog};
use burn::tensor::Device;
use toy::{Chooser, World};

/// Constants of the loss.
struct Fixed {
    advantages: Vec<f32>,
    returns: Vec<f32>,
    /// log π_ref of every candidate.
    reference: Vec<Vec<f32>>,
}

/// The sums of the textbook, written out: `G_t = Σ γ^l r_{t+l}` and `A_t = Σ (γλ)^l (r_{t+l} + γ V_{t+l+1} − V_{t+l})`.
fn returns_and_advantages(episode: &Episode, values: &[f32], settings: &TrainSettings) -> Vec<(f32, f32)> {
    let TrainSettings { discount, trace, shaping, .. } = *settings;
    let (end, utilities) = (values.len(), &episode.utilities);
    let potential = |step: usize| if shaping && step < end { utilities[step] } else { 0.0 };
    let earned = |step: usize| if step + 1 == end { utilities[end] } else { 0.0 };
    let reward = |step: usize| earned(step) + discount * potential(step + 1) - potential(step);
    let value = |step: usize| values.get(step).copied().unwrap_or(0.0);
    let from = |start: usize| {
        let over = |decay: f32, of: &dyn Fn(usize) -> f32| -> f32 {
            (start..end).map(|step| decay.powi((step - start) as i32) * of(step)).sum()
        };
        let surprise = |step: usize| reward(step) + discount * value(step + 1) - value(step);
        (over(discount, &reward), over(discount * trace, &surprise))
    };
    (0..end).map(from).collect()
}

/// `−Σ A log π(a|s) + α Σ KL(π‖π_ref) + Σ (V − R)²`, means over decisions, with the weights given.
fn loss(world: &World, parameters: &Parameters, settings: &TrainSettings, episodes: &[Episode], fixed: &Fixed) -> f64 {
    let decisions: Vec<_> = episodes.iter().flat_map(|episode| &episode.decisions).collect();
    let observations: Vec<_> = decisions.iter().map(|decision| decision.observation.clone()).collect();
    let device = Device::flex();
    let evaluated = evaluate(parameters, settings.temperature, &observations, &world.table, &device);
    let evaluated = pollster::block_on(evaluated).unwrap();
    let of_one = |index: usize| {
        let evaluation = &evaluated[index];
        let log_probability = evaluation.log_probabilities[decisions[index].chosen];
        let miss = evaluation.value - fixed.returns[index];
        let pairs = evaluation.log_probabilities.iter().zip(&fixed.reference[index]);
        let kl: f32 = pairs.map(|(log_p, log_ref)| log_p.exp() * (log_p - log_ref)).sum();
        f64::from(-fixed.advantages[index] * log_probability + settings.kl_weight * kl + miss * miss)
    };
    (0..decisions.len()).map(of_one).sum::<f64>() / decisions.len() as f64
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let plain = TrainSettings { kl_weight: 0.0, trace: 1.0, ..Default::default() };
    check_gradient(plain);
}

#[test]
fn the_gradient_is_that_of_the_loss_away_from_the_reference_with_discount_and_trace() {
    for shaping in [false, true] {
        check_gradient(TrainSettings { kl_weight: 0.5, discount: 0.8, trace: 0.6, shaping, ..Default::default() });
    }
}

fn check_gradient(settings: TrainSettings) {
    let world = World::new(1).foreseeing();
    // Not clipped: the optimiser's first moment then grows by a tenth of the gradient.
    let optimizer = OptimizerSettings { policy_rate: 3e-3, value_rate: 3e-3, most_gradient: 1e9 };
    let settings = TrainSettings { whitening: false, optimizer, ..settings };
    let mut learner = world.learner(settings.clone());
    // A step away from where π is π_ref, where the KL term has no slope.
    step(&mut learner, &world, &world.episodes(Chooser::Random, 0..6, 2));
    let episodes = world.episodes(Chooser::Random, 0..6, 3);
    let (before, moments) = (learner.parameters().clone(), learner.first_moments().to_vec());
    let fixed = fixed(&learner, &world, &episodes);
    let log = step(&mut learner, &world, &episodes);
    assert!(log.kl > 1e-4, "π is still at π_ref");

    for (index, weight) in Weight::ALL.into_iter().enumerate() {
        let grown = learner.first_moments()[index].iter().zip(&moments[index]);
        let slopes: Vec<f32> = grown.map(|(after, before)| (after - 0.9 * before) * 10.0).collect();
        let steepest = (0..slopes.len()).max_by(|&a, &b| slopes[a].abs().total_cmp(&slopes[b].abs())).unwrap();
        for place in [steepest, slopes.len() / 2] {
            let at = |by: f32| {
                let mut values: [Vec<f32>; Weight::ALL.len()] = Weight::ALL.map(|w| before.values_of(w).to_vec());
                values[index][place] += by;
                let moved = Parameters::from_values(before.shape().clone(), values).unwrap();
                loss(&world, &moved, &settings, &episodes, &fixed)
            };
            // Gains are told loudly: the same step would go far around a bend.
            let step = if weight == Weight::Gain { 1e-4 } else { 1e-2 };
            let difference = ((at(step) - at(-step)) / (2.0 * f64::from(step))) as f32;
            let off = (difference - slopes[place]).abs();
            let close = off <= 0.05 * difference.abs().max(slopes[place].abs()) + 3e-4;
            assert!(close, "{}[{place}]: {} where differences say {difference}", weight.name(), slopes[place]);
        }
    }
}

fn step(learner: &mut Learner, world: &World, episodes: &[Episode]) -> UpdateLog {
    pollster::block_on(learner.update(episodes, &world.table, &Device::flex())).unwrap()
}

fn fixed(learner: &Learner, world: &World, episodes: &[Episode]) -> Fixed {
    let observations: Vec<_> =
        episodes.iter().flat_map(|episode| &episode.decisions).map(|d| d.observation.clone()).collect();
    let device = Device::flex();
    let said = pollster::block_on(learner.evaluate(&observations, &world.table, &device)).unwrap();
    let reference = pollster::block_on(learner.evaluate_reference(&observations, &world.table, &device)).unwrap();
    let mut values = said.iter().map(|evaluation| evaluation.value);
    let (returns, advantages) = episodes
        .iter()
        .flat_map(|episode| {
            let own: Vec<f32> = values.by_ref().take(episode.decisions.len()).collect();
            returns_and_advantages(episode, &own, learner.settings())
        })
        .unzip();
    let reference = reference.into_iter().map(|evaluation| evaluation.log_probabilities).collect();
    Fixed { advantages, returns, reference }
}

#[test]
fn predicted_gains_are_soon_trusted() {
    let mean_after = |world: World| {
        let mut learner = world.learner(TrainSettings::default());
        for round in 0..25 {
            let episodes = world.episodes(Chooser::Policy(&learner), 0..40, round);
            pollster::block_on(learner.update(&episodes, &world.table, &Device::flex())).unwrap();
        }
        world.mean_reward(Chooser::Policy(&learner))
    };
    let (foreseeing, blind) = (mean_after(World::new(1).foreseeing()), mean_after(World::new(1)));
    assert!(foreseeing > blind + 0.3, "with predicted gains {foreseeing}, without {blind}");
}
