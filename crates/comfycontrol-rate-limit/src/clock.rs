//! The one place that reads a clock and sets a timer.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{self, Handle};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::epoch::nanos;

#[inline]
#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What the wall clock shows, in nanoseconds since 1970: it goes on while a machine is suspended.
#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn wall() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH;
    let passed = std::time::SystemTime::now().duration_since(since);
    nanos(passed.unwrap_or_default())
}

/// The runtime we are in, if any.
pub(crate) fn runtime() -> Option<runtime::Id> {
    Some(Handle::try_current().ok()?.id())
}

/// A timer that belongs to the runtime it was made in, and outlives it harmlessly.
#[derive(Debug)]
pub(crate) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub(crate) fn new(at: Instant) -> Self {
        Self(Box::pin(sleep_until(at)))
    }

    /// Sets the alarm again; may wake what was [watching](Self::watch) it before it returns.
    pub(crate) fn set(&mut self, at: Instant) {
        self.0.as_mut().reset(at);
    }

    /// Whether it will not fire any more: because it has, or because its runtime is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_elapsed()
    }

    /// Has `waker` woken once when it fires; returns whether it has fired already.
    ///
    /// # Panics
    ///
    /// If the alarm's runtime is gone.
    pub(crate) fn watch(&mut self, waker: &Waker) -> bool {
        // Not the business of the task that happens to run this: its budget does not count.
        let mut sleep = unconstrained(self.0.as_mut());
        Pin::new(&mut sleep).poll(&mut Context::from_waker(waker)) == Poll::Ready(())
    }
}
