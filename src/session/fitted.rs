//! A fit as bytes, so that nobody fits equal ratings of equal texts twice.

use sha2::{Digest, Sha256};

use super::{Dataset, Session};
use crate::alignment::Alignment;
use crate::error::Result;
use crate::objective::fields;

/// Changes with everything that changes a fit.
const FORM: &str = concat!("aquiline fit 1 ", env!("CARGO_PKG_VERSION"));

/// Names what a fit follows from: texts, ratings, encoder and seed.
pub(super) fn key(dataset: &Dataset, fingerprint: &str, seed: u64) -> String {
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
    crate::encoder::digest::hex(&hash.finalize())
}

impl Session {
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
