use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

pin_project! {
    /// A timer that is made when it is first waited for, and moved as seldom as can be.
    #[derive(Debug, Default)]
    pub(crate) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    /// Waits for an instant, most often one not earlier than the one before.
    pub(crate) fn poll_until(self: Pin<&mut Self>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.project().sleep;
        if sleep.is_none() {
            sleep.set(Some(tokio::time::sleep_until(at)));
        }
        let mut sleep = sleep.as_pin_mut().expect("set above");
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            // To wake up too early now and then costs less than to move the timer at each step.
            sleep.as_mut().reset(at);
        }
    }
}

/// The instant so long from now; none if it is too far away to be one.
pub(crate) fn from_now(after: Duration) -> Option<Instant> {
    now().checked_add(after)
}

/// Whether an instant is not in the future.
pub(crate) fn has_passed(at: Instant) -> bool {
    at <= now()
}

/// How long ago an instant was.
pub(crate) fn elapsed(since: Instant) -> Duration {
    now().saturating_duration_since(since)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell in which timeouts read the clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_instant_that_moves_out_is_waited_for_as_a_whole() {
        let second = Duration::from_secs(1);
        let began = now();
        let mut timer = task::spawn(Timer::default());
        let mut poll = |at| timer.enter(|cx, timer| timer.poll_until(at, cx));
        assert_pending!(poll(began + second));
        assert_pending!(poll(began + 3 * second));
        tokio::time::advance(second).await;
        // The alarm set first has gone off.
        assert_pending!(poll(began + 3 * second));
        tokio::time::advance(second).await;
        assert_pending!(poll(began + 3 * second));
        tokio::time::advance(second).await;
        assert_ready!(poll(began + 3 * second));
    }

    #[tokio::test(start_paused = true)]
    async fn an_instant_that_moves_in_is_not_missed() {
        let second = Duration::from_secs(1);
        let began = now();
        let mut timer = task::spawn(Timer::default());
        let mut poll = |at| timer.enter(|cx, timer| timer.poll_until(at, cx));
        assert_pending!(poll(began + 3 * second));
        assert_pending!(poll(began + second));
        tokio::time::advance(second).await;
        assert_ready!(poll(began + second));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_no_longer_to_come_when_it_is_there() {
        let end = from_now(Duration::from_secs(1)).unwrap();
        assert!(!has_passed(end));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(has_passed(end));
        assert!(from_now(Duration::MAX).is_none());
    }
}
