use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;
use crate::provider::ReadWait;

pin_project! {
    /// Bounds how long one call waits for the source: a number of readings, and a time in all.
    pub(super) struct ReadTimeout {
        wait: ReadWait,
        reads_left: u8,
        until: Option<Instant>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

/// Why a wait is over.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum WaitEnd {
    /// A reading has ended, and one more may be waited for.
    MayReadAgain,
    /// A reading has ended; what there is now must do.
    ReadEnough,
    /// A reading is under way still.
    TimedOut,
}

impl ReadTimeout {
    pub(super) fn new(wait: ReadWait, limit: Duration) -> Self {
        Self {
            wait,
            reads_left: READS,
            until: clock::now().checked_add(limit),
            sleep: None,
        }
    }

    /// Waits for one reading more.
    pub(super) fn go_on(self: Pin<&mut Self>, next: ReadWait) {
        *self.project().wait = next;
    }

    /// In a runtime of tokio, its time must be enabled; without one, nothing tells that the time is
    /// up.
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<WaitEnd> {
        let this = self.as_mut().project();
        if Pin::new(this.wait).poll(cx).is_ready() {
            *this.reads_left = this.reads_left.saturating_sub(1);
            return Poll::Ready(match *this.reads_left {
                0 => WaitEnd::ReadEnough,
                _ => WaitEnd::MayReadAgain,
            });
        }
        ready!(self.poll_time(cx));
        Poll::Ready(WaitEnd::TimedOut)
    }

    fn poll_time(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(until) = *this.until else {
            return Poll::Pending;
        };
        // A timer rings as well when its runtime shuts down, and must not be polled after that.
        if let Some(sleep) = this.sleep.as_ref().as_pin_ref()
            && sleep.is_elapsed()
        {
            if clock::now() >= until {
                return Poll::Ready(());
            }
            this.sleep.set(None);
        }
        if this.sleep.is_none() && Handle::try_current().is_ok() {
            this.sleep.set(Some(sleep_until(until)));
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}

/// How many readings one call waits for at most: one that began too early to count, or died with
/// its runtime, and one more.
const READS: u8 = 2;
