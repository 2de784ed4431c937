//! How long ago something was, also by a machine that has slept: no I/O.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A moment by two clocks: one that is never set, and one that goes on while the machine is
/// suspended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn new(steady: Instant, wall: SystemTime) -> Self {
        Self { steady, wall }
    }

    pub(super) fn steady(&self) -> Instant {
        self.steady
    }

    /// How long before `now` it was, at most.
    ///
    /// The steady clock stands still in a suspend on some systems (`CLOCK_MONOTONIC`), and the wall
    /// clock may have been set back: the larger is right, or too large, which only makes a search
    /// longer.
    pub(super) fn elapsed(&self, now: Self) -> Duration {
        let steady = now.steady.saturating_duration_since(self.steady);
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        steady.max(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_test::{SECOND, now};

    #[tokio::test(start_paused = true)]
    async fn a_suspend_is_counted_and_a_clock_that_is_set_back_is_not() {
        let (steady, wall) = (now(), SystemTime::UNIX_EPOCH + 1_000_000 * SECOND);
        let sent = Moment::new(steady, wall);
        let hour = 3600 * SECOND;
        let woken = Moment::new(steady + 10 * SECOND, wall + hour);
        assert_eq!(sent.elapsed(woken), hour);
        let set_back = Moment::new(steady + 10 * SECOND, wall - hour);
        assert_eq!(sent.elapsed(set_back), 10 * SECOND);
        assert_eq!(woken.elapsed(sent), Duration::ZERO);
    }
}
