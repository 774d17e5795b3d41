//! Temporary.
#![allow(missing_docs)]
use crate::error::Result;
use crate::latent::Latents;
use nalgebra::{Cholesky, DMatrix, DVector};
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionSettings {
    pub sentence: usize,
    pub latent: usize,
    pub ridge: f64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionModel {
    s: TransitionSettings,
    gram: DMatrix<f64>,
    moments: DMatrix<f64>,
    weights: DMatrix<f64>,
    count: usize,
}
impl Default for TransitionSettings {
    fn default() -> Self {
        TransitionSettings { sentence: 0, latent: 0, ridge: 30.0 }
    }
}
impl TransitionModel {
    pub fn new(s: TransitionSettings) -> Result<Self> {
        let n = 1 + s.sentence + s.latent;
        Ok(TransitionModel {
            gram: DMatrix::identity(n, n) * s.ridge,
            moments: DMatrix::zeros(n, s.latent),
            weights: DMatrix::zeros(n, s.latent),
            count: 0,
            s,
        })
    }
    fn features(&self, latent: &[f32], action: &[f32]) -> DVector<f64> {
        DVector::from_iterator(
            1 + self.s.sentence + self.s.latent,
            std::iter::once(3.0)
                .chain(action.iter().map(|&v| f64::from(v)))
                .chain(latent.iter().map(|&v| f64::from(v) * 3.0)),
        )
    }
    pub fn observe(&mut self, latent: &[f32], action: &[f32], next: &[f32]) -> Result<()> {
        let f = self.features(latent, action);
        self.gram.ger(1.0, &f, &f, 1.0);
        let d = DVector::from_iterator(self.s.latent, next.iter().zip(latent).map(|(a, b)| f64::from(a - b)));
        self.moments.ger(1.0, &f, &d, 1.0);
        self.count += 1;
        Ok(())
    }
    pub fn refresh(&mut self) {
        if let Some(c) = Cholesky::new(self.gram.clone()) {
            self.weights = c.solve(&self.moments);
        }
    }
    pub fn transitions(&self) -> usize {
        self.count
    }
    pub fn predict_all(&self, latent: &[f32], actions: &Latents) -> Latents {
        let rows = actions.rows().map(|a| {
            let p = self.weights.tr_mul(&self.features(latent, a));
            p.iter().map(|&v| v as f32).collect::<Vec<f32>>()
        });
        Latents::from_rows(self.s.latent, rows.collect::<Vec<_>>())
    }
}
