//! Which items and ratings: the embedded films, a MovieLens-format folder, or files of one's own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use aquiline::catalog::Catalog;
use aquiline::experiment::HiddenTastes;
use aquiline::factorization::FactorsById;
use aquiline::prompt::Domain;
use aquiline::ratings::Ratings;
use aquiline::session::Dataset;

use crate::claims::{Role, claim};
use crate::failure::{Failure, Outcome};
use crate::space;

/// The films that the library comes with.
const EMBEDDED: &[u8] = include_bytes!("../../../data/catalog.jsonl");
/// MovieLens rates from half a star to five.
const MOVIELENS_SCALE: (f32, f32) = (0.5, 5.0);

/// Items, ratings, and what all commands share. Without any of them: the embedded films with simulated viewers.
#[derive(Debug, Clone, clap::Args)]
pub struct DataArguments {
    /// Your items, one JSON object a line: id, title, plot, and year, genres where known
    #[arg(long, value_name = "FILE.jsonl", help_heading = "Data")]
    catalog: Option<PathBuf>,
    /// Their ratings: a csv file with the columns userId, movieId and rating
    #[arg(long, value_name = "FILE.csv", requires = "catalog", help_heading = "Data")]
    ratings: Option<PathBuf>,
    /// Lowest and highest rating there can be [default: 0.5 5]
    #[arg(
        long,
        num_args = 2,
        value_names = ["LOWEST", "HIGHEST"],
        allow_negative_numbers = true,
        requires = "catalog",
        help_heading = "Data"
    )]
    scale: Option<Vec<f32>>,
    /// A MovieLens-format folder with movies.csv (with an overview column) and ratings.csv, or both as .csv.gz
    #[arg(long, value_name = "DIR", conflicts_with = "catalog", help_heading = "Data")]
    data: Option<PathBuf>,
    /// Vectors of items and users, as factorize writes them with --out: the space to work in. Ratings then only measure
    #[arg(long, value_name = "FILE.jsonl", help_heading = "Data")]
    space: Option<PathBuf>,
    /// Seeds everything that is drawn
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl DataArguments {
    /// Reads items and ratings.
    pub fn read(&self) -> Outcome<Dataset> {
        match self.space {
            Some(_) => Err(Failure::bad_input("this command learns from ratings: leave --space out")),
            None => self.dataset(),
        }
    }

    /// Reads items, ratings and the space, as far as they were named.
    pub fn with_space(&self) -> Outcome<(Dataset, Option<FactorsById>)> {
        let space = self.space.as_deref().map(space::from_jsonl).transpose()?;
        Ok((self.dataset()?, space))
    }

    fn dataset(&self) -> Outcome<Dataset> {
        match (&self.catalog, &self.ratings, &self.data) {
            (Some(catalog), ratings, _) => {
                let items = Catalog::from_jsonl(&read(catalog)?, &catalog.to_string_lossy())?;
                match ratings {
                    Some(ratings) => rated(items, ratings, self.scale()?),
                    None if self.space.is_some() => Ok(Dataset::unrated(items, self.scale()?)?),
                    None => Err(Failure::bad_input("--catalog needs --ratings, or --space")),
                }
            }
            (_, _, Some(folder)) => {
                let movies = in_folder(folder, "movies.csv")?;
                let catalog = Catalog::from_movielens_csv(&read(&movies)?, &movies.to_string_lossy())?;
                rated(catalog, &in_folder(folder, "ratings.csv")?, MOVIELENS_SCALE)
            }
            _ => Ok(Dataset::embedded(EMBEDDED, self.seed)?),
        }
    }

    /// The same for an experiment, with the hidden tastes where they are known.
    pub fn with_judges(&self, seed: u64) -> Outcome<(Dataset, Option<HiddenTastes>)> {
        if self.catalog.is_some() || self.data.is_some() {
            return Ok((self.read()?, None));
        }
        let (dataset, hidden) = HiddenTastes::embedded(EMBEDDED, seed)?;
        Ok((dataset, Some(hidden)))
    }

    /// Claims the files that are named, for a command that writes before it reads them.
    pub fn claim(&self) -> Outcome<()> {
        let named = [&self.catalog, &self.ratings, &self.space].into_iter().flatten().cloned();
        let folder = self.data.iter().map(|folder| folder.as_path());
        let in_folder = folder.flat_map(|folder| ["movies.csv", "ratings.csv"].map(|name| in_folder(folder, name)));
        let in_folder = in_folder.collect::<Outcome<Vec<_>>>()?;
        named.chain(in_folder).try_for_each(|path| claim(&path, Role::Input))
    }

    /// What the data are called in names of files.
    pub fn name(&self) -> String {
        let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let named = self.catalog.as_ref().or(self.data.as_ref());
        named.and_then(stem).unwrap_or_else(|| "embedded".to_owned())
    }

    /// What a language model is to call the items.
    pub fn domain(&self) -> Domain {
        if self.catalog.is_some() { Domain::items() } else { Domain::films() }
    }

    fn scale(&self) -> Outcome<(f32, f32)> {
        match self.scale.as_deref() {
            None => Ok(MOVIELENS_SCALE),
            Some(&[lowest, highest]) if !(lowest.is_finite() && highest.is_finite() && lowest < highest) => {
                Err(Failure::bad_input("--scale needs two numbers, the lower one first"))
            }
            Some(&[lowest, highest]) if highest <= 0.0 => {
                let message = "--scale needs a highest rating above 0, as utilities are measured in it";
                let hint = format!("add {} to all ratings and to both ends of the scale", 1.0 - lowest);
                Err(Failure::bad_input(message).with_hint(hint))
            }
            Some(&[lowest, highest]) => Ok((lowest, highest)),
            Some(_) => Err(Failure::bad_input("--scale needs two numbers, the lower one first")),
        }
    }
}

/// The bytes of a file that the command reads, decompressed where its name ends in `.gz`.
pub fn read(path: &Path) -> Outcome<Vec<u8>> {
    claim(path, Role::Input)?;
    bytes(path)
}

/// The text of a file that the command reads.
pub fn read_text(path: &Path) -> Outcome<String> {
    let no_text = |error: FromUtf8Error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        Failure::bad_input(format!("{}, line {line}: this is not UTF-8", path.display()))
    };
    String::from_utf8(read(path)?).map_err(no_text)
}

/// As [`read`], of a file that is claimed for something else.
pub fn bytes(path: &Path) -> Outcome<Vec<u8>> {
    let unreadable = |error: std::io::Error| Failure::unreadable(path, &error);
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(unreadable)?;
    Ok(plain)
}

fn rated(catalog: Catalog, ratings: &Path, scale: (f32, f32)) -> Outcome<Dataset> {
    let ratings = Ratings::from_movielens_csv(&read(ratings)?, &ratings.to_string_lossy(), scale)?;
    Ok(Dataset { ratings: ratings.for_catalog(&catalog)?, catalog, is_embedded: false })
}

fn in_folder(folder: &Path, name: &str) -> Outcome<PathBuf> {
    let candidates = [folder.join(name), folder.join(format!("{name}.gz"))];
    let missing = || Failure::bad_input(format!("{} has neither {name} nor {name}.gz", folder.display()));
    candidates.into_iter().find(|path| path.exists()).ok_or_else(missing)
}
