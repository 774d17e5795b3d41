//! A connection by sockets, and the system's clock: for the command line and for tests.

use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;

use super::{Clock, Connection, Local, Receive};
use crate::error::{DataError, LlmError, Result};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Posts by HTTP or HTTPS.
pub struct Http {
    client: reqwest::Client,
    key: Option<Key>,
}

/// A secret that is sent, and shown to nobody.
struct Key {
    secret: String,
    header: HeaderValue,
}

/// The system's clock, from the moment at which this was made.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Http {
    /// A connection that sends this key, where there is one, to an address at `base_url`. A proxy that the environment
    /// names is used, except to this machine; redirections are not followed, as they could lead the key elsewhere.
    ///
    /// # Errors
    /// [`DataError::Malformed`] for a key that cannot be sent, [`LlmError::Unreachable`] without a TLS library.
    pub fn new(base_url: &str, key: Option<String>) -> Result<Self> {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT).redirect(Policy::none());
        let builder = if is_here(base_url) { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| LlmError::Unreachable { why: root_of(&error) })?;
        Ok(Http { client, key: key.map(Key::new).transpose()? })
    }
}

impl Connection for Http {
    fn post<'a>(
        &'a self,
        url: &'a str,
        body: String,
        receive: &'a mut dyn Receive,
    ) -> Local<'a, std::result::Result<(), LlmError>> {
        Box::pin(async move {
            let request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(body);
            let request = match &self.key {
                Some(key) => request.header(AUTHORIZATION, key.header.clone()),
                None => request,
            };
            let mut response = request.send().await.map_err(|error| LlmError::Unreachable { why: root_of(&error) })?;
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            receive.head(response.status().as_u16(), retry_after.map(str::to_owned));
            loop {
                let chunk = response.chunk().await;
                let chunk = chunk.map_err(|error| LlmError::Interrupted { why: root_of(&error) })?;
                let Some(bytes) = chunk else { return Ok(()) };
                if !receive.bytes(&bytes)? {
                    return Ok(());
                }
            }
        })
    }

    fn redacted(&self, text: String) -> String {
        match &self.key {
            Some(key) => text.replace(&key.secret, "[key]"),
            None => text,
        }
    }
}

impl Key {
    fn new(secret: String) -> Result<Self> {
        let malformed = |why: &str| DataError::Malformed { file: "key".into(), line: 1, why: why.into() };
        if secret.trim().is_empty() {
            return Err(malformed("it is empty").into());
        }
        let header = HeaderValue::from_str(&format!("Bearer {secret}"));
        let mut header = header.map_err(|_| malformed("it has characters that no key has"))?;
        header.set_sensitive(true);
        Ok(Key { secret, header })
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Http").field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1_000.0
    }

    fn sleep(&self, milliseconds: f64) -> Local<'_, ()> {
        let time = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1_000.0).unwrap_or(Duration::MAX);
        Box::pin(tokio::time::sleep(time))
    }
}

/// Whether an address is on this machine.
fn is_here(base_url: &str) -> bool {
    let host = base_url.split("://").nth(1).unwrap_or(base_url);
    ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here))
}

/// The last cause of an error, which says more than "error sending request".
fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}
