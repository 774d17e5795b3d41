//! A model behind an address.

use super::{Answered, Local, Model, Movable};
use crate::error::{LlmError, Result};
use crate::llm::openai::{Endpoint, Incoming};
use crate::llm::{ChatReply, ChatRequest};

/// Bytes that a token of an answer has at most, by far, in what people write.
const LONGEST_TOKEN: usize = 16;

/// The only part of asking a server that does I/O.
pub trait Connection: std::fmt::Debug + Movable {
    /// Posts a body as `application/json` with whatever key the shell has, and hands what comes back to `receive`: first
    /// the status, then bytes as they arrive, until there are no more or `receive` wants none. Dropping the future closes
    /// the connection.
    ///
    /// # Errors
    /// [`LlmError::Unreachable`] and [`LlmError::Interrupted`], in words without the key; and what `receive` returns.
    fn post<'a>(
        &'a self,
        url: &'a str,
        body: String,
        receive: &'a mut dyn Receive,
    ) -> Local<'a, std::result::Result<(), LlmError>>;

    /// A text that a server sent, without the key: some quote it.
    fn redacted(&self, text: String) -> String;
}

/// What takes in an answer.
pub trait Receive {
    /// The status and the header `Retry-After`.
    fn head(&mut self, status: u16, retry_after: Option<String>);

    /// The next bytes; returns whether more are wanted.
    ///
    /// # Errors
    /// What ends the answer.
    fn bytes(&mut self, bytes: &[u8]) -> std::result::Result<bool, LlmError>;
}

/// A server that speaks the dialect of chat completions.
#[derive(Debug)]
pub struct Remote<C> {
    endpoint: Endpoint,
    connection: C,
}

impl<C: Connection> Remote<C> {
    /// A model at an address.
    ///
    /// # Errors
    /// As [`Endpoint::check`].
    pub fn new(endpoint: Endpoint, connection: C) -> Result<Self> {
        endpoint.check()?;
        Ok(Remote { endpoint, connection })
    }
}

impl<C: Connection> Model for Remote<C> {
    fn chat<'a>(&'a self, request: &'a ChatRequest, max_tokens: u32, said: &'a mut String) -> Local<'a, Answered> {
        Box::pin(async move {
            match self.exchange(request, max_tokens, said).await {
                Ok(reply) => Ok(ChatReply { text: self.connection.redacted(reply.text), ..reply }),
                // As long as nothing has come, it is as if nobody had been reached.
                Err(LlmError::Interrupted { why }) if said.is_empty() => Err(LlmError::Unreachable { why }),
                Err(error) => Err(error.map_words(|words| self.connection.redacted(words))),
            }
        })
    }
}

impl<C: Connection> Remote<C> {
    async fn exchange(&self, request: &ChatRequest, max_tokens: u32, said: &mut String) -> Answered {
        let (url, body) = (self.endpoint.url(), self.endpoint.encode(request, max_tokens));
        let most = (max_tokens as usize).saturating_mul(LONGEST_TOKEN);
        let mut receiver = Receiver { incoming: None, said, most };
        self.connection.post(&url, body, &mut receiver).await?;
        match receiver.incoming {
            Some(incoming) => incoming.finish(),
            None => Err(LlmError::Interrupted { why: "the connection ended before an answer".into() }),
        }
    }
}

struct Receiver<'a> {
    incoming: Option<Incoming>,
    said: &'a mut String,
    /// Bytes of text after which the model is not obeying its limit.
    most: usize,
}

impl Receive for Receiver<'_> {
    fn head(&mut self, status: u16, retry_after: Option<String>) {
        self.incoming = Some(Incoming::new(status, retry_after));
    }

    fn bytes(&mut self, bytes: &[u8]) -> std::result::Result<bool, LlmError> {
        let Some(incoming) = &mut self.incoming else { return Ok(false) };
        let pushed = incoming.push(bytes);
        // Also what came in the same bytes as an error: it has to be paid for.
        self.said.push_str(incoming.text().get(self.said.len()..).unwrap_or_default());
        pushed?;
        if self.said.len() > self.most {
            return Err(LlmError::TooLong { most: self.most });
        }
        Ok(!incoming.is_done())
    }
}
