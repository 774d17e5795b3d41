//! Answers as they come in from a connection.

use serde_json::Value;

use super::{MOST_BYTES, content, decode, error_of, failure, finish_of, quoted, reply, status_in, usage_of};
use crate::error::LlmError;
use crate::llm::{ChatReply, Finish, Usage};

/// Bytes of a failure that are read.
const MOST_FAILURE: usize = 1 << 16;

/// What a server sends back, from its status to its last byte.
#[derive(Debug)]
pub enum Incoming {
    /// A success, whether it is streamed or not.
    Success(Box<Stream>),
    /// Anything else; its body may say why.
    Failure {
        /// The status.
        status: u16,
        /// The header of this name, where it can be seen.
        retry_after: Option<String>,
        /// What was read of the body.
        body: Vec<u8>,
    },
}

/// An answer that comes in pieces.
#[derive(Debug, Default)]
pub struct Stream {
    /// Bytes of a line that has not ended.
    line: Vec<u8>,
    read: usize,
    /// What came outside of events: all of the answer of a server that does not stream.
    outside: Vec<u8>,
    has_events: bool,
    is_done: bool,
    text: String,
    refusal: String,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Incoming {
    /// An answer of which the head is known.
    pub fn new(status: u16, retry_after: Option<String>) -> Self {
        match status {
            200..300 => Incoming::Success(Box::default()),
            _ => Incoming::Failure { status, retry_after, body: Vec::new() },
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As [`Stream::push`].
    pub fn push(&mut self, bytes: &[u8]) -> std::result::Result<(), LlmError> {
        match self {
            Incoming::Success(stream) => stream.push(bytes).map(drop),
            Incoming::Failure { body, .. } => {
                body.extend_from_slice(&bytes[..bytes.len().min(MOST_FAILURE.saturating_sub(body.len()))]);
                Ok(())
            }
        }
    }

    /// The text so far, also after an error.
    pub fn text(&self) -> &str {
        match self {
            Incoming::Success(stream) => stream.text(),
            Incoming::Failure { .. } => "",
        }
    }

    /// Whether nothing more is needed, though the connection may still be open.
    pub fn is_done(&self) -> bool {
        match self {
            Incoming::Success(stream) => stream.is_done(),
            Incoming::Failure { body, .. } => body.len() >= MOST_FAILURE,
        }
    }

    /// The whole answer.
    ///
    /// # Errors
    /// As [`Stream::finish`], and what a status other than success means.
    pub fn finish(self) -> std::result::Result<ChatReply, LlmError> {
        match self {
            Incoming::Success(stream) => stream.finish(),
            Incoming::Failure { status, retry_after, body } => Err(failure(status, retry_after.as_deref(), &body)),
        }
    }
}

impl Stream {
    /// Takes the next bytes and returns what they add to the text.
    ///
    /// # Errors
    /// [`LlmError::TooLong`], [`LlmError::Dialect`], and what an error inside the stream says; the stream is then over.
    pub fn push(&mut self, bytes: &[u8]) -> std::result::Result<String, LlmError> {
        self.read += bytes.len();
        // Every piece of a few letters comes in an envelope of a few hundred bytes.
        if self.read > 64 * MOST_BYTES || self.text.len() > MOST_BYTES || self.line.len() > MOST_BYTES {
            return Err(LlmError::TooLong { most: MOST_BYTES });
        }
        let before = self.text.len();
        let mut lines = bytes.split(|&byte| byte == b'\n');
        self.line.extend_from_slice(lines.next().unwrap_or_default());
        for next in lines {
            let line = std::mem::replace(&mut self.line, next.to_vec());
            self.read_line(&line)?;
        }
        Ok(self.text[before..].to_owned())
    }

    /// Whether the server has said that there is no more.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether anything of an answer has come, so that asking again would be paid for twice.
    pub fn has_begun(&self) -> bool {
        !self.text.is_empty()
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole answer, when the connection has ended.
    ///
    /// # Errors
    /// [`LlmError::Interrupted`] when the answer had not ended, or as [`decode`] where nothing was streamed.
    pub fn finish(mut self) -> std::result::Result<ChatReply, LlmError> {
        let line = std::mem::take(&mut self.line);
        self.read_line(&line)?;
        if !self.has_events {
            return decode(200, None, &self.outside);
        }
        if self.finish.is_none() && !self.is_done {
            let why = format!("the connection ended after {} characters", self.text.chars().count());
            return Err(self.broken(0, why));
        }
        reply(self.text, &self.refusal, self.finish.unwrap_or(Finish::Unknown), self.usage)
    }

    fn read_line(&mut self, line: &[u8]) -> std::result::Result<(), LlmError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(data) = line.strip_prefix(b"data:") else {
            let is_field = [&b":"[..], b"event:", b"id:", b"retry:"].iter().any(|field| line.starts_with(field));
            if !is_field && !self.has_events {
                self.outside.extend_from_slice(line);
                self.outside.push(b'\n');
            }
            return Ok(());
        };
        self.has_events = true;
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.is_done = true;
        }
        if self.is_done || data.is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(data).map_err(|_| match std::str::from_utf8(data) {
            Ok(_) => self.broken(500, "a piece of the stream is no JSON".into()),
            Err(_) => self.broken(500, "a piece of the stream is no UTF-8".into()),
        })?;
        self.read_piece(&value)
    }

    fn read_piece(&mut self, value: &Value) -> std::result::Result<(), LlmError> {
        if let Some(error) = error_of(value) {
            let status = status_in(value).unwrap_or(500);
            return Err(match self.has_begun() {
                true => self.broken(status, quoted(&error)),
                false => failure(status, None, error.as_bytes()),
            });
        }
        self.usage = usage_of(value).or(self.usage);
        let Some(choice) = value.pointer("/choices/0") else { return Ok(()) };
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            self.text.push_str(&content(delta));
            self.refusal.push_str(delta.get("refusal").and_then(Value::as_str).unwrap_or(""));
        }
        if choice.get("finish_reason").is_some_and(Value::is_string) {
            self.finish = Some(finish_of(choice));
        }
        Ok(())
    }

    /// A fault is worth another attempt only as long as nothing has been paid for.
    fn broken(&self, status: u16, why: String) -> LlmError {
        if self.has_begun() { LlmError::Interrupted { why } } else { LlmError::Server { status, why } }
    }
}
