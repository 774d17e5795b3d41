//! Sparse ratings of items by users, and seeded ways to hold some of them out.

use std::collections::{HashMap, HashSet};

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::catalog::{Catalog, csv_error, malformed};
use crate::error::{DataError, NumericError, Result};

/// One observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Index of the user.
    pub user: u32,
    /// Index of the item.
    pub item: u32,
    /// The rating, on the data set's scale.
    pub value: f32,
}

/// Sparse ratings: users × items, ordered by user and item, no pair twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    users: Vec<String>,
    items: Vec<String>,
    entries: Vec<Rating>,
    lowest: f32,
    highest: f32,
}

/// A part to fit on and a part to test on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What may be seen.
    pub train: Ratings,
    /// What was held out.
    pub test: Ratings,
}

/// Beyond that single precision says no more about differences.
const LARGEST_RATING: f32 = 1e6;

/// Ratings for a reward, and ratings that it never sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// What the reward is fitted to.
    pub reward: Ratings,
    /// All ratings of other users.
    pub jury: Ratings,
    /// Ratings of the reward's users that the reward does not see.
    pub withheld: Ratings,
}

impl Ratings {
    /// Collects observations given by index. Where a pair occurs twice, the last one counts.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a scale that is none: two finite numbers, the higher one above 0 and above the
    /// other. [`DataError::Empty`] without any entry; [`DataError::RatingOutOfRange`] for a value that is
    /// not a number on the scale; [`DataError::UnknownUser`] or [`DataError::UnknownItem`] for an index out of range.
    pub fn new(users: Vec<String>, items: Vec<String>, entries: Vec<Rating>, scale: (f32, f32)) -> Result<Self> {
        let (lowest, highest) = check_scale(scale)?;
        for (line, rating) in (1..).zip(&entries) {
            check_value(rating.value, line, scale)?;
            if rating.user as usize >= users.len() {
                return Err(DataError::UnknownUser { id: rating.user.to_string() }.into());
            }
            if rating.item as usize >= items.len() {
                return Err(DataError::UnknownItem { id: rating.item.to_string() }.into());
            }
        }
        if entries.is_empty() {
            return Err(DataError::Empty { what: "the set of ratings" }.into());
        }
        Ok(Ratings { users, items, entries: ordered(entries), lowest, highest })
    }

    /// Reads `userId,movieId,rating[,…]`, columns found by header name; `scale` is the lowest and
    /// the highest rating there may be. `file` is only used in messages.
    ///
    /// ```
    /// use aquiline::ratings::Ratings;
    /// let csv = b"userId,movieId,rating\n7,42,4.5\n";
    /// let ratings = Ratings::from_movielens_csv(csv, "ratings.csv", (0.5, 5.0))?;
    /// assert_eq!(ratings.len(), 1);
    /// # Ok::<(), aquiline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ratings::new`], and [`DataError::Malformed`] with file and line.
    pub fn from_movielens_csv(bytes: &[u8], file: &str, scale: (f32, f32)) -> Result<Self> {
        check_scale(scale)?;
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let headers = reader.headers().map_err(|e| csv_error(file, &e))?.clone();
        let required = |name: &str| {
            let found = headers.iter().position(|header| header == name);
            found.ok_or_else(|| malformed(file, 1, format!("the header has no column {name:?}")))
        };
        let (user, item, value) = (required("userId")?, required("movieId")?, required("rating")?);

        let (mut users, mut items, mut entries) = (Names::default(), Names::default(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(|e| csv_error(file, &e))?;
            let line = record.position().map_or(0, |position| position.line());
            let parsed = record[value].parse::<f32>().ok().filter(|value| (scale.0..=scale.1).contains(value));
            let value = parsed.ok_or_else(|| out_of_range(file, line, &record[value], scale))?;
            entries.push(Rating { user: users.number(&record[user]), item: items.number(&record[item]), value });
        }
        Ratings::new(users.names, items.names, entries, scale)
    }

    /// Collects observations given as (user id, item id, value).
    ///
    /// # Errors
    /// As [`Ratings::new`].
    pub fn from_ids(observations: &[(String, String, f32)], scale: (f32, f32)) -> Result<Self> {
        let (mut users, mut items) = (Names::default(), Names::default());
        let number = |(user, item, value): &(String, String, f32)| Rating {
            user: users.number(user),
            item: items.number(item),
            value: *value,
        };
        let entries = observations.iter().map(number).collect();
        Ratings::new(users.names, items.names, entries, scale)
    }

    /// The same ratings with items numbered as in `catalog`; ratings of other items are left out.
    ///
    /// # Errors
    /// [`DataError::Empty`] when none remains.
    pub fn for_catalog(&self, catalog: &Catalog) -> Result<Self> {
        let place: Vec<Option<u32>> = self.items.iter().map(|id| catalog.index_of(id).ok().map(|i| i as u32)).collect();
        let kept =
            self.entries.iter().filter_map(|rating| place[rating.item as usize].map(|item| Rating { item, ..*rating }));
        let ids = catalog.items().iter().map(|item| item.id.clone()).collect();
        Ratings::new(self.users.clone(), ids, kept.collect(), self.scale())
    }

    /// Nobody's ratings of these items: what there is where their places are known otherwise.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a scale that is none.
    pub fn none(items: Vec<String>, scale: (f32, f32)) -> Result<Self> {
        let (lowest, highest) = check_scale(scale)?;
        Ok(Ratings { users: Vec::new(), items, entries: Vec::new(), lowest, highest })
    }

    /// The same ratings with users numbered as in `users`; ratings by others are left out, if need be all.
    pub fn for_users(&self, users: Vec<String>) -> Self {
        let number: HashMap<&str, u32> = (0..).zip(&users).map(|(number, id)| (id.as_str(), number)).collect();
        let place: Vec<Option<u32>> = self.users.iter().map(|id| number.get(id.as_str()).copied()).collect();
        let kept =
            self.entries.iter().filter_map(|rating| place[rating.user as usize].map(|user| Rating { user, ..*rating }));
        let entries = ordered(kept.collect());
        Ratings { users, entries, items: self.items.clone(), ..*self }
    }

    /// Gives a user, known or new, these ratings instead of all others of theirs, as (item index, value), by item, each
    /// item once and on the scale. Returns the user's index.
    pub(crate) fn set_user(&mut self, id: &str, rated: &[(usize, f32)]) -> usize {
        let user = self.user_index(id).unwrap_or_else(|_| {
            self.users.push(id.to_owned());
            self.users.len() - 1
        });
        let number = user as u32;
        let start = self.entries.partition_point(|rating| rating.user < number);
        let end = self.entries.partition_point(|rating| rating.user <= number);
        let new = rated.iter().map(|&(item, value)| Rating { user: number, item: item as u32, value });
        self.entries.splice(start..end, new);
        user
    }

    /// All observations, by user, then by item.
    pub fn entries(&self) -> &[Rating] {
        &self.entries
    }

    /// Ids of the users; the position is the user's index.
    pub fn users(&self) -> &[String] {
        &self.users
    }

    /// Ids of the items; the position is the item's index.
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no observation.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Lowest and highest rating of the scale.
    pub fn scale(&self) -> (f32, f32) {
        (self.lowest, self.highest)
    }

    /// Index of a user.
    ///
    /// # Errors
    /// [`DataError::UnknownUser`].
    pub fn user_index(&self, id: &str) -> Result<usize> {
        let found = self.users.iter().position(|user| user == id);
        Ok(found.ok_or_else(|| DataError::UnknownUser { id: id.to_owned() })?)
    }

    /// Each user's observations.
    pub fn by_user(&self) -> Vec<&[Rating]> {
        let mut groups = vec![&self.entries[..0]; self.users.len()];
        for group in self.entries.chunk_by(|a, b| a.user == b.user) {
            groups[group[0].user as usize] = group;
        }
        groups
    }

    /// Each item's observations.
    pub fn by_item(&self) -> Vec<Vec<Rating>> {
        let mut groups = vec![Vec::new(); self.items.len()];
        for &rating in &self.entries {
            groups[rating.item as usize].push(rating);
        }
        groups
    }

    /// Mean of all ratings.
    pub fn mean(&self) -> f32 {
        (self.entries.iter().map(|rating| f64::from(rating.value)).sum::<f64>() / self.len().max(1) as f64) as f32
    }

    /// Holds out a random share of the observations (a *warm* split).
    pub fn split_ratings(&self, share: f64, seed: u64) -> Split {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut held_out = vec![false; self.len()];
        order.iter().take((share * self.len() as f64) as usize).for_each(|&index| held_out[index] = true);
        let mut position = 0..;
        self.split_by(|_| position.next().is_some_and(|index| held_out[index]))
    }

    /// Holds out all observations of a random share of `eligible` items (a *cold* split). Numbers that are no item's
    /// count for the share and hold out nothing.
    pub fn split_items(&self, eligible: &[usize], share: f64, seed: u64) -> Split {
        let mut order = eligible.to_vec();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        order.truncate((share * eligible.len() as f64) as usize);
        let mut held_out = vec![false; self.items.len()];
        order.iter().filter(|&&item| item < self.items.len()).for_each(|&item| held_out[item] = true);
        self.split_by(|rating| held_out[rating.item as usize])
    }

    /// Divides the ratings between a reward and its judge: a random share of the users goes to the jury with all their
    /// ratings, and of everyone else's a random share is withheld from the reward.
    pub fn divide(&self, jury: f64, withheld: f64, seed: u64) -> Division {
        let mut order: Vec<u32> = (0..self.users.len() as u32).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        order.truncate((jury * self.users.len() as f64) as usize);
        let jurors: HashSet<u32> = order.into_iter().collect();
        let Split { test: jury, train: steered } = self.split_by(|rating| jurors.contains(&rating.user));
        let Split { test: withheld, train: reward } = steered.split_ratings(withheld, seed);
        Division { reward, jury, withheld }
    }

    fn split_by(&self, mut is_held_out: impl FnMut(&Rating) -> bool) -> Split {
        let (test, train) = self.entries.iter().partition(|rating| is_held_out(rating));
        let part = |entries| Ratings { entries, ..self.without_entries() };
        Split { train: part(train), test: part(test) }
    }

    fn without_entries(&self) -> Ratings {
        Ratings { users: self.users.clone(), items: self.items.clone(), entries: Vec::new(), ..*self }
    }
}

#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

fn ordered(mut entries: Vec<Rating>) -> Vec<Rating> {
    crate::order::sort_by_key(&mut entries, |rating| (rating.user, rating.item));
    entries.reverse();
    entries.dedup_by_key(|rating| (rating.user, rating.item));
    entries.reverse();
    entries
}

/// A scale, if ratings on it can be compared and read as shares of the highest one.
fn check_scale((lowest, highest): (f32, f32)) -> Result<(f32, f32)> {
    let is_usable = |value: f32| value.is_finite() && value.abs() <= LARGEST_RATING;
    if is_usable(lowest) && is_usable(highest) && lowest < highest && highest > 0.0 {
        return Ok((lowest, highest));
    }
    let why = "give the lowest and the highest rating there can be: two numbers up to a million, the highest above 0";
    Err(NumericError::BadSetting { what: "scale", why }.into())
}

/// Whether a rating is a number on the scale; `line` is for the message.
pub(crate) fn check_value(value: f32, line: u64, scale: (f32, f32)) -> Result<()> {
    if (scale.0..=scale.1).contains(&value) {
        return Ok(());
    }
    Err(out_of_range("ratings", line, &value.to_string(), scale).into())
}

fn out_of_range(file: &str, line: u64, value: &str, (lowest, highest): (f32, f32)) -> DataError {
    let value = value.chars().take(20).collect();
    DataError::RatingOutOfRange { file: file.to_owned(), line, value, lowest, highest }
}
