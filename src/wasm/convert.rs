//! Values across the boundary: serde both ways, errors with code, ticks that can be awaited.

use js_sys::{Function, Promise, Reflect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::action::ActionSpace;
use crate::catalog::{Catalog, Item};
use crate::error::{Error, NumericError, Result, RolloutError};
use crate::search::{SearchSettings, Strategy};
use crate::session::evaluate::{ManifoldName, SearchWay};
use crate::session::view::Tell;
use crate::session::{Dataset, SearchOptions};

/// What a boundary function returns: a value, or something to throw.
pub(super) type Outcome<T> = std::result::Result<T, JsValue>;

#[derive(Deserialize)]
pub(super) struct GapOptions {
    pub(super) users: Vec<String>,
    pub(super) count: usize,
}

/// Whom something is about.
#[derive(Deserialize)]
pub(super) struct UsersOptions {
    pub(super) users: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct FoldInOptions {
    pub(super) user: String,
    ratings: Vec<OwnRating>,
}

#[derive(Deserialize)]
struct OwnRating {
    item: String,
    value: f32,
}

impl FoldInOptions {
    pub(super) fn into_ratings(self) -> Vec<(String, f32)> {
        self.ratings.into_iter().map(|rating| (rating.item, rating.value)).collect()
    }
}

#[derive(Deserialize)]
pub(super) struct ActionsOptions {
    pub(super) user: String,
    pub(super) item: String,
    pub(super) count: usize,
    pub(super) space: ActionSpace,
    pub(super) seed: u64,
}

#[derive(Deserialize)]
pub(super) struct ElmOptions {
    pub(super) user: String,
    pub(super) item: String,
    pub(super) manifold: ManifoldName,
    pub(super) seed: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchRequest {
    user: String,
    item: String,
    strategy: SearchWay,
    width: usize,
    depth: usize,
    candidates: usize,
    shortlist: usize,
    budget: usize,
    caution: f32,
    foresight: bool,
    seed: u64,
}

impl SearchRequest {
    pub(super) fn into_options(self) -> SearchOptions {
        let SearchRequest { width, depth, candidates, shortlist, budget, seed, caution, foresight, .. } = self;
        let strategy = match self.strategy {
            SearchWay::Beam => Strategy::Beam { width },
            other => other.strategy(),
        };
        let SearchSettings { patience, .. } = SearchSettings::default();
        let settings = SearchSettings { strategy, depth, candidates, shortlist, budget, patience, seed };
        SearchOptions { user: self.user, item: self.item, settings, foresight, caution, toward: None }
    }
}

#[derive(Deserialize)]
pub(super) struct JudgeOptions {
    pub(super) user: String,
    pub(super) original: Item,
    pub(super) edited: Item,
    pub(super) seed: u64,
}

/// The caller's own items, with ratings unless their space is given.
#[derive(Deserialize)]
struct UserItems {
    items: Vec<Item>,
    ratings: Option<Vec<UserRating>>,
    scale: Option<(f32, f32)>,
}

#[derive(Deserialize)]
struct UserRating {
    user: String,
    item: String,
    value: f32,
}

/// The caller's own items and ratings.
pub(super) fn user_items(data: JsValue) -> Outcome<Dataset> {
    let UserItems { items, ratings, scale } = from_js(data)?;
    let scale = scale.unwrap_or((0.5, 5.0));
    let Some(ratings) = ratings else {
        return Catalog::new(items).and_then(|catalog| Dataset::unrated(catalog, scale)).map_err(thrown);
    };
    let ratings: Vec<_> = ratings.into_iter().map(|rating| (rating.user, rating.item, rating.value)).collect();
    Dataset::from_items(items, &ratings, scale).map_err(thrown)
}

/// Plain objects and numbers: no `Map`, no `BigInt`.
pub(super) fn to_js(value: &impl Serialize) -> Outcome<JsValue> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}

pub(super) fn from_js<T: DeserializeOwned>(value: JsValue) -> Outcome<T> {
    serde_wasm_bindgen::from_value(value).map_err(|e| {
        let error = js_sys::Error::new(&format!("the request cannot be read: {e}"));
        set(&error, "code", &"request.malformed".into());
        error.into()
    })
}

/// An `Error` with `code` and `retryable`.
pub(super) fn thrown(error: impl Into<Error>) -> JsValue {
    let error = error.into();
    let thrown = js_sys::Error::new(&error.to_string());
    set(&thrown, "code", &error.code().into());
    set(&thrown, "retryable", &error.is_retryable().into());
    thrown.into()
}

/// Tells of a session; bytes go as bytes.
pub(super) async fn tell(tick: &Function, told: &Tell) -> Result<()> {
    match told {
        // The record is given at the end, as a whole.
        Tell::Run(_) | Tell::Exchange(_) => Ok(()),
        Tell::Policy(bytes) => call(tick, js_sys::Uint8Array::from(bytes.as_slice()).into()).await,
        _ => report(tick, told).await,
    }
}

/// Calls `tick` and waits for it; a rejection means that the caller wants to stop.
pub(super) async fn report(tick: &Function, told: &impl Serialize) -> Result<()> {
    call(tick, to_js(told).map_err(|_| NumericError::NotFinite { what: "an event" })?).await
}

async fn call(tick: &Function, told: JsValue) -> Result<()> {
    let answer = tick.call1(&JsValue::NULL, &told).map_err(|_| RolloutError::Cancelled)?;
    if answer.has_type::<Promise>() {
        JsFuture::from(answer.unchecked_into::<Promise>()).await.map_err(|_| RolloutError::Cancelled)?;
    }
    Ok(())
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    // Setting a property of a fresh error object cannot fail.
    let _ = Reflect::set(object, &key.into(), value);
}
