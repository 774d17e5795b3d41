//! A language model that can be asked: many questions at a time, within a budget, with patience.
//!
//! [`Client::ask`] takes a question through the [desk](crate::llm::desk) to a [`Model`] and back: it waits for a place
//! among the questions under way, sends, tries again after a failure that may pass, and charges what came. Dropping the
//! future of a question ends it, on the wire too. [`Speaker`] is the environment and the proposer of an episode: it puts
//! an effect's questions and reads their answers (see [`crate::dialogue`]).
//!
//! How a model is reached and what time it is, a shell says: a browser by `fetch`, the command line by a socket, a page
//! by a model of its own. [`Remote`] is what the first two have in common.

#[cfg(feature = "http")]
pub mod http;
mod remote;
mod speaker;

use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use tokio::sync::{Notify, Semaphore};

pub use remote::{Connection, Receive, Remote};
pub use speaker::{Asked, Speaker};

use crate::error::{LlmError, NumericError, Result};
use crate::llm::budget::{Budget, Price, Spent};
use crate::llm::desk::{Begun, Call, CallRecord, Desk, KnownAnswer};
use crate::llm::retry::RetrySettings;
use crate::llm::{ChatReply, ChatRequest};

/// A future on one thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What comes of a question.
pub type Answered = std::result::Result<ChatReply, LlmError>;

/// What may go from thread to thread, where there are threads: what a browser's page holds may not.
#[cfg(not(target_family = "wasm"))]
pub trait Movable: Send + Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send + Sync> Movable for T {}
/// What may go from thread to thread, where there are threads: what a browser's page holds may not.
#[cfg(target_family = "wasm")]
pub trait Movable {}
#[cfg(target_family = "wasm")]
impl<T> Movable for T {}

/// A language model, however it is reached.
pub trait Model: std::fmt::Debug + Movable {
    /// Answers a question in at most `max_tokens` tokens. What comes before the end is added to `said`, which is empty, so
    /// that it can be charged also when no end comes. Dropping the future ends the request.
    fn chat<'a>(&'a self, request: &'a ChatRequest, max_tokens: u32, said: &'a mut String) -> Local<'a, Answered>;
}

/// What time it is.
pub trait Clock: std::fmt::Debug + Movable {
    /// Milliseconds since some moment, which is always the same.
    fn now(&self) -> f64;

    /// Waits.
    fn sleep(&self, milliseconds: f64) -> Local<'_, ()>;
}

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClientSettings {
    /// Questions under way at once.
    pub concurrency: usize,
    /// Milliseconds that one attempt may take, from the first byte sent to the last one read.
    pub timeout: f64,
    /// Hard limits of all questions together.
    pub budget: Budget,
    /// What tokens cost.
    pub price: Price,
    /// Whether equal questions are asked only once.
    pub remembers: bool,
    /// How failures are met.
    pub retry: RetrySettings,
}

/// Asks a language model.
#[derive(Debug)]
pub struct Client {
    model: Box<dyn Model>,
    clock: Box<dyn Clock>,
    desk: Mutex<Desk>,
    places: Semaphore,
    timeout: f64,
    /// Told whenever a call has ended, so that questions which wait for the budget look again.
    ended: Notify,
    stopping: Notify,
}

impl Default for ClientSettings {
    /// Four questions at once, two minutes each, no limits, nothing remembered.
    fn default() -> Self {
        let (budget, price, retry) = (Budget::default(), Price::default(), RetrySettings::default());
        ClientSettings { concurrency: 4, timeout: 120_000.0, budget, price, remembers: false, retry }
    }
}

impl Client {
    /// Whoever asks the model of this name from now on; the budget's time begins now.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for no place at all or a timeout of 0, and as [`Desk::new`].
    pub fn new(
        name: &str,
        model: impl Model + 'static,
        clock: impl Clock + 'static,
        settings: ClientSettings,
    ) -> Result<Self> {
        let ClientSettings { concurrency, timeout, budget, price, remembers, retry } = settings;
        if concurrency == 0 || concurrency > Semaphore::MAX_PERMITS {
            return Err(NumericError::BadSetting { what: "concurrency", why: "use at least 1" }.into());
        }
        if timeout.is_nan() || timeout <= 0.0 {
            return Err(NumericError::BadSetting { what: "timeout", why: "use milliseconds above 0" }.into());
        }
        let desk = Desk::new(name, budget, price, remembers, clock.now())?.with_retry(retry);
        Ok(Client {
            model: Box::new(model),
            clock: Box::new(clock),
            desk: Mutex::new(desk),
            places: Semaphore::new(concurrency),
            timeout,
            ended: Notify::new(),
            stopping: Notify::new(),
        })
    }

    /// Asks, and asks again where a failure may pass.
    ///
    /// # Errors
    /// The failure that was the last one; [`LlmError::Budget`] where a limit does not allow the question.
    pub async fn ask(&self, request: ChatRequest) -> Answered {
        // Nobody closes the places.
        let _place = self.places.acquire().await;
        let mut under_way = match self.begin(request).await? {
            Either::Left(known) => return Ok(known),
            Either::Right(call) => UnderWay { client: self, call: Some(call), said: String::new() },
        };
        loop {
            let answered = under_way.attempt().await;
            match under_way.end(answered)? {
                Ended::Answered(reply) => return Ok(reply),
                Ended::Again { until } => self.clock.sleep(until - self.clock.now()).await,
            }
        }
    }

    /// Ends whatever waits for [`Client::stopped`].
    pub fn stop(&self) {
        self.stopping.notify_waiters();
    }

    /// Waits until somebody calls [`Client::stop`].
    pub async fn stopped(&self) {
        self.stopping.notified().await;
    }

    /// What requests usually cost, before any is asked.
    pub fn estimate<'a>(&self, requests: impl IntoIterator<Item = &'a ChatRequest>) -> Spent {
        self.desk().estimate(requests)
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.desk().spent()
    }

    /// Every call that has ended since this was asked last, in the order in which they did.
    pub fn take_log(&self) -> Vec<CallRecord> {
        self.desk().take_log()
    }

    /// As [`Desk::on_call`].
    pub fn on_call(&self, listener: impl Fn(&CallRecord) + Send + Sync + 'static) {
        self.desk().on_call(listener);
    }

    /// As [`Desk::learn`].
    pub fn learn(&self, answers: impl IntoIterator<Item = KnownAnswer>) {
        self.desk().learn(answers);
    }

    /// As [`Desk::take_learned`].
    pub fn take_learned(&self) -> Vec<KnownAnswer> {
        self.desk().take_learned()
    }

    /// Nothing is awaited while it is held, so nobody waits for it.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, where it is known, or a call that may be sent.
    async fn begin(&self, mut request: ChatRequest) -> std::result::Result<Either<ChatReply, Call>, LlmError> {
        loop {
            let begun = self.desk().begin(request, self.clock.now())?;
            request = match begun {
                Begun::Known(reply) => return Ok(Either::Left(reply)),
                Begun::Send(call) => return Ok(Either::Right(*call)),
                Begun::Later(request) => request,
            };
            self.ended.notified().await;
        }
    }

    /// Milliseconds that an attempt may take, and what it means when it takes more.
    fn deadline(&self) -> (f64, LlmError) {
        let left = self.desk().time_left(self.clock.now());
        match left.filter(|left| *left < self.timeout) {
            Some(left) => (left, LlmError::Budget { limit: "time" }),
            None => (self.timeout, LlmError::TimedOut { seconds: (self.timeout / 1_000.0) as f32 }),
        }
    }
}

/// A call that is charged for what had come of it if it is dropped.
struct UnderWay<'a> {
    client: &'a Client,
    call: Option<Call>,
    said: String,
}

enum Ended {
    Answered(ChatReply),
    Again { until: f64 },
}

impl UnderWay<'_> {
    async fn attempt(&mut self) -> Answered {
        let UnderWay { client, call, said } = self;
        let Some(call) = call else { return Err(LlmError::Interrupted { why: "the call has ended".into() }) };
        let (milliseconds, too_late) = client.deadline();
        let answered = client.model.chat(call.request(), call.max_tokens(), said);
        match select(answered, pin!(client.clock.sleep(milliseconds))).await {
            Either::Left((answered, _)) => answered,
            Either::Right(_) => Err(too_late),
        }
    }

    fn end(&mut self, answered: Answered) -> std::result::Result<Ended, LlmError> {
        let Some(call) = self.call.take() else { return answered.map(Ended::Answered) };
        let (mut desk, now) = (self.client.desk(), self.client.clock.now());
        let ended = match answered {
            Ok(reply) => {
                desk.answered(call, &reply, now);
                Ok(Ended::Answered(reply))
            }
            Err(failure) => desk.failed(call, failure, &self.said, now).map(|waiting| {
                self.call = Some(waiting.call);
                Ended::Again { until: waiting.until }
            }),
        };
        self.client.ended.notify_waiters();
        ended
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.client.desk().abandoned(call, &self.said, self.client.clock.now());
            self.client.ended.notify_waiters();
        }
    }
}
