//! From the items' latent space to the entities' space, and the facts that a point is to satisfy there.

use nalgebra::DMatrix;

use super::{Knowledge, length};
use crate::error::{DataError, NumericError, Result};
use crate::latent::{Latents, dot};
use crate::ridge::{Ridge, is_ridge};

/// A linear map `M z + c` from Z to the entities' space.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityMap {
    /// Entity dimensions × dimensions of Z.
    matrix: Latents,
    offset: Vec<f32>,
    explained: f64,
}

/// Facts `(relation, tail)` that a point of Z is to be consistent with.
#[derive(Debug, Clone, PartialEq)]
pub struct RequiredFacts {
    map: EntityMap,
    /// `r − t`, one row a fact.
    translations: Latents,
}

impl EntityMap {
    /// Ridge regression from items' places to the entities they are: `items` has pairs of a row of `latents` and an
    /// entity's name. Both sides are centred, so that the ridge draws toward the mean entity.
    ///
    /// # Errors
    /// [`DataError::Empty`] without items, [`DataError::UnknownName`], [`NumericError::WrongSize`] for a row out of
    /// range, [`NumericError::NotFinite`] for an item that lies nowhere, [`NumericError::BadSetting`] for a ridge below
    /// 0.000001 or too small for points of this size.
    pub fn fit(knowledge: &Knowledge, latents: &Latents, items: &[(usize, &str)], ridge: f64) -> Result<Self> {
        if items.is_empty() {
            return Err(DataError::Empty { what: "the list of items that are entities" }.into());
        }
        if !is_ridge(ridge) {
            return bad_ridge("it must be finite and at least 0.000001");
        }
        let places = items.iter().map(|&(row, _)| latents.checked_row(row)).collect::<Result<Vec<_>>>()?;
        let points = items.iter().map(|&(_, name)| knowledge.entity(name)).collect::<Result<Vec<_>>>()?;
        let (from, to) = (Centred::new(latents.dimensions(), places), Centred::new(knowledge.dimensions(), points));
        let mut system = Ridge::new(latents.dimensions(), ridge);
        from.rows.rows().for_each(|row| system.observe(row, 0.0, 1.0));
        let Some(factorized) = system.try_factorize() else {
            return bad_ridge("points of this size need a larger one");
        };
        let (inputs, targets) = (from.matrix(), to.matrix());
        let coefficients = factorized.solve(&inputs.tr_mul(&targets));
        let leverages = (&inputs * factorized.solve(&inputs.transpose())).diagonal();
        let explained = explained(&targets, &(&targets - &inputs * &coefficients), leverages.as_slice());
        EntityMap::of(&coefficients, &from.mean, &to.mean, explained)
    }

    /// Where a point of Z lies among the entities.
    pub fn apply(&self, point: &[f32]) -> Vec<f32> {
        self.matrix.rows().zip(&self.offset).map(|(row, offset)| dot(row, point) + offset).collect()
    }

    /// The share of the entities' variance that the map explains, each item foretold by a map fitted without it: at most
    /// 1; 0 and below is no better than the mean entity, and 0 is also said of one item.
    pub fn explained(&self) -> f64 {
        self.explained
    }

    fn of(coefficients: &DMatrix<f64>, from: &[f32], to: &[f32], explained: f64) -> Result<Self> {
        let rows = coefficients.column_iter().map(|column| column.iter().map(|&v| v as f32).collect::<Vec<_>>());
        let matrix = Latents::from_rows(from.len(), rows);
        let offset: Vec<f32> = matrix.rows().zip(to).map(|(row, to)| to - dot(row, from)).collect();
        if matrix.values().iter().chain(&offset).any(|value| !value.is_finite()) {
            return Err(NumericError::NotFinite { what: "the map to entities" }.into());
        }
        Ok(EntityMap { matrix, offset, explained })
    }
}

impl RequiredFacts {
    /// Requires facts `(relation, tail)` of points that `map` places among the entities.
    ///
    /// # Errors
    /// [`DataError::Empty`] without facts, [`DataError::UnknownName`], [`NumericError::WrongSize`] for a map to another
    /// number of dimensions.
    pub fn new(knowledge: &Knowledge, map: EntityMap, facts: &[(&str, &str)]) -> Result<Self> {
        if facts.is_empty() {
            return Err(DataError::Empty { what: "the list of required facts" }.into());
        }
        let (expected, found) = (knowledge.dimensions(), map.matrix.len());
        if expected != found {
            return Err(NumericError::WrongSize { what: "the map to entities", expected, found }.into());
        }
        let mut translations = Latents::zeros(facts.len(), knowledge.dimensions());
        for (index, (relation, tail)) in facts.iter().enumerate() {
            let moved = knowledge.relation(relation)?.iter().zip(knowledge.entity(tail)?);
            translations.row_mut(index).iter_mut().zip(moved).for_each(|(to, (relation, tail))| *to = relation - tail);
        }
        Ok(RequiredFacts { map, translations })
    }

    /// The mean over facts of `−‖M z + c + r − t‖`; 0 is full consistency.
    pub fn value(&self, point: &[f32]) -> f32 {
        let total: f32 = self.misses(point).map(|miss| length(&miss)).sum();
        -total / self.translations.len() as f32
    }

    /// The direction in which [`RequiredFacts::value`] grows fastest; facts that are met exactly pull nowhere.
    pub fn gradient(&self, point: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.map.matrix.dimensions()];
        for miss in self.misses(point) {
            let length = length(&miss) * self.translations.len() as f32;
            for (row, miss) in self.map.matrix.rows().zip(miss).filter(|_| length > 0.0) {
                gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum -= value * miss / length);
            }
        }
        gradient
    }

    /// How far the point is from each of the facts, and in which direction.
    fn misses(&self, point: &[f32]) -> impl Iterator<Item = Vec<f32>> {
        let mapped = self.map.apply(point);
        self.translations.rows().map(move |row| row.iter().zip(&mapped).map(|(row, mapped)| row + mapped).collect())
    }
}

/// Rows around their mean.
struct Centred {
    rows: Latents,
    mean: Vec<f32>,
}

impl Centred {
    fn new(dimensions: usize, rows: Vec<&[f32]>) -> Self {
        let mut rows = Latents::from_rows(dimensions, rows);
        let mean = rows.centroid();
        for index in 0..rows.len() {
            rows.row_mut(index).iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        }
        Centred { rows, mean }
    }

    fn matrix(&self) -> DMatrix<f64> {
        let values = self.rows.values().iter().map(|&value| f64::from(value));
        DMatrix::from_row_iterator(self.rows.len(), self.rows.dimensions(), values)
    }
}

fn bad_ridge<T>(why: &'static str) -> Result<T> {
    Err(NumericError::BadSetting { what: "ridge", why }.into())
}

/// Leaving one out needs no refit: its residual grows by `1 / (1 − leverage)`, the mean's share of the leverage included.
fn explained(targets: &DMatrix<f64>, residuals: &DMatrix<f64>, leverages: &[f64]) -> f64 {
    let mean_share = 1.0 / targets.nrows() as f64;
    let left_out = |leverage: f64| 1.0 / (1.0 - mean_share - leverage).max(1e-9);
    let unexplained = leverages
        .iter()
        .enumerate()
        .map(|(row, &leverage)| residuals.row(row).norm_squared() * left_out(leverage).powi(2));
    let total = (0..targets.nrows()).map(|row| targets.row(row).norm_squared() * left_out(0.0).powi(2));
    let (unexplained, total) = (unexplained.sum::<f64>(), total.sum::<f64>());
    if total > 0.0 { 1.0 - unexplained / total } else { 0.0 }
}
