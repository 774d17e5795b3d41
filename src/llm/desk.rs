//! Where requests leave from: budget, retries, cache and record in one place, without a connection or a clock.
//!
//! A client asks [`Desk::begin`] what to do about a question. Either the answer is known, or there is a [`Call`] to send;
//! what comes of it goes to [`Desk::answered`] or [`Desk::failed`], and a call that is worth another attempt comes back
//! with the time to make it. Any number of calls may be under way; whoever sends decides how many.
//!
//! Nothing is charged for a request that got no answer, and an answer is charged once, however many attempts it took.
//! Keys never come here: the shell adds them when it sends, and takes them out of what it is told.
//!
//! A shell that wants to lose nothing listens ([`Desk::on_call`]): it hears of each call the moment that it is charged,
//! before whoever asked does.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::budget::{Budget, Hold, Ledger, Price, Spent};
use super::retry::{Retry, RetrySettings};
use super::{ChatReply, ChatRequest};
use crate::error::{LlmError, Result};

/// Where requests leave from.
#[derive(Debug)]
pub struct Desk {
    model: String,
    ledger: Ledger,
    retry: RetrySettings,
    known: Option<HashMap<String, ChatReply>>,
    learned: Vec<KnownAnswer>,
    log: Vec<CallRecord>,
    calls: u64,
    listener: Option<Listener>,
}

/// Who hears of calls.
#[derive(Clone)]
struct Listener(Arc<dyn Fn(&CallRecord) + Send + Sync>);

/// A request that may be sent.
#[derive(Debug)]
#[must_use = "a call goes back to its desk, by `answered`, `failed` or `abandoned`"]
pub struct Call {
    request: ChatRequest,
    hold: Hold,
    retry: Retry,
    attempts: u32,
    began: f64,
}

/// What to do about a question.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: the same question was answered before.
    Known(ChatReply),
    /// Send this.
    Send(Box<Call>),
    /// Not now: calls that are under way may cost all of the budget that is left. Begin again when one of them has ended.
    Later(ChatRequest),
}

/// A call that waits for its next attempt.
#[derive(Debug)]
pub struct Waiting {
    /// When to send it again, in milliseconds.
    pub until: f64,
    /// What to send then. What was set aside for it still is.
    pub call: Call,
}

/// What was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// The model's name.
    pub model: String,
    /// The question.
    pub request: ChatRequest,
    /// The answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ChatReply>,
    /// The code and text of the last error, if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Requests that were sent; 0 for an answer that was known.
    pub attempts: u32,
    /// From the first request to the end, waits included.
    pub milliseconds: f64,
}

/// A question whose answer need not be asked for again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// The model's name.
    pub model: String,
    /// The question.
    pub request: ChatRequest,
    /// Its answer.
    pub reply: ChatReply,
}

impl Desk {
    /// A desk with a whole budget at the time `now`, in milliseconds, for the model of this name. With `remembers`, equal
    /// questions are asked once.
    ///
    /// # Errors
    /// As [`Ledger::new`].
    pub fn new(model: &str, budget: Budget, price: Price, remembers: bool, now: f64) -> Result<Self> {
        let ledger = Ledger::new(budget, price, now)?;
        let (model, known) = (model.to_owned(), remembers.then(HashMap::new));
        Ok(Desk {
            model,
            ledger,
            retry: RetrySettings::default(),
            known,
            learned: Vec::new(),
            log: Vec::new(),
            calls: 0,
            listener: None,
        })
    }

    /// The same with other patience.
    #[must_use]
    pub fn with_retry(self, retry: RetrySettings) -> Self {
        Desk { retry, ..self }
    }

    /// Has every call told as soon as it has ended, before its answer is given to anyone: to write it down, so that an
    /// answer that is paid for cannot be lost. The listener may not use the desk, nor the client of it.
    pub fn on_call(&mut self, listener: impl Fn(&CallRecord) + Send + Sync + 'static) {
        self.listener = Some(Listener(Arc::new(listener)));
    }

    /// What to do about a question.
    ///
    /// # Errors
    /// [`LlmError::Budget`]; it is in the record.
    pub fn begin(&mut self, request: ChatRequest, now: f64) -> std::result::Result<Begun, LlmError> {
        if let Some(reply) = self.known.as_ref().and_then(|known| known.get(&self.key(&request))).cloned() {
            self.record(request, Ok(&reply), 0, 0.0);
            return Ok(Begun::Known(reply));
        }
        if self.ledger.is_held_up(&request, now) {
            return Ok(Begun::Later(request));
        }
        match self.ledger.hold(&request, now) {
            Ok(hold) => {
                self.calls += 1;
                let retry = Retry::new(self.retry, self.calls);
                Ok(Begun::Send(Box::new(Call { request, hold, retry, attempts: 1, began: now })))
            }
            Err(error) => {
                self.record(request, Err(&error), 0, 0.0);
                Err(error)
            }
        }
    }

    /// Charges and keeps an answer.
    pub fn answered(&mut self, call: Call, reply: &ChatReply, now: f64) {
        let Call { request, hold, attempts, began, .. } = call;
        self.ledger.settle(hold, &request, &reply.text, reply.usage);
        let key = self.key(&request);
        if let Some(known) = &mut self.known {
            known.insert(key, reply.clone());
            let (model, request, reply) = (self.model.clone(), request.clone(), reply.clone());
            self.learned.push(KnownAnswer { model, request, reply });
        }
        self.record(request, Ok(reply), attempts, now - began);
    }

    /// What to do about a failure: the call with the time of its next attempt, or the error that ends it. `said` is what
    /// had come of an answer, which is charged.
    ///
    /// # Errors
    /// The failure itself, when it is final; it is in the record.
    pub fn failed(
        &mut self,
        mut call: Call,
        failure: LlmError,
        said: &str,
        now: f64,
    ) -> std::result::Result<Waiting, LlmError> {
        let until = said.is_empty().then(|| call.retry.after(&failure, now)).flatten();
        let in_time = until.filter(|until| self.ledger.time_left(*until).is_none_or(|left| left > 0.0));
        if let Some(until) = in_time {
            return Ok(Waiting { until, call: Call { attempts: call.attempts + 1, ..call } });
        }
        let Call { request, hold, attempts, began, .. } = call;
        self.close(hold, &request, said);
        self.record(request, Err(&failure), attempts, now - began);
        Err(failure)
    }

    /// Ends a call that nobody waits for any more. `said` is what had come of its answer, which is charged.
    pub fn abandoned(&mut self, call: Call, said: &str, now: f64) {
        let Call { request, hold, attempts, began, .. } = call;
        self.close(hold, &request, said);
        self.write(request, None, Some("cancelled".into()), attempts, now - began);
    }

    /// As [`Ledger::estimate`].
    pub fn estimate<'a>(&self, requests: impl IntoIterator<Item = &'a ChatRequest>) -> Spent {
        self.ledger.estimate(requests)
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.ledger.spent()
    }

    /// Milliseconds that a request may take at the time `now`, if time is limited.
    pub fn time_left(&self, now: f64) -> Option<f64> {
        self.ledger.time_left(now)
    }

    /// Every call that has ended, in the order in which they did.
    pub fn log(&self) -> &[CallRecord] {
        &self.log
    }

    /// The same, and forgets them.
    pub fn take_log(&mut self) -> Vec<CallRecord> {
        std::mem::take(&mut self.log)
    }

    /// Takes over answers that are known from before, where answers are remembered; those of other models are left out.
    pub fn learn(&mut self, answers: impl IntoIterator<Item = KnownAnswer>) {
        for KnownAnswer { model, request, reply } in answers {
            let key = self.key(&request);
            if let Some(known) = self.known.as_mut().filter(|_| model == self.model) {
                known.insert(key, reply);
            }
        }
    }

    /// What is remembered since this was asked last.
    pub fn take_learned(&mut self) -> Vec<KnownAnswer> {
        std::mem::take(&mut self.learned)
    }

    fn close(&mut self, hold: Hold, request: &ChatRequest, said: &str) {
        match said.is_empty() {
            true => self.ledger.release(hold),
            false => self.ledger.settle(hold, request, said, None),
        }
    }

    /// Equal for questions that have the same answer: the same model, words, form and seed.
    fn key(&self, request: &ChatRequest) -> String {
        serde_json::to_string(&(&self.model, request)).expect("a request has only strings for keys")
    }

    fn record(
        &mut self,
        request: ChatRequest,
        end: std::result::Result<&ChatReply, &LlmError>,
        attempts: u32,
        milliseconds: f64,
    ) {
        let error = end.err().map(|error| format!("{}: {error}", crate::Error::from(error.clone()).code()));
        self.write(request, end.ok().cloned(), error, attempts, milliseconds);
    }

    fn write(
        &mut self,
        request: ChatRequest,
        reply: Option<ChatReply>,
        error: Option<String>,
        attempts: u32,
        milliseconds: f64,
    ) {
        let call = CallRecord { model: self.model.clone(), request, reply, error, attempts, milliseconds };
        if let Some(Listener(hear)) = &self.listener {
            hear(&call);
        }
        self.log.push(call);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}

impl Call {
    /// What to ask.
    pub fn request(&self) -> &ChatRequest {
        &self.request
    }

    /// Tokens that the answer may have: what the request allows, and the budget.
    pub fn max_tokens(&self) -> u32 {
        self.hold.max_tokens
    }
}
