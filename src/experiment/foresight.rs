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

/// One in so many candidates is paid for where displacements are predicted.
const PAID: [usize; 3] = [10, 4, 2];
/// Actions of a design: the paper's ten.
const DESIGN: usize = 10;

/// What a design over predictions loses at one anchor for what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foresight {
    /// Candidates: what a design that knows all displacements has to pay for.
    pub candidates: usize,
    /// How many of them are paid for where displacements are predicted: a tenth, a quarter or half of them.
    pub paid: usize,
    /// Actions of the design: ten, or all that are paid for where these are fewer.
    pub design: usize,
    /// With all displacements known.
    pub known: Told,
    /// The transition model's predictions say which candidates to pay for.
    pub predicted: Told,
    /// The sentence vectors of the requests say so.
    pub by_requests: Told,
    /// The first candidates are paid for, as they were proposed.
    pub first: Told,
}

/// Log det of what displacements tell, each of them true.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Those of the design, chosen among the ones that were paid for.
    pub design: f64,
    /// Those of all that were paid for.
    pub paid: f64,
}

impl Foresight {
    /// By what share of its log det the design falls short of the one for which every candidate was paid. The share
    /// depends on the unit of Z, the difference of the two does not.
    pub fn shortfall(&self) -> f64 {
        (self.known.design - self.predicted.design) / self.known.design.abs()
    }
}

impl World {
    /// Pays for every candidate at each anchor, to compare designs for which a tenth, a quarter or half of them is paid.
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
                    for one_in in PAID {
                        found.push(self.compare(choices, one_in).await?);
                    }
                }
            }
            tick(Tell::Progress(Progress { kind: "pairs", done: done + 1, total: pairs.len(), unit: "pairs" })).await?;
        }
        Ok(found)
    }

    async fn compare(&self, choices: &Choices, one_in: usize) -> Result<Foresight> {
        let from = &choices.state.latent;
        let moved = |to: &[f32]| to.iter().zip(from).map(|(to, from)| to - from).collect::<Vec<f32>>();
        let displacements =
            Latents::from_rows(from.len(), choices.outcomes.iter().map(|outcome| moved(&outcome.latent)));
        let candidates = choices.actions.len();
        let paid = (candidates / one_in).max(1);
        let design = DESIGN.min(paid);
        let (requests, model) = self.session.requests(&choices.actions).await?;
        let told = |of: &[usize]| information(&displacements, of);
        let among = |paid: Vec<usize>| {
            let known = Latents::from_rows(from.len(), paid.iter().map(|&candidate| displacements.row(candidate)));
            let chosen: Vec<usize> = subset(&known, design)?.actions.iter().map(|&place| paid[place]).collect();
            Ok::<Told, crate::Error>(Told { design: told(&chosen)?, paid: told(&paid)? })
        };
        Ok(Foresight {
            candidates,
            paid,
            design,
            known: Told {
                design: told(&subset(&displacements, design)?.actions)?,
                paid: told(&subset(&displacements, paid)?.actions)?,
            },
            predicted: among(predicted_shortlist(model, from, &requests, paid)?)?,
            by_requests: among(shortlist(&requests, paid)?)?,
            first: among((0..paid).collect())?,
        })
    }
}
