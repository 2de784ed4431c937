use std::time::Duration;

use tokio::time::Instant;

use crate::source::{LONGEST_INTERVAL, SHORTEST_INTERVAL};

/// When the source is read.
pub(super) struct Schedule {
    interval: Duration,
    /// Until then a token that works goes out without another thought.
    next_check: Option<Instant>,
    last_read: Option<Instant>,
    /// When all readings so far would be over, at one a second.
    spread_until: Option<Instant>,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            interval: SHORTEST_INTERVAL,
            next_check: None,
            last_read: None,
            spread_until: None,
        }
    }

    /// Whether there is nothing to check yet.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.next_check.is_some_and(|check| now < check)
    }

    /// Has the next request check.
    pub(super) fn check_next(&mut self) {
        self.next_check = None;
    }

    /// The source's own interval, within the bounds.
    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
    }

    pub(super) fn has_read(&mut self, now: Instant) {
        self.last_read = Some(now);
        let begun = self.spread_until.map_or(now, |until| until.max(now));
        self.spread_until = Some(begun + SHORTEST_INTERVAL);
        self.next_check = Some(now + SHORTEST_INTERVAL);
    }

    /// When the source may be read for a token that is needed at once: now, after one reading in
    /// the second before.
    ///
    /// A source that gives another token at each reading is thus not read as fast as 401s come.
    pub(super) fn rested_at(&self) -> Option<Instant> {
        self.spread_until?.checked_sub(SHORTEST_INTERVAL)
    }

    /// Whether the source may be read again, `wait` after the last time; if not, the next check is
    /// then.
    pub(super) fn check(&mut self, now: Instant, wait: Duration, at_once: bool) -> bool {
        let next = self.last_read.map(|at| at + wait).max(self.spread_until);
        let due = at_once || next.is_none_or(|next| next <= now);
        let soon = now + SHORTEST_INTERVAL;
        self.next_check = Some(match next {
            Some(next) if !due => soon.min(next),
            _ => soon,
        });
        due
    }

    /// Whether `asked` is less than one interval ago.
    pub(super) fn is_recent(&self, asked: Instant, now: Instant) -> bool {
        now.saturating_duration_since(asked) < self.interval
    }

    pub(super) fn wait_in_use(&self) -> Duration {
        self.interval
    }

    pub(super) fn wait_near_expiry(&self) -> Duration {
        self.interval.min(TAKEOVER_INTERVAL)
    }
}

/// How often a slow source is read when the token is about to end.
const TAKEOVER_INTERVAL: Duration = Duration::from_secs(10);
