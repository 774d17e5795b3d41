//! Where the command line waits: one thread, on which connections go on as well.

use std::cell::OnceCell;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Runtime};

use aquiline::client::Client;

use crate::interrupt;

/// Between two looks whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

thread_local! {
    /// Connections that are kept open belong to it.
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Waits for a value.
pub fn for_value<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|kept| {
        let new = || Builder::new_current_thread().enable_all().build().expect("a thread can wait for its sockets");
        kept.get_or_init(new).block_on(future)
    })
}

/// Waits for a value that may need a language model; Ctrl-C ends the questions that are under way.
pub fn for_answers<T>(client: Option<&Client>, future: impl Future<Output = T>) -> T {
    let Some(client) = client else { return for_value(future) };
    let stop_when_asked = async {
        while interrupt::check().is_ok() {
            tokio::time::sleep(LOOK).await;
        }
        client.stop();
    };
    for_value(async {
        match select(pin!(future), pin!(stop_when_asked)).await {
            Either::Left((value, _)) => value,
            Either::Right(((), future)) => future.await,
        }
    })
}
