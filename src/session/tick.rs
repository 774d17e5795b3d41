//! Progress and events on their way to the shell.

use std::pin::Pin;

use super::view::Tell;
use crate::error::Result;

/// A `tick` behind a pointer. Each shell has several ticks of its own, and the code behind them is compiled only once:
/// it would else be a tenth of what the browser downloads of this crate.
pub(super) trait Tick {
    fn tell<'a>(&'a mut self, told: Tell) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;
}

impl<F: AsyncFnMut(Tell) -> Result<()>> Tick for F {
    fn tell<'a>(&'a mut self, told: Tell) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
        Box::pin(self(told))
    }
}
