//! The slopes that training follows are those of the loss: compared with differences, weight by weight.

mod toy;

use aquiline::network::evaluate;
use aquiline::network::optimizer::OptimizerSettings;
use aquiline::network::parameters::{Parameters, Weight};
use aquiline::train::{Episode, TrainSettings};
use burn::tensor::Device;
use toy::{Chooser, World};

/// Returns minus what V said before the step: constants of the loss.
struct Fixed {
    advantages: Vec<f32>,
    returns: Vec<f32>,
}

/// `−Σ A log π(a|s) + Σ (V − R)²`, means over decisions, with the weights given.
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
        f64::from(-fixed.advantages[index] * log_probability + miss * miss)
    };
    (0..decisions.len()).map(of_one).sum::<f64>() / decisions.len() as f64
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let world = World::new(1).foreseeing();
    let settings = TrainSettings {
        kl_weight: 0.0,
        whitening: false,
        trace: 1.0,
        // No clip, and a step too small to matter: the optimiser's first moment is then a tenth of the gradient.
        optimizer: OptimizerSettings { policy_rate: 1e-9, value_rate: 1e-9, most_gradient: 1e9 },
        ..Default::default()
    };
    let mut learner = world.learner(settings.clone());
    let episodes = world.episodes(Chooser::Random, 0..6, 3);
    let before = learner.parameters().clone();
    let observations: Vec<_> =
        episodes.iter().flat_map(|episode| &episode.decisions).map(|d| d.observation.clone()).collect();
    let values = pollster::block_on(learner.evaluate(&observations, &world.table, &Device::flex())).unwrap();
    let returns: Vec<f32> =
        episodes.iter().flat_map(|e| vec![*e.utilities.last().unwrap(); e.decisions.len()]).collect();
    let advantages = returns.iter().zip(&values).map(|(actual, said)| actual - said.value).collect();
    let fixed = Fixed { advantages, returns };
    pollster::block_on(learner.update(&episodes, &world.table, &Device::flex())).unwrap();

    for (index, weight) in Weight::ALL.into_iter().enumerate() {
        let slopes: Vec<f32> = learner.first_moments()[index].iter().map(|moment| moment * 10.0).collect();
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
