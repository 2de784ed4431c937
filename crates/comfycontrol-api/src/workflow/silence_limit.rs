use std::time::Duration;

use tokio::time::Instant;

/// How long a run is followed that is not heard of: no I/O.
#[derive(Debug)]
pub(super) struct SilenceLimit {
    bound: Duration,
    /// When the run was heard of last; `None` before it is followed.
    heard: Option<Instant>,
    misses: u32,
}

impl SilenceLimit {
    pub(super) fn new(bound: Duration) -> Self {
        Self {
            bound,
            heard: None,
            misses: 0,
        }
    }

    /// The run begins to be followed, unless it was before.
    pub(super) fn begin(&mut self, now: Instant) {
        self.heard.get_or_insert(now);
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
        self.misses = 0;
    }

    /// Whether nothing has been heard for as long as is waited at most.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.heard
            .is_some_and(|heard| now.saturating_duration_since(heard) >= self.bound)
    }

    /// The wait after a miss, longer after each; `None` if it would be too long.
    pub(super) fn wait(&mut self, now: Instant, retry_after: Option<Duration>) -> Option<Duration> {
        let wait = PAUSE * 2u32.saturating_pow(self.misses);
        self.misses = (self.misses + 1).min(MOST_DOUBLINGS);
        let wait = wait.min(LONGEST_PAUSE).max(retry_after.unwrap_or_default());
        let silent = now.saturating_duration_since(self.heard.unwrap_or(now));
        let fits = silent
            .checked_add(wait)
            .is_some_and(|then| then <= self.bound);
        fits.then_some(wait)
    }
}

/// The server's own interval between two updates.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const MOST_DOUBLINGS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_test::{SECOND, now};

    #[tokio::test(start_paused = true)]
    async fn waits_grow_until_something_is_heard_and_end_at_the_bound() {
        let mut now = now();
        let mut silence = SilenceLimit::new(100 * SECOND);
        silence.begin(now);
        for seconds in [2, 4, 8, 16, 30, 30] {
            assert_eq!(silence.wait(now, None), Some(seconds * SECOND));
            now += seconds * SECOND;
        }
        assert_eq!(silence.wait(now, None), None);
        assert!(!silence.is_over(now));
        assert!(silence.is_over(now + 10 * SECOND));
        silence.heard(now);
        assert_eq!(silence.wait(now, None), Some(2 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_s_pause_counts_unless_it_is_too_long() {
        let now = now();
        let mut silence = SilenceLimit::new(100 * SECOND);
        silence.begin(now);
        assert_eq!(silence.wait(now, Some(60 * SECOND)), Some(60 * SECOND));
        assert_eq!(silence.wait(now, Some(SECOND)), Some(4 * SECOND));
        assert_eq!(silence.wait(now, Some(101 * SECOND)), None);
        assert_eq!(silence.wait(now, Some(Duration::MAX)), None);
    }
}
