//! The simulator stands in for a language model: it does what it is asked, mostly, and keeps what makes the item.

use std::collections::{BTreeMap, BTreeSet};

use aquiline::action::{Action, Category, Origin};
use aquiline::catalog::{Catalog, Item};
use aquiline::profile::Profile;
use aquiline::simulator::tastes::{Attribute, Attributes};
use aquiline::simulator::{Simulator, SimulatorSettings};
use proptest::prelude::*;
use serde::Deserialize;

/// A kind of edit, as `data/edits.json` writes it.
#[derive(Deserialize)]
struct Kind {
    name: String,
    category: Category,
    raises: BTreeMap<Attribute, f32>,
    lowers: BTreeMap<Attribute, f32>,
    genre: Option<String>,
    actions: Vec<String>,
    plot: Vec<String>,
    likes: Vec<String>,
    dislikes: Vec<String>,
}

fn kinds() -> Vec<Kind> {
    #[derive(Deserialize)]
    struct Bank {
        edits: Vec<Kind>,
    }
    let bank: Bank = serde_json::from_str(include_str!("../data/edits.json")).unwrap();
    bank.edits
}

fn catalog() -> Catalog {
    Catalog::from_jsonl(include_bytes!("../data/catalog.jsonl"), "catalog.jsonl").unwrap()
}

fn item() -> Item {
    Item {
        id: "ferry".to_owned(),
        title: "The Ferry".to_owned(),
        year: Some(1987),
        genres: vec!["Drama".to_owned()],
        plot: "Two brothers run the last ferry across a brown river. One wants to sell. The other paints the hull."
            .into(),
        likes: vec!["it takes its time".to_owned()],
        dislikes: vec!["the fog".to_owned()],
    }
}

fn asking(text: &str, category: Category) -> Action {
    Action { text: text.to_owned(), category, origin: Origin::Generic }
}

/// Does exactly what it is asked.
fn faithful() -> Simulator {
    Simulator::new(SimulatorSettings { fidelity: 1.0, temperature: 0.0 })
}

/// Edits with these requests, one after another.
fn edited(simulator: &Simulator, item: Item, requests: &[&str]) -> Item {
    (0..)
        .zip(requests)
        .fold(item, |item, (seed, request)| simulator.rewrite(&item, &asking(request, Category::Plot), seed))
}

/// How many of a kind's sentences stand in the plot.
fn woven(kind: &Kind, item: &Item) -> usize {
    kind.plot.iter().map(|sentence| item.plot.matches(sentence.as_str()).count()).sum()
}

fn words(plot: &str) -> usize {
    plot.split_whitespace().count()
}

/// Everything up to the first end mark before a space and a capital, as a reader sees it.
fn first_sentence(plot: &str) -> &str {
    let end = plot.match_indices(". ").find(|(at, _)| plot[at + 2..].starts_with(char::is_uppercase));
    end.map_or(plot, |(at, _)| &plot[..=at])
}

#[test]
fn the_phrase_bank_is_large_and_every_attribute_can_be_raised_and_lowered() {
    let kinds = kinds();
    assert!(kinds.len() >= 60, "{}", kinds.len());
    let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names.len(), kinds.len(), "a name occurs twice");
    for kind in &kinds {
        let phrasings = [&kind.actions, &kind.plot, &kind.likes, &kind.dislikes];
        assert!(phrasings.iter().all(|list| !list.is_empty()), "{} lacks a phrasing", kind.name);
        assert!(!kind.raises.is_empty(), "{} moves the text nowhere", kind.name);
    }
    let mentioned: BTreeSet<Attribute> = kinds.iter().flat_map(|kind| kind.raises.keys().copied()).collect();
    assert_eq!(mentioned.len(), 16);
    for attribute in mentioned {
        let raising = kinds.iter().filter(|kind| kind.raises.contains_key(&attribute)).count();
        let lowering = kinds.iter().filter(|kind| kind.lowers.contains_key(&attribute)).count();
        assert!(raising >= 4 && lowering >= 2, "{attribute:?} is raised by {raising} kinds and lowered by {lowering}");
    }
}

#[test]
fn no_request_and_no_sentence_belongs_to_two_kinds() {
    let kinds = kinds();
    for phrasings in [|kind: &Kind| kind.actions.clone(), |kind: &Kind| kind.plot.clone()] {
        let all: Vec<String> = kinds.iter().flat_map(phrasings).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}

#[test]
fn equal_seeds_give_equal_texts_and_other_seeds_other_texts() {
    let simulator = Simulator::weak();
    let action = asking("Turn the middle of the film into a whodunit.", Category::Plot);
    let texts: Vec<Item> = (0..40).map(|seed| simulator.rewrite(&item(), &action, seed)).collect();
    let again: Vec<Item> = (0..40).map(|seed| Simulator::weak().rewrite(&item(), &action, seed)).collect();
    assert_eq!(texts, again);
    let different: BTreeSet<&str> = texts.iter().map(|text| text.plot.as_str()).collect();
    assert!(different.len() > 5, "{}", different.len());

    let propose = |seed| simulator.propose(&item(), &Profile::default(), 10, seed);
    assert_eq!(propose(1), propose(1));
    assert_ne!(propose(1), propose(2));
}

proptest! {
    #[test]
    fn any_text_is_a_valid_action(request in any::<String>(), category in 0..5_usize, seed: u64) {
        for simulator in [Simulator::weak(), Simulator::strong()] {
            let edited = simulator.rewrite(&item(), &asking(&request, Category::ALL[category]), seed);
            prop_assert!(!edited.plot.contains(char::is_control), "{:?}", edited.plot);
            prop_assert!(edited.plot.starts_with(first_sentence(&item().plot)));
            prop_assert_eq!(simulator.rewrite(&item(), &asking(&request, Category::ALL[category]), seed), edited);
        }
    }

    #[test]
    fn any_text_is_a_valid_plot(plot in any::<String>(), request in "\\PC{0,40}|Add a love story", seed: u64) {
        let odd = Item { plot, likes: Vec::new(), dislikes: Vec::new(), genres: Vec::new(), ..item() };
        let edited = Simulator::weak().rewrite(&odd, &asking(&request, Category::Theme), seed);
        prop_assert_eq!((edited.id, edited.title, edited.year), (odd.id, odd.title, odd.year));
        Simulator::weak().propose(&Item { plot: edited.plot, ..item() }, &Profile::default(), 6, seed);
    }
}

#[test]
fn an_empty_plot_can_be_edited() {
    let blank = Item { plot: String::new(), ..item() };
    let edited = edited(&faithful(), blank, &["Add a romance."]);
    assert!(!edited.plot.is_empty());
}

#[test]
fn an_unknown_request_is_quoted_with_its_words_apart() {
    let edited = edited(&faithful(), item(), &["Let\nzebras\tjuggle\u{7} quinces!"]);
    assert!(edited.plot.starts_with(&item().plot), "{}", edited.plot);
    assert!(edited.plot.contains("let zebras juggle quinces"), "{}", edited.plot);
    assert_eq!((edited.genres, edited.likes), (item().genres, item().likes));
}

#[test]
fn a_request_of_nothing_changes_nothing() {
    for nothing in ["", "   ", "\n\u{0}", "...", "!?"] {
        assert_eq!(edited(&faithful(), item(), &[nothing]), item(), "{nothing:?}");
    }
}

#[test]
fn what_makes_an_item_survives_thirty_edits() {
    let simulator = Simulator::weak();
    for (seed, anchor) in (0..).zip(catalog().items()) {
        let mut item = anchor.clone();
        for step in 0..30 {
            let action =
                simulator.propose(&item, &Profile::default(), 10, 1000 * seed + step).swap_remove(step as usize % 10);
            item = simulator.rewrite(&item, &action, 1000 * seed + step);
            assert!(words(&item.plot) <= 130, "{}: {} words after {} edits", item.id, words(&item.plot), step + 1);
            let reasons = [item.likes.len(), item.dislikes.len(), item.genres.len()];
            assert!(reasons.iter().all(|count| (1..=5).contains(count)), "{}: {reasons:?}", item.id);
        }
        assert_eq!((&item.id, &item.title, item.year), (&anchor.id, &anchor.title, anchor.year));
        assert!(item.plot.starts_with(first_sentence(&anchor.plot)), "{}\nbecame\n{}", anchor.plot, item.plot);
        assert_ne!(item.plot, anchor.plot);
    }
}

#[test]
fn unknown_requests_do_not_make_a_plot_grow_without_end() {
    let requests: Vec<String> = (0..30).map(|n| format!("zebra{n} {}", "quince ".repeat(60))).collect();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    let item = edited(&faithful(), item(), &requests);
    assert!(words(&item.plot) <= 130, "{}", words(&item.plot));
    assert!(item.plot.contains("zebra29"), "the newest request is kept: {}", item.plot);
}

#[test]
fn every_request_in_the_bank_moves_the_text_in_its_direction() {
    let (simulator, kinds) = (faithful(), kinds());
    let attributes: BTreeSet<Attribute> = kinds.iter().flat_map(|kind| kind.raises.keys().copied()).collect();
    let middle = Attributes::new(&attributes.iter().map(|attribute| (*attribute, 2.0)).collect());
    for kind in &kinds {
        for (seed, request) in (0..).zip(&kind.actions) {
            let edited = simulator.rewrite(&item(), &asking(request, kind.category), seed);
            assert_eq!(woven(kind, &edited), 1, "{request}: {}", edited.plot);
            let now = simulator.true_attributes(&middle, &edited);
            for attribute in &attributes {
                let by = now.strength(*attribute) - 2.0;
                let asked = kind.raises.get(attribute).unwrap_or(&0.0) - kind.lowers.get(attribute).unwrap_or(&0.0);
                assert!(by * asked > 0.0 || (by == 0.0 && asked == 0.0), "{request} moves {attribute:?} by {by}");
            }
        }
    }
}

#[test]
fn a_request_in_other_words_is_understood() {
    let romance = |request: &str| {
        let edited = edited(&faithful(), item(), &[request]);
        faithful().true_attributes(&Attributes::default(), &edited).strength(Attribute::Romance)
    };
    assert!(romance("Please add a tender romance, a slow courtship of two people in love.") > 0.0);
    assert_eq!(romance("Let zebras juggle quinces."), 0.0);
}

#[test]
fn cutting_the_romance_removes_it() {
    let kinds = kinds();
    let romantic = kinds.iter().filter(|kind| kind.raises.get(&Attribute::Romance).is_some_and(|by| *by >= 2.0));
    for kind in romantic {
        let before = edited(&faithful(), Item { genres: vec!["Romance".into()], ..item() }, &[&kind.actions[0]]);
        assert_eq!(woven(kind, &before), 1);
        for request in [
            "Cut the romance entirely and spend the time on the work and the weather.",
            "Remove the romance; less kissing.",
        ] {
            let after = edited(&faithful(), before.clone(), &[request]);
            assert_eq!(woven(kind, &after), 0, "{}: {}", kind.name, after.plot);
            assert!(!after.genres.contains(&"Romance".to_owned()) && !after.genres.is_empty(), "{:?}", after.genres);
            let romantic = |reason: &&String| before.likes.contains(*reason) && reason.contains("love");
            assert_eq!(after.likes.iter().find(romantic), None);
            let left = faithful().true_attributes(&Attributes::default(), &after).strength(Attribute::Romance);
            assert_eq!(left, 0.0, "{}", kind.name);
        }
    }
}

#[test]
fn the_same_kind_twice_does_not_stack() {
    for kind in kinds() {
        let requests: Vec<&str> = kind.actions.iter().chain(&kind.actions).map(String::as_str).collect();
        let often = edited(&faithful(), item(), &requests);
        assert_eq!(woven(&kind, &often), 1, "{}: {}", kind.name, often.plot);
        let (genres, different) = (&often.genres, often.genres.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(genres.len(), different, "{}: {genres:?}", kind.name);
    }
}

/// The share of requests of the bank after which a sentence of the asked kind stands in the plot.
fn obedience(simulator: &Simulator) -> f64 {
    let kinds = kinds();
    let requests = kinds.iter().flat_map(|kind| (0..10_u64).map(move |seed| (kind, seed)));
    let obeyed = requests.map(|(kind, seed)| {
        let request = &kind.actions[seed as usize % kind.actions.len()];
        woven(kind, &simulator.rewrite(&item(), &asking(request, kind.category), seed)) as f64
    });
    obeyed.sum::<f64>() / (10 * kinds.len()) as f64
}

#[test]
fn the_weak_environment_follows_requests_less_often_than_the_strong_one() {
    let (weak, strong) = (obedience(&Simulator::weak()), obedience(&Simulator::strong()));
    assert!((0.5..0.75).contains(&weak), "{weak}");
    assert!(strong > 0.95, "{strong}");
    assert_eq!(obedience(&faithful()), 1.0);
}

/// The kind an action was written from.
fn kind_of<'a>(kinds: &'a [Kind], action: &Action) -> &'a Kind {
    kinds.iter().find(|kind| kind.actions.contains(&action.text)).expect("proposals come from the bank")
}

#[test]
fn proposals_are_different_half_personalised_and_of_every_category() {
    let kinds = kinds();
    for count in [5, 6, 10, 15, 20, 60] {
        for seed in 0..20 {
            let actions = Simulator::strong().propose(&item(), &Profile::default(), count, seed);
            assert_eq!(actions.len(), count);
            let written: BTreeSet<&str> = actions.iter().map(|action| kind_of(&kinds, action).name.as_str()).collect();
            assert_eq!(written.len(), count, "two actions ask for the same kind of edit");
            let of = |origin: Origin| actions.iter().filter(|action| action.origin == origin).count();
            assert_eq!(
                (of(Origin::Generic), of(Origin::Personalised), of(Origin::Free)),
                (count - count / 2, count / 2 - 1, 1)
            );
            let categories: BTreeSet<Category> = actions.iter().map(|action| action.category).collect();
            assert_eq!(categories.len(), 5);
            assert!(actions.iter().all(|action| action.category == kind_of(&kinds, action).category));
        }
    }
}

#[test]
fn the_free_edit_names_what_the_user_loves_and_is_understood() {
    let kinds = kinds();
    let profile = Profile { likes: vec!["Horror".into(), "Mystery".into()], ..Profile::default() };
    let (mut understood, total) = (0, 40);
    for seed in 0..total {
        let actions = faithful().propose(&item(), &profile, 20, seed);
        let free = actions.last().expect("twenty were asked for");
        assert_eq!(free.origin, Origin::Free);
        assert!(free.text.ends_with("Do it for a viewer who loves Horror and Mystery films."), "{}", free.text);
        let asked = kinds.iter().find(|kind| kind.actions.iter().any(|action| free.text.starts_with(action)));
        let done = faithful().rewrite(&item(), free, seed);
        understood += usize::from(woven(asked.expect("it begins with a known request"), &done) == 1);
    }
    assert!(understood > total as usize * 3 / 4, "{understood} of {total}");
}

#[test]
fn several_requests_at_once_are_each_met() {
    let kinds = kinds();
    let (one, other) = (&kinds[0], kinds.iter().find(|kind| kind.category != kinds[0].category).unwrap());
    let both = Action::at_once(&[asking(&one.actions[0], one.category), asking(&other.actions[0], other.category)]);
    let done = faithful().rewrite(&item(), &both, 3);
    assert_eq!((woven(one, &done), woven(other, &done)), (1, 1));
}

#[test]
fn no_more_is_proposed_than_there_is() {
    let propose = |count| Simulator::strong().propose(&item(), &Profile::default(), count, 7).len();
    assert_eq!([propose(0), propose(1)], [0, 1]);
    assert_eq!(propose(usize::MAX / 8), kinds().len());
}

#[test]
fn what_stands_in_the_plot_already_is_not_proposed() {
    let kinds = kinds();
    let done = edited(&faithful(), item(), &[&kinds[0].actions[0]]);
    assert_eq!(woven(&kinds[0], &done), 1);
    let actions = Simulator::strong().propose(&done, &Profile::default(), 1000, 7);
    assert!(!actions.iter().any(|action| kind_of(&kinds, action).name == kinds[0].name));
}

#[test]
fn personalised_proposals_match_the_profile_more_often_than_generic_ones() {
    let kinds = kinds();
    for [liked, disliked] in [["Horror", "Romance"], ["Comedy", "War"], ["Sci-Fi", "Musical"], ["Romance", "Action"]] {
        let profile = Profile { likes: vec![liked.into()], dislikes: vec![disliked.into()], ..Profile::default() };
        let actions: Vec<Action> =
            (0..100).flat_map(|seed| Simulator::strong().propose(&item(), &profile, 20, seed)).collect();
        let count = |origin: Origin, genre: &str| {
            let of_genre = |action: &&Action| kind_of(&kinds, action).genre.as_deref() == Some(genre);
            actions.iter().filter(|action| action.origin == origin).filter(of_genre).count()
        };
        let (personal, generic) = (count(Origin::Personalised, liked), count(Origin::Generic, liked));
        assert!(personal > 2 * generic, "{liked}: {personal} personalised, {generic} generic");
        let (personal, generic) = (count(Origin::Personalised, disliked), count(Origin::Generic, disliked));
        assert!(2 * personal < generic, "{disliked}: {personal} personalised, {generic} generic");
    }
}

#[test]
fn edits_of_one_run_suit_each_other() {
    let (simulator, anchor) = (faithful(), item());
    let request = |text| asking(text, Category::Plot);
    let riddles = request("Fill it with riddles, and let the answer be visible in the first shot.");
    let plain = request("Remove the dreams and the double meanings, and let each scene be just itself.");
    let own = request("Let the harbour freeze over.");
    let all = || vec![riddles.clone(), plain.clone(), own.clone()];
    assert_eq!(simulator.suiting(&anchor, &anchor, all()), all(), "nothing has been edited yet");
    let edited = simulator.rewrite(&anchor, &plain, 3);
    let left = simulator.suiting(&anchor, &edited, all());
    assert!(!left.contains(&riddles) && left.contains(&own), "{left:?}");
    let edited = simulator.rewrite(&anchor, &riddles, 3);
    assert!(!simulator.suiting(&anchor, &edited, all()).contains(&plain), "whichever was first");
    let alone = vec![plain.clone()];
    assert_eq!(simulator.suiting(&anchor, &edited, alone.clone()), alone, "rather this than nothing");
    assert_eq!(simulator.suiting(&edited, &edited, all()), all(), "what the original was may be turned round");
}
