//! The learner learns: in a toy latent world with fixed seeds it beats chance and its own reference, it stays near the
//! reference when told to, and a run that goes on from a checkpoint has the bits of one that never stopped.

mod toy;

use aquiline::network::observation::Observation;
use aquiline::network::optimizer::OptimizerSettings;
use aquiline::train::checkpoint::Checkpoint;
use aquiline::train::{Baseline, Episode, Learner, TrainSettings, UpdateLog};
use aquiline::transition::{TransitionModel, TransitionSettings};
use burn::tensor::Device;
use proptest::prelude::*;
use toy::{Chooser, HORIZON, World};

fn cpu() -> Device {
    Device::flex()
}

fn update(learner: &mut Learner, world: &World, episodes: &[Episode]) -> aquiline::Result<UpdateLog> {
    pollster::block_on(learner.update(episodes, &world.table, &cpu()))
}

/// `updates` updates of 40 episodes each, which go on from the updates before.
fn train(learner: &mut Learner, world: &World, updates: usize) -> Vec<UpdateLog> {
    let one = |_| {
        let seed = learner.progress().updates;
        let episodes = world.episodes(Chooser::Policy(learner), 0..40, seed);
        update(learner, world, &episodes).unwrap()
    };
    (0..updates).map(one).collect()
}

fn fit_reference(learner: &mut Learner, world: &World, epochs: usize) -> aquiline::train::ReferenceFit {
    let targets = world.targets(400);
    pollster::block_on(learner.fit_reference(&targets, &world.table, epochs, &cpu(), async |_, _| Ok(()))).unwrap()
}

fn checkpoint(world: &World, learner: &Learner) -> Checkpoint {
    let transitions =
        TransitionModel::new(TransitionSettings { sentence: 3, latent: 2, ..Default::default() }).unwrap();
    let (encoding, learner) = (world.encoding().clone(), learner.clone());
    Checkpoint { encoder: "toy".to_owned(), encoding, learner, transitions }
}

#[test]
fn the_learner_beats_chance_and_its_own_reference() {
    let world = World::new(1);
    let mut learner = world.learner(TrainSettings::default());
    fit_reference(&mut learner, &world, 5);
    let logs = train(&mut learner, &world, 150);
    let random = world.mean_reward(Chooser::Random);
    let reference = world.mean_reward(Chooser::Reference(&learner));
    let trained = world.mean_reward(Chooser::Policy(&learner));
    let best = world.mean_reward(Chooser::Oracle);
    println!("random {random:.3}, reference {reference:.3}, trained {trained:.3}, oracle {best:.3}");
    assert!(trained > random + 0.4, "trained {trained}, random {random}");
    assert!(trained > reference + 0.4, "trained {trained}, reference {reference}");
    let last = logs.last().unwrap();
    assert!(last.reward_mean > logs[0].reward_mean && last.kl > logs[0].kl && last.entropy < logs[0].entropy);
    println!("{last:?}");
    assert!(last.explained_variance > 0.0, "the value network explains nothing: {last:?}");
}

#[test]
fn the_group_baseline_learns_without_a_value_network() {
    let world = World::new(2);
    let settings = TrainSettings { baseline: Baseline::Group, ..Default::default() };
    let mut learner = world.learner(settings);
    for round in 0..40 {
        // Four episodes of each user; the seeds differ, the group is the user.
        let episodes: Vec<Episode> =
            (0..4).flat_map(|copy| world.episodes(Chooser::Policy(&learner), 0..12, 4 * round + copy)).collect();
        let before = learner.parameters().clone();
        update(&mut learner, &world, &episodes).unwrap();
        let unchanged = |(old, new): ((_, &[f32]), (aquiline::network::parameters::Weight, &[f32]))| {
            let _: aquiline::network::parameters::Weight = old.0;
            !new.0.is_of_value() || old.1 == new.1
        };
        assert!(before.iter().zip(learner.parameters().iter()).all(unchanged), "the value network was trained");
    }
    let (random, trained) = (world.mean_reward(Chooser::Random), world.mean_reward(Chooser::Policy(&learner)));
    assert!(trained > random + 0.1, "trained {trained}, random {random}");
}

#[test]
fn shaped_rewards_lead_to_the_same_place() {
    let world = World::new(1);
    let mut learner = world.learner(TrainSettings { shaping: true, trace: 0.5, ..Default::default() });
    train(&mut learner, &world, 40);
    let (random, trained) = (world.mean_reward(Chooser::Random), world.mean_reward(Chooser::Policy(&learner)));
    assert!(trained > random + 0.2, "trained {trained}, random {random}");
}

#[test]
fn a_heavy_kl_term_holds_the_policy_at_its_reference() {
    let world = World::new(1);
    let kl_after = |kl_weight| {
        let mut learner = world.learner(TrainSettings { kl_weight, ..Default::default() });
        train(&mut learner, &world, 15).last().unwrap().kl
    };
    let (free, held) = (kl_after(0.0), kl_after(20.0));
    assert!(held < 0.1 * free, "{held} of {free}");
}

#[test]
fn the_reference_fits_its_distribution_on_states_it_has_not_seen() {
    let world = World::new(3);
    let mut learner = world.learner(TrainSettings::default());
    let fit = fit_reference(&mut learner, &world, 30);
    assert_eq!((fit.states, fit.held_out), (360, 40));
    assert!(fit.kl < 0.1 * fit.uniform_kl, "{fit:?}");
    assert_eq!(learner.reference(), learner.parameters());
}

#[test]
fn a_cancelled_reference_fit_changes_nothing() {
    let world = World::new(3);
    let mut learner = world.learner(TrainSettings::default());
    let before = learner.clone();
    let stop = async |_, _| Err(aquiline::error::RolloutError::Cancelled.into());
    let result = pollster::block_on(learner.fit_reference(&world.targets(20), &world.table, 3, &cpu(), stop));
    assert_eq!(result.unwrap_err().code(), "cancelled");
    assert_eq!(learner, before);
}

#[test]
fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
    let world = World::new(4);
    let mut straight = world.learner(TrainSettings::default());
    fit_reference(&mut straight, &world, 2);
    train(&mut straight, &world, 3);
    let bytes = checkpoint(&world, &straight).to_bytes();
    let mut resumed = Checkpoint::from_bytes(&bytes, "toy").unwrap().learner;
    assert_eq!(resumed, straight);
    let logs = [train(&mut straight, &world, 3), train(&mut resumed, &world, 3)];
    assert_eq!(logs[0], logs[1]);
    assert_eq!(checkpoint(&world, &straight).to_bytes(), checkpoint(&world, &resumed).to_bytes());
}

#[test]
fn probabilities_follow_their_candidates_in_any_order_and_any_batch() {
    let world = World::new(5);
    let mut learner = world.learner(TrainSettings::default());
    train(&mut learner, &world, 5);
    let observation = world.episode(Chooser::Random, 0, 0).decisions[0].observation.clone();
    let reversed =
        Observation { candidates: observation.candidates.iter().rev().copied().collect(), ..observation.clone() };
    let few = Observation { candidates: observation.candidates[..3].to_vec(), ..observation.clone() };
    let evaluate = |observations: &[Observation]| {
        pollster::block_on(learner.evaluate(observations, &world.table, &cpu())).unwrap()
    };
    let batch = evaluate(&[observation.clone(), reversed, few.clone()]);
    let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
    let backwards = batch[1].log_probabilities.iter().rev();
    assert!(batch[0].log_probabilities.iter().zip(backwards).all(|(a, b)| near(*a, *b)));
    for evaluation in &batch {
        assert!(near(evaluation.log_probabilities.iter().map(|p| p.exp()).sum(), 1.0));
    }
    let alone = evaluate(&[few]);
    assert!(alone[0].log_probabilities.iter().zip(&batch[2].log_probabilities).all(|(a, b)| near(*a, *b)));
    assert!(near(alone[0].value, batch[2].value));
}

#[test]
fn a_reward_that_is_no_number_stops_the_run_and_loses_nothing() {
    let world = World::new(6);
    let mut learner = world.learner(TrainSettings::default());
    train(&mut learner, &world, 1);
    let before = learner.clone();
    let mut episodes = world.episodes(Chooser::Random, 0..4, 0);
    episodes[2].utilities[HORIZON] = f32::NAN;
    assert_eq!(update(&mut learner, &world, &episodes).unwrap_err().code(), "training.not_finite");
    assert_eq!(learner, before);
}

#[test]
fn episodes_without_meaning_are_typed_errors() {
    let world = World::new(6);
    let mut learner = world.learner(TrainSettings::default());
    let good = world.episodes(Chooser::Random, 0..2, 0);
    let mut code = |change: &dyn Fn(&mut Vec<Episode>)| {
        let mut episodes = good.clone();
        change(&mut episodes);
        update(&mut learner, &world, &episodes).unwrap_err().code()
    };
    assert_eq!(code(&|e| e.clear()), "training.no_episodes");
    assert_eq!(code(&|e| e[0].decisions.clear()), "training.no_episodes");
    assert_eq!(code(&|e| e[0].decisions[1].chosen = 10), "training.no_candidates");
    assert_eq!(code(&|e| e[1].utilities.truncate(2)), "numeric.wrong_size");
    assert_eq!(code(&|e| e[1].decisions[0].observation.state.truncate(2)), "numeric.wrong_size");
    assert_eq!(code(&|e| e[1].decisions[0].observation.candidates[3] = 9999), "numeric.wrong_size");
    let empty = Observation { candidates: Vec::new(), ..good[0].decisions[0].observation.clone() };
    let evaluated = pollster::block_on(learner.evaluate(&[empty], &world.table, &cpu()));
    assert_eq!(evaluated.unwrap_err().code(), "training.no_candidates");
}

#[test]
fn settings_without_meaning_are_refused() {
    let world = World::new(6);
    let refused = |settings: TrainSettings| Learner::new(world.shape(), settings).unwrap_err().code();
    let good = TrainSettings::default;
    assert_eq!(refused(TrainSettings { temperature: 0.0, ..good() }), "numeric.bad_setting");
    assert_eq!(refused(TrainSettings { kl_weight: f32::NAN, ..good() }), "numeric.bad_setting");
    assert_eq!(refused(TrainSettings { discount: 1.5, ..good() }), "numeric.bad_setting");
    for rate in [0.0, 2.0, f32::NAN] {
        let optimizer = OptimizerSettings { policy_rate: rate, ..Default::default() };
        assert_eq!(refused(TrainSettings { optimizer, ..good() }), "numeric.bad_setting", "{rate}");
    }
    let huge = aquiline::network::NetworkShape { hidden: usize::MAX, ..world.shape() };
    assert_eq!(Learner::new(huge, good()).unwrap_err().code(), "numeric.bad_setting");
    let mut targets = world.targets(3);
    targets[1].weights[0] += 0.5;
    let mut learner = world.learner(good());
    let fitted = pollster::block_on(learner.fit_reference(&targets, &world.table, 1, &cpu(), async |_, _| Ok(())));
    assert_eq!(fitted.unwrap_err().code(), "numeric.bad_setting");
}

#[test]
fn a_run_without_progress_has_converged() {
    let world = World::new(7);
    let settings = |patience| TrainSettings { patience, kl_weight: 100.0, ..Default::default() };
    let mut patient = world.learner(settings(0));
    let mut impatient = world.learner(settings(4));
    // Equal episodes: the reward cannot grow.
    let episodes = world.episodes(Chooser::Random, 0..8, 0);
    for _ in 0..12 {
        update(&mut patient, &world, &episodes).unwrap();
        update(&mut impatient, &world, &episodes).unwrap();
    }
    assert!(impatient.has_converged() && !patient.has_converged());
}

#[test]
fn checkpoints_of_another_encoder_or_version_are_refused_by_name() {
    let world = World::new(8);
    let bytes = checkpoint(&world, &world.learner(TrainSettings::default())).to_bytes();
    let other = Checkpoint::from_bytes(&bytes, "another").unwrap_err();
    assert_eq!(other.code(), "encoder.fingerprint");
    assert!(other.to_string().contains("toy") && other.to_string().contains("another"));
    let text = br#"\"version\":"#;
    let at = bytes.windows(text.len()).position(|window| window == text).expect("the header names its version");
    let mut newer = bytes;
    newer[at + text.len()] = b'7';
    let error = Checkpoint::from_bytes(&newer, "toy").unwrap_err();
    assert_eq!(error.code(), "training.version");
    assert!(error.to_string().contains("version 7"), "{error}");
}

#[test]
fn numbers_that_are_none_are_refused_in_a_checkpoint() {
    let world = World::new(8);
    let mut bytes = checkpoint(&world, &world.learner(TrainSettings::default())).to_bytes();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(Checkpoint::from_bytes(&bytes, "toy").is_err());
}

/// A checkpoint whose header was changed, as text.
fn with_header(bytes: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header = change(std::str::from_utf8(header).unwrap());
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn a_checkpoint_that_no_run_can_have_written_is_refused() {
    let world = World::new(8);
    let bytes = checkpoint(&world, &world.learner(TrainSettings::default())).to_bytes();
    let refused = |bytes: &[u8]| Checkpoint::from_bytes(bytes, "toy").unwrap_err().code() == "training.checkpoint";
    let most = u64::MAX.to_string();
    for count in ["optimizer_steps", r"updates", r"episodes"] {
        let zero = format!(r#"\"{count}\":0"#);
        let hostile = with_header(&bytes, |header| {
            assert!(header.contains(&zero), "{header}");
            header.replace(&zero, &format!(r#"\"{count}\":{most}"#))
        });
        assert!(refused(&hostile), "{count}");
    }
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (part, value) in [("optimizer.first", 1e30), ("optimizer.first", -2.0), ("optimizer.second", -1e-9_f32)] {
        let name = tensors.names().into_iter().find(|name| name.starts_with(part)).unwrap();
        let start = tensors.tensor(name).unwrap().data().as_ptr() as usize - bytes.as_ptr() as usize;
        let mut hostile = bytes.clone();
        hostile[start..start + 4].copy_from_slice(&value.to_le_bytes());
        assert!(refused(&hostile), "{part} {value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn truncated_or_hostile_checkpoints_are_errors_and_never_panics(cut in 0.0_f64..1.0, at in 0.0_f64..1.0, byte: u8) {
        let world = World::new(8);
        let bytes = checkpoint(&world, &world.learner(TrainSettings::default())).to_bytes();
        prop_assert!(Checkpoint::from_bytes(&bytes[..(cut * bytes.len() as f64) as usize], "toy").is_err());
        let mut hostile = bytes;
        // The header is where harm can be done: numbers anywhere else are only numbers.
        let place = (at * 4000.0_f64.min(hostile.len() as f64 - 1.0)) as usize;
        hostile[place] = byte;
        let _ = Checkpoint::from_bytes(&hostile, "toy");
    }

    #[test]
    fn arbitrary_bytes_are_no_checkpoint(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Checkpoint::from_bytes(&bytes, "toy").is_err());
    }
}
