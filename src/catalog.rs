//! The existing items: things with a text.
//!
//! Two readers, both of untrusted bytes: MovieLens-format csv (`movies.csv` with an `overview`
//! column) and jsonl, one [`Item`] a line. A line that cannot be read is an error that names its
//! file and line; an item without text is kept aside, because it has no place in the latent space.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::error::{DataError, Result};

/// A thing with a text: what a rollout rewrites.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// Unique within its catalog.
    pub id: String,
    /// What people call it. Never changed by a rewrite.
    pub title: String,
    /// Year of release, where known.
    #[serde(default)]
    pub year: Option<u16>,
    /// Genres, in the order given.
    #[serde(default)]
    pub genres: Vec<String>,
    /// What happens in it.
    pub plot: String,
    /// Reasons to like it.
    #[serde(default)]
    pub likes: Vec<String>,
    /// Reasons to dislike it.
    #[serde(default)]
    pub dislikes: Vec<String>,
}

/// All existing items that have a text, in file order.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    items: Vec<Item>,
    index: HashMap<String, usize>,
    without_text: BTreeSet<String>,
}

impl Catalog {
    /// Collects items; those whose plot is blank are kept aside.
    ///
    /// # Errors
    /// [`DataError::Empty`] when no item has a text, [`DataError::Malformed`] when an id occurs
    /// twice (the "line" is then the item's position).
    pub fn new(items: impl IntoIterator<Item = Item>) -> Result<Self> {
        let mut catalog = Catalog::empty();
        for (position, item) in items.into_iter().enumerate() {
            catalog.push(item, "catalog", position as u64 + 1)?;
        }
        catalog.checked()
    }

    /// Reads one JSON object a line; unknown keys are ignored, blank lines skipped.
    ///
    /// `file` is only used in messages.
    ///
    /// ```
    /// use aquiline::catalog::Catalog;
    /// let line = r#"{"id":"kites","title":"Kites","plot":"Two sisters build kites for a storm."}"#;
    /// let catalog = Catalog::from_jsonl(line.as_bytes(), "my.jsonl")?;
    /// assert_eq!(catalog.items()[0].title, "Kites");
    /// # Ok::<(), aquiline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Catalog::new`], and [`DataError::Malformed`] for a line that is no item.
    pub fn from_jsonl(bytes: &[u8], file: &str) -> Result<Self> {
        let mut catalog = Catalog::empty();
        for (line, bytes) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let item = serde_json::from_slice(bytes).map_err(|e| malformed(file, line, e.to_string()))?;
            catalog.push(item, file, line)?;
        }
        catalog.checked()
    }

    /// Reads a MovieLens-format `movies.csv`: `movieId,title,year,genres,…,overview,…`, found by
    /// header name. A title that ends in "(1999)" gives the year where there is no such column.
    ///
    /// # Errors
    /// As [`Catalog::from_jsonl`]; non-UTF-8 lines and missing columns are malformed.
    pub fn from_movielens_csv(bytes: &[u8], file: &str) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let headers = reader.headers().map_err(|e| csv_error(file, &e))?.clone();
        let column = |name: &str| headers.iter().position(|header| header == name);
        let required =
            |name: &str| column(name).ok_or_else(|| malformed(file, 1, format!("the header has no column {name:?}")));
        let (id, title, genres) = (required("movieId")?, required("title")?, required("genres")?);
        let (overview, year) = (required("overview")?, column("year"));

        let mut catalog = Catalog::empty();
        for record in reader.records() {
            let record = record.map_err(|e| csv_error(file, &e))?;
            let line = record.position().map_or(0, |position| position.line());
            let (title, year_in_title) = split_year(&record[title]);
            let item = Item {
                id: record[id].to_owned(),
                title: title.to_owned(),
                year: year.and_then(|column| record[column].parse().ok()).or(year_in_title),
                genres: record[genres].split('|').filter(|genre| is_genre(genre)).map(str::to_owned).collect(),
                plot: record[overview].trim().to_owned(),
                likes: Vec::new(),
                dislikes: Vec::new(),
            };
            catalog.push(item, file, line)?;
        }
        catalog.checked()
    }

    /// The items, in file order. Indices into this slice are the item indices used everywhere.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Number of items with a text.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Always false: an empty catalog cannot be made.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Ids of the items that were read but have no text.
    pub fn without_text(&self) -> &BTreeSet<String> {
        &self.without_text
    }

    /// Index of the item with this id.
    ///
    /// # Errors
    /// [`DataError::NoText`] when the item exists but cannot be steered,
    /// [`DataError::UnknownItem`] when it does not exist.
    pub fn index_of(&self, id: &str) -> Result<usize> {
        if let Some(&index) = self.index.get(id) {
            return Ok(index);
        }
        let id = id.to_owned();
        Err(if self.without_text.contains(&id) { DataError::NoText { id } } else { DataError::UnknownItem { id } }
            .into())
    }

    fn empty() -> Self {
        Catalog { items: Vec::new(), index: HashMap::new(), without_text: BTreeSet::new() }
    }

    fn push(&mut self, item: Item, file: &str, line: u64) -> Result<()> {
        if self.index.contains_key(&item.id) || self.without_text.contains(&item.id) {
            return Err(malformed(file, line, format!("the id {:?} occurs twice", item.id)).into());
        }
        if item.plot.trim().is_empty() {
            self.without_text.insert(item.id);
            return Ok(());
        }
        self.index.insert(item.id.clone(), self.items.len());
        self.items.push(item);
        Ok(())
    }

    fn checked(self) -> Result<Self> {
        if self.items.is_empty() { Err(DataError::Empty { what: "the catalog" }.into()) } else { Ok(self) }
    }
}

/// The sentences of a text: it is split at the end marks that are followed by a space and a capital or a quote.
pub(crate) fn sentences(plot: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, mark) in plot.match_indices(['.', '!', '?']) {
        let rest = &plot[at + mark.len()..];
        let next = rest.strip_prefix(' ').and_then(|rest| rest.chars().next());
        if next.is_some_and(|c| c.is_uppercase() || matches!(c, '"' | '“' | '‘')) && at - start > 12 {
            sentences.push(plot[start..at + mark.len()].trim().to_owned());
            start = at + mark.len() + 1;
        }
    }
    sentences.push(plot[start..].trim().to_owned());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

pub(crate) fn malformed(file: &str, line: u64, why: impl Into<String>) -> DataError {
    DataError::Malformed { file: file.to_owned(), line, why: why.into() }
}

pub(crate) fn csv_error(file: &str, error: &csv::Error) -> DataError {
    let line = error.position().map_or(0, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not valid UTF-8; save the file as UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        _ => error.to_string(),
    };
    malformed(file, line, why)
}

fn is_genre(name: &str) -> bool {
    !name.is_empty() && name != "(no genres listed)"
}

fn split_year(title: &str) -> (&str, Option<u16>) {
    let title = title.trim();
    let year = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    // "Babe (2)" is the second of two, not of the year 2.
    match year.filter(|(_, digits)| digits.len() == 4).and_then(|(name, digits)| Some((name, digits.parse().ok()?))) {
        Some((name, year)) => (name, Some(year)),
        None => (title, None),
    }
}
