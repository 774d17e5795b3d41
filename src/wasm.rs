//! The JavaScript boundary: one line for each function of the core, and conversions.
//!
//! The only module that knows JavaScript.

mod browser;
mod convert;
mod model;

use std::sync::Arc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::catalog::Item;
use crate::client::Client;
use crate::design::{Design, DesignSettings};
use crate::encoder::manifest::Manifest;
use crate::encoder::tokenize::TokenLimit;
use crate::encoder::{Digests, Encoder, open_device};
use crate::error::{EncoderError, TrainingError};
use crate::factorization::FactorsById;
use crate::latent::Latents;
use crate::raters::{Opinion, RaterReport};
use crate::rollout::DesignSummary;
use crate::rollout::transcript::Transcript;
use crate::session::factorize::FactorizeOptions;
use crate::session::{Dataset, DesignOptions, EvaluateOptions, Session, SteerOptions, TrainOptions};
use convert::{Outcome, from_js, report, tell, thrown, to_js, user_items};
use model::ModelOptions;

/// The model's manifest.
#[wasm_bindgen]
pub fn manifest() -> Outcome<JsValue> {
    to_js(&Manifest::embedded())
}

/// Checks the bytes of a model file; throws `encoder.integrity`.
#[wasm_bindgen]
pub fn verify(role: &str, bytes: &[u8]) -> Outcome<()> {
    let manifest = Manifest::embedded();
    let unknown = || EncoderError::Integrity { file: role.to_owned(), why: "the manifest has no such file".to_owned() };
    manifest.file(role).ok_or_else(|| thrown(unknown()))?.verify(bytes).map_err(thrown)
}

/// The G-optimal design of row-major displacements: one row for each action.
#[wasm_bindgen(js_name = gOptimal)]
pub fn g_optimal(displacements: Vec<f32>, dimensions: usize) -> Outcome<JsValue> {
    let displacements = Latents::new(dimensions, displacements).map_err(thrown)?;
    let design = Design::g_optimal(&displacements, &DesignSettings::default()).map_err(thrown)?;
    to_js(&DesignSummary::from(design))
}

/// An encoder on this core's device.
#[wasm_bindgen]
pub struct RawEncoder(Encoder);

#[wasm_bindgen]
impl RawEncoder {
    /// Opens the device and loads the model, from files of these checksums, where they are known.
    pub async fn load(
        weights: Vec<u8>,
        tokenizer: Vec<u8>,
        weights_sha256: Option<String>,
        tokenizer_sha256: Option<String>,
    ) -> Outcome<RawEncoder> {
        let device = open_device().await.map_err(thrown)?;
        let known = weights_sha256.zip(tokenizer_sha256);
        let loaded = match known.and_then(|(weights, tokenizer)| Digests::from_hex(&weights, &tokenizer)) {
            Some(digests) => Encoder::load_known(weights, &tokenizer, &digests, TokenLimit::default(), device),
            None => Encoder::load(weights, &tokenizer, TokenLimit::default(), device),
        };
        loaded.map(RawEncoder).map_err(thrown)
    }

    /// Throws `encoder.self_test` when the device computes wrong numbers.
    #[wasm_bindgen(js_name = selfTest)]
    pub async fn self_test(&self) -> Outcome<()> {
        self.0.self_test().await.map_err(thrown)
    }

    /// Names the encoder.
    #[wasm_bindgen(getter)]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_owned()
    }

    /// Sentence vectors, row-major.
    pub async fn encode(&self, texts: Vec<String>, tick: Function) -> Outcome<Vec<f32>> {
        let after_batch = async |done, total| report(&tick, &[done, total]).await;
        let encoded = self.0.encode(&texts, after_batch).await.map_err(thrown)?;
        Ok(encoded.vectors.values().to_vec())
    }
}

/// A language model that is asked.
#[wasm_bindgen]
pub struct RawModel(Arc<Client>);

#[wasm_bindgen]
impl RawModel {
    /// Ends the questions that are under way.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// What it has cost so far.
    pub fn spent(&self) -> Outcome<JsValue> {
        to_js(&self.0.spent())
    }

    /// Takes over answers that are known from before, one JSON object a line; lines that cannot be read are left out.
    pub fn learn(&self, jsonl: &str) {
        self.0.learn(jsonl.lines().filter_map(|line| serde_json::from_str(line).ok()));
    }

    /// Answers that are remembered since this was asked last, likewise.
    pub fn learned(&self) -> String {
        let line = |answer| serde_json::to_string(answer).unwrap_or_default() + "\n";
        self.0.take_learned().iter().map(line).collect()
    }
}

/// A session; see `crate::session`.
#[wasm_bindgen]
pub struct RawSession(Session);

#[wasm_bindgen]
impl RawSession {
    /// The embedded films.
    pub fn embedded(encoder: RawEncoder, catalog: &[u8], seed: f64) -> Outcome<RawSession> {
        let dataset = Dataset::embedded(catalog, seed as u64).map_err(thrown)?;
        Ok(RawSession(Session::new(encoder.0, dataset, seed as u64)))
    }

    /// MovieLens-format files.
    pub fn movielens(encoder: RawEncoder, movies: &[u8], ratings: &[u8], seed: f64) -> Outcome<RawSession> {
        let dataset = Dataset::movielens(movies, ratings).map_err(thrown)?;
        Ok(RawSession(Session::new(encoder.0, dataset, seed as u64)))
    }

    /// The caller's own items, and their ratings where there are some.
    #[wasm_bindgen(js_name = fromItems)]
    pub fn from_items(encoder: RawEncoder, data: JsValue, seed: f64) -> Outcome<RawSession> {
        Ok(RawSession(Session::new(encoder.0, user_items(data)?, seed as u64)))
    }

    /// Takes up, before preparing, a space that is there already.
    #[wasm_bindgen(js_name = useFactors)]
    pub fn use_factors(&mut self, factors: JsValue) -> Outcome<()> {
        let factors: FactorsById = from_js(factors)?;
        self.0.use_factors(&factors).map_err(thrown)
    }

    /// Names the encoder.
    #[wasm_bindgen(getter)]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_owned()
    }

    /// Encodes what the cache lacks, then fits.
    pub async fn prepare(&mut self, cache: Option<Vec<u8>>, tick: Function) -> Outcome<()> {
        self.0.prepare(cache.as_deref(), async |told| tell(&tick, &told).await).await.map_err(thrown)
    }

    /// The vector cache, unless nothing is new.
    #[wasm_bindgen(js_name = cacheBytes)]
    pub fn cache_bytes(&self) -> Option<Vec<u8>> {
        self.0.cache_bytes()
    }

    /// Names the fit.
    #[wasm_bindgen(getter, js_name = fitKey)]
    pub fn fit_key(&self) -> String {
        self.0.fit_key().to_owned()
    }

    /// Takes up a fit before preparing; whether it is that of this session.
    #[wasm_bindgen(js_name = useFit)]
    pub fn use_fit(&mut self, bytes: &[u8]) -> bool {
        self.0.use_fit(bytes)
    }

    /// The fit as bytes.
    #[wasm_bindgen(js_name = fitBytes)]
    pub fn fit_bytes(&self) -> Outcome<Vec<u8>> {
        self.0.fit_bytes().map_err(thrown)
    }

    /// What the catalog tells about itself.
    pub fn info(&self) -> Outcome<JsValue> {
        to_js(&self.0.info().map_err(thrown)?)
    }

    /// Sentence vectors, row-major.
    pub async fn embed(&self, texts: Vec<String>, tick: Function) -> Outcome<Vec<f32>> {
        let embedded = self.0.embed(&texts, async |told| tell(&tick, &told).await).await;
        Ok(embedded.map_err(thrown)?.values().to_vec())
    }

    /// U of every item, novelty aside.
    pub fn utilities(&self, options: JsValue) -> Outcome<Vec<f32>> {
        let options: convert::UsersOptions = from_js(options)?;
        self.0.utilities(&options.users).map_err(thrown)
    }

    /// Takes in a person by their own ratings.
    #[wasm_bindgen(js_name = foldIn)]
    pub fn fold_in(&mut self, options: JsValue) -> Outcome<JsValue> {
        let options: convert::FoldInOptions = from_js(options)?;
        let user = options.user.clone();
        to_js(&self.0.fold_in(&user, &options.into_ratings()).map_err(thrown)?)
    }

    /// The behavioural embedding of the ratings.
    pub async fn factorize(&self, options: JsValue, tick: Function) -> Outcome<JsValue> {
        let options: FactorizeOptions = from_js(options)?;
        let factors = self.0.factorize(&options, async |told| tell(&tick, &told).await).await;
        to_js(&factors.map_err(thrown)?)
    }

    /// Candidate edits.
    pub async fn actions(&self, options: JsValue, tick: Function) -> Outcome<JsValue> {
        let convert::ActionsOptions { user, item, count, space, seed } = from_js(options)?;
        let pair = (user.as_str(), item.as_str());
        let actions = self.0.actions(pair, count, space, seed, async |told| tell(&tick, &told).await).await;
        to_js(&actions.map_err(thrown)?)
    }

    /// The design over where candidates lead.
    pub async fn design(&self, options: JsValue, tick: Function) -> Outcome<JsValue> {
        let options: DesignOptions = from_js(options)?;
        to_js(&self.0.design(&options, async |told| tell(&tick, &told).await).await.map_err(thrown)?)
    }

    /// The best text within a budget.
    pub async fn search(&self, options: JsValue, tick: Function) -> Outcome<()> {
        let options: convert::SearchRequest = from_js(options)?;
        let search = self.0.search(&options.into_options(), async |told| tell(&tick, &told).await).await;
        search.map(drop).map_err(thrown)
    }

    /// The ELM baseline.
    pub async fn elm(&self, options: JsValue, tick: Function) -> Outcome<JsValue> {
        let convert::ElmOptions { user, item, manifold, seed } = from_js(options)?;
        let elm = self.0.elm(&user, &item, manifold, seed, async |told| tell(&tick, &told).await).await;
        to_js(&elm.map_err(thrown)?)
    }

    /// Compares ways to a better text.
    pub async fn evaluate(&self, options: JsValue, tick: Function) -> Outcome<()> {
        let options: EvaluateOptions = from_js(options)?;
        let report = self.0.evaluate(&options, async |told| tell(&tick, &told).await).await;
        report.map(drop).map_err(thrown)
    }

    /// Everything that was learned, as bytes.
    pub fn save(&self) -> Outcome<Vec<u8>> {
        self.0.save().map_err(thrown)
    }

    /// Takes up what was saved.
    #[wasm_bindgen(js_name = loadState)]
    pub fn load_state(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.0.load(bytes).map_err(thrown)
    }

    /// Whether there is a policy.
    #[wasm_bindgen(getter)]
    pub fn trained(&self) -> bool {
        self.0.policy().is_some()
    }

    /// Of the latent space.
    pub fn dimensions(&self) -> Outcome<usize> {
        Ok(self.0.agent().map_err(thrown)?.items().dimensions())
    }

    /// Content gaps of one user or of a group.
    pub fn gaps(&self, options: JsValue) -> Outcome<JsValue> {
        let options: convert::GapOptions = from_js(options)?;
        to_js(&self.0.gaps(&options.users, options.count).map_err(thrown)?)
    }

    /// Fits the reference policy.
    #[wasm_bindgen(js_name = fitReference)]
    pub async fn fit_reference(&mut self, options: JsValue, tick: Function) -> Outcome<()> {
        let options: TrainOptions = from_js(options)?;
        let fitted = self.0.fit_reference(&options, async |told| tell(&tick, &told).await).await;
        fitted.map(drop).map_err(thrown)
    }

    /// Trains the policy.
    pub async fn train(&mut self, options: JsValue, tick: Function) -> Outcome<()> {
        let options: TrainOptions = from_js(options)?;
        self.0.train(&options, async |told| tell(&tick, &told).await).await.map(drop).map_err(thrown)
    }

    /// The policy as a checkpoint.
    #[wasm_bindgen(js_name = policyBytes)]
    pub fn policy_bytes(&self) -> Outcome<Vec<u8>> {
        let policy = self.0.policy().ok_or_else(|| thrown(TrainingError::Untrained))?;
        Ok(policy.to_bytes())
    }

    /// Takes up a checkpoint.
    #[wasm_bindgen(js_name = loadPolicy)]
    pub fn load_policy(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.0.load_policy(bytes).map_err(thrown)
    }

    /// Puts a language model in the simulator's place. `call` gives the key of an endpoint, or is the model itself.
    #[wasm_bindgen(js_name = useModel)]
    pub fn use_model(&mut self, options: JsValue, call: Option<Function>) -> Outcome<RawModel> {
        let options: ModelOptions = from_js(options)?;
        let speaker = options.speaker(call).map_err(thrown)?;
        let model = RawModel(speaker.client().clone());
        self.0.set_speaker(Some(speaker));
        Ok(model)
    }

    /// Puts the simulator in the language model's place, whatever the catalog is.
    #[wasm_bindgen(js_name = useSimulator)]
    pub fn use_simulator(&mut self) {
        self.0.set_speaker(None);
        self.0.allow_simulator();
    }

    /// Has the language model describe a user.
    #[wasm_bindgen(js_name = writeProfile)]
    pub async fn write_profile(&mut self, user: &str, seed: f64) -> Outcome<JsValue> {
        to_js(&self.0.write_profile(user, seed as u64).await.map_err(thrown)?)
    }

    /// Has the language model write an item's text.
    pub async fn describe(&self, item: JsValue, seed: f64) -> Outcome<JsValue> {
        let item: Item = from_js(item)?;
        to_js(&self.0.describe(&item, seed as u64).await.map_err(thrown)?)
    }

    /// Has the language model judge an item and what was made of it.
    pub async fn judge(&self, options: JsValue) -> Outcome<JsValue> {
        let convert::JudgeOptions { user, original, edited, seed } = from_js(options)?;
        to_js(&self.0.opinion(&user, [&original, &edited], seed).await.map_err(thrown)?)
    }

    /// What opinions come to.
    #[wasm_bindgen(js_name = raterReport)]
    pub fn rater_report(&self, opinions: JsValue, seed: f64) -> Outcome<JsValue> {
        let opinions: Vec<Opinion> = from_js(opinions)?;
        to_js(&RaterReport::of(&opinions, seed as u64))
    }

    /// What a request usually costs with the language model.
    pub fn estimate(&self, options: JsValue) -> Outcome<JsValue> {
        let options: SteerOptions = from_js(options)?;
        to_js(&self.0.estimate(&options).map_err(thrown)?)
    }

    /// Runs one request, and gives its record where that is wanted.
    pub async fn steer(&self, options: JsValue, record: bool, tick: Function) -> Outcome<Option<String>> {
        let options: SteerOptions = from_js(options)?;
        let run = self.0.steer(&options, async |told| tell(&tick, &told).await).await;
        let (_, transcript) = run.map_err(thrown)?;
        Ok(record.then(|| transcript.to_jsonl()))
    }

    /// Runs an episode again from its record.
    pub async fn replay(&self, transcript: &str, tick: Function) -> Outcome<()> {
        let transcript = Transcript::from_jsonl(transcript, "transcript.jsonl").map_err(thrown)?;
        self.0.replay(&transcript, async |told| tell(&tick, &told).await).await.map(drop).map_err(thrown)
    }
}
