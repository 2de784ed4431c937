use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;
use crate::flight::Wait;

pin_project! {
    /// How long one call waits for the source: for a number of readings, and a time in all.
    pub(super) struct Patience {
        wait: Wait,
        readings_left: u8,
        until: Option<Instant>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

/// Why a wait is over.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Verdict {
    /// A reading has ended, and one more may be waited for.
    MayReadOn,
    /// A reading is under way still.
    OutOfTime,
    /// A reading has ended; what there is now must do.
    ReadEnough,
}

impl Patience {
    pub(super) fn new(wait: Wait, limit: Duration) -> Self {
        Self {
            wait,
            readings_left: READINGS,
            until: clock::now().checked_add(limit),
            sleep: None,
        }
    }

    /// Waits for one reading more.
    pub(super) fn go_on(self: Pin<&mut Self>, next: Wait) {
        *self.project().wait = next;
    }

    /// In a runtime of tokio, its time must be enabled; without one, nothing tells that the time is up.
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        if self.as_mut().project().wait.poll(cx.waker()).is_ready() {
            let left = self.project().readings_left;
            *left = left.saturating_sub(1);
            return Poll::Ready(match *left {
                0 => Verdict::ReadEnough,
                _ => Verdict::MayReadOn,
            });
        }
        ready!(self.poll_time(cx));
        Poll::Ready(Verdict::OutOfTime)
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

/// How many readings one call waits for at most: one that began too early to count, or died with its runtime,
/// and one more.
const READINGS: u8 = 2;
