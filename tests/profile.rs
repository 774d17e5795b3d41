//! A profile says what a user's ratings say about them, and neither titles nor ratings.

use aquiline::catalog::{Catalog, Item};
use aquiline::profile::Profile;
use aquiline::ratings::{Rating, Ratings};
use aquiline::session::Dataset;

fn item(title: &str, genres: &[&str], plot: &str) -> Item {
    Item {
        id: title.to_lowercase(),
        title: title.to_owned(),
        year: Some(1999),
        genres: genres.iter().map(|genre| (*genre).to_owned()).collect(),
        plot: plot.to_owned(),
        likes: vec!["brilliant".to_owned()],
        dislikes: vec!["dreadful".to_owned()],
    }
}

/// The profile of someone who gave these ratings to the items below, in their order.
fn profile(stars: &[f32]) -> Profile {
    let catalog = Catalog::new([
        item("Zanzibar", &["Comedy", "Romance"], "A clown and a baker court in a harbour."),
        item("Quagmire", &["Horror"], "A cellar hides a hungry fog."),
        item("Xylophone", &["Comedy"], "The clown inherits a harbour tavern."),
        item("Juggernaut", &["Horror", "Romance"], "The fog courts a widow of the cellar."),
    ])
    .unwrap();
    let entries = (0..).zip(stars).map(|(item, &value)| Rating { user: 0, item, value }).collect();
    let ids = catalog.items().iter().map(|item| item.id.clone()).collect();
    let ratings = Ratings::new(vec!["ann".to_owned(), "ben".to_owned()], ids, entries, (0.5, 5.0)).unwrap();
    Profile::of(0, &ratings, &catalog)
}

#[test]
fn genres_rated_above_the_users_own_mean_are_liked_and_those_below_disliked() {
    let found = profile(&[5.0, 1.0, 4.5, 1.5]);
    assert_eq!((found.likes, found.dislikes), (vec!["Comedy".to_owned()], vec!["Horror".to_owned()]));
}

#[test]
fn genres_are_ordered_by_how_clearly_they_are_liked() {
    let found = profile(&[5.0, 1.0, 4.0, 4.5]);
    assert_eq!(found.likes, ["Romance", "Comedy"]);
    assert_eq!(found.dislikes, ["Horror"]);
    let found = profile(&[1.0, 5.0, 1.5, 3.0]);
    assert_eq!(found.dislikes, ["Comedy", "Romance"]);
}

#[test]
fn a_mild_and_a_strict_user_with_the_same_tastes_have_the_same_profile() {
    assert_eq!(profile(&[5.0, 3.0, 4.5, 3.5]), profile(&[2.5, 0.5, 2.0, 1.0]));
}

#[test]
fn words_are_those_of_liked_plots_the_most_telling_first() {
    let words = profile(&[5.0, 1.0, 4.5, 1.5]).words;
    assert_eq!(words[..2], ["clown", "harbour"], "both liked plots share them");
    assert!(words.contains(&"baker".to_owned()) && words.contains(&"tavern".to_owned()), "{words:?}");
    for disliked in ["cellar", "hides", "hungry", "widow"] {
        assert!(!words.contains(&disliked.to_owned()), "{disliked} stands in disliked plots only: {words:?}");
    }
}

#[test]
fn only_one_rating_or_all_the_same_say_nothing() {
    for stars in [&[4.5][..], &[3.0, 3.0, 3.0, 3.0]] {
        let found = profile(stars);
        assert!(found.likes.is_empty() && found.dislikes.is_empty(), "{found:?}");
    }
}

#[test]
fn a_user_without_ratings_has_an_empty_profile() {
    let catalog = Catalog::new([item("Zanzibar", &["Comedy"], "A clown.")]).unwrap();
    let entries = vec![Rating { user: 0, item: 0, value: 5.0 }];
    let ratings = Ratings::new(vec!["ann".into(), "ben".into()], vec!["zanzibar".into()], entries, (0.5, 5.0)).unwrap();
    assert_eq!(Profile::of(1, &ratings, &catalog), Profile::default());
}

#[test]
fn neither_titles_nor_ratings_nor_reasons_are_told() {
    let told = serde_json::to_string(&profile(&[5.0, 1.0, 4.5, 1.5])).unwrap().to_lowercase();
    for secret in ["zanzibar", "quagmire", "xylophone", "juggernaut", "brilliant", "dreadful"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    assert!(!told.contains(|c: char| c.is_ascii_digit()), "{told}");
}

#[test]
fn no_profile_of_the_embedded_users_tells_a_title_or_a_number() {
    let data = Dataset::embedded(include_bytes!("../data/catalog.jsonl"), 0).unwrap();
    for user in 0..data.ratings.users().len() {
        let profile = Profile::of(user, &data.ratings, &data.catalog);
        assert!(!profile.words.is_empty() && profile.words.len() <= 40, "{user}: {profile:?}");
        let told = serde_json::to_string(&profile).unwrap();
        assert!(!told.contains(|c: char| c.is_ascii_digit()), "{told}");
        let told = told.to_lowercase();
        let title =
            data.catalog.items().iter().find(|item| told.contains(&format!("\"{}\"", item.title.to_lowercase())));
        assert!(title.is_none(), "{title:?} in {told}");
    }
}
