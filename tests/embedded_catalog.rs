//! The embedded catalog is well written, and its ratings follow from tastes that nothing else may see.

use std::collections::{BTreeMap, BTreeSet};

use aquiline::catalog::{Catalog, Item};
use aquiline::ratings::Ratings;
use aquiline::session::Dataset;
use aquiline::simulator::tastes::{Attribute, Attributes, Population, SCALE, Tastes, USERS};
use serde::Deserialize;

const JSONL: &[u8] = include_bytes!("../data/catalog.jsonl");
const GENRES: [&str; 18] = [
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

fn catalog() -> Catalog {
    Catalog::from_jsonl(JSONL, "catalog.jsonl").unwrap()
}

fn attributes() -> Vec<Attributes> {
    Attributes::from_jsonl(JSONL, "catalog.jsonl", &catalog()).unwrap()
}

fn ratings(seed: u64) -> Ratings {
    Dataset::embedded(JSONL, seed).unwrap().ratings
}

#[test]
fn there_are_many_items_and_no_id_or_title_occurs_twice() {
    let catalog = catalog();
    assert!(catalog.len() >= 160, "{}", catalog.len());
    assert!(catalog.without_text().is_empty());
    let distinct = |name: fn(&Item) -> &String| catalog.items().iter().map(name).collect::<BTreeSet<_>>().len();
    assert_eq!([distinct(|item| &item.id), distinct(|item| &item.title)], [catalog.len(); 2]);
}

#[test]
fn every_item_has_a_plot_of_one_size_reasons_genres_and_a_year() {
    for item in catalog().items() {
        let words = item.plot.split_whitespace().count();
        assert!((50..=90).contains(&words), "{}: {words} words", item.id);
        assert!((3..=5).contains(&item.likes.len()), "{}: {:?}", item.id, item.likes);
        assert!((3..=5).contains(&item.dislikes.len()), "{}: {:?}", item.id, item.dislikes);
        assert!(!item.genres.is_empty(), "{}", item.id);
        assert!(item.genres.iter().all(|genre| GENRES.contains(&genre.as_str())), "{}: {:?}", item.id, item.genres);
        assert!(item.year.is_some_and(|year| (1900..=2030).contains(&year)), "{}: {:?}", item.id, item.year);
        let texts = item.likes.iter().chain(&item.dislikes).chain([&item.plot, &item.title]);
        for text in texts {
            assert!(
                !text.contains(char::is_control) && text.trim() == text && !text.is_empty(),
                "{}: {text:?}",
                item.id
            );
        }
    }
}

#[test]
fn every_item_has_attributes_and_every_attribute_has_items() {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        attributes: BTreeMap<Attribute, f32>,
    }
    let mut items_with: BTreeMap<Attribute, usize> = BTreeMap::new();
    let (catalog, read) = (catalog(), attributes());
    for line in JSONL.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).unwrap();
        assert!(!line.attributes.is_empty(), "{}", line.id);
        let of_item = &read[catalog.index_of(&line.id).unwrap()];
        for (&attribute, &strength) in &line.attributes {
            assert!((1.0..=3.0).contains(&strength), "{}: {attribute:?} {strength}", line.id);
            assert_eq!(of_item.strength(attribute), strength, "{}", line.id);
            *items_with.entry(attribute).or_default() += 1;
        }
    }
    assert_eq!(items_with.len(), 16);
    assert!(items_with.values().all(|items| *items >= 8), "{items_with:?}");
}

#[test]
fn an_item_without_attributes_or_with_an_unknown_one_is_malformed() {
    for attributes in ["", r#","attributes":{"boredom":3}"#] {
        let line = format!(r#"{{"id":"kites","title":"Kites","plot":"Two sisters build kites."{attributes}}}"#);
        let catalog = Catalog::from_jsonl(line.as_bytes(), "my.jsonl").unwrap();
        let error = Attributes::from_jsonl(line.as_bytes(), "my.jsonl", &catalog).unwrap_err();
        assert_eq!(error.code(), "data.malformed");
        assert!(error.to_string().starts_with("my.jsonl, line 1"), "{error}");
    }
}

#[test]
fn many_users_rate_many_items_on_the_half_star_scale() {
    let ratings = ratings(0);
    assert!(ratings.users().len() >= 400 && ratings.users().len() == USERS, "{}", ratings.users().len());
    assert!(ratings.len() >= 15_000, "{}", ratings.len());
    assert_eq!(ratings.scale(), SCALE);
    assert!(ratings.by_user().iter().all(|rated| rated.len() >= 20));
    for rating in ratings.entries() {
        assert!((0.5..=5.0).contains(&rating.value) && (rating.value * 2.0).fract() == 0.0, "{rating:?}");
    }
    let steps: BTreeSet<u32> = ratings.entries().iter().map(|rating| (rating.value * 2.0) as u32).collect();
    assert!(steps.len() >= 9, "only {steps:?} half stars are given");
}

#[test]
fn every_user_and_every_item_can_be_learned_from() {
    let ratings = ratings(0);
    assert_eq!(ratings.items(), catalog().items().iter().map(|item| item.id.clone()).collect::<Vec<_>>());
    let fewest = ratings.by_item().iter().map(Vec::len).min().unwrap();
    assert!(fewest >= 5, "an item has only {fewest} ratings");
}

#[test]
fn equal_seeds_give_equal_ratings_and_other_seeds_others() {
    assert_eq!(ratings(3), ratings(3));
    assert_ne!(ratings(3).entries(), ratings(4).entries());
}

#[test]
fn ratings_follow_the_hidden_enjoyment() {
    let (attributes, ratings) = (attributes(), ratings(0));
    let tastes = Tastes::sample(&attributes, Population::default(), 0);
    let strangers = Tastes::sample(&attributes, Population::default(), 1);
    let correlation = |tastes: &Tastes, shift: usize| {
        let enjoyed = ratings.entries().iter().map(|rating| {
            let user = (rating.user as usize + shift) % USERS;
            (f64::from(tastes.enjoyment(user, &attributes[rating.item as usize])), f64::from(rating.value))
        });
        correlation(&enjoyed.collect::<Vec<_>>())
    };
    let own = correlation(&tastes, 0);
    assert!(own > 0.6, "{own}");
    let of_neighbour = correlation(&tastes, 1);
    assert!(own > of_neighbour + 0.3, "{own} is hardly more than another archetype's {of_neighbour}");
    assert!(own > correlation(&strangers, 0), "personal tastes add to the archetype's");
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / count, y + pair.1 / count));
    let sum = |term: fn(f64, f64) -> f64| pairs.iter().map(|pair| term(pair.0 - x, pair.1 - y)).sum::<f64>();
    sum(|x, y| x * y) / (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt()
}

#[test]
fn a_wrong_number_of_attributes_is_refused() {
    let attributes = attributes();
    let error =
        Tastes::sample(&attributes, Population::default(), 0).ratings(&catalog(), &attributes[1..], 0).unwrap_err();
    assert_eq!(error.code(), "numeric.wrong_size");
}

fn is_evaluation(path: &std::path::Path) -> bool {
    ["src/simulator.rs", "src/experiment.rs"].iter().any(|file| path == std::path::Path::new(file))
        || path.starts_with("src/experiment")
}

/// Lines of the sources that name what only evaluation may see, but for the simulator's own and evaluation itself.
fn lines_that_see_the_truth() -> Vec<String> {
    let names = ["tastes", "true_attributes", "enjoyment", "Attributes", "Tastes"];
    let mut folders = vec![std::path::PathBuf::from("src")];
    let mut seen = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.starts_with("src/simulator") && !is_evaluation(&path) {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.lines().map(|line| line.trim().split("//").next().unwrap_or_default().trim());
                let is_told =
                    |line: &&str| line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| names.contains(&w));
                seen.extend(code.filter(is_told).map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    seen
}

#[test]
fn only_the_making_of_ratings_sees_attributes_and_tastes() {
    let allowed = [
        "use crate::simulator::tastes::{Attributes, Population, Tastes};",
        r#"let attributes = Attributes::from_jsonl(jsonl, "catalog.jsonl", &catalog)?;"#,
        "let tastes = Tastes::sample(&attributes, Population::default(), seed);",
        "Ok(Dataset { ratings: tastes.ratings(&catalog, &attributes, seed)?, catalog, is_embedded: true })",
    ];
    let expected = allowed.map(|line| format!("src/session.rs: {line}"));
    assert_eq!(lines_that_see_the_truth(), expected, "true attributes and tastes are for evaluation only");
}
