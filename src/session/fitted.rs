//! A fit, and what is worth keeping of it as bytes, so that nobody encodes or fits the same twice.

use sha2::{Digest, Sha256};

use super::tick::Tick;
use super::view::{Progress, Tell};
use super::{Dataset, Session};
use crate::alignment::{Alignment, AlignmentSettings, Fitting, GivenFitting, GivenSpace};
use crate::error::Result;
use crate::latent::Latents;
use crate::objective::fields;

/// Vectors of texts of runs that are kept beside the catalog's: six megabytes.
const MOST_KEPT_OF_RUNS: usize = 4_000;
/// Changes with everything that changes a fit.
const FORM: &str = concat!("aquiline fit 2 ", env!("CARGO_PKG_VERSION"));

/// Names what a fit follows from: texts, ratings, the space that was given, encoder and seed.
pub(super) fn key(dataset: &Dataset, space: Option<&GivenSpace>, fingerprint: &str, seed: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(FORM);
    hash.update(fingerprint);
    hash.update(seed.to_le_bytes());
    for text in dataset.catalog.items().iter().flat_map(fields) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    for rating in dataset.ratings.entries() {
        hash.update(rating.user.to_le_bytes());
        hash.update(rating.item.to_le_bytes());
        hash.update(rating.value.to_le_bytes());
    }
    if let Some(space) = space {
        hash.update("given");
        space.items().iter().for_each(|&item| hash.update((item as u64).to_le_bytes()));
        hash.update((space.users().len() as u64).to_le_bytes());
        space.numbers().for_each(|number| hash.update(number.to_le_bytes()));
    }
    crate::encoder::digest::hex(&hash.finalize())
}

impl Session {
    /// The vectors of all texts encoded so far, of the catalog and of runs, unless nothing is new since this was asked
    /// last. Of runs as many are kept as a shell can be expected to store.
    pub fn cache_bytes(&self) -> Option<Vec<u8>> {
        let mut all = self.cache.clone();
        if let Some(memory) = &*self.memory.borrow()
            && all.len() + memory.vectors.len() <= self.catalog_texts + MOST_KEPT_OF_RUNS
        {
            all.absorb(memory.vectors.clone());
        }
        let is_new = all.len() > self.known_to_shell.replace(all.len());
        is_new.then(|| all.to_bytes())
    }

    /// Names the fit of this session: equal names, equal fits.
    pub fn fit_key(&self) -> &str {
        &self.fit_key
    }

    /// Takes up, before [`Session::prepare`], what [`Session::fit_bytes`] gave. Bytes that are damaged or of another fit
    /// are ignored; returns whether these were not.
    pub fn use_fit(&mut self, bytes: &[u8]) -> bool {
        self.known_fit = self.read_fit(bytes);
        self.known_fit.is_some()
    }

    /// The fit as bytes.
    ///
    /// # Errors
    /// As [`Session::agent`].
    pub fn fit_bytes(&self) -> Result<Vec<u8>> {
        let fit = serde_json::to_vec(self.agent()?.alignment()).unwrap_or_default();
        let checksum = crate::encoder::digest::hex(&Sha256::digest(&fit));
        Ok([self.fit_key.as_bytes(), checksum.as_bytes(), &fit].concat())
    }

    fn read_fit(&self, bytes: &[u8]) -> Option<Alignment> {
        let rest = bytes.strip_prefix(self.fit_key.as_bytes())?;
        let (checksum, fit) = rest.split_at_checked(64)?;
        let is_whole = crate::encoder::digest::hex(&Sha256::digest(fit)).as_bytes() == checksum;
        let alignment: Alignment = is_whole.then(|| serde_json::from_slice(fit).ok())??;
        let users = self.dataset.as_ref()?.ratings.users().len();
        (alignment.users().len() == users).then_some(alignment)
    }
}

/// Fits to ratings, or to the space that was given.
pub(super) async fn fit(
    dataset: &Dataset,
    space: Option<&GivenSpace>,
    fields: &Latents,
    seed: u64,
    tick: &mut dyn Tick,
) -> Result<Alignment> {
    let Dataset { catalog, ratings, .. } = dataset;
    let settings = AlignmentSettings::for_items(space.map_or(catalog.len(), |space| space.items().len()), seed);
    let told = |(done, total)| Tell::Progress(Progress { kind: "fit", done, total, unit: "sweeps" });
    // Before the first turn principal components are taken, which for many items lasts seconds.
    tick.tell(told((0, 0))).await?;
    let Some(space) = space else {
        let mut fitting = Fitting::start(ratings, fields, &settings)?;
        while !fitting.is_done() {
            fitting.sweep()?;
            tick.tell(told(fitting.progress())).await?;
        }
        return Ok(fitting.finish());
    };
    let mut fitting = GivenFitting::start(space, ratings, fields, &settings)?;
    while !fitting.is_done() {
        fitting.try_ridge()?;
        tick.tell(told(fitting.progress())).await?;
    }
    Ok(fitting.finish())
}
