//! A toy world for machines: a text's vector counts its suns and rains, everyone loves sun and hates rain, and an edit
//! puts the words of its action into the plot.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use aquiline::action::{Action, Category, Origin};
use aquiline::agent::{Event, drive};
use aquiline::alignment::{Alignment, AlignmentSettings, fit};
use aquiline::catalog::Item;
use aquiline::error::Result;
use aquiline::latent::Latents;
use aquiline::objective::{Objective, State, fields};
use aquiline::policy::ReferencePolicy;
use aquiline::ratings::{Rating, Ratings};
use aquiline::rollout::transcript::{Exchange, Transcript};
use aquiline::rollout::{Choice, Effect, Machine, Reply, Rewrite, Trajectory};
use aquiline::safeguard::Verdict;
use aquiline::utility::{Person, Term, Utility};
use proptest::prelude::*;

pub fn vector(text: &str) -> [f32; 2] {
    ["sun", "rain"].map(|word| 0.1 * text.matches(word).count() as f32)
}

pub fn vectors(texts: &[String]) -> Latents {
    Latents::from_rows(2, texts.iter().map(|text| vector(text)))
}

pub fn item(plot: &str) -> Item {
    Item {
        id: "kites".to_owned(),
        title: "Kites".to_owned(),
        year: None,
        genres: Vec::new(),
        plot: plot.to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}

pub fn action(text: &str) -> Action {
    Action { text: text.to_owned(), category: Category::Visual, origin: Origin::Generic }
}

/// Up to three suns and three rains.
pub fn weathers() -> Vec<(usize, usize)> {
    (0..4).flat_map(|sun| (0..4).map(move |rain| (sun, rain))).collect()
}

pub fn plot((sun, rain): (usize, usize)) -> String {
    format!("{}{}", "sun ".repeat(sun), "rain ".repeat(rain))
}

/// The field vectors of one text for each weather.
pub fn field_vectors() -> Latents {
    Latents::from_rows(4, weathers().into_iter().map(|weather| [vector(&plot(weather)), vector("")].concat()))
}

/// What three users give to each weather.
pub fn ratings() -> Ratings {
    let rating = |user: u32, (place, (sun, rain)): (u32, (usize, usize))| Rating {
        user,
        item: place,
        value: 2.5 + (0.3 + 0.1 * user as f32) * sun as f32 - 0.4 * rain as f32,
    };
    let entries = (0..3).flat_map(|user| (0..).zip(weathers()).map(move |weather| rating(user, weather))).collect();
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect();
    Ratings::new(names(3), names(16), entries, (0.5, 5.0)).unwrap()
}

pub fn alignment() -> Alignment {
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
    fit(&ratings(), &field_vectors(), &settings).unwrap()
}

/// What a text is worth to the first user.
pub fn objective() -> Objective {
    static FITTED: LazyLock<Objective> = LazyLock::new(fitted);
    FITTED.clone()
}

fn fitted() -> Objective {
    let alignment = alignment();
    let (offset, vector) = alignment.user(0);
    let person = Person { offset: offset / 5.0, vector: vector.iter().map(|value| value / 5.0).collect() };
    let utility = Utility { terms: vec![(1.0, Term::Affinity(person))] };
    Objective { alignment: Arc::new(alignment), utility, top_rating: 5.0, caution: 0.0 }
}

/// Proposes rain, sun and wind, rewrites, places, chooses with a policy, shortlists the first, and allows every text.
pub fn answer(effect: &Effect, policy: ReferencePolicy) -> Result<Reply> {
    Ok(match effect {
        Effect::Propose { .. } => Reply::Actions(["rain", "sun", "wind"].map(action).to_vec()),
        Effect::Rewrite { item, actions, .. } => {
            Reply::Items(actions.iter().map(|action| edited(item, action)).collect())
        }
        Effect::Place { anchor, items } => Reply::States(placed(&objective(), anchor, items)?),
        Effect::Choose(choices) => policy.choose_gain(choices)?.map_or(Reply::Stop, Reply::Choice),
        Effect::Shortlist { count, .. } => Reply::Shortlist((0..*count).collect()),
        Effect::Review { .. } => Reply::Verdict(Verdict::allow()),
        Effect::Decode { .. } => unreachable!("neither an episode nor a search decodes"),
    })
}

/// Where texts lie in this world.
pub fn placed(objective: &Objective, anchor: &Item, items: &[Item]) -> Result<Vec<State>> {
    let texts: Vec<String> = items.iter().flat_map(fields).collect();
    objective.states_beside(&vector(&fields(anchor)[0]), items.to_vec(), &vectors(&texts))
}

/// A place of these coordinates for each item.
pub fn states_at(latent: &[f32], items: &[Item]) -> Reply {
    let state = |item: &Item| State {
        item: item.clone(),
        latent: latent.to_vec(),
        utility: 0.5,
        uncertainty: Some(0.1),
        affinity: 0.5,
        novelty: 0.0,
        identity: 1.0,
    };
    Reply::States(items.iter().map(state).collect())
}

pub fn edited(item: &Item, action: &Action) -> Item {
    Item { plot: format!("{} {}.", item.plot, action.text), ..item.clone() }
}

pub fn choice(index: usize) -> Reply {
    Reply::Choice(Choice { index, log_probability: 0.0, design: None })
}

/// Runs a machine with every effect answered by `answer`.
pub fn run<M: Machine>(start: (M, Effect), answer: impl Fn(&Effect) -> Result<Reply>) -> Result<Trajectory> {
    Ok(record(start, answer)?.0)
}

/// A run with everything that was asked and answered.
pub fn record<M: Machine>(
    start: (M, Effect),
    answer: impl Fn(&Effect) -> Result<Reply>,
) -> Result<(Trajectory, Transcript)> {
    let mut transcript = Transcript::default();
    let perform = async |effect: Effect| {
        let reply = answer(&effect)?;
        transcript.exchanges.push(Exchange { effect, reply: reply.clone() });
        Ok(reply)
    };
    let trajectory = pollster::block_on(drive(start, perform, async |_: Event<'_>| Ok(())))?;
    Ok((trajectory, transcript))
}

pub fn replay<M: Machine>(transcript: &Transcript, start: (M, Effect)) -> Result<Trajectory> {
    let mut replay = transcript.replay();
    pollster::block_on(drive(start, async |effect| replay.perform(&effect), async |_: Event<'_>| Ok(())))
}

/// One reply in place of the right one.
pub fn instead(at: usize, reply: Reply) -> impl Fn(&Effect) -> Option<Reply> {
    let seen = Cell::new(0);
    move |_| (seen.replace(seen.get() + 1) == at).then(|| reply.clone())
}

pub fn proposing(texts: &[&str]) -> impl Fn(&Effect) -> Option<Reply> {
    let actions: Vec<Action> = texts.iter().map(|text| action(text)).collect();
    move |effect| matches!(effect, Effect::Propose { .. }).then(|| Reply::Actions(actions.clone()))
}

pub fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Propose { .. } => "propose",
        Effect::Rewrite { .. } => "rewrite",
        Effect::Place { .. } => "place",
        Effect::Choose(_) => "choose",
        Effect::Shortlist { .. } => "shortlist",
        Effect::Decode { .. } => "decode",
        Effect::Review { .. } => "review",
    }
}

pub fn order(transcript: &Transcript) -> Vec<&'static str> {
    transcript.exchanges.iter().map(|exchange| name(&exchange.effect)).collect()
}

pub fn code(result: Result<Trajectory>) -> &'static str {
    result.unwrap_err().code()
}

fn rewrite(text: impl Strategy<Value = String>) -> impl Strategy<Value = Rewrite> {
    (text, any::<bool>()).prop_map(|(text, failed)| match failed {
        true => Rewrite::Failed(text),
        false => Rewrite::Written(item(&text)),
    })
}

pub fn any_reply() -> impl Strategy<Value = Reply> {
    let text = prop_oneof!["[a-z ]{0,6}", Just("sun".to_owned())];
    let number = prop_oneof![-2.0_f32..2.0, Just(f32::NAN), Just(f32::INFINITY), Just(f32::MAX)];
    let latent = proptest::collection::vec(number, 0..4);
    let states = (latent, proptest::collection::vec("[a-z ]{0,6}", 0..4))
        .prop_map(|(latent, texts)| states_at(&latent, &texts.iter().map(|text| item(text)).collect::<Vec<_>>()));
    prop_oneof![
        proptest::collection::vec(text.clone().prop_map(|text| action(&text)), 0..4).prop_map(Reply::Actions),
        proptest::collection::vec(text.clone().prop_map(|text| item(&text)), 0..4).prop_map(Reply::Items),
        proptest::collection::vec(rewrite(text), 0..4).prop_map(Reply::Rewrites),
        Just(Reply::Stop),
        Just(Reply::Spent("calls".to_owned())),
        states,
        (0_usize..5).prop_map(choice),
        proptest::collection::vec(0_usize..5, 0..4).prop_map(Reply::Shortlist),
        prop_oneof![Just(Verdict::allow()), Just(Verdict::refuse("Because."))].prop_map(Reply::Verdict),
    ]
}
