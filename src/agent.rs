//! The agent: a fitted world, and the loop that drives episodes and searches through it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alignment::Alignment;
use crate::catalog::{Catalog, Item};
use crate::error::{DataError, Error, LlmError, Result};
use crate::latent::Latents;
use crate::objective::{Objective, State};
use crate::profile::{Passage, Profile};
use crate::prompt::Rated;
use crate::ratings::{Rating, Ratings};
use crate::rollout::{Effect, Ended, Machine, Next, Outcome, Reply, Rollout, RolloutSettings, Step, Trajectory};
use crate::search::{Search, SearchSettings};
use crate::utility::{NEAREST, Person, Term, Utility};

/// Novelty's standard deviation over the items, as a share of affinity's: paper §12, row 8.
const NOVELTY_SHARE: f32 = 0.2;

/// Novelty's standard deviation over the items is taken for at least this share of the most novelty there can be. Where
/// all items are as far from each other as any, it says nothing about what novelty is worth.
const LEAST_NOVELTY_SPREAD: f32 = 0.05;

/// A catalog, its ratings, and where everything lies in Z.
#[derive(Debug)]
pub struct Agent {
    catalog: Catalog,
    ratings: Ratings,
    alignment: Arc<Alignment>,
    items: Arc<Latents>,
    map_axes: Latents,
    /// Distance beyond which more distance is no more novel.
    novelty_cap: f32,
    /// Standard deviation of novelty over the items.
    novelty_spread: f32,
    /// What a language model wrote about users, by index.
    written: BTreeMap<usize, Vec<Passage>>,
}

/// What a driver is told between effects.
#[derive(Debug)]
pub enum Event<'a> {
    /// The anchor has been placed.
    Anchor(&'a State),
    /// A step has been taken.
    Step(usize, &'a Step),
}

impl Agent {
    /// Places every item of a catalog with a fitted alignment.
    ///
    /// `ratings` are numbered as the catalog's items; `fields` has one row of field vectors for each item.
    ///
    /// # Errors
    /// [`crate::error::NumericError::WrongSize`] for rows of another width than the alignment's.
    pub fn new(catalog: Catalog, ratings: Ratings, fields: &Latents, alignment: Alignment) -> Result<Self> {
        let items = alignment.place_all(fields)?;
        let nearest: Vec<Vec<f32>> = sample(items.len()).map(|item| distances_to_others(&items, item)).collect();
        Ok(Agent {
            novelty_cap: 2.0 * median(nearest.iter().filter_map(|near| near.last().copied())),
            novelty_spread: spread(nearest.iter().map(|near| near.iter().sum())),
            map_axes: content_axes(&items),
            alignment: Arc::new(alignment),
            items: Arc::new(items),
            catalog,
            ratings,
            written: BTreeMap::new(),
        })
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The ratings, numbered as the catalog's items.
    pub fn ratings(&self) -> &Ratings {
        &self.ratings
    }

    /// The fitted alignment.
    pub fn alignment(&self) -> &Alignment {
        &self.alignment
    }

    /// Every item's place in Z.
    pub fn items(&self) -> &Latents {
        &self.items
    }

    /// Position on the two-dimensional map: the two directions in which items vary most.
    pub fn map_place(&self, latent: &[f32]) -> [f32; 2] {
        let along = |axis: usize| crate::latent::dot(self.map_axes.row(axis), latent);
        [along(0), along(1)]
    }

    /// A user as the utility sees them: ratings as a share of the top rating.
    pub fn person(&self, user: usize) -> Person {
        let top = self.top_rating();
        let (offset, vector) = self.alignment.user(user);
        Person { offset: offset / top, vector: vector.iter().map(|value| value / top).collect() }
    }

    /// Whoever rates everything as these users do on average: ratings are linear, so their vectors average too, and a
    /// large group is asked as quickly as one user.
    fn mean_person<T: AsRef<str>>(&self, users: &[T]) -> Result<Person> {
        let share = 1.0 / users.len() as f32;
        let mut mean = Person { offset: 0.0, vector: vec![0.0; self.items.dimensions()] };
        for user in users {
            let person = self.person(self.ratings.user_index(user.as_ref())?);
            mean.offset += share * person.offset;
            mean.vector.iter_mut().zip(&person.vector).for_each(|(mean, value)| *mean += share * value);
        }
        Ok(mean)
    }

    /// What is known of a user's tastes in words.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`].
    pub fn profile(&self, user: &str) -> Result<Profile> {
        let user = self.ratings.user_index(user)?;
        let written = self.written.get(&user).cloned().unwrap_or_default();
        Ok(Profile { written, ..Profile::of(user, &self.ratings, &self.catalog) })
    }

    /// Takes over what was written about a user; nothing to go back to what their ratings say.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`].
    pub fn set_written(&mut self, user: &str, passages: Vec<Passage>) -> Result<()> {
        self.written.insert(self.ratings.user_index(user)?, passages);
        Ok(())
    }

    /// What a user rated, less their mean, most telling first.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`].
    pub fn rated(&self, user: &str) -> Result<Vec<Rated<'_>>> {
        let ratings = self.ratings.by_user()[self.ratings.user_index(user)?];
        let mean = ratings.iter().map(|rating| rating.value).sum::<f32>() / ratings.len().max(1) as f32;
        let rated =
            |rating: &Rating| Rated { item: &self.catalog.items()[rating.item as usize], liking: rating.value - mean };
        let mut rated: Vec<Rated<'_>> = ratings.iter().map(rated).collect();
        crate::order::sort_by(&mut rated, |one, other| other.liking.abs().total_cmp(&one.liking.abs()));
        Ok(rated)
    }

    /// What was written about users, by id.
    pub fn written(&self) -> impl Iterator<Item = (&str, &[Passage])> {
        self.written.iter().map(|(&user, passages)| (self.ratings.users()[user].as_str(), passages.as_slice()))
    }

    /// Takes in a person by ratings of their own, as (item id, value), with all else fixed: no fit runs, and nobody
    /// else's predictions change. Who is known by this id already is described by these ratings instead. Of two ratings
    /// of one item the last counts.
    ///
    /// # Errors
    /// [`DataError::Empty`] without ratings or without an id, [`DataError::UnknownItem`], and
    /// [`DataError::RatingOutOfRange`].
    pub fn fold_in(&mut self, user: &str, ratings: &[(String, f32)]) -> Result<()> {
        let rated = self.check_fold_in(user, ratings)?;
        let folded = self.alignment.fold_in(&rated, &self.items)?;
        let index = self.ratings.set_user(user, &rated);
        Arc::make_mut(&mut self.alignment).set_user(index, &folded);
        self.written.remove(&index);
        Ok(())
    }

    /// The ratings by index of their item; of two of one item the last.
    pub(crate) fn check_fold_in(&self, user: &str, ratings: &[(String, f32)]) -> Result<Vec<(usize, f32)>> {
        if user.is_empty() || ratings.is_empty() {
            let what = if user.is_empty() { "the person's id" } else { "the list of their ratings" };
            return Err(DataError::Empty { what }.into());
        }
        let mut rated = BTreeMap::new();
        for (line, (item, value)) in (1..).zip(ratings) {
            crate::ratings::check_value(*value, line, self.ratings.scale())?;
            rated.insert(self.catalog.index_of(item)?, *value);
        }
        Ok(rated.into_iter().collect())
    }

    /// The content-gap utility of one user or of the mean of a group, with novelty weighing a fifth of affinity's
    /// spread. Predicted ratings are held to the scale, and otherwise taken as they are; see [`Objective::with_caution`].
    ///
    /// # Errors
    /// [`DataError::Empty`] for a group of nobody, [`DataError::UnknownUser`].
    pub fn objective<T: AsRef<str>>(&self, users: &[T]) -> Result<Objective> {
        if users.is_empty() {
            return Err(DataError::Empty { what: "the group of users" }.into());
        }
        let (lowest, highest) = self.ratings.scale();
        let rating = Term::Rating { person: self.mean_person(users)?, scale: (lowest / highest, 1.0) };
        let demand = Utility { terms: vec![(1.0, rating)] };
        let affinity_spread = spread(self.items.rows().map(|row| demand.value(row)));
        let weight = NOVELTY_SHARE * affinity_spread * self.per_novelty();
        let novelty = Term::Novelty { items: self.items.clone(), cap: self.novelty_cap };
        let utility = Utility { terms: [demand.terms, vec![(weight, novelty)]].concat() };
        Ok(Objective { alignment: self.alignment.clone(), utility, top_rating: self.top_rating(), caution: 0.0 })
    }

    /// One over the spread of novelty; 0 where all items lie at one point, so that nothing is novel.
    fn per_novelty(&self) -> f32 {
        let most = NEAREST as f32 * self.novelty_cap;
        let spread = self.novelty_spread.max(LEAST_NOVELTY_SPREAD * most);
        if spread > 0.0 { 1.0 / spread } else { 0.0 }
    }

    /// Starts an episode for a user at an item, both by id.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`], [`DataError::UnknownItem`], [`DataError::NoText`], and as [`Rollout::start`].
    pub fn rollout(&self, user: &str, item: &str, settings: RolloutSettings) -> Result<(Rollout, Effect)> {
        let (anchor, profile) = self.request(user, item)?;
        Rollout::start(anchor, profile, settings)
    }

    /// Starts a search for a user from an item, both by id.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`], [`DataError::UnknownItem`], [`DataError::NoText`], and as [`Search::start`].
    pub fn search(&self, user: &str, item: &str, settings: SearchSettings) -> Result<(Search, Effect)> {
        let (anchor, profile) = self.request(user, item)?;
        Search::start(anchor, profile, settings)
    }

    /// The item a user is predicted to like least among those they rated low (at most
    /// `at_most` of the top rating), which is where steering has most to do.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`]; [`DataError::Empty`] when the user rated nothing that low.
    pub fn low_rated(&self, user: &str, at_most: f32) -> Result<&Item> {
        let user = self.ratings.user_index(user)?;
        let low = self.ratings.by_user()[user].iter().filter(|rating| rating.value <= at_most * self.top_rating());
        let predicted = |item: u32| self.alignment.predict(user, self.items.row(item as usize));
        let lowest = low.map(|rating| rating.item).min_by(|&a, &b| predicted(a).total_cmp(&predicted(b)));
        let lowest = lowest.ok_or(DataError::Empty { what: "the user's list of low-rated items" })?;
        Ok(&self.catalog.items()[lowest as usize])
    }

    /// Where to start, and for whom.
    fn request(&self, user: &str, item: &str) -> Result<(Item, Profile)> {
        let profile = self.profile(user)?;
        Ok((self.catalog.items()[self.catalog.index_of(item)?].clone(), profile))
    }

    fn top_rating(&self) -> f32 {
        self.ratings.scale().1
    }
}

/// Runs a machine to its end: asks `perform` for every reply and tells `observe` what happened.
///
/// The browser, the command line and the tests differ only in `perform`. The steps of a search are all told at its
/// end: only then does it know its way.
///
/// # Errors
/// Whatever `perform` or `observe` returns, and as [`Machine::resume`].
pub async fn drive<M: Machine>(
    start: (M, Effect),
    perform: impl AsyncFnMut(Effect) -> Result<Reply>,
    observe: impl AsyncFnMut(Event<'_>) -> Result<()>,
) -> Result<Trajectory> {
    match drive_within_budget(start, perform, observe).await? {
        (_, Some(spent)) => Err(spent),
        (trajectory, None) => Ok(trajectory),
    }
}

/// Runs a machine to its end or to that of a language model's budget: [`Reply::Spent`] ends it with the steps it has, once
/// its anchor is placed. Returns the trajectory, and the budget's error where that ended the run.
///
/// # Errors
/// Those of [`drive`]; the budget's error where the anchor is not placed yet.
pub(crate) async fn drive_within_budget<M: Machine>(
    start: (M, Effect),
    mut perform: impl AsyncFnMut(Effect) -> Result<Reply>,
    mut observe: impl AsyncFnMut(Event<'_>) -> Result<()>,
) -> Result<(Trajectory, Option<Error>)> {
    let (mut machine, mut effect) = start;
    loop {
        let (had_anchor, steps) = (machine.anchor().is_some(), machine.steps().len());
        let reply = perform(effect).await?;
        if let Reply::Spent(limit) = reply {
            let spent = Error::from(LlmError::spent(&limit));
            return machine.end_early(Ended::Budget).map(|trajectory| (trajectory, Some(spent.clone()))).ok_or(spent);
        }
        let next = machine.resume(reply)?;
        let (anchor, taken) = match &next {
            Next::Need(machine, _) => (machine.anchor(), machine.steps()),
            Next::Done(trajectory) => (Some(&trajectory.anchor), trajectory.steps.as_slice()),
        };
        if let (Some(anchor), false) = (anchor, had_anchor) {
            observe(Event::Anchor(anchor)).await?;
        }
        for (index, step) in taken.iter().enumerate().skip(steps) {
            observe(Event::Step(index, step)).await?;
        }
        match next {
            Next::Need(next, asked) => (machine, effect) = (*next, asked),
            Next::Done(trajectory) => return Ok((trajectory, None)),
        }
    }
}

/// The trajectory whose text that counts is best, of those that no reviewer refused; the first of equals, and of refused
/// ones.
pub fn best_of(trajectories: Vec<Trajectory>) -> Option<Trajectory> {
    let worth = |run: &Trajectory| match run.counts {
        _ if run.is_refused() => f32::NEG_INFINITY,
        Outcome::Best => run.outcome().utility,
        Outcome::Last => run.last().utility,
    };
    let better = |best: Trajectory, other: Trajectory| if worth(&other) > worth(&best) { other } else { best };
    trajectories.into_iter().reduce(better)
}

/// At most a few hundred items, evenly spaced: enough to measure typical distances.
fn sample(items: usize) -> impl Iterator<Item = usize> {
    (0..items).step_by(items.div_ceil(400).max(1))
}

fn distances_to_others(items: &Latents, item: usize) -> Vec<f32> {
    let near = items.nearest(items.row(item), NEAREST + 1);
    near.into_iter().filter(|near| near.index != item).take(NEAREST).map(|near| near.distance).collect()
}

/// The map shows content, so the bias coordinate plays no part in choosing its axes.
fn content_axes(items: &Latents) -> Latents {
    let bias = items.dimensions() - 1;
    let content = items.rows().map(|row| [&row[..bias], &[0.0]].concat());
    Latents::from_rows(items.dimensions(), content).principal_axes(2)
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    crate::order::sort_numbers(&mut values);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn spread(values: impl Iterator<Item = f32>) -> f32 {
    let values: Vec<f32> = values.collect();
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count).sqrt()
}
