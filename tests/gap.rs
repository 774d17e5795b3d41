//! Content gaps: found where demand is high and no item is, and nowhere else.

use std::sync::Arc;

use aquiline::gap::{ContentGap, GapSettings, find};
use aquiline::latent::{Latents, distance, dot};
use aquiline::preference::Preference;
use aquiline::utility::{Creator, ForbiddenRegion, Person, Term, Utility};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Grids of 5 × 5 items, 0.2 apart, with the lower left corner at (−1.4, −0.4) and at (0.6, −0.4): between them
/// lies a hole 1.2 wide.
fn two_clusters() -> Latents {
    let grid = |left: f32| (0..25).map(move |n| [left + 0.2 * (n % 5) as f32, -0.4 + 0.2 * (n / 5) as f32]);
    Latents::from_rows(2, grid(-1.4).chain(grid(0.6)))
}

/// Items anywhere in a square.
fn scattered(count: usize) -> Latents {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    Latents::new(2, (0..2 * count).map(|_| random.random_range(-1.0..1.0)).collect()).unwrap()
}

/// Neighbourhoods wide enough to reach across the hole.
fn wide() -> GapSettings {
    GapSettings { neighbours: 49, ..Default::default() }
}

/// Someone who loves (0, 0), where no item is.
fn lover_of_the_hole() -> Utility {
    let home = Creator { home: vec![0.0, 0.0], reach: 0.5 };
    Utility { terms: vec![(1.0, Term::Creator(home))] }
}

fn novelty_seeker(items: &Latents) -> Utility {
    let person = Person { offset: 0.5, vector: vec![0.1, 0.0] };
    Utility::local_gap(person, Arc::new(items.clone()), 1.0, 0.5)
}

/// Half the median distance of an item to its nearest other one.
fn spacing(items: &Latents) -> f32 {
    let mut nearest: Vec<f32> = items.rows().map(|row| items.nearest(row, 2)[1].distance).collect();
    nearest.sort_by(f32::total_cmp);
    nearest[nearest.len() / 2] / 2.0
}

fn assert_describes_itself(gap: &ContentGap, utility: &Utility, items: &Latents) {
    assert_eq!(gap.utility, utility.value(&gap.latent));
    assert_eq!(gap.neighbours, items.nearest(&gap.latent, 3));
    assert_eq!(gap.distance, gap.neighbours[0].distance);
}

#[test]
fn the_hole_that_a_user_loves_is_found_first() {
    let items = two_clusters();
    let gaps = find(&lover_of_the_hole(), &items, &wide()).unwrap();
    let best = &gaps[0];
    assert!(distance(&best.latent, &[0.0, 0.0]) < 0.1, "{best:?}");
    assert!(best.distance > 0.5, "{best:?}");
}

#[test]
fn the_gap_is_worth_more_than_any_item() {
    let (items, utility) = (two_clusters(), lover_of_the_hole());
    let best = &find(&utility, &items, &wide()).unwrap()[0];
    assert!(items.rows().all(|item| best.utility > utility.value(item)), "{best:?}");
}

/// What the user loves most is off limits, as strictly as the weight says.
fn forbidden_hole(weight: f32) -> Utility {
    let region = ForbiddenRegion { centre: vec![0.05, 0.0], radius: 0.3 };
    Utility { terms: [lover_of_the_hole().terms, vec![(weight, Term::Constraint(region))]].concat() }
}

fn depth(gap: &ContentGap) -> f32 {
    0.3 - distance(&gap.latent, &[0.05, 0.0])
}

#[test]
fn no_gap_lies_deep_in_a_forbidden_region_of_enough_weight() {
    // The user's slope is at most 2.4 within the region.
    let best = |weight| find(&forbidden_hole(weight), &two_clusters(), &wide()).unwrap();
    assert!(depth(&best(0.0)[0]) > 0.2, "{:?}", best(0.0)[0]);
    let gaps = best(10.0);
    assert!(gaps.len() > 3 && gaps.iter().all(|gap| depth(gap) < 0.02), "{gaps:?}");
}

#[test]
fn a_forbidden_region_of_little_weight_is_entered() {
    let best = &find(&forbidden_hole(0.1), &two_clusters(), &wide()).unwrap()[0];
    assert!(depth(best) > 0.2, "{best:?}");
}

#[test]
fn a_forbidden_region_elsewhere_changes_nothing() {
    let region = ForbiddenRegion { centre: vec![9.0, 9.0], radius: 1.0 };
    let utility = Utility { terms: [lover_of_the_hole().terms, vec![(10.0, Term::Constraint(region))]].concat() };
    let [with, without] =
        [utility, lover_of_the_hole()].map(|utility| find(&utility, &two_clusters(), &wide()).unwrap());
    assert_eq!(with, without);
}

#[test]
fn the_search_begins_where_any_demand_is_and_not_only_ratings() {
    // Nobody rates, people prefer the east, and only one start is allowed.
    let items = two_clusters();
    let utility = Utility { terms: vec![(1.0, Term::Preference(Preference { weights: vec![1.0, 0.0] }))] };
    let gaps = find(&utility, &items, &GapSettings { starts: 1, ..Default::default() }).unwrap();
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap.latent[0] > 0.6), "{gaps:?}");
}

#[test]
fn climbing_finds_better_places_than_the_midpoints() {
    let items = scattered(60);
    let utility = novelty_seeker(&items);
    let best = |steps| find(&utility, &items, &GapSettings { steps, ..Default::default() }).unwrap()[0].utility;
    assert!(best(8) > best(0), "{} after climbing, {} before", best(8), best(0));
}

/// A ball whose diameter is the line between two items holds a point that sees them at an obtuse angle.
fn lies_between(point: &[f32], a: &[f32], b: &[f32]) -> bool {
    let from = |item: &[f32]| [point[0] - item[0], point[1] - item[1]];
    dot(&from(a), &from(b)) <= 1e-5
}

#[test]
fn a_climb_stays_between_the_two_items_it_began_with() {
    // The user's rating grows to the right without end, where no text has been seen.
    let items = scattered(60);
    let utility = Utility { terms: vec![(1.0, Term::Affinity(Person { offset: 0.0, vector: vec![1.0, 0.0] }))] };
    let settings = GapSettings { count: 100, neighbours: 3, steps: 50, ..Default::default() };
    let gaps = find(&utility, &items, &settings).unwrap();
    assert!(gaps.len() > 3, "too few to judge: {}", gaps.len());
    for gap in gaps {
        let near = |item| items.nearest(items.row(item), 4).into_iter().map(move |near| (item, near.index));
        let mut pairs = (0..items.len()).flat_map(near);
        assert!(pairs.any(|(a, b)| a != b && lies_between(&gap.latent, items.row(a), items.row(b))), "{gap:?}");
    }
}

#[test]
fn no_gap_is_nearer_than_the_spacing_to_an_item_or_to_another_gap() {
    for items in [two_clusters(), scattered(60)] {
        let spacing = spacing(&items) * 0.9999;
        let utility = novelty_seeker(&items);
        let gaps = find(&utility, &items, &GapSettings { count: 100, ..wide() }).unwrap();
        assert!(gaps.len() > 3, "too few to compare: {}", gaps.len());
        for (place, gap) in gaps.iter().enumerate() {
            assert!(gap.distance >= spacing, "{gap:?} is nearer than {spacing} to an item");
            assert_describes_itself(gap, &utility, &items);
            for other in &gaps[..place] {
                assert!(distance(&gap.latent, &other.latent) >= spacing, "{gap:?} and {other:?} are one");
            }
        }
    }
}

#[test]
fn gaps_come_best_first_and_no_more_than_asked_for() {
    let items = scattered(60);
    let utility = novelty_seeker(&items);
    let all = find(&utility, &items, &GapSettings { count: 100, ..Default::default() }).unwrap();
    assert!(all.is_sorted_by(|a, b| a.utility >= b.utility));
    for count in [1, 3, 5] {
        let some = find(&utility, &items, &GapSettings { count, ..Default::default() }).unwrap();
        assert_eq!(some, all[..count]);
    }
}

#[test]
fn the_items_around_a_start_are_enough_to_find_the_way() {
    let items = scattered(600);
    let utility = novelty_seeker(&items);
    let seeing = |in_view| find(&utility, &items, &GapSettings { in_view, ..Default::default() }).unwrap();
    assert_eq!(seeing(64), seeing(usize::MAX));
}

#[test]
fn a_gap_is_described_and_ranked_by_all_items_however_few_were_seen_on_the_way() {
    let items = scattered(600);
    let utility = novelty_seeker(&items);
    let settings = GapSettings { count: 50, neighbours: 3, in_view: 0, ..Default::default() };
    let gaps = find(&utility, &items, &settings).unwrap();
    assert!(gaps.len() > 10, "too few to judge: {}", gaps.len());
    gaps.iter().for_each(|gap| assert_describes_itself(gap, &utility, &items));
    assert!(gaps.is_sorted_by(|a, b| a.utility >= b.utility));
}

#[test]
fn any_count_may_be_asked_for() {
    let items = scattered(20);
    let gaps = find(&novelty_seeker(&items), &items, &GapSettings { count: usize::MAX, ..Default::default() });
    assert!(gaps.unwrap().len() > 1);
}

#[test]
fn equal_questions_have_equal_answers() {
    let items = scattered(60);
    let once = || find(&novelty_seeker(&items), &items, &GapSettings::default()).unwrap();
    assert_eq!(once(), once());
}

#[test]
fn items_that_all_coincide_have_no_gap_between_them() {
    let items = Latents::from_rows(2, [[1.0, 2.0]; 10]);
    assert_eq!(find(&novelty_seeker(&items), &items, &GapSettings::default()).unwrap(), []);
}

#[test]
fn two_items_are_enough_and_one_is_not() {
    let items = Latents::from_rows(2, [[0.0, 0.0], [1.0, 0.0]]);
    let gaps = find(&lover_of_the_hole(), &items, &GapSettings { steps: 0, ..Default::default() }).unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].latent, [0.5, 0.0]);
    let alone = Latents::from_rows(2, [[0.0, 0.0]]);
    let error = find(&lover_of_the_hole(), &alone, &GapSettings::default()).unwrap_err();
    assert_eq!(error.code(), "numeric.bad_setting");
    assert!(error.to_string().contains("at least 2"), "{error}");
}

#[test]
fn no_gap_asked_for_is_refused() {
    let settings = GapSettings { count: 0, ..Default::default() };
    let error = find(&lover_of_the_hole(), &two_clusters(), &settings).unwrap_err();
    assert_eq!(error.code(), "numeric.bad_setting");
}
