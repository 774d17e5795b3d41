//! What a language model is asked, and what it answers, as values.
//!
//! A [`ChatRequest`] is messages and how to sample; a [`ChatReply`] is text and what it cost. Nothing here opens a
//! connection: [`openai`] turns requests into bytes and bytes into replies, [`retry`] says when to try again, [`budget`]
//! says whether there is enough left to ask at all. Whoever sends adds the key, which no value of this library ever holds.
//!
//! What a model answers is untrusted: it is bounded here, cleaned by [`clean`], and read by [`crate::answer`].

pub mod budget;
pub mod desk;
pub mod openai;
pub mod retry;
mod schema;

use serde::{Deserialize, Serialize};

pub use schema::Shape;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Rules for the whole conversation.
    System,
    /// What is asked.
    User,
    /// What the model said before.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatRequest {
    /// The conversation so far; the last message is to be answered.
    pub messages: Vec<Message>,
    /// 0 always says what is likeliest; where missing, the model's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Makes the answer repeatable where the model can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Tokens of the answer at most.
    pub max_tokens: u32,
    /// The form of the answer, for models that can be held to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
}

/// A shape that an answer is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Letters and underscores.
    pub name: String,
    /// The shape.
    pub shape: Shape,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// What it said.
    pub text: String,
    /// Why it stopped.
    pub finish: Finish,
    /// What it counted, if it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// It was complete.
    Stop,
    /// There were no more tokens.
    Length,
    /// The model, or a filter in front of it, would not go on.
    Refused,
    /// It did not say.
    Unknown,
}

/// Tokens of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens of the question.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
}

impl Message {
    /// A message of rules.
    pub fn system(content: impl Into<String>) -> Self {
        Message { role: Role::System, content: content.into() }
    }

    /// A message that asks.
    pub fn user(content: impl Into<String>) -> Self {
        Message { role: Role::User, content: content.into() }
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Message { role: Role::Assistant, content: content.into() }
    }
}

impl ChatRequest {
    /// The same question after an answer that could not be used: the answer, and what was wrong with it.
    pub fn repaired(&self, answer: &str, complaint: &str) -> Self {
        let mut request = self.clone();
        request.messages.push(Message::assistant(answer));
        request.messages.push(Message::user(complaint));
        request
    }
}

impl Usage {
    /// Both together.
    pub fn total(self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

/// Text of a stranger, without what people cannot see in it, and no longer than `most` characters.
///
/// Control, zero-width, bidirectional, tag and variation-selector characters can carry instructions that no reader of
/// the page would notice. They are dropped; line breaks and tabs become spaces, and runs of spaces one.
///
/// ```
/// use aquiline::llm::clean;
/// assert_eq!(clean("A\u{200b} quiet\u{202e}\n film\u{e0041}", 100), "A quiet film");
/// assert_eq!(clean("abcdef", 3), "abc");
/// ```
pub fn clean(text: &str, most: usize) -> String {
    let visible = text.chars().filter_map(|c| match c {
        _ if c.is_whitespace() => Some(' '),
        _ if is_invisible(c) => None,
        _ => Some(c),
    });
    let mut cleaned = String::new();
    for c in visible.take(most.saturating_mul(2)) {
        if c != ' ' || !(cleaned.is_empty() || cleaned.ends_with(' ')) {
            cleaned.push(c);
        }
    }
    let cleaned: String = cleaned.chars().take(most).collect();
    cleaned.trim_end().to_owned()
}

/// Characters that show nothing, or change how others are shown.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
            | '\u{ffa0}' | '\u{feff}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
