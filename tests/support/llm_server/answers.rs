//! What the simulator says, in the words of a language model that does as it is told.

use std::collections::BTreeMap;

use aquiline::action::{Action, Category, Origin};
use aquiline::catalog::Item;
use aquiline::profile::Profile;
use aquiline::prompt::{Domain, Form, Kind, Task, questions};
use aquiline::simulator::Simulator;
use serde_json::{Value, json};

use super::chat::number;
use super::question::{Question, words};

/// Edits of a macro action.
const BUNDLE: usize = 3;

/// The answer to a question, in the form that was asked for.
pub fn write(question: &Question, simulator: &Simulator, seed: u64) -> String {
    match question.task {
        Task::Actions | Task::PersonalisedActions | Task::Edit | Task::MacroActions => {
            actions(question, &proposed(question, simulator, seed))
        }
        Task::Rewrite | Task::Describe | Task::Decode => item(question, &written(question, simulator, seed)),
        Task::Profile => profile(question),
        Task::Judge => ballot(question, seed),
    }
}

fn proposed(question: &Question, simulator: &Simulator, seed: u64) -> Vec<Action> {
    let (item, profile, count) = (question.item(), question.profile(), question.count);
    let propose = |count| simulator.propose(&item, &profile, count, seed);
    match question.task {
        Task::Actions => preferred(propose(2 * count), Origin::Generic, count),
        Task::Edit => preferred(propose(2), Origin::Free, 1),
        Task::MacroActions => propose(BUNDLE * count).chunks(BUNDLE).map(bundled).collect(),
        _ => preferred(propose(2 * count + 2), Origin::Personalised, count),
    }
}

/// Up to `count` actions, those of this origin first.
fn preferred(mut actions: Vec<Action>, origin: Origin, count: usize) -> Vec<Action> {
    actions.sort_by_key(|action| action.origin != origin);
    actions.truncate(count);
    actions
}

/// Several edits in one paragraph.
fn bundled(actions: &[Action]) -> Action {
    let texts: Vec<&str> = actions.iter().map(|action| action.text.as_str()).collect();
    Action { text: texts.join(" "), ..actions[0].clone() }
}

fn written(question: &Question, simulator: &Simulator, seed: u64) -> Item {
    let item = question.item();
    match question.task {
        Task::Rewrite => simulator.rewrite(&item, &requested(&question.edits()), seed),
        Task::Decode => simulator.decode(&item, &question.items("neighbours"), &question.weights(), seed),
        _ => {
            let plot =
                format!("{} begins on a quiet morning, with a stranger who asks the way to the harbour.", item.title);
            let bare = Item { plot, ..item };
            let edits = simulator.propose(&bare, &Profile::default(), 4, seed);
            edits.iter().fold(bare, |item, action| simulator.rewrite(&item, action, seed))
        }
    }
}

fn requested(edits: &[String]) -> Action {
    let action = |text: &String| Action { text: text.clone(), category: Category::Plot, origin: Origin::Generic };
    match edits {
        [one] => action(one),
        several => Action::at_once(&several.iter().map(action).collect::<Vec<_>>()),
    }
}

fn actions(question: &Question, actions: &[Action]) -> String {
    let names = question.categories();
    let name = |category: Category| names[category as usize].as_str();
    if question.form == Form::Json {
        let listed = actions.iter().map(|action| json!({ "category": name(action.category), "action": action.text }));
        return json!({ "actions": listed.collect::<Vec<_>>() }).to_string();
    }
    let mut lines = Vec::new();
    let mut number = 0;
    for category in Category::ALL {
        let of_category: Vec<&Action> = actions.iter().filter(|action| action.category == category).collect();
        lines.extend((!of_category.is_empty()).then(|| format!("{}:", name(category))));
        for action in of_category {
            number += 1;
            lines.push(format!("{number}. {}", action.text));
        }
    }
    lines.push("END".into());
    lines.join("\n")
}

fn item(question: &Question, item: &Item) -> String {
    if question.form == Form::Json {
        return json!({ "text": item.plot, "likes": item.likes, "dislikes": item.dislikes }).to_string();
    }
    let reasons = |reasons: &[String]| reasons.iter().map(|reason| format!("- {reason}\n")).collect::<String>();
    let (label, plot) = (question.label(), &item.plot);
    let (likes, dislikes) = (reasons(&item.likes), reasons(&item.dislikes));
    format!("{label}: {plot}\nLIKES:\n{likes}DISLIKES:\n{dislikes}END")
}

/// Five sections from the genres and words of what was liked and what was not.
fn profile(question: &Question) -> String {
    let (liked, disliked) = (question.items("liked"), question.items("disliked"));
    let genres = |items: &[Item]| frequent(items.iter().flat_map(|item| item.genres.clone()));
    let telling = |items: &[Item]| frequent(items.iter().flat_map(|item| words(&item.plot)));
    let (loves, avoids) = (genres(&liked), genres(&disliked));
    let sections = [
        format!("What draws them in is {loves}. They lose patience with {avoids}."),
        format!("{loves} works for them, above all when it is mixed. {avoids} seldom does."),
        "They like a steady pace and scenes that take their time. Haste puts them off.".to_owned(),
        format!("They come back to stories of {}. They care less for {}.", telling(&liked), telling(&disliked)),
        "They want an ending that was earned. Cruelty for its own sake makes them leave.".to_owned(),
    ];
    let named = question.sections().into_iter().zip(sections);
    match question.form {
        Form::Json => Value::Object(named.map(|(name, text)| (name, json!(text))).collect()).to_string(),
        Form::Lines => named.map(|(name, text)| format!("{name}: {text}\n")).chain(["END".into()]).collect(),
    }
}

/// The three words that occur most often, in a phrase.
fn frequent(words: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    let mut ranked: Vec<(String, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most: Vec<String> = ranked.into_iter().take(3).map(|(word, _)| word).collect();
    if most.is_empty() { "nothing in particular".into() } else { most.join(" and ") }
}

/// Answers that fit each other, and that change sides when the items do.
fn ballot(question: &Question, seed: u64) -> String {
    let profile = question.profile();
    let opinions = ["A", "B"].map(|side| question.items(side).first().map(|item| Opinion::of(item, &profile, seed)));
    let [Some(a), Some(b)] = opinions else { return String::new() };
    let side = |first: bool| if first { "A" } else { "B" }.to_owned();
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let fits = side((a.rating, a.own) >= (b.rating, b.own));
    let answers = [
        fits.clone(),
        fits,
        a.rating.to_string(),
        b.rating.to_string(),
        a.difference(&b).to_string(),
        yes(a.own % 2 == 0),
        yes(b.own % 2 == 0),
        side((a.own % 2, b.own) <= (b.own % 2, a.own)),
        yes(a.own % 3 == 0),
        yes(b.own % 3 == 0),
        side(a.words.len() <= b.words.len()),
    ];
    let kinds = questions(&Domain::films()).map(|(kind, _)| kind);
    debug_assert!(kinds.iter().zip(&answers).all(|(kind, answer)| Kind::choices(*kind).contains(&answer.as_str())));
    let numbered = (1..).zip(answers);
    match question.form {
        Form::Json => Value::Object(numbered.map(|(n, answer)| (n.to_string(), json!(answer))).collect()).to_string(),
        Form::Lines => numbered.map(|(n, answer)| format!("{n}: {answer}\n")).chain(["END".into()]).collect(),
    }
}

/// What a judge thinks of one item.
struct Opinion {
    words: Vec<String>,
    /// From 1 to 5.
    rating: usize,
    /// Without the person in mind.
    own: u64,
}

impl Opinion {
    fn of(item: &Item, profile: &Profile, seed: u64) -> Self {
        let text = [&[item.plot.clone()][..], &item.likes, &item.dislikes].concat().join(" ");
        let words = words(&text);
        let shared = words.iter().filter(|word| profile.words.contains(word)).count();
        let own = number(&[&seed.to_le_bytes(), text.as_bytes()]);
        Opinion { rating: 1 + shared.min(2) + (own >> 8) as usize % 3, words, own }
    }

    /// From 1 for the same words to 5 for none in common.
    fn difference(&self, other: &Opinion) -> usize {
        let shared = self.words.iter().filter(|word| other.words.contains(word)).count();
        5 - 4 * shared / self.words.len().max(other.words.len()).max(1)
    }
}
