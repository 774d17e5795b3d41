//! The dialect of OpenAI's chat completions, which most servers and in-browser engines speak.
//!
//! Pure: a request becomes JSON, and what a server sends becomes a reply or a typed error. A stream is pushed in as
//! bytes come ([`Stream::push`]), cut anywhere, also within a character.
//!
//! **Believed of no server:** that it ends a stream with `[DONE]`, that it counts tokens, that it streams at all although
//! asked to, that an answer with status 200 is no error, or that it ever ends. **Out of scope:** tools, images, several
//! choices.
//!
//! Source: OpenAI API reference, *Create chat completion*; WHATWG HTML, *Server-sent events*.

mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use stream::{Incoming, Stream};

use super::schema::JsonSchema;
use super::{ChatReply, ChatRequest, Finish, Message, Schema, Usage, clean};
use crate::error::{DataError, LlmError, Result};

/// Bytes of one answer that are read; a rewritten item takes a few thousand.
pub const MOST_BYTES: usize = 1 << 20;
/// Characters of a server's message that are kept.
const MOST_QUOTED: usize = 300;

/// Which server, which model, and what it can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// Up to and including the version, as in `https://api.openai.com/v1` or `http://localhost:11434/v1`.
    pub base_url: String,
    /// The model's name there.
    pub model: String,
    /// Whether answers are asked for piece by piece.
    #[serde(default = "yes")]
    pub streaming: bool,
    /// Whether the server can be given a seed.
    #[serde(default = "yes")]
    pub seeds: bool,
    /// Whether the server can be given a temperature.
    #[serde(default = "yes")]
    pub temperature: bool,
    /// Whether the server can hold an answer to a JSON schema.
    #[serde(default)]
    pub schemas: bool,
    /// What the server calls the limit of an answer's tokens.
    #[serde(default)]
    pub limit: LimitName,
}

/// Two names for the largest number of tokens of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// What every server but OpenAI's reads.
    #[default]
    MaxTokens,
    /// What OpenAI's reasoning models insist on.
    MaxCompletionTokens,
}

/// A question on the wire.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: NamedSchema<'a>,
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    strict: bool,
    schema: JsonSchema<'a>,
}

impl<'a> ResponseFormat<'a> {
    fn new(schema: &'a Schema) -> Self {
        let json_schema = NamedSchema { name: &schema.name, strict: true, schema: JsonSchema(&schema.shape) };
        ResponseFormat { r#type: "json_schema", json_schema }
    }
}

fn yes() -> bool {
    true
}

impl Endpoint {
    /// A server that can do what most can.
    ///
    /// # Errors
    /// As [`Endpoint::check`].
    pub fn new(base_url: &str, model: &str) -> Result<Self> {
        let endpoint = Endpoint {
            base_url: base_url.to_owned(),
            model: model.to_owned(),
            streaming: true,
            seeds: true,
            temperature: true,
            schemas: false,
            limit: LimitName::default(),
        };
        endpoint.check()?;
        Ok(endpoint)
    }

    /// # Errors
    /// [`DataError::Malformed`] for an address that is not http(s), that carries a user or a query, or for no model.
    pub fn check(&self) -> Result<()> {
        let rest = self.base_url.strip_prefix("https://").or_else(|| self.base_url.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or(""));
        let why = match host {
            _ if self.model.trim().is_empty() => "a model is needed",
            None | Some("") => "the base URL must begin with https:// or http:// and name a host",
            Some(host) if host.contains('@') => "a base URL with a user or password in it is not accepted",
            _ if self.base_url.contains(['?', '#', ' ']) => "the base URL may have no query, fragment or space",
            _ => return Ok(()),
        };
        Err(DataError::Malformed { file: "endpoint".into(), line: 1, why: why.into() }.into())
    }

    /// Where questions are posted to.
    pub fn url(&self) -> String {
        let base = self.base_url.trim_end_matches('/');
        let base = base.strip_suffix("/chat/completions").unwrap_or(base);
        format!("{base}/chat/completions")
    }

    /// The body of a question; `max_tokens` is what a budget allows of the request's own limit.
    pub fn encode(&self, request: &ChatRequest, max_tokens: u32) -> String {
        let body = Body {
            model: &self.model,
            messages: &request.messages,
            max_tokens: (self.limit == LimitName::MaxTokens).then_some(max_tokens),
            max_completion_tokens: (self.limit == LimitName::MaxCompletionTokens).then_some(max_tokens),
            temperature: request.temperature.filter(|_| self.temperature),
            // Servers keep seeds in 32 bits with a sign, or in 64.
            seed: request.seed.filter(|_| self.seeds).map(|seed| seed & 0x7fff_ffff),
            response_format: request.schema.as_ref().filter(|_| self.schemas).map(ResponseFormat::new),
            stream: self.streaming.then_some(true),
            stream_options: self.streaming.then_some(StreamOptions { include_usage: true }),
        };
        serde_json::to_string(&body).expect("a body has only strings for keys")
    }
}

/// Reads a whole answer. `retry_after` is that header's value, where it can be seen.
///
/// # Errors
/// What the status or an error object says, [`LlmError::Dialect`] for anything that is no chat completion.
pub fn decode(status: u16, retry_after: Option<&str>, body: &[u8]) -> std::result::Result<ChatReply, LlmError> {
    if !(200..300).contains(&status) {
        return Err(failure(status, retry_after, body));
    }
    if body.len() > MOST_BYTES {
        return Err(LlmError::TooLong { most: MOST_BYTES });
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| dialect(body))?;
    if let Some(error) = error_of(&value) {
        return Err(failure(status_in(&value).unwrap_or(500), retry_after, error.as_bytes()));
    }
    let choice = value.pointer("/choices/0").ok_or_else(|| dialect(body))?;
    let message = choice.get("message").ok_or_else(|| dialect(body))?;
    let text = content(message);
    let refusal = message.get("refusal").and_then(Value::as_str).unwrap_or("");
    reply(text, refusal, finish_of(choice), usage_of(&value))
}

/// What a status other than success means.
pub fn failure(status: u16, retry_after: Option<&str>, body: &[u8]) -> LlmError {
    let why = said(body);
    match status {
        401 | 403 => LlmError::Unauthorized { status, why },
        404 | 405 | 410 => LlmError::NotFound { why },
        429 => LlmError::RateLimited { retry_after: retry_after.and_then(seconds), why },
        408 | 409 | 425 | 500.. => LlmError::Server { status, why },
        _ => LlmError::Rejected { status, why },
    }
}

fn reply(
    text: String,
    refusal: &str,
    finish: Finish,
    usage: Option<Usage>,
) -> std::result::Result<ChatReply, LlmError> {
    if text.trim().is_empty() && (!refusal.is_empty() || finish == Finish::Refused) {
        return Err(LlmError::Refused {
            why: quoted(if refusal.is_empty() { "a filter stopped it" } else { refusal }),
        });
    }
    Ok(ChatReply { text, finish, usage })
}

/// The text of a message: a string, or a list of parts with a text.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect(),
        _ => String::new(),
    }
}

fn finish_of(choice: &Value) -> Finish {
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop" | "eos" | "end_turn") => Finish::Stop,
        Some("length" | "max_tokens") => Finish::Length,
        Some("content_filter" | "refusal" | "safety") => Finish::Refused,
        _ => Finish::Unknown,
    }
}

fn usage_of(value: &Value) -> Option<Usage> {
    let usage = value.get("usage")?;
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    Some(Usage { prompt_tokens: count("prompt_tokens")?, completion_tokens: count("completion_tokens").unwrap_or(0) })
}

/// What an error object says: servers send `{"error":{"message":…}}`, `{"error":"…"}`, or a list with one of these.
fn error_of(value: &Value) -> Option<String> {
    let value = value.get(0).unwrap_or(value);
    let error = value.get("error").filter(|error| !error.is_null())?;
    let message = error.get("message").unwrap_or(error);
    Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

/// The status that an error object names itself.
fn status_in(value: &Value) -> Option<u16> {
    let error = value.get(0).unwrap_or(value).get("error")?;
    let code = error.get("code").or_else(|| error.get("status"))?;
    let number = code.as_u64().or_else(|| code.as_str().and_then(|text| text.parse().ok()))?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

/// What a server said, short and readable, whatever it sent.
fn said(body: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let message = value.as_ref().and_then(|value| {
        let told = ["message", "detail"].iter().find_map(|name| value.get(name).and_then(Value::as_str));
        error_of(value).or_else(|| told.map(str::to_owned))
    });
    match message {
        Some(message) => quoted(&message),
        None if is_html(body) => "a web page".into(),
        None if body.trim_ascii().is_empty() => "nothing".into(),
        None => quoted(&String::from_utf8_lossy(&body[..body.len().min(4 * MOST_QUOTED)])),
    }
}

fn dialect(body: &[u8]) -> LlmError {
    LlmError::Dialect { why: said(body) }
}

fn is_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    start.first() == Some(&b'<')
}

fn quoted(text: &str) -> String {
    clean(text, MOST_QUOTED)
}

/// `Retry-After` in seconds; its other form, a date, is no use without a clock.
fn seconds(header: &str) -> Option<f32> {
    header.trim().parse::<f32>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
}
