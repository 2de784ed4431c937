//! The one place that reads a clock and sets a timer.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The timer of a call that waits.
#[derive(Debug)]
pub(crate) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub(crate) fn new(at: Instant) -> Self {
        Self(Box::pin(sleep_until(at)))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}
