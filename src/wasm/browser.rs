//! What a browser, or Node.js, does for a language model's client: `fetch`, a clock, and models that the page holds.

use std::cell::RefCell;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, Request, RequestCache, RequestCredentials, RequestInit,
    RequestRedirect, Response,
};

use super::convert::{from_js, to_js};
use crate::client::{Answered, Clock, Connection, Local, Model, Receive};
use crate::error::LlmError;
use crate::llm::openai::MOST_BYTES;
use crate::llm::{ChatReply, ChatRequest, Finish, Message, Usage};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(request: &Request) -> Promise;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(run: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// What time it is in a browser.
#[derive(Debug)]
pub(super) struct BrowserClock;

/// Posts by `fetch`, with a key that is asked for each time.
#[derive(Debug)]
pub(super) struct Fetch {
    token: Option<Function>,
    /// The key that was sent last.
    sent: RefCell<Option<String>>,
}

/// A model that the page holds: a function of a request and a signal.
#[derive(Debug)]
pub(super) struct PageModel(pub(super) Function);

/// Ends what it belongs to when it is dropped.
struct Abort(AbortController);

/// A timer that is taken back when nobody waits for it any more.
struct Timer(JsValue);

/// A question as adapters read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageRequest<'a> {
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<PageSchema<'a>>,
}

#[derive(Serialize)]
struct PageSchema<'a> {
    name: &'a str,
    schema: serde_json::Value,
}

/// An answer as adapters give it.
#[derive(serde::Deserialize)]
struct PageReply {
    text: String,
    #[serde(default)]
    finish: Option<Finish>,
    #[serde(default)]
    usage: Option<PageUsage>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageUsage {
    prompt_tokens: f64,
    completion_tokens: f64,
}

impl Clock for BrowserClock {
    fn now(&self) -> f64 {
        now()
    }

    fn sleep(&self, milliseconds: f64) -> Local<'_, ()> {
        let mut timer = JsValue::UNDEFINED;
        // Longer waits than a timer can count end too early, which is 24 days.
        let wait = milliseconds.clamp(0.0, f64::from(i32::MAX));
        let fired = Promise::new(&mut |resolve, _| timer = set_timeout(&resolve, wait));
        let timer = Timer(timer);
        Box::pin(async move {
            let _timer = timer;
            // A promise that only a timer resolves does not reject.
            let _ = JsFuture::from(fired).await;
        })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.0);
    }
}

impl Abort {
    fn new() -> Result<Self, LlmError> {
        AbortController::new().map(Abort).map_err(|error| LlmError::Failed { why: message_of(&error) })
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fetch {
    /// `token` gives the key, or a promise of it, where one is needed.
    pub(super) fn new(token: Option<Function>) -> Self {
        Fetch { token, sent: RefCell::new(None) }
    }

    async fn request(&self, url: &str, body: &str, abort: &Abort) -> Result<Request, JsValue> {
        let headers = Headers::new()?;
        headers.append("Content-Type", "application/json")?;
        if let Some(token) = &self.token {
            let token = JsFuture::from(Promise::resolve(&token.call0(&JsValue::NULL)?)).await?;
            if let Some(token) = token.as_string().filter(|token| !token.is_empty()) {
                headers.append("Authorization", &format!("Bearer {token}"))?;
                self.sent.replace(Some(token));
            }
        }
        let options = RequestInit::new();
        options.set_method("POST");
        options.set_headers(&headers);
        options.set_body(&body.into());
        options.set_signal(Some(&abort.0.signal()));
        options.set_cache(RequestCache::NoStore);
        options.set_credentials(RequestCredentials::Omit);
        // A redirection could lead the key elsewhere.
        options.set_redirect(RequestRedirect::Error);
        options.set_referrer_policy(web_sys::ReferrerPolicy::NoReferrer);
        Request::new_with_str_and_init(url, &options)
    }
}

impl Connection for Fetch {
    fn post<'a>(&'a self, url: &'a str, body: String, receive: &'a mut dyn Receive) -> Local<'a, Result<(), LlmError>> {
        Box::pin(async move {
            let abort = Abort::new()?;
            let unreachable = |error: JsValue| LlmError::Unreachable { why: message_of(&error) };
            let request = self.request(url, &body, &abort).await.map_err(|error| self.no_key(&error))?;
            let response: Response = JsFuture::from(fetch(&request)).await.map_err(unreachable)?.unchecked_into();
            receive.head(response.status(), response.headers().get("Retry-After").ok().flatten());
            let Some(stream) = response.body() else { return Ok(()) };
            let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
            loop {
                let piece = JsFuture::from(reader.read()).await;
                let piece = piece.map_err(|error| LlmError::Interrupted { why: message_of(&error) })?;
                let value = Reflect::get(&piece, &"value".into()).unwrap_or(JsValue::UNDEFINED);
                let Ok(bytes) = value.dyn_into::<Uint8Array>() else { return Ok(()) };
                if !receive.bytes(&bytes.to_vec())? {
                    return Ok(());
                }
            }
        })
    }

    fn redacted(&self, text: String) -> String {
        match &*self.sent.borrow() {
            Some(token) => text.replace(token, "[key]"),
            None => text,
        }
    }
}

impl Fetch {
    /// The page's function for the key failed, or gave what no header can hold.
    fn no_key(&self, error: &JsValue) -> LlmError {
        LlmError::Failed { why: format!("the request cannot be made: {}", message_of(error)) }
    }
}

impl Model for PageModel {
    fn chat<'a>(&'a self, request: &'a ChatRequest, max_tokens: u32, said: &'a mut String) -> Local<'a, Answered> {
        Box::pin(async move {
            let abort = Abort::new()?;
            let failed = |error: &JsValue| LlmError::Failed { why: message_of(error) };
            let asked = to_js(&page_request(request, max_tokens)).map_err(|error| failed(&error))?;
            let called = self.0.call2(&JsValue::NULL, &asked, &abort.0.signal()).map_err(|error| failed(&error))?;
            let answer = JsFuture::from(Promise::resolve(&called)).await.map_err(|error| failed(&error))?;
            let reply = match answer.as_string() {
                Some(text) => ChatReply { text, finish: Finish::Unknown, usage: None },
                None => read(answer)?,
            };
            if reply.text.len() > MOST_BYTES {
                return Err(LlmError::TooLong { most: MOST_BYTES });
            }
            said.push_str(&reply.text);
            Ok(reply)
        })
    }
}

fn page_request(request: &ChatRequest, max_tokens: u32) -> PageRequest<'_> {
    let schema = request.schema.as_ref().and_then(|schema| {
        let shape = serde_json::from_str(&schema.shape.to_json_schema()).ok()?;
        Some(PageSchema { name: &schema.name, schema: shape })
    });
    // Numbers beyond 2^53 are no whole numbers in JavaScript, and engines keep seeds in 32 bits.
    let seed = request.seed.map(|seed| seed & 0x7fff_ffff);
    PageRequest { messages: &request.messages, temperature: request.temperature, seed, max_tokens, schema }
}

fn read(answer: JsValue) -> Result<ChatReply, LlmError> {
    let malformed = |_| LlmError::Failed { why: "its answer is neither a text nor an object with one".into() };
    let PageReply { text, finish, usage } = from_js(answer).map_err(malformed)?;
    let usage = usage.map(|usage| Usage {
        prompt_tokens: usage.prompt_tokens.max(0.0) as u64,
        completion_tokens: usage.completion_tokens.max(0.0) as u64,
    });
    Ok(ChatReply { text, finish: finish.unwrap_or(Finish::Unknown), usage })
}

fn message_of(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    crate::llm::clean(&message.or_else(|| error.as_string()).unwrap_or_else(|| "no reason was given".into()), 300)
}
