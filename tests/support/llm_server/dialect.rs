//! Answers as OpenAI's servers word them.

use std::time::Duration;

use aquiline::llm::Usage;
use serde_json::{Value, json};

use super::Settings;
use super::wire::Step;

/// Between the pieces of an answer without an end, at least.
const GOES_ON: Duration = Duration::from_millis(2);

/// What the model says.
#[derive(Debug, Clone)]
pub struct Reply {
    pub text: String,
    pub refusal: Option<String>,
    /// None where it does not say why it ended.
    pub finish: Option<&'static str>,
    pub usage: Usage,
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub kind: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub enum Body {
    Whole(Vec<u8>),
    /// Sent one by one.
    Pieces(Vec<Vec<u8>>),
    /// A beginning, and what is repeated after it.
    Endless(Vec<u8>, Vec<u8>),
}

impl Response {
    pub fn new(kind: &'static str, body: Body) -> Self {
        Response { status: 200, kind, headers: Vec::new(), body }
    }

    pub fn json(status: u16, value: &Value) -> Self {
        Response { status, ..Response::new("application/json", Body::Whole(value.to_string().into_bytes())) }
    }

    pub fn html(status: u16, title: &str) -> Self {
        let page = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n");
        Response { status, ..Response::new("text/html", Body::Whole(page.into_bytes())) }
    }

    pub fn error(status: u16, message: &str, kind: &str, code: Option<&str>) -> Self {
        Response::json(status, &error(message, kind, code))
    }

    /// What is sent, head first.
    pub fn steps(&self, settings: &Settings) -> Vec<Step> {
        match &self.body {
            Body::Whole(body) => {
                let length = format!("Content-Length: {}\r\n", body.len());
                vec![Step::Send([self.head(&length, settings).as_bytes(), body].concat())]
            }
            Body::Pieces(pieces) => {
                let mut steps = vec![Step::Send(self.chunked_head(settings))];
                let sent = pieces.iter().enumerate();
                steps.extend(sent.flat_map(|(at, piece)| {
                    let end: &[u8] = if at + 1 == pieces.len() { b"0\r\n\r\n" } else { b"" };
                    [Step::Wait(settings.pause), Step::Send([&chunk(piece), end].concat())]
                }));
                steps
            }
            Body::Endless(before, again) => {
                let start = [self.chunked_head(settings), chunk(before)].concat();
                vec![Step::Send(start), Step::Repeat(chunk(again), settings.pause.max(GOES_ON))]
            }
        }
    }

    fn chunked_head(&self, settings: &Settings) -> Vec<u8> {
        self.head("Transfer-Encoding: chunked\r\n", settings).into_bytes()
    }

    fn head(&self, framing: &str, settings: &Settings) -> String {
        let more: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let cors = match settings.cors {
            true => "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: retry-after\r\n",
            false => "",
        };
        let (status, kind) = (self.status, self.kind);
        let framing = if status == 204 { "" } else { framing };
        let reason = reason(status);
        format!("HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n{framing}Connection: close\r\n{cors}{more}\r\n")
    }
}

/// An answer in one piece.
pub fn whole(reply: &Reply, model: &str) -> Response {
    let content = if reply.refusal.is_some() { Value::Null } else { json!(reply.text) };
    let message = json!({ "role": "assistant", "content": content, "refusal": reply.refusal });
    let choice = json!({ "index": 0, "message": message, "finish_reason": reply.finish });
    let mut completion = envelope("chat.completion", model, json!([choice]));
    completion["usage"] = usage(reply.usage);
    Response::json(200, &completion)
}

/// An answer in pieces of so many characters: its role, its text, why it ended, what it cost, and the mark of the end.
pub fn stream(reply: &Reply, model: &str, piece: usize, counts: bool) -> Response {
    let mut events = vec![event(&delta(model, json!({ "role": "assistant", "content": "" }), None))];
    let letters: Vec<char> = reply.text.chars().collect();
    let told = |text: &[char]| event(&delta(model, json!({ "content": text.iter().collect::<String>() }), None));
    events.extend(letters.chunks(piece.max(1)).map(told));
    events.extend(reply.refusal.iter().map(|why| event(&delta(model, json!({ "refusal": why }), None))));
    events.extend(reply.finish.map(|finish| event(&delta(model, json!({}), Some(finish)))));
    if counts {
        let mut last = envelope("chat.completion.chunk", model, json!([]));
        last["usage"] = usage(reply.usage);
        events.push(event(&last));
    }
    events.push(b"data: [DONE]\n\n".to_vec());
    Response::new("text/event-stream", Body::Pieces(events))
}

/// An answer that never ends.
pub fn endless(model: &str, is_stream: bool) -> Response {
    let text = "and then they walked on, and it rained, ".repeat(200);
    if is_stream {
        let start = event(&delta(model, json!({ "role": "assistant", "content": "" }), None));
        let more = event(&delta(model, json!({ "content": text }), None));
        return Response::new("text/event-stream", Body::Endless(start, more));
    }
    let start = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":""#;
    Response::new("application/json", Body::Endless(start.into(), text.repeat(2).into()))
}

pub fn models(model: &str) -> Response {
    let listed = json!({ "id": model, "object": "model", "created": 0, "owned_by": "aquiline" });
    Response::json(200, &json!({ "object": "list", "data": [listed] }))
}

pub fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

pub fn event(value: &Value) -> Vec<u8> {
    format!("data: {value}\n\n").into_bytes()
}

fn delta(model: &str, delta: Value, finish: Option<&str>) -> Value {
    envelope("chat.completion.chunk", model, json!([{ "index": 0, "delta": delta, "finish_reason": finish }]))
}

fn envelope(object: &str, model: &str, choices: Value) -> Value {
    json!({ "id": "chatcmpl-0", "object": object, "created": 0, "model": model, "choices": choices })
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total(),
    })
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "Internal Server Error",
    }
}
