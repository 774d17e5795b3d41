//! From the body of a question to what is sent back.

use aquiline::llm::Usage;
use aquiline::prompt::Task;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::dialect::{self, Reply, Response};
use super::misdeed::{self, Misdeed};
use super::question::Question;
use super::wire::{Request, Step};
use super::{Shared, answers};

/// Tokens of an answer where the request names no limit.
const USUAL_TOKENS: u64 = 4_096;

/// What is going to be done about a request.
pub struct Plan {
    pub status: u16,
    pub steps: Vec<Step>,
    pub task: Option<Task>,
    pub misdeed: Option<Misdeed>,
    /// What the answer says that it cost.
    pub usage: Option<Usage>,
}

/// What of a request's body matters.
pub struct Asked {
    pub model: String,
    /// The first thing that a user says: what comes later complains of the answer.
    pub prompt: String,
    pub prompt_tokens: u64,
    pub max_tokens: u64,
    pub seed: Option<u64>,
    pub streams: bool,
    pub counts: bool,
    /// What came with the key, to be quoted by servers that cannot keep a secret.
    pub authorization: String,
}

impl Asked {
    fn read(request: &Request) -> Option<Self> {
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let messages = body.get("messages")?.as_array()?;
        let first = messages.iter().find(|message| message.get("role").and_then(Value::as_str) == Some("user"))?;
        let is_true = |pointer: &str| body.pointer(pointer).and_then(Value::as_bool) == Some(true);
        let number = |name: &str| body.get(name).and_then(Value::as_u64);
        let streams = is_true("/stream");
        Some(Asked {
            model: body.get("model")?.as_str()?.to_owned(),
            prompt: content(first),
            prompt_tokens: messages.iter().map(|message| tokens(&content(message))).sum(),
            max_tokens: number("max_tokens").or(number("max_completion_tokens")).unwrap_or(USUAL_TOKENS),
            seed: number("seed"),
            streams,
            counts: !streams || is_true("/stream_options/include_usage"),
            authorization: request.header("authorization").unwrap_or("none").to_owned(),
        })
    }
}

impl Shared {
    pub fn chat(&self, request: &Request) -> Plan {
        let Some(asked) = Asked::read(request) else {
            let why = "The body is no chat completion request";
            return self.plainly(Response::error(400, why, "invalid_request_error", None));
        };
        if asked.model != self.settings.model {
            let why = format!("The model `{}` does not exist or you do not have access to it.", asked.model);
            return self.plainly(Response::error(404, &why, "invalid_request_error", Some("model_not_found")));
        }
        let mut random = self.random(request);
        let drawn = self.settings.wild.then(|| misdeed::draw(&mut random)).flatten();
        self.plan_chat(&asked, self.settings.misdeed.or(drawn), &mut random)
    }

    fn plan_chat(&self, asked: &Asked, misdeed: Option<Misdeed>, random: &mut ChaCha8Rng) -> Plan {
        let settings = &self.settings;
        let question = Question::read(&asked.prompt);
        let task = question.as_ref().map(|question| question.task);
        let question = question.map(|question| misdeed::misread(misdeed, question));
        let seed = asked.seed.unwrap_or_else(|| number(&[&settings.seed.to_le_bytes(), asked.prompt.as_bytes()]));
        let text = question.map(|question| answers::write(&question, &self.simulator, seed));
        let text =
            misdeed::mistell(misdeed, text.unwrap_or_else(|| "I only answer what aquiline asks.".into()), random);
        let reply = misdeed::misreport(misdeed, cut(&text, asked), random);
        let response = match asked.streams {
            true => dialect::stream(&reply, &settings.model, settings.piece, asked.counts),
            false => dialect::whole(&reply, &settings.model),
        };
        let response = misdeed::misrespond(misdeed, response, asked, random);
        let steps = misdeed::missend(misdeed, response.steps(settings), random);
        let usage = Some(reply.usage)
            .filter(|_| asked.counts && misdeed.is_none_or(|misdeed| misdeed.reports_usage(asked.streams)));
        let steps = [Step::Wait(settings.latency)].into_iter().chain(steps).collect();
        Plan { status: response.status, steps, task, misdeed, usage }
    }

    /// Equal for equal seeds, bodies, and times that the body came.
    fn random(&self, request: &Request) -> ChaCha8Rng {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let time = {
            let mut times = self.times.lock().unwrap();
            let time = times.entry(body).or_default();
            *time += 1;
            *time
        };
        let seed = self.settings.seed.to_le_bytes();
        ChaCha8Rng::from_seed(digest(&[&seed, &time.to_le_bytes(), &request.body]))
    }
}

/// A number that only depends on these bytes.
pub fn number(parts: &[&[u8]]) -> u64 {
    digest(parts).iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// As many tokens as English words have on the average.
fn tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64 * 4 / 3
}

/// The answer, within the limit of its tokens.
fn cut(text: &str, asked: &Asked) -> Reply {
    let most = usize::try_from(asked.max_tokens * 3 / 4).unwrap_or(usize::MAX);
    let rest = text.split_whitespace().nth(most);
    let end = rest.map_or(text.len(), |word| word.as_ptr() as usize - text.as_ptr() as usize);
    let text = text[..end].trim_end().to_owned();
    let usage = Usage { prompt_tokens: asked.prompt_tokens, completion_tokens: tokens(&text) };
    Reply { text, refusal: None, finish: Some(if rest.is_some() { "length" } else { "stop" }), usage }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let hashed = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part));
    hashed.finalize().into()
}

/// The text of a message: a string, or a list of parts with a text.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect(),
        _ => String::new(),
    }
}
