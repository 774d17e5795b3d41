//! How much a design loses when the places that candidates lead to are predicted instead of paid for.

use serde::{Deserialize, Serialize};

use super::{Pair, World};
use crate::design::{information, subset};
use crate::error::Result;
use crate::latent::Latents;
use crate::policy::{predicted_shortlist, shortlist};
use crate::rollout::{Choices, Effect};
use crate::session::view::{Progress, Tell};
use crate::session::{Method, SteerOptions};

/// What a design over predictions costs and loses at one anchor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foresight {
    /// Candidates: what a design that knows all displacements has to pay for.
    pub candidates: usize,
    /// How many of them are chosen, and paid for where displacements are predicted.
    pub chosen: usize,
    /// Log det of what the chosen displacements tell, chosen with all of them known.
    pub known: f64,
    /// The same, chosen by the transition model's predictions.
    pub predicted: f64,
    /// The same, chosen by the sentence vectors of the requests.
    pub by_requests: f64,
    /// The same for the first candidates as they were proposed.
    pub first: f64,
}

impl Foresight {
    /// By what share the predicted choice falls short of the known one.
    pub fn shortfall(&self) -> f64 {
        (self.known - self.predicted) / self.known.abs()
    }
}

impl World {
    /// Pays for every candidate at each anchor, to compare choices of a quarter of them.
    ///
    /// # Errors
    /// [`crate::error::TrainingError::Untrained`] without a policy, whose transition model is asked; those of an
    /// episode and of `tick`.
    pub async fn foresight(
        &self,
        pairs: &[Pair],
        candidates: usize,
        mut tick: impl AsyncFnMut(Tell) -> Result<()>,
    ) -> Result<Vec<Foresight>> {
        let mut found = Vec::with_capacity(pairs.len());
        for (done, pair) in pairs.iter().enumerate() {
            let options = SteerOptions {
                user: pair.user.clone(),
                item: pair.item.clone(),
                policy: Method::GOptimal,
                horizon: 1,
                candidates,
                subset: candidates,
                seed: self.seed,
                ..Default::default()
            };
            let (_, transcript) = self.session.steer(&options, async |_| Ok(())).await?;
            for exchange in &transcript.exchanges {
                if let Effect::Choose(choices) = &exchange.effect {
                    found.push(self.compare(choices).await?);
                }
            }
            tick(Tell::Progress(Progress { kind: "pairs", done: done + 1, total: pairs.len(), unit: "pairs" })).await?;
        }
        Ok(found)
    }

    async fn compare(&self, choices: &Choices) -> Result<Foresight> {
        let from = &choices.state.latent;
        let moved = |to: &[f32]| to.iter().zip(from).map(|(to, from)| to - from).collect::<Vec<f32>>();
        let displacements =
            Latents::from_rows(from.len(), choices.outcomes.iter().map(|outcome| moved(&outcome.latent)));
        let (candidates, chosen) = (choices.actions.len(), choices.actions.len() / 4);
        let (requests, model) = self.session.requests(&choices.actions).await?;
        let told = |by: &[usize]| information(&displacements, by);
        Ok(Foresight {
            candidates,
            chosen,
            known: told(&subset(&displacements, chosen)?.actions)?,
            predicted: told(&predicted_shortlist(model, from, &requests, chosen)?)?,
            by_requests: told(&shortlist(&requests, chosen)?)?,
            first: told(&(0..chosen).collect::<Vec<_>>())?,
        })
    }
}
