//! Ratings are read with their faults named, and are split by seed without losing or sharing any.

use aquiline::catalog::{Catalog, Item};
use aquiline::error::{DataError, Error};
use aquiline::ratings::{Rating, Ratings, Split};
use proptest::prelude::*;

const SCALE: (f32, f32) = (0.5, 5.0);

/// A MovieLens file of these lines under the usual header.
fn csv(lines: &[&str]) -> Result<Ratings, Error> {
    let text = format!("userId,movieId,rating,timestamp\n{}\n", lines.join("\n"));
    Ratings::from_movielens_csv(text.as_bytes(), "ratings.csv", SCALE)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

fn rating(user: u32, item: u32, value: f32) -> Rating {
    Rating { user, item, value }
}

/// 20 users who rated 30 items each, but not the same 30 of 40.
fn many() -> Ratings {
    let pairs = (0..20).flat_map(|user| (0..40).map(move |item| (user, item)));
    let rated = pairs.filter(|(user, item)| (user + item) % 4 != 0);
    let entries = rated.map(|(user, item)| rating(user, item, 1.0 + ((user * item) % 5) as f32)).collect();
    Ratings::new(names(20), names(40), entries, SCALE).unwrap()
}

fn assert_is_a_partition(split: &Split, whole: &Ratings) {
    let mut together = [split.train.entries(), split.test.entries()].concat();
    together.sort_by_key(|rating| (rating.user, rating.item));
    assert_eq!(together, whole.entries());
    for part in [&split.train, &split.test] {
        assert_eq!((part.users(), part.items(), part.scale()), (whole.users(), whole.items(), whole.scale()));
    }
}

#[test]
fn users_and_items_are_numbered_as_they_appear() {
    let ratings = csv(&["7,42,4.5,0", "3,42,1,0", "7,9,5.0,0"]).unwrap();
    assert_eq!(ratings.users(), ["7", "3"]);
    assert_eq!(ratings.items(), ["42", "9"]);
    assert_eq!(ratings.entries(), [rating(0, 0, 4.5), rating(0, 1, 5.0), rating(1, 0, 1.0)]);
    assert_eq!(ratings.user_index("3").unwrap(), 1);
    assert_eq!(ratings.mean(), 3.5);
}

#[test]
fn a_rating_that_is_no_number_on_the_scale_is_named_with_file_and_line() {
    for bad in ["NaN", "inf", "-inf", "0.4", "5.1", "good", "", "4,5"] {
        let quoted = format!("1,3,\"{bad}\",0");
        match csv(&["1,2,4.0,0", &quoted]).unwrap_err() {
            Error::Data(DataError::RatingOutOfRange { file, line, value, lowest, highest }) => {
                assert_eq!((file.as_str(), line, value.as_str()), ("ratings.csv", 3, bad));
                assert_eq!((lowest, highest), SCALE);
            }
            other => panic!("{bad:?} gave {other:?}"),
        }
    }
}

#[test]
fn a_long_bad_rating_is_quoted_in_part() {
    let error = csv(&[&format!("1,2,{},0", "é".repeat(5000))]).unwrap_err();
    assert!(error.to_string().chars().count() < 120, "{error}");
}

#[test]
fn both_ends_of_the_scale_belong_to_it() {
    assert_eq!(csv(&["1,2,0.5,0", "1,3,5.0,0"]).unwrap().len(), 2);
}

#[test]
fn ratings_by_index_are_checked() {
    let new = |entry| Ratings::new(names(2), names(3), vec![rating(0, 0, 3.0), entry], SCALE).unwrap_err();
    let message = new(rating(0, 1, f32::NAN)).to_string();
    assert!(message.starts_with("ratings, line 2: "), "{message}");
    assert_eq!(new(rating(0, 1, 5.5)).code(), "data.rating_out_of_range");
    assert_eq!(new(rating(2, 1, 3.0)), DataError::UnknownUser { id: "2".to_owned() }.into());
    assert_eq!(new(rating(1, 3, 3.0)), DataError::UnknownItem { id: "3".to_owned() }.into());
}

#[test]
fn a_user_without_ratings_is_unknown() {
    let error = many().user_index("nobody").unwrap_err();
    assert_eq!(error, DataError::UnknownUser { id: "nobody".to_owned() }.into());
}

#[test]
fn of_two_ratings_of_one_pair_the_last_counts() {
    let ratings = csv(&["1,2,4.0,0", "1,3,3.0,0", "1,2,2.0,0", "5,2,5.0,0", "1,2,1.5,0"]).unwrap();
    assert_eq!(ratings.entries(), [rating(0, 0, 1.5), rating(0, 1, 3.0), rating(1, 0, 5.0)]);
}

#[test]
fn triples_of_ids_are_read_like_a_file() {
    let triple = |user: &str, item: &str, value| (user.to_owned(), item.to_owned(), value);
    let ratings = Ratings::from_ids(&[triple("7", "42", 4.5), triple("3", "42", 1.0)], SCALE).unwrap();
    assert_eq!(ratings, csv(&["7,42,4.5,0", "3,42,1,0"]).unwrap());
    assert_eq!(Ratings::from_ids(&[triple("7", "42", 9.0)], SCALE).unwrap_err().code(), "data.rating_out_of_range");
}

#[test]
fn no_rating_at_all_is_refused() {
    let empty = Error::from(DataError::Empty { what: "the set of ratings" });
    assert_eq!(csv(&[]).unwrap_err(), empty);
    assert_eq!(Ratings::from_ids(&[], SCALE).unwrap_err(), empty);
    assert_eq!(Ratings::new(names(1), names(1), Vec::new(), SCALE).unwrap_err(), empty);
}

#[test]
fn missing_columns_and_broken_lines_are_named() {
    for missing in ["userId", "movieId", "rating"] {
        let header = "userId,movieId,rating".replace(missing, "other");
        let error = Ratings::from_movielens_csv(header.as_bytes(), "ratings.csv", SCALE).unwrap_err().to_string();
        assert!(error.starts_with("ratings.csv, line 1: ") && error.contains(missing), "{error}");
    }
    let error = csv(&["1,2,4.0,0", "1,2"]).unwrap_err().to_string();
    assert!(error.starts_with("ratings.csv, line 3: 2 fields"), "{error}");
    let error = Ratings::from_movielens_csv(b"userId,movieId,rating\n1,\xff,4\n", "r.csv", SCALE).unwrap_err();
    assert!(error.to_string().starts_with("r.csv, line 2: not valid UTF-8"), "{error}");
}

#[test]
fn ratings_for_a_catalog_are_numbered_as_its_items() {
    let item = |id: &str, plot: &str| Item {
        id: id.to_owned(),
        title: id.to_owned(),
        year: None,
        genres: Vec::new(),
        plot: plot.to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    };
    let catalog = Catalog::new([item("9", "Boats."), item("13", ""), item("42", "Kites.")]).unwrap();
    let ratings = csv(&["7,42,4.5,0", "7,13,1.0,0", "3,9,2.0,0", "3,77,5.0,0"]).unwrap().for_catalog(&catalog).unwrap();
    assert_eq!(ratings.items(), ["9", "42"]);
    assert_eq!(ratings.users(), ["7", "3"]);
    assert_eq!(ratings.entries(), [rating(0, 1, 4.5), rating(1, 0, 2.0)]);
    let foreign = csv(&["7,13,1.0,0", "3,77,5.0,0"]).unwrap();
    assert_eq!(foreign.for_catalog(&catalog).unwrap_err().code(), "data.empty");
}

#[test]
fn groups_by_user_and_by_item_hold_every_rating_once() {
    let ratings =
        Ratings::new(names(3), names(2), vec![rating(2, 1, 5.0), rating(0, 1, 3.0), rating(2, 0, 1.0)], SCALE).unwrap();
    let by_user = ratings.by_user();
    assert_eq!(by_user, [&[rating(0, 1, 3.0)][..], &[], &[rating(2, 0, 1.0), rating(2, 1, 5.0)]]);
    let by_item = ratings.by_item();
    assert_eq!(by_item, [vec![rating(2, 0, 1.0)], vec![rating(0, 1, 3.0), rating(2, 1, 5.0)]]);
}

#[test]
fn a_warm_split_holds_out_its_share_of_the_ratings() {
    let whole = many();
    let split = whole.split_ratings(0.25, 3);
    assert_is_a_partition(&split, &whole);
    assert_eq!(split.test.len(), whole.len() / 4);
    let users_tested = split.test.by_user().iter().filter(|rated| !rated.is_empty()).count();
    assert!(users_tested > 10, "only {users_tested} of 20 users are tested: the draw is not random");
}

#[test]
fn a_cold_split_holds_out_whole_items_among_the_eligible() {
    let whole = many();
    let eligible: Vec<usize> = (10..30).collect();
    let split = whole.split_items(&eligible, 0.3, 3);
    assert_is_a_partition(&split, &whole);
    let (train, test) = (split.train.by_item(), split.test.by_item());
    let held_out: Vec<usize> = (0..40).filter(|&item| !test[item].is_empty()).collect();
    assert_eq!(held_out.len(), 6);
    assert!(held_out.iter().all(|item| eligible.contains(item) && train[*item].is_empty()), "{held_out:?}");
}

#[test]
fn a_cold_split_ignores_numbers_that_are_no_item() {
    let split = many().split_items(&[usize::MAX, 1_000_000], 1.0, 0);
    assert!(split.test.is_empty());
}

#[test]
fn splits_depend_on_the_seed_and_on_nothing_else() {
    let whole = many();
    let eligible: Vec<usize> = (0..40).collect();
    assert_eq!(whole.split_ratings(0.2, 1), whole.split_ratings(0.2, 1));
    assert_ne!(whole.split_ratings(0.2, 1), whole.split_ratings(0.2, 2));
    assert_eq!(whole.split_items(&eligible, 0.2, 1), whole.split_items(&eligible, 0.2, 1));
    assert_ne!(whole.split_items(&eligible, 0.2, 1), whole.split_items(&eligible, 0.2, 2));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Ratings::from_movielens_csv(&bytes, "ratings.csv", SCALE);
        let header = b"userId,movieId,rating\n".as_slice();
        let _ = Ratings::from_movielens_csv(&[header, &bytes].concat(), "ratings.csv", SCALE);
    }

    #[test]
    fn what_is_read_is_ordered_unique_and_on_the_scale(
        lines in proptest::collection::vec((0_u8..6, 0_u8..6, 1_u8..=10), 1..60),
    ) {
        let text: Vec<String> = lines.iter().map(|(user, item, half)| format!("{user},{item},{},0", f32::from(*half) / 2.0)).collect();
        let ratings = csv(&text.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let pairs: Vec<(u32, u32)> = ratings.entries().iter().map(|r| (r.user, r.item)).collect();
        prop_assert!(pairs.is_sorted_by(|a, b| a < b), "{pairs:?}");
        for (user, item, half) in &lines {
            let same = |line: &&(u8, u8, u8)| (line.0, line.1) == (*user, *item);
            let last = lines.iter().rfind(same).map_or(*half, |line| line.2);
            let user = ratings.user_index(&user.to_string()).unwrap() as u32;
            let item = ratings.items().iter().position(|id| *id == item.to_string()).unwrap() as u32;
            let found = ratings.entries().iter().find(|r| (r.user, r.item) == (user, item)).unwrap();
            prop_assert_eq!(found.value, f32::from(last) / 2.0);
        }
    }

    #[test]
    fn a_split_of_any_share_is_complete(share in -0.5_f64..1.5, seed in any::<u64>()) {
        let whole = many();
        assert_is_a_partition(&whole.split_ratings(share, seed), &whole);
        assert_is_a_partition(&whole.split_items(&[0, 5, 39], share, seed), &whole);
    }
}
