//! The ELM baseline: the search goes up and stays near the data, and the text that is written for its end is placed.

use std::collections::BTreeSet;
use std::sync::Arc;

use aquiline::action::{Action, Category, Origin};
use aquiline::agent::{Event, drive};
use aquiline::alignment::{AlignmentSettings, fit};
use aquiline::catalog::{Catalog, Item};
use aquiline::elm::decoder::{Decoder, DecoderSettings};
use aquiline::elm::{Decoded, Elm, ElmSettings, Existing, Manifold, Next, Optimum, optimise};
use aquiline::error::Result;
use aquiline::latent::{Latents, distance, dot};
use aquiline::objective::{Objective, State, fields};
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::ratings::{Rating, Ratings};
use aquiline::rollout::transcript::{Exchange, Transcript};
use aquiline::rollout::{Effect, Reply, Rollout, RolloutSettings};
use aquiline::safeguard::Safeguards;
use aquiline::simulator::Simulator;
use aquiline::utility::{Creator, Person, Term, Utility};
use nalgebra::{Cholesky, DMatrix, DVector};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const RADIUS: f32 = 0.4;
const NEIGHBOURS: usize = 5;

/// Three clusters of 25 items, each about 0.8 wide; their centres differ by 1 in each of the first coordinates.
fn clusters(dimensions: usize) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let centre = |cluster: usize, axis: usize| if axis == cluster % dimensions { 1.0 } else { 0.0 };
    let item = |n: usize| {
        let around = |axis: usize, random: &mut ChaCha8Rng| centre(n / 25, axis) + random.random_range(-0.4..0.4_f32);
        (0..dimensions).map(|axis| around(axis, &mut random)).collect::<Vec<_>>()
    };
    Latents::from_rows(dimensions, (0..75).map(item).collect::<Vec<_>>())
}

/// Sentence vectors that bend smoothly with the place: 20 sines of it.
fn sentences(items: &Latents) -> Latents {
    let component = |item: &[f32], n: usize| {
        let phase: f32 = item.iter().enumerate().map(|(axis, x)| x * ((n * (axis + 3)) as f32).sin()).sum();
        0.2 * (phase + n as f32).sin()
    };
    Latents::from_rows(20, items.rows().map(|item| (0..20).map(|n| component(item, n)).collect::<Vec<_>>()))
}

fn one(term: Term) -> Utility {
    Utility { terms: vec![(1.0, term)] }
}

/// Grows along the first axis without end.
fn endless(dimensions: usize) -> Utility {
    let mut vector = vec![0.1; dimensions];
    vector[0] = 1.0;
    one(Term::Affinity(Person { offset: 0.0, vector }))
}

/// Best at one place.
fn best_at(home: &[f32]) -> Utility {
    one(Term::Creator(Creator { home: home.to_vec(), reach: 1.0 }))
}

fn manifolds() -> [Manifold; 3] {
    [Manifold::Ball { radius: RADIUS }, Manifold::NeighbourGraph { neighbours: NEIGHBOURS }, Manifold::pull_back()]
}

fn with(manifold: Manifold) -> ElmSettings {
    ElmSettings { manifold, ..Default::default() }
}

fn search(utility: &Utility, items: &Latents, start: usize, settings: &ElmSettings) -> Optimum {
    optimise(utility, items, &sentences(items), items.row(start), settings).unwrap()
}

/// All pairs of which one is among the other's nearest.
fn edges(items: &Latents, neighbours: usize) -> Vec<(usize, usize)> {
    let near = |item| items.nearest(items.row(item), neighbours + 1).into_iter().map(move |near| (item, near.index));
    (0..items.len()).flat_map(near).filter(|(a, b)| a != b).collect()
}

fn distance_to_segment(point: &[f32], a: &[f32], b: &[f32]) -> f32 {
    let difference = |to: &[f32], from: &[f32]| to.iter().zip(from).map(|(t, f)| t - f).collect::<Vec<f32>>();
    let along = difference(b, a);
    let share = (dot(&difference(point, a), &along) / dot(&along, &along)).clamp(0.0, 1.0);
    let foot: Vec<f32> = a.iter().zip(&along).map(|(a, along)| a + share * along).collect();
    distance(&foot, point)
}

#[test]
fn every_manifold_is_climbed_from_every_cluster() {
    for dimensions in [2, 8] {
        let (items, utility) = (clusters(dimensions), endless(dimensions));
        for manifold in manifolds() {
            for cluster in [0..25, 25..50, 50..75] {
                let worth = |item: &usize| utility.value(items.row(*item));
                let start = cluster.min_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap();
                let found = search(&utility, &items, start, &with(manifold.clone()));
                let first = utility.value(&found.path[0]);
                assert!(found.utility > first + 0.1, "{manifold:?}, {dimensions}: {first} to {}", found.utility);
            }
        }
    }
}

#[test]
fn the_best_point_seen_is_returned_and_described() {
    let (items, utility) = (clusters(2), best_at(&[0.5, 0.2]));
    for manifold in manifolds() {
        let settings = ElmSettings { nearest: 4, step_size: 3.0, ..with(manifold) };
        let found = search(&utility, &items, 60, &settings);
        assert_eq!(found.utility, utility.value(&found.latent));
        assert!(found.path.contains(&found.latent));
        assert!(found.path.iter().all(|point| utility.value(point) <= found.utility));
        assert!(found.path.len() <= settings.steps + 1);
        assert_eq!(found.nearest, items.nearest(&found.latent, 4));
    }
}

#[test]
fn a_maximum_far_off_does_not_draw_the_search_away() {
    for dimensions in [2, 8] {
        let (items, far) = (clusters(dimensions), vec![70.0; dimensions]);
        for manifold in manifolds() {
            let found = search(&best_at(&far), &items, 3, &with(manifold.clone()));
            assert!(found.nearest[0].distance < 1.0, "{manifold:?}: {found:?}");
            assert!(distance(&found.latent, &far) > 90.0);
        }
    }
}

#[test]
fn within_balls_every_point_is_near_an_item() {
    for dimensions in [2, 8] {
        let items = clusters(dimensions);
        let found = search(&endless(dimensions), &items, 30, &with(Manifold::Ball { radius: RADIUS }));
        for point in &found.path {
            assert!(items.nearest(point, 1)[0].distance <= RADIUS * 1.0001, "{point:?}");
        }
        assert!(found.nearest[0].distance > 0.99 * RADIUS, "a linear utility ends on a surface");
    }
}

#[test]
fn on_a_graph_every_point_is_on_an_edge() {
    for dimensions in [2, 8] {
        let items = clusters(dimensions);
        let edges = edges(&items, NEIGHBOURS);
        let found =
            search(&endless(dimensions), &items, 30, &with(Manifold::NeighbourGraph { neighbours: NEIGHBOURS }));
        assert!(found.path.len() > 3);
        for point in &found.path {
            let away = edges.iter().map(|&(a, b)| distance_to_segment(point, items.row(a), items.row(b)));
            assert!(away.fold(f32::INFINITY, f32::min) < 1e-5, "{point:?}");
        }
    }
}

#[test]
fn on_a_pull_back_the_decoder_stays_sure() {
    for dimensions in [2, 8] {
        let items = clusters(dimensions);
        let decoder = Decoder::fit(&items, &sentences(&items), &DecoderSettings::default(), 0).unwrap();
        let mut spreads: Vec<f64> = items.rows().map(|item| decoder.spread(item).unwrap()).collect();
        spreads.sort_by(f64::total_cmp);
        let bound = spreads[71];
        // From the item that the decoder is least sure of, too.
        for start in (0..75).step_by(5) {
            let found = search(&endless(dimensions), &items, start, &with(Manifold::pull_back()));
            assert!(found.path.iter().all(|point| decoder.spread(point).unwrap() <= bound), "{start}");
        }
    }
}

#[test]
fn a_start_off_the_manifold_is_moved_onto_it() {
    let (items, utility) = (clusters(2), best_at(&[9.0, 9.0]));
    for manifold in manifolds() {
        let found = optimise(&utility, &items, &sentences(&items), &[9.0, 9.0], &with(manifold)).unwrap();
        assert!(found.nearest[0].distance < 0.5 && found.utility < -50.0, "{found:?}");
        assert!(found.utility >= utility.value(&found.path[0]));
    }
}

#[test]
fn a_linear_utility_ends_on_the_surface_of_the_last_ball() {
    let items = Latents::new(2, vec![0.0, 0.0, 1.0, 0.0, 2.0, 0.0]).unwrap();
    let utility = one(Term::Affinity(Person { offset: 0.0, vector: vec![1.0, 0.0] }));
    let settings = with(Manifold::Ball { radius: 0.5 });
    let from = |start| optimise(&utility, &items, &items, start, &settings).unwrap().utility;
    assert!((from(&[2.0, 0.0]) - 2.5).abs() < 1e-3);
    assert!((from(&[0.0, 0.0]) - 2.5).abs() < 1e-3, "balls that touch let the search through");
}

#[test]
fn a_maximum_on_the_manifold_is_found() {
    // A row of items along the first axis.
    let items = Latents::from_rows(2, (0..12).map(|n| [0.5 * n as f32, 0.0]));
    let utility = best_at(&[4.2, 0.1]);
    let find = |manifold| search(&utility, &items, 1, &with(manifold)).latent;
    assert!(distance(&find(Manifold::Ball { radius: 0.3 }), &[4.2, 0.1]) < 1e-2);
    assert!(distance(&find(Manifold::NeighbourGraph { neighbours: 2 }), &[4.2, 0.0]) < 1e-2);
    let sure = find(Manifold::pull_back());
    assert!((sure[0] - 4.2).abs() < 0.1 && sure[1].abs() < 0.3, "{sure:?}");
}

#[test]
fn the_search_follows_data_around_a_bend() {
    let angle = |n: usize| n as f32 / 59.0 * std::f32::consts::FRAC_PI_2;
    let items = Latents::from_rows(2, (0..60).map(|n| [angle(n).cos(), angle(n).sin()]));
    for manifold in [Manifold::Ball { radius: 0.05 }, Manifold::NeighbourGraph { neighbours: 2 }, Manifold::pull_back()]
    {
        let found = search(&best_at(&[0.0, 1.0]), &items, 8, &with(manifold.clone()));
        assert!(distance(&found.latent, &[0.0, 1.0]) < 0.25, "{manifold:?}: {:?}", found.latent);
        for point in &found.path {
            assert!((0.85..1.1).contains(&dot(point, point).sqrt()), "{manifold:?} leaves the arc at {point:?}");
        }
    }
}

#[test]
fn where_nothing_is_better_the_search_stays() {
    let items = clusters(2);
    for manifold in manifolds() {
        let settings = with(manifold);
        let found = search(&Utility::default(), &items, 8, &settings);
        assert_eq!(found.path, std::slice::from_ref(&found.latent));
        assert_eq!(found.utility, 0.0);
    }
}

#[test]
fn items_that_coincide_are_searched_without_a_panic() {
    for items in [Latents::from_rows(2, [[1.0, 2.0]; 6]), Latents::from_rows(2, [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])] {
        for manifold in manifolds() {
            let found = search(&endless(2), &items, 0, &with(manifold));
            assert!(found.latent.iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn equal_arguments_give_equal_results_and_only_the_decoder_is_drawn() {
    let items = clusters(8);
    for manifold in manifolds() {
        let run = |seed| search(&endless(8), &items, 30, &ElmSettings { seed, ..with(manifold.clone()) });
        assert_eq!(run(1), run(1));
        assert_eq!(run(1) == run(2), !matches!(manifold, Manifold::PullBack { .. }));
    }
}

fn decoder(dimensions: usize) -> Decoder {
    let items = clusters(dimensions);
    Decoder::fit(&items, &sentences(&items), &DecoderSettings::default(), 4).unwrap()
}

fn metric(decoder: &Decoder, point: &[f32]) -> DMatrix<f64> {
    DMatrix::from_row_slice(point.len(), point.len(), &decoder.metric(point).unwrap())
}

/// Derivatives of what the decoder says, by differences: components × dimensions.
fn slopes(said: impl Fn(&[f32]) -> Vec<f64>, point: &[f32]) -> DMatrix<f64> {
    let width = 1.0 / 1024.0;
    let column = |axis: usize| {
        let moved = |by: f32| {
            let mut moved = point.to_vec();
            moved[axis] += by;
            DVector::from_vec(said(&moved))
        };
        (moved(width) - moved(-width)) / f64::from(2.0 * width)
    };
    DMatrix::from_columns(&(0..point.len()).map(column).collect::<Vec<_>>())
}

#[test]
fn the_metric_is_that_of_the_decoders_derivatives() {
    let decoder = decoder(2);
    for point in [[0.5, 0.25], [1.0, 0.125], [1.75, -0.5]] {
        let of_mean = slopes(|z| decoder.decode(z).unwrap().mean, &point);
        let of_spread = slopes(|z| decoder.decode(z).unwrap().spread, &point);
        let seen = of_mean.tr_mul(&of_mean) + of_spread.tr_mul(&of_spread);
        let rest = metric(&decoder, &point) - &seen;
        // What is left is the same small length in all directions.
        let (floor, error) = (rest.trace() / 2.0, 2e-3 * seen.norm());
        assert!((&rest - DMatrix::identity(2, 2) * floor).norm() < error, "{rest}, {seen}");
        assert!(floor > -error && floor < 0.05 * seen.norm(), "{floor}, {seen}");
    }
}

#[test]
fn the_metric_and_the_spread_grow_off_the_data() {
    for dimensions in [2, 8] {
        let (decoder, items) = (decoder(dimensions), clusters(dimensions));
        let least = |axis: usize| items.rows().map(|item| item[axis]).fold(f32::INFINITY, f32::min);
        let step = items.spacing() / (dimensions as f32).sqrt();
        let sizes = [0.0, 2.0, 4.0, 8.0, 12.0].map(|by| {
            let away: Vec<f32> = (0..dimensions).map(|axis| least(axis) - by * step).collect();
            (decoder.spread(&away).unwrap(), metric(&decoder, &away).trace())
        });
        assert!(sizes[2].0 > 1.2 * sizes[0].0, "{sizes:?}");
        assert!(sizes[2].1 > 2.0 * sizes[0].1, "{sizes:?}");
        assert!(sizes.is_sorted_by(|a, b| a.0 < b.0), "{sizes:?}");
        // At the margin itself the mean's own slope still counts.
        assert!(sizes[1..].is_sorted_by(|a, b| a.1 < b.1), "{sizes:?}");
    }
}

#[test]
fn the_decoder_knows_the_items_sentences() {
    let items = clusters(2);
    let sentences = sentences(&items);
    let decoder = Decoder::fit(&items, &sentences, &DecoderSettings::default(), 4).unwrap();
    let centroid = sentences.centroid();
    let (mut explained, mut total) = (0.0, 0.0);
    for (item, sentence) in items.rows().zip(sentences.rows()) {
        let mean = decoder.decode(item).unwrap().mean;
        assert_eq!(mean.len(), 16);
        // Components are a rotation, so lengths can be compared.
        explained += mean.iter().map(|value| value * value).sum::<f64>();
        total += f64::from(distance(sentence, &centroid)).powi(2);
    }
    assert!((0.8..1.05).contains(&(explained / total)), "{}", explained / total);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_metric_is_symmetric_and_positive_definite(
        point in proptest::collection::vec(-1e3_f32..1e3, 8),
        scale in prop_oneof![Just(1.0_f32), Just(1e-3), Just(1e6)],
    ) {
        let decoder = decoder(8);
        let point: Vec<f32> = point.iter().map(|x| x * scale).collect();
        let metric = metric(&decoder, &point);
        prop_assert_eq!(&metric, &metric.transpose());
        prop_assert!(metric.iter().all(|value| value.is_finite()));
        prop_assert!(Cholesky::new(metric).is_some());
    }

    #[test]
    fn any_start_and_any_maximum_stay_near_the_data(
        start in proptest::collection::vec(-3.0_f32..3.0, 2),
        home in proptest::collection::vec(-100.0_f32..100.0, 2),
        step_size in prop_oneof![0.01_f32..2.0, Just(1e30)],
    ) {
        let (items, utility) = (clusters(2), best_at(&home));
        for manifold in manifolds() {
            let settings = ElmSettings { step_size, ..with(manifold) };
            let found = optimise(&utility, &items, &sentences(&items), &start, &settings).unwrap();
            prop_assert!(found.utility >= utility.value(&found.path[0]));
            prop_assert!(found.path.iter().all(|point| items.nearest(point, 1)[0].distance < 1.0));
        }
    }
}

fn refused(settings: ElmSettings) -> &'static str {
    let items = clusters(2);
    optimise(&endless(2), &items, &sentences(&items), &[0.0, 0.0], &settings).unwrap_err().code()
}

#[test]
fn settings_without_a_meaning_are_refused() {
    for radius in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert_eq!(refused(with(Manifold::Ball { radius })), "numeric.bad_setting");
    }
    assert_eq!(refused(with(Manifold::NeighbourGraph { neighbours: 0 })), "numeric.bad_setting");
    for spread_quantile in [0.0, -0.5, 1.1, f32::NAN] {
        let manifold = Manifold::PullBack { decoder: DecoderSettings::default(), spread_quantile };
        assert_eq!(refused(with(manifold)), "numeric.bad_setting");
    }
    let usual = DecoderSettings::default;
    for decoder in [
        DecoderSettings { members: 1, ..usual() },
        DecoderSettings { components: 0, ..usual() },
        DecoderSettings { centres: 1, ..usual() },
        DecoderSettings { ridge: 0.0, ..usual() },
        DecoderSettings { ridge: f64::NAN, ..usual() },
    ] {
        assert_eq!(refused(with(Manifold::PullBack { decoder, spread_quantile: 0.95 })), "numeric.bad_setting");
    }
    for settings in [
        ElmSettings { steps: 0, ..Default::default() },
        ElmSettings { nearest: 0, ..Default::default() },
        ElmSettings { step_size: 0.0, ..Default::default() },
        ElmSettings { step_size: f32::NAN, ..Default::default() },
    ] {
        assert_eq!(refused(settings), "numeric.bad_setting");
    }
}

#[test]
fn settings_larger_than_the_data_are_cut_to_it() {
    let all = usize::MAX;
    let decoder = DecoderSettings { components: all, centres: all, ..Default::default() };
    let items = clusters(2);
    for manifold in [Manifold::NeighbourGraph { neighbours: all }, Manifold::PullBack { decoder, spread_quantile: 1.0 }]
    {
        let found = search(&endless(2), &items, 3, &ElmSettings { nearest: all, ..with(manifold) });
        assert_eq!(found.nearest.len(), 75);
    }
}

#[test]
fn points_that_do_not_fit_are_refused() {
    let items = clusters(2);
    let code = |utility: &Utility, items: &Latents, sentences: &Latents, start: &[f32], settings: ElmSettings| {
        optimise(utility, items, sentences, start, &settings).unwrap_err().code()
    };
    let (utility, texts) = (endless(2), sentences(&items));
    let ball = || with(Manifold::Ball { radius: 1.0 });
    let pull_back = || with(Manifold::pull_back());
    let alone = Latents::from_rows(2, [[0.0, 0.0]]);
    for manifold in manifolds() {
        assert_eq!(code(&utility, &alone, &texts, &[0.0, 0.0], with(manifold)), "numeric.bad_setting");
    }
    assert_eq!(code(&utility, &items, &texts, &[0.0; 3], ball()), "numeric.wrong_size");
    assert_eq!(code(&utility, &items, &texts, &[0.0, f32::NAN], ball()), "numeric.not_finite");
    assert_eq!(code(&utility, &items, &Latents::zeros(74, 20), &[0.0, 0.0], pull_back()), "numeric.wrong_size");
    let broken = Latents::from_rows(1, vec![[f32::NAN]; 75]);
    assert_eq!(code(&utility, &items, &broken, &[0.0, 0.0], pull_back()), "numeric.not_finite");
    let broken = Latents::from_rows(2, [[0.0, f32::INFINITY], [0.0, 1.0]]);
    assert_eq!(code(&utility, &broken, &texts, &[0.0, 0.0], ball()), "numeric.not_finite");
    let nowhere = one(Term::Affinity(Person { offset: f32::NAN, vector: vec![0.0; 2] }));
    assert_eq!(code(&nowhere, &items, &texts, &[0.0, 0.0], ball()), "numeric.not_finite");
    let decoder = decoder(2);
    assert_eq!(decoder.metric(&[0.0; 3]).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(decoder.spread(&[]).unwrap_err().code(), "numeric.wrong_size");
    assert_eq!(decoder.decode(&[f32::NAN, 0.0]).unwrap_err().code(), "numeric.not_finite");
}

#[test]
fn only_the_pull_back_reads_sentences() {
    let items = clusters(2);
    let none = Latents::zeros(0, 1);
    for manifold in [Manifold::Ball { radius: 1.0 }, Manifold::NeighbourGraph { neighbours: 3 }] {
        assert!(optimise(&endless(2), &items, &none, &[0.0, 0.0], &with(manifold)).is_ok());
    }
}

#[test]
fn novelty_leads_between_the_items() {
    let items = clusters(2);
    let seeker = one(Term::Novelty { items: Arc::new(items.clone()), cap: 1.0 });
    let found = search(&seeker, &items, 30, &with(Manifold::Ball { radius: RADIUS }));
    assert!(found.nearest[0].distance > 0.2, "{found:?}");
}

// A toy world for texts: a plot says where it lies in the plane, and everyone likes east better than west.

fn item(id: &str, place: [f32; 2]) -> Item {
    Item {
        id: id.to_owned(),
        title: format!("Film {id}"),
        year: None,
        genres: Vec::new(),
        plot: format!("{} {}", place[0], place[1]),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}

fn place_in(plot: &str) -> [f32; 2] {
    let mut numbers = plot.split_whitespace().filter_map(|word| word.parse().ok());
    [numbers.next().unwrap_or(0.0), numbers.next().unwrap_or(0.0)]
}

/// Plots are read, what else is said about an item is not.
fn vectors(texts: &[String]) -> Latents {
    let place = |text: &String| match text.split_once(". ") {
        Some((_, plot)) if !text.starts_with("Genres") => place_in(plot),
        _ => [0.0; 2],
    };
    Latents::from_rows(2, texts.iter().map(place))
}

fn objective(utility: Utility) -> Objective {
    let places: Vec<[f32; 2]> = (0..25).map(|n| [0.1 * (n % 5) as f32, 0.1 * (n / 5) as f32]).collect();
    let fields = Latents::from_rows(4, places.iter().map(|[x, y]| [*x, *y, 0.0, 0.0]));
    let rating = |user: u32, (item, [x, y]): (u32, &[f32; 2])| {
        let value = 1.5 + (3.0 + user as f32) * x + (2.0 - user as f32) * y;
        Rating { user, item, value }
    };
    let entries = (0..4).flat_map(|user| (0..).zip(&places).map(move |place| rating(user, place))).collect();
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    let ratings = Ratings::new(names(4), names(25), entries, (0.5, 5.0)).unwrap();
    let settings = AlignmentSettings {
        dimensions: 2,
        components: vec![2, 2],
        weights: vec![1.0, 1.0],
        user_ridge: 0.1,
        map_ridge: 0.1,
        bias_ridge: 0.1,
        held_out: 0.0,
        ..Default::default()
    };
    Objective {
        alignment: Arc::new(fit(&ratings, &fields, &settings).unwrap()),
        utility,
        top_rating: 5.0,
        caution: 0.0,
    }
}

/// Seven films in a row, and where they lie.
struct World {
    texts: Vec<Item>,
    latents: Latents,
    sentences: Latents,
}

impl World {
    fn new() -> Self {
        let texts: Vec<Item> = (0..7).map(|n| item(&n.to_string(), [0.06 * n as f32, 0.03 * n as f32])).collect();
        let sentences = Latents::from_rows(4, texts.iter().map(|item| features(&item.plot)));
        let latents = objective(Utility::default()).alignment.place_all(&sentences).unwrap();
        World { texts, latents, sentences }
    }

    fn existing(&self) -> Existing<'_> {
        Existing { texts: &self.texts, latents: &self.latents, sentences: &self.sentences }
    }

    /// The point at this share of the way between two films.
    fn between(&self, a: usize, b: usize, share: f32) -> Vec<f32> {
        mix(self.latents.row(a), self.latents.row(b), share)
    }

    /// Someone for whom this point is best.
    fn loved(&self, home: &[f32]) -> Objective {
        objective(best_at(home))
    }
}

fn features(plot: &str) -> [f32; 4] {
    let [x, y] = place_in(plot);
    [x, y, 0.0, 0.0]
}

fn mix(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + share * (b - a)).collect()
}

fn pairs() -> ElmSettings {
    ElmSettings { manifold: Manifold::NeighbourGraph { neighbours: 2 }, nearest: 2, seed: 9, ..Default::default() }
}

/// Where texts lie in this world.
fn placed(objective: &Objective, items: &[Item]) -> Vec<State> {
    let texts: Vec<String> = items.iter().flat_map(fields).collect();
    objective.states(items.to_vec(), &vectors(&texts)).unwrap()
}

/// Runs the machine in a world that places, and decodes with `decode`.
fn run(
    world: &World,
    objective: Objective,
    settings: ElmSettings,
    decode: impl Fn(&Effect) -> Reply,
) -> Result<(Decoded, Transcript)> {
    let utility = objective.utility.clone();
    let (mut elm, mut effect) = Elm::start(world.texts[1].clone(), world.existing(), utility, settings)?;
    let mut transcript = Transcript::default();
    loop {
        let reply = match &effect {
            Effect::Place { items, .. } => Reply::States(placed(&objective, items)),
            _ => decode(&effect),
        };
        transcript.exchanges.push(Exchange { effect: effect.clone(), reply: reply.clone() });
        match elm.resume(reply)? {
            Next::Need(next, asked) => (elm, effect) = (*next, asked),
            Next::Done(decoded) => return Ok((decoded, transcript)),
        }
    }
}

/// A decoder for this world: the mixture of the neighbours' places.
fn exact(effect: &Effect) -> Reply {
    let Effect::Decode { anchor, neighbours, weights, .. } = effect else { panic!("only a decode is left") };
    let coordinate = |axis: usize| {
        let parts = neighbours.iter().zip(weights).map(|(item, weight)| weight * place_in(&item.plot)[axis]);
        parts.sum::<f32>()
    };
    Reply::Items(vec![Item { plot: format!("{} {}", coordinate(0), coordinate(1)), ..anchor.clone() }])
}

fn unchanged(effect: &Effect) -> Reply {
    let Effect::Decode { anchor, .. } = effect else { panic!("only a decode is left") };
    Reply::Items(vec![anchor.clone()])
}

#[test]
fn an_exact_decoder_leaves_no_realisability_gap() {
    let world = World::new();
    let home = world.between(4, 5, 0.3);
    let (decoded, _) = run(&world, world.loved(&home), pairs(), exact).unwrap();
    let scale = world.latents.spacing();
    assert!(distance(&decoded.target, &home) < 0.02 * scale, "{:?} for {home:?}", decoded.target);
    assert!(decoded.realisability_gap < 1e-3 * scale, "{}", decoded.realisability_gap);
    assert!(decoded.state.utility > decoded.anchor.utility);
    assert_eq!(decoded.environment_calls, 1);
    assert_eq!(decoded.anchor.item, world.texts[1]);
    assert_eq!((&decoded.state.item.id, &decoded.state.item.title), (&world.texts[1].id, &world.texts[1].title));
}

#[test]
fn a_decoder_that_changes_nothing_leaves_all_of_the_way() {
    let world = World::new();
    let (decoded, _) = run(&world, world.loved(&world.between(4, 5, 0.3)), pairs(), unchanged).unwrap();
    assert_eq!(decoded.realisability_gap, distance(&decoded.anchor.latent, &decoded.target));
    assert!(decoded.realisability_gap > 2.0 * world.latents.spacing());
}

#[test]
fn the_text_is_asked_for_once_between_two_placings() {
    let world = World::new();
    let (_, transcript) = run(&world, world.loved(&world.between(4, 5, 0.3)), pairs(), exact).unwrap();
    let [first, decode, last] = transcript.exchanges.as_slice() else {
        panic!("{} effects", transcript.exchanges.len())
    };
    for place in [first, last] {
        let of_one = |items: &[Item]| items.len() == 1;
        assert!(matches!(&place.effect, Effect::Place { anchor, items } if *anchor == world.texts[1] && of_one(items)));
    }
    let Effect::Decode { anchor, neighbours, weights, seed } = &decode.effect else { panic!("not a decode") };
    assert_eq!((anchor, *seed), (&world.texts[1], 9));
    assert_eq!(neighbours.as_slice(), [world.texts[4].clone(), world.texts[5].clone()]);
    assert!((weights[0] - 0.7).abs() < 0.02 && (weights[0] + weights[1] - 1.0).abs() < 1e-6, "{weights:?}");
    assert_eq!(Transcript::from_jsonl(&transcript.to_jsonl(), "run.jsonl").unwrap(), transcript);
}

#[test]
fn three_neighbours_are_shown_unless_asked_otherwise() {
    let world = World::new();
    for (nearest, shown) in [(ElmSettings::default().nearest, 3), (5, 5), (100, 7)] {
        let settings = ElmSettings { nearest, ..pairs() };
        // On an item: no distance to divide by.
        let home = world.latents.row(1).to_vec();
        let (_, transcript) = run(&world, world.loved(&home), settings, exact).unwrap();
        let Effect::Decode { neighbours, weights, .. } = &transcript.exchanges[1].effect else {
            panic!("not a decode")
        };
        assert_eq!((neighbours.len(), weights.len()), (shown, shown));
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(weights[0] > 0.9 && weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
    }
}

#[test]
fn a_reply_that_does_not_answer_is_refused() {
    let world = World::new();
    let code = |reply: Reply| {
        let objective = world.loved(&world.between(4, 5, 0.3));
        run(&world, objective, pairs(), |_| reply.clone()).unwrap_err().code()
    };
    let right = world.texts[1].clone();
    let renamed = Item { title: "Another".into(), ..right.clone() };
    let another = Item { id: "2".into(), ..right.clone() };
    let blank = Item { plot: " ".into(), ..right.clone() };
    for items in [vec![], vec![renamed], vec![another], vec![blank], vec![right.clone(), right]] {
        assert_eq!(code(Reply::Items(items)), "rollout.wrong_reply");
    }
    let states = |items: &[Item]| Reply::States(placed(&objective(endless(2)), items));
    assert_eq!(code(states(&world.texts[1..2])), "rollout.wrong_reply");
    assert_eq!(code(Reply::Actions(Vec::new())), "rollout.wrong_reply");
    for others in [&world.texts[..0], &world.texts[..1], &world.texts[1..3]] {
        let (elm, _) = Elm::start(world.texts[1].clone(), world.existing(), endless(2), pairs()).unwrap();
        assert_eq!(elm.resume(states(others)).unwrap_err().code(), "rollout.wrong_reply");
    }
}

#[test]
fn a_world_that_does_not_fit_is_refused_before_anything_is_asked() {
    let world = World::new();
    let code =
        |existing, settings| Elm::start(world.texts[1].clone(), existing, endless(2), settings).unwrap_err().code();
    let few = Existing { texts: &world.texts[..6], ..world.existing() };
    assert_eq!(code(few, pairs()), "numeric.wrong_size");
    assert_eq!(code(world.existing(), ElmSettings { steps: 0, ..pairs() }), "numeric.bad_setting");
    let alone = Latents::zeros(1, 2);
    let alone = Existing { texts: &world.texts[..1], latents: &alone, ..world.existing() };
    assert_eq!(code(alone, pairs()), "numeric.bad_setting");
}

// The optimum as the target of edits.

#[test]
fn toward_a_target_only_the_pursued_worth_changes() {
    let plain = objective(endless(2));
    let target = [0.3, -0.2];
    let pursuing = plain.toward(&target, 2.0);
    let vectors = vectors(&["Film. 0.2 0.1".to_owned(), String::new()]);
    let state = |objective: &Objective| objective.states(vec![item("1", [0.2, 0.1])], &vectors).unwrap().remove(0);
    let (before, after) = (state(&plain), state(&pursuing));
    let away = distance(&before.latent, &target);
    assert!((before.utility - after.utility - away * away).abs() < 1e-5);
    assert_eq!((before.affinity, before.novelty, before.latent), (after.affinity, after.novelty, after.latent.clone()));
    assert_eq!(plain.utility.value(&after.latent), before.utility);
    assert_eq!(before.uncertainty, after.uncertainty);
}

#[test]
fn a_rollout_can_pursue_the_optimum() {
    let world = World::new();
    let (start, target) = (&world.texts[5], world.latents.row(1));
    // This user likes the way from film 1 to film 6 without end, so that only the pursuit leads back.
    let vector: Vec<f32> = world.latents.row(6).iter().zip(target).map(|(far, near)| far - near).collect();
    let plain = objective(one(Term::Affinity(Person { offset: 0.0, vector })));
    let end = |objective: Objective| {
        let settings =
            RolloutSettings { horizon: 4, candidates: 2, safeguards: Safeguards::none(), ..Default::default() };
        let rollout = Rollout::start(start.clone(), Profile::default(), settings).unwrap();
        let perform = async |effect: Effect| Ok(edited(&objective, &effect));
        let trajectory = pollster::block_on(drive(rollout, perform, async |_: Event<'_>| Ok(()))).unwrap();
        distance(&trajectory.last().latent, target)
    };
    let there = distance(world.latents.row(5), target);
    let (drifted, pursued) = (end(plain.clone()), end(plain.toward(target, 100.0)));
    assert!(drifted > there && pursued < 0.05 * there, "{pursued}, {drifted} from {there}");
}

/// A world in which texts are moved forth and back along the row of films, and the better one is taken.
fn edited(objective: &Objective, effect: &Effect) -> Reply {
    let action = |text: &str| Action { text: text.to_owned(), category: Category::Plot, origin: Origin::Generic };
    match effect {
        Effect::Place { items, .. } => Reply::States(placed(objective, items)),
        Effect::Propose { .. } => Reply::Actions(["1", "-1"].map(action).to_vec()),
        Effect::Rewrite { item: before, actions, .. } => {
            let [x, y] = place_in(&before.plot);
            let moved = |action: &Action| {
                let by: f32 = action.text.parse().unwrap();
                Item { plot: format!("{} {}", x + 0.06 * by, y + 0.03 * by), ..before.clone() }
            };
            Reply::Items(actions.iter().map(moved).collect())
        }
        Effect::Choose(choices) => Reply::Choice(ReferencePolicy::Optimistic.choose(choices).unwrap()),
        Effect::Shortlist { .. } | Effect::Decode { .. } | Effect::Review { .. } => {
            unreachable!("this episode asks for none of them")
        }
    }
}

// The simulator as decoder.

fn films() -> Vec<Item> {
    let catalog = Catalog::from_jsonl(include_bytes!("../data/catalog.jsonl"), "catalog.jsonl").unwrap();
    catalog.items().to_vec()
}

fn words(plot: &str) -> usize {
    plot.split_whitespace().count()
}

/// The words of a plot that stand in another one, sentence by sentence.
fn shared(plot: &str, other: &str) -> usize {
    let ends = plot.match_indices(['.', '!', '?']).map(|(at, mark)| at + mark.len());
    let ends: Vec<usize> = [0].into_iter().chain(ends).collect();
    ends.windows(2).map(|ends| plot[ends[0]..ends[1]].trim()).filter(|s| other.contains(s)).map(words).sum()
}

#[test]
fn a_decoded_film_keeps_what_makes_it_and_is_made_of_whole_sentences() {
    let films = films();
    for (seed, four) in (0..).zip(films.windows(4)) {
        let (anchor, neighbours) = (&four[0], &four[1..]);
        let decoded = Simulator::strong().decode(anchor, neighbours, &[0.5, 0.3, 0.2], seed);
        assert_eq!((&decoded.id, &decoded.title), (&anchor.id, &anchor.title));
        assert_eq!((&decoded.year, &decoded.genres), (&anchor.year, &anchor.genres));
        let first = anchor.plot.split_inclusive(['.', '!', '?']).next().unwrap();
        assert!(decoded.plot.starts_with(first), "{}", decoded.plot);
        assert!(decoded.plot.ends_with(['.', '!', '?', '”', '"']), "{}", decoded.plot);
        let length = words(&decoded.plot);
        assert!((50..=110).contains(&length), "{length}");
        assert!(length.abs_diff(words(&anchor.plot)) <= 20, "{length} for {}", words(&anchor.plot));
        let known: usize = four.iter().map(|film| shared(&decoded.plot, &film.plot)).sum();
        assert!(known >= length, "{known} of {length} words are known: {}", decoded.plot);
        let told: BTreeSet<&String> = four.iter().flat_map(|film| film.likes.iter().chain(&film.dislikes)).collect();
        assert!(decoded.likes.iter().chain(&decoded.dislikes).all(|reason| told.contains(reason)));
        assert_eq!(decoded.likes.len(), anchor.likes.len().clamp(1, 5));
        assert_eq!(decoded.dislikes.len(), anchor.dislikes.len().clamp(1, 5));
    }
}

#[test]
fn the_nearer_a_neighbour_the_more_it_says() {
    let films = films();
    let mut said = [0; 3];
    for (seed, four) in (0..).zip(films.windows(4)) {
        let decoded = Simulator::strong().decode(&four[0], &four[1..], &[0.8, 0.15, 0.05], seed);
        for (said, neighbour) in said.iter_mut().zip(&four[1..]) {
            *said += shared(&decoded.plot, &neighbour.plot);
        }
    }
    assert!(said[0] > 3 * said[1] && said[1] > said[2], "{said:?}");
}

#[test]
fn equal_seeds_decode_alike_and_other_seeds_otherwise() {
    let films = films();
    let decode = |seed| Simulator::strong().decode(&films[0], &films[1..4], &[0.5, 0.3, 0.2], seed);
    assert_eq!(decode(1), decode(1));
    let different: BTreeSet<String> = (0..20).map(|seed| decode(seed).plot).collect();
    assert!(different.len() > 5, "{}", different.len());
}

#[test]
fn without_a_usable_neighbour_the_anchor_is_told_again() {
    let films = films();
    let nobody: [(&[Item], &[f32]); 4] =
        [(&[], &[]), (&films[1..3], &[]), (&films[1..3], &[f32::NAN, -1.0]), (&films[0..1], &[1.0])];
    for (neighbours, weights) in nobody {
        assert_eq!(Simulator::strong().decode(&films[0], neighbours, weights, 3), films[0]);
    }
}

proptest! {
    #[test]
    fn any_texts_and_weights_are_decoded(
        plots in proptest::collection::vec(".{0,200}", 3),
        weights in proptest::collection::vec(any::<f32>(), 0..4),
        seed: u64,
    ) {
        let film = |plot: &String| Item { plot: plot.clone(), ..item("1", [0.0, 0.0]) };
        let texts: Vec<Item> = plots.iter().map(film).collect();
        let decoded = Simulator::weak().decode(&texts[0], &texts[1..], &weights, seed);
        prop_assert_eq!((&decoded.id, &decoded.title), (&texts[0].id, &texts[0].title));
        prop_assert!(words(&decoded.plot) <= 110.max(words(&texts[0].plot)));
    }
}
