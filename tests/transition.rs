//! Transitions: recovered from what was seen, honest about what was not, and good enough for a design.

use aquiline::design::subset;
use aquiline::error::{Error, NumericError};
use aquiline::latent::{Latents, distance, dot};
use aquiline::policy::{predicted_shortlist, shortlist};
use aquiline::transition::{Prediction, TransitionModel, TransitionSettings, TransitionSkill};
use nalgebra::{Cholesky, DMatrix, SymmetricEigen};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A world in which an action's sentence vector says where it leads.
struct World {
    /// What edits are about: a few directions among sentence vectors.
    topics: Latents,
    /// Where each direction of sentence vectors leads: latent × sentence.
    effects: Latents,
    /// How much the effect saturates, and depends on the place; 0 is linear.
    bend: f32,
    noise: f32,
    random: ChaCha8Rng,
}

/// A state, an action and where it led.
type Transition = (Vec<f32>, Vec<f32>, Vec<f32>);

impl World {
    fn new(sentence: usize, latent: usize, noise: f32, bend: f32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let topics = Latents::from_rows(sentence, (0..24).map(|_| unit(&normals(&mut random, sentence))));
        let effects = Latents::from_rows(sentence, (0..latent).map(|_| normals(&mut random, sentence)));
        World { topics, effects, bend, noise, random }
    }

    /// A sentence vector: something all share, several topics, and a manner of its own.
    fn action(&mut self) -> Vec<f32> {
        let mut action = normals(&mut self.random, self.topics.dimensions());
        action.iter_mut().for_each(|value| *value *= 0.3 / (self.topics.dimensions() as f32).sqrt());
        for (topic, row) in self.topics.rows().enumerate() {
            let weight = if topic == 0 { 0.6 } else { 0.2 * normal(&mut self.random) };
            action.iter_mut().zip(row).for_each(|(value, along)| *value += weight * along);
        }
        unit(&action)
    }

    fn state(&mut self) -> Vec<f32> {
        normals(&mut self.random, self.effects.len()).iter().map(|value| 0.3 * value).collect()
    }

    /// What the action does on average.
    fn expected(&self, state: &[f32], action: &[f32]) -> Vec<f32> {
        let bent = |(effect, place): (&[f32], &f32)| {
            let straight = dot(effect, action) * 0.5;
            let saturated = (2.0 * straight).tanh() / 2.0 * (1.0 + 0.5 * place);
            straight + self.bend * (saturated - straight) - 0.2 * place
        };
        self.effects.rows().zip(state).map(bent).collect()
    }

    fn transition(&mut self) -> Transition {
        let (state, action) = (self.state(), self.action());
        let expected = self.expected(&state, &action);
        let next = state.iter().zip(expected).map(|(from, by)| from + by + self.noise * normal(&mut self.random));
        let next = next.collect();
        (state, action, next)
    }

    fn transitions(&mut self, count: usize) -> Vec<Transition> {
        (0..count).map(|_| self.transition()).collect()
    }

    fn model(&self, ridge: f64) -> TransitionModel {
        let (sentence, latent) = (self.topics.dimensions(), self.effects.len());
        TransitionModel::new(TransitionSettings { sentence, latent, ridge, ..Default::default() }).unwrap()
    }

    fn taught(&mut self, count: usize) -> TransitionModel {
        let mut model = self.model(0.1);
        learn(&mut model, &self.transitions(count));
        model
    }
}

/// Twelve uniform draws are nearly normal.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random_range(-0.5_f32..0.5)).sum()
}

fn normals(random: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| normal(random)).collect()
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = dot(vector, vector).sqrt();
    vector.iter().map(|value| value / length).collect()
}

fn learn(model: &mut TransitionModel, transitions: &[Transition]) {
    for (state, action, next) in transitions {
        model.observe(state, action, next).unwrap();
    }
}

fn bits(prediction: &Prediction) -> Vec<u32> {
    prediction.displacement.iter().chain([&prediction.deviation]).map(|value| value.to_bits()).collect()
}

fn small() -> TransitionSettings {
    TransitionSettings { sentence: 2, latent: 2, ..Default::default() }
}

#[test]
fn a_planted_linear_world_is_recovered_and_the_skill_says_so() {
    let mut world = World::new(24, 8, 0.05, 0.0);
    let model = world.taught(1500);
    for (state, action, _) in world.transitions(100) {
        let found = model.predict(&state, &action).unwrap();
        let away = distance(&found.displacement, &world.expected(&state, &action)) / 8.0_f32.sqrt();
        assert!(away < 0.02, "{away} where the noise is 0.05");
        // The effects are larger than the ridge takes for granted, and it pays for that with a little more noise.
        assert!((0.05..0.058).contains(&found.deviation), "{found:?}");
    }
    let skill = model.skill().unwrap();
    println!("linear world: {skill:?}");
    assert!(skill.explained > 0.95, "{skill:?}");
    assert_eq!((skill.transitions, model.transitions()), (200, 1500));
}

#[test]
fn what_is_learned_one_by_one_is_what_is_learned_at_once() {
    let mut world = World::new(12, 3, 0.1, 0.0);
    let seen = world.transitions(60);
    // The line alone: neighbours are corrections of it as it is now.
    let settings = TransitionSettings { neighbours: 0, ..world.model(0.5).settings().clone() };
    let mut model = TransitionModel::new(settings).unwrap();
    learn(&mut model, &seen);
    let features = |(state, action, _): &Transition| {
        std::iter::once(1.0).chain(action.iter().chain(state).map(|&value| f64::from(value))).collect::<Vec<_>>()
    };
    let rows = DMatrix::from_row_iterator(60, 16, seen.iter().flat_map(features));
    let moves = seen.iter().flat_map(|(from, _, to)| from.iter().zip(to).map(|(&a, &b)| f64::from(b) - f64::from(a)));
    let moves = DMatrix::from_row_iterator(60, 3, moves);
    let information = Cholesky::new(rows.tr_mul(&rows) + DMatrix::identity(16, 16) * 0.5).unwrap();
    let coefficients = information.solve(&rows.tr_mul(&moves));
    // The deviation in closed form: the residuals and the ridge's share of the prior.
    let squares = (&moves - &rows * &coefficients).norm_squared() + 0.5 * coefficients.norm_squared();
    let noise = (0.1_f64.powi(2) + squares / 3.0) / 61.0;
    let asked = world.transition();
    let row = DMatrix::from_row_iterator(1, 16, features(&asked));
    let deviation = (noise * (1.0 + (&row * information.solve(&row.transpose()))[0])).sqrt();
    let found = model.predict(&asked.0, &asked.1).unwrap();
    for (found, right) in found.displacement.iter().zip((&row * coefficients).iter()) {
        assert!((f64::from(*found) - right).abs() < 1e-6, "{found} where {right} is right");
    }
    // The setting of the noise is an f32.
    assert!((f64::from(found.deviation) - deviation).abs() < 1e-6, "{} where {deviation} is right", found.deviation);
}

#[test]
fn deviations_shrink_with_evidence_and_are_larger_for_unlike_actions() {
    let mut world = World::new(24, 8, 0.1, 0.0);
    let mut model = world.model(0.1);
    let (state, like) = (world.state(), world.action());
    let unlike: Vec<f32> = like.iter().map(|value| -value).collect();
    let mut before = f32::INFINITY;
    for _ in 0..5 {
        learn(&mut model, &world.transitions(100));
        let near = model.predict(&state, &like).unwrap().deviation;
        let far = model.predict(&state, &unlike).unwrap().deviation;
        assert!(near < before, "{near} after {before}");
        assert!(far > near, "{far} for an unlike action, {near} for a like one");
        before = near;
    }
    assert!(before > 0.09, "{before}: the noise stays");
}

#[test]
fn deviations_cover_the_share_of_errors_that_they_promise() {
    for (count, low, high) in [(150, 0.60, 0.76), (1500, 0.655, 0.71)] {
        let mut world = World::new(24, 8, 0.2, 0.0);
        let model = world.taught(count);
        let held_out = world.transitions(500);
        let covered = held_out.iter().map(|(state, action, next)| {
            let found = model.predict(state, action).unwrap();
            let errors = next.iter().zip(state).zip(&found.displacement).map(|((to, from), by)| to - from - by);
            errors.filter(|error| error.abs() <= found.deviation).count()
        });
        let coverage = covered.sum::<usize>() as f64 / 4000.0;
        let told = f64::from(model.skill().unwrap().coverage);
        println!("after {count}: {coverage:.3} of held-out errors within a deviation, {told:.3} by the skill");
        assert!((low..high).contains(&coverage), "{coverage} after {count}");
        assert!((low - 0.02..high + 0.02).contains(&told), "{told} after {count}");
    }
}

/// `log det` of what some of the displacements tell, as [`subset`] maximises it; here in all dimensions, not in the
/// span.
fn log_det(displacements: &Latents, chosen: &[usize]) -> f64 {
    let dimensions = displacements.dimensions();
    let column =
        |index: usize| DMatrix::from_iterator(dimensions, 1, displacements.row(index).iter().map(|&x| x as f64));
    let squared: f64 = displacements.values().iter().map(|&x| f64::from(x).powi(2)).sum();
    let mut information =
        DMatrix::identity(dimensions, dimensions) * (0.01 * squared / displacements.values().len() as f64);
    chosen.iter().for_each(|&index| information += column(index) * column(index).transpose() / chosen.len() as f64);
    SymmetricEigen::new(information).eigenvalues.iter().map(|value| value.ln()).sum()
}

/// By what share the log det falls short of the best that was found with all displacements known: mean and worst of
/// twelve sets of 100 candidates in 16 dimensions of which 25 are chosen, by their predicted displacements and, as a
/// mean only, by their sentence vectors.
struct Shortfall {
    mean: f64,
    worst: f64,
    by_actions: f64,
}

fn shortfall(bend: f32, transitions: usize) -> Shortfall {
    let mut world = World::new(384, 16, 0.05, bend);
    let mut candidates = || (world.state(), Latents::from_rows(384, (0..100).map(|_| world.action())));
    let sets: Vec<(Vec<f32>, Latents)> = (0..12).map(|_| candidates()).collect();
    let model = world.taught(transitions);
    let mut found = Shortfall { mean: 0.0, worst: 0.0, by_actions: 0.0 };
    let mut log_dets = (0.0, 0.0);
    for (state, actions) in &sets {
        let truth = Latents::from_rows(16, actions.rows().map(|action| world.expected(state, action)));
        let best = log_det(&truth, &subset(&truth, 25).unwrap().actions);
        let predicted = log_det(&truth, &predicted_shortlist(&model, state, actions, 25).unwrap());
        let by_actions = log_det(&truth, &shortlist(actions, 25).unwrap());
        found.mean += (best - predicted) / best.abs() / 12.0;
        found.worst = found.worst.max((best - predicted) / best.abs());
        found.by_actions += (best - by_actions) / best.abs() / 12.0;
        log_dets = (log_dets.0 + best / 12.0, log_dets.1 + predicted / 12.0);
    }
    println!("bend {bend}, {transitions} transitions, {:?}", model.skill().unwrap());
    println!("  mean log det: all known {:.2}, predicted {:.2}", log_dets.0, log_dets.1);
    let (mean, worst, by_actions) = (100.0 * found.mean, 100.0 * found.worst, 100.0 * found.by_actions);
    println!("  short by {mean:.1} % on average, {worst:.1} % at worst, {by_actions:.1} % by action vectors");
    found
}

#[test]
fn a_subset_of_predicted_displacements_tells_nearly_as_much_as_one_of_known_ones() {
    let found = shortfall(0.5, 1200);
    assert!(found.worst <= 0.05, "short by {} at worst", found.worst);
    let early = shortfall(0.5, 150);
    assert!(found.mean < early.mean && early.mean < 0.75 * early.by_actions, "early: {}", early.mean);
}

#[test]
fn a_world_that_is_far_from_linear_costs_a_design_more_but_less_than_not_predicting() {
    let found = shortfall(1.0, 1200);
    assert!(found.mean <= 0.06 && found.mean < 0.6 * found.by_actions, "short by {}", found.mean);
}

#[test]
fn a_world_without_effects_shows_no_skill() {
    let mut world = World::new(24, 8, 0.3, 0.0);
    world.effects = Latents::zeros(8, 24);
    let mut model = world.model(0.1);
    // The place has an effect in this world, so all transitions are from one.
    let seen = world.transitions(400).into_iter().map(|(from, action, to)| {
        let next = from.iter().zip(to).map(|(from, to)| to - 0.8 * from).collect();
        (vec![0.0; 8], action, next)
    });
    learn(&mut model, &seen.collect::<Vec<_>>());
    let skill = model.skill().unwrap();
    assert!(skill.explained < 0.05, "{skill:?}");
}

/// Each of some kinds of action leads one way on one side of the world and the opposite way on the other.
fn two_sided(count: usize) -> Vec<Transition> {
    let mut world = World::new(24, 4, 0.05, 0.0);
    let kinds: Vec<Vec<f32>> = (0..6).map(|_| unit(&normals(&mut world.random, 24))).collect();
    let transition = |_| {
        let kind = &kinds[world.random.random_range(0..kinds.len())];
        let side = if world.random.random_bool(0.5) { 1.0 } else { -1.0 };
        let wording: Vec<f32> = kind.iter().map(|value| value + 0.02 * normal(&mut world.random)).collect();
        let state: Vec<f32> = (0..4).map(|_| 4.0 * side + 0.2 * normal(&mut world.random)).collect();
        let effect = world.effects.rows().map(|effect| dot(effect, kind) * side);
        let next = state.iter().zip(effect).map(|(from, by)| from + by).collect();
        (state, unit(&wording), next)
    };
    (0..count).map(transition).collect()
}

#[test]
fn neighbours_know_that_an_action_does_something_else_elsewhere() {
    let [line, both] = [0, 16].map(|neighbours| {
        let settings = TransitionSettings { sentence: 24, latent: 4, neighbours, ..Default::default() };
        let mut model = TransitionModel::new(settings).unwrap();
        learn(&mut model, &two_sided(600));
        model.skill().unwrap()
    });
    println!("line {line:?}, with neighbours {both:?}");
    assert!(line.explained < 0.5 && both.explained > 0.9, "{line:?} {both:?}");
    assert!((0.5..0.98).contains(&both.coverage), "{both:?}");
}

#[test]
fn neighbours_cost_little_where_a_line_is_all_there_is() {
    let mut world = World::new(24, 8, 0.3, 0.0);
    let transitions = world.transitions(600);
    let [line, both] = [0, 16].map(|neighbours| {
        let settings = TransitionSettings { sentence: 24, latent: 8, neighbours, ..Default::default() };
        let mut model = TransitionModel::new(settings).unwrap();
        learn(&mut model, &transitions);
        model.skill().unwrap()
    });
    println!("line {line:?}, with neighbours {both:?}");
    assert!(both.explained > line.explained - 0.02, "{line:?} {both:?}");
}

#[test]
fn the_older_half_of_the_neighbours_is_forgotten_before_there_are_too_many() {
    let mut model = TransitionModel::new(small()).unwrap();
    for step in 0..9000 {
        let action = [(step % 7) as f32, 1.0];
        model.observe(&[0.0; 2], &action, &[0.1, 0.0]).unwrap();
    }
    let record = model.to_record();
    let kept = record.seen.len() / 5;
    assert!((4096..=8192).contains(&kept) && record.actions.len() == 7 * 2, "{kept}");
    assert_eq!(model.transitions(), 9000);
}

#[test]
fn a_record_that_names_an_unknown_action_is_refused() {
    let mut model = TransitionModel::new(small()).unwrap();
    model.observe(&[0.0; 2], &[1.0, 0.0], &[0.5, 0.0]).unwrap();
    for number in [1.0, -1.0, 0.5, 1e30] {
        let mut record = model.to_record();
        record.seen[0] = number;
        let error = TransitionModel::from_record(record).unwrap_err();
        assert!(matches!(error, Error::Numeric(NumericError::WrongSize { .. })), "{error}");
    }
    let mut record = model.to_record();
    record.seen.pop();
    assert!(TransitionModel::from_record(record).is_err(), "half a row");
    assert!(TransitionModel::from_record(model.to_record()).is_ok());
}

#[test]
fn nothing_seen_predicts_nothing_and_boasts_of_nothing() {
    let mut model = TransitionModel::new(small()).unwrap();
    let found = model.predict(&[0.0, 0.0], &[1.0, 0.0]).unwrap();
    // The bias and a unit action, each known as badly as a ridge of 0.1 says.
    let deviation = 0.1 * (1.0 + 2.0 / 0.1_f32).sqrt();
    assert!(found.displacement == [0.0; 2] && (found.deviation - deviation).abs() < 1e-6, "{found:?}");
    assert_eq!((model.skill(), model.transitions()), (None, 0));
    model.observe(&[0.0; 2], &[1.0, 0.0], &[0.5, 0.0]).unwrap();
    assert_eq!(model.skill(), None, "there is no mean before the first transition");
    model.observe(&[0.0; 2], &[1.0, 0.0], &[0.5, 0.0]).unwrap();
    assert_eq!(model.skill(), None, "both moved alike");
    model.observe(&[0.0; 2], &[0.0, 1.0], &[0.0, 0.0]).unwrap();
    assert!(matches!(model.skill(), Some(TransitionSkill { transitions: 2, .. })));
}

#[test]
fn many_predictions_are_those_of_each() {
    let mut world = World::new(12, 3, 0.1, 0.0);
    let model = world.taught(50);
    let (state, actions) = (world.state(), Latents::from_rows(12, (0..9).map(|_| world.action())));
    let together = model.predict_all(&state, &actions).unwrap();
    for (row, action) in together.rows().zip(actions.rows()) {
        assert_eq!(row, model.predict(&state, action).unwrap().displacement);
    }
    assert!(model.predict_all(&state, &Latents::from_rows(12, [[0.0; 12]; 0])).unwrap().is_empty());
}

#[test]
fn equal_transitions_in_equal_order_give_equal_bits() {
    let [one, other] = [0; 2].map(|_| {
        let mut world = World::new(40, 8, 0.1, 1.0);
        let model = world.taught(300);
        let (state, action) = (world.state(), world.action());
        (bits(&model.predict(&state, &action).unwrap()), model.skill().unwrap().explained.to_bits())
    });
    assert_eq!(one, other);
}

#[test]
fn wrong_widths_and_no_numbers_are_refused_and_change_nothing() {
    let mut model = TransitionModel::new(small()).unwrap();
    model.observe(&[0.0; 2], &[1.0, 0.0], &[500.0, 0.0]).unwrap();
    let before = model.predict(&[0.0; 2], &[1.0, 1.0]).unwrap();
    let wrong = [
        model.observe(&[0.0; 3], &[1.0; 2], &[0.5; 2]),
        model.observe(&[0.0; 2], &[1.0; 1], &[0.5; 2]),
        model.observe(&[0.0; 2], &[1.0; 2], &[]),
        model.predict(&[0.0; 1], &[1.0; 2]).map(drop),
        model.predict_all(&[0.0; 2], &Latents::zeros(4, 3)).map(drop),
    ];
    for error in wrong.map(Result::unwrap_err) {
        assert!(matches!(error, Error::Numeric(NumericError::WrongSize { .. })), "{error}");
    }
    let no_numbers = [
        model.observe(&[f32::NAN, 0.0], &[1.0; 2], &[0.5; 2]),
        model.observe(&[0.0; 2], &[f32::INFINITY, 0.0], &[0.5; 2]),
        model.observe(&[0.0; 2], &[1.0; 2], &[0.5, f32::NAN]),
        model.predict(&[0.0; 2], &[f32::NAN; 2]).map(drop),
        model.predict(&[0.0; 2], &[f32::MAX; 2]).map(drop),
    ];
    for error in no_numbers.map(Result::unwrap_err) {
        assert!(matches!(error, Error::Numeric(NumericError::NotFinite { .. })), "{error}");
    }
    assert_eq!(bits(&before), bits(&model.predict(&[0.0; 2], &[1.0, 1.0]).unwrap()));
    assert_eq!(model.transitions(), 1);
}

#[test]
fn settings_without_meaning_are_refused() {
    let bad = [
        TransitionSettings { sentence: 0, ..small() },
        TransitionSettings { latent: 0, ..small() },
        TransitionSettings { sentence: 4094, ..small() },
        TransitionSettings { sentence: usize::MAX, ..small() },
        TransitionSettings { ridge: 0.0, ..small() },
        TransitionSettings { ridge: f64::NAN, ..small() },
        TransitionSettings { noise: 0.0, ..small() },
        TransitionSettings { noise: f32::INFINITY, ..small() },
        TransitionSettings { action_length: -1.0, ..small() },
        TransitionSettings { latent_length: f32::NAN, ..small() },
    ];
    for settings in bad {
        let error = TransitionModel::new(settings.clone()).unwrap_err();
        assert!(matches!(error, Error::Numeric(NumericError::BadSetting { .. })), "{settings:?}: {error}");
    }
}

/// Any number at all, most of them small.
fn value() -> impl Strategy<Value = f32> + Clone {
    prop_oneof![4 => -2.0_f32..2.0, 1 => any::<f32>(), 1 => Just(0.0)]
}

fn transition(value: impl Strategy<Value = f32> + Clone) -> impl Strategy<Value = Transition> {
    let vector = |length| prop::collection::vec(value.clone(), length);
    (vector(2), vector(3), vector(2))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn nothing_panics_and_nothing_said_is_no_number(
        seen in prop::collection::vec(transition(value()), 0..40),
        asked in transition(value()),
        ridge in prop_oneof![Just(1e-6), Just(0.1), Just(1e6)],
        count in 0_usize..6,
    ) {
        let settings = TransitionSettings { sentence: 3, latent: 2, ridge, ..Default::default() };
        let mut model = TransitionModel::new(settings).unwrap();
        let learned = seen.iter().filter(|(state, action, next)| model.observe(state, action, next).is_ok()).count();
        prop_assert_eq!(model.transitions(), learned);
        if let Ok(found) = model.predict(&asked.0, &asked.1) {
            prop_assert!(found.deviation > 0.0 && found.displacement.iter().all(|value| value.is_finite()));
        }
        if let Some(skill) = model.skill() {
            prop_assert!(skill.explained <= 1.0 && (0.0..=1.0).contains(&skill.coverage), "{:?}", skill);
        }
        let actions = Latents::from_rows(3, seen.iter().map(|(_, action, _)| action));
        if let Ok(picked) = predicted_shortlist(&model, &asked.0, &actions, count) {
            prop_assert_eq!(picked.len(), count.min(actions.len()));
        }
    }

    #[test]
    fn evidence_never_raises_what_is_unknown(
        seen in prop::collection::vec(transition(-2.0_f32..2.0), 1..20),
        asked in transition(-2.0_f32..2.0),
    ) {
        let settings = TransitionSettings { sentence: 3, latent: 2, ..Default::default() };
        let mut model = TransitionModel::new(settings).unwrap();
        let mut before = f32::INFINITY;
        for (state, action, _) in seen {
            // A transition as predicted has no error, so only what is unknown changes.
            let by = model.predict(&state, &action).unwrap().displacement;
            let next: Vec<f32> = state.iter().zip(by).map(|(from, by)| from + by).collect();
            model.observe(&state, &action, &next).unwrap();
            let now = model.predict(&asked.0, &asked.1).unwrap().deviation;
            prop_assert!(now <= before * 1.000_001, "{} after {}", now, before);
            before = now;
        }
    }
}
