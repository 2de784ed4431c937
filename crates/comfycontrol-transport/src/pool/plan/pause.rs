//! How long no connection is made after one could not be made.

use std::time::Duration;

use tokio::time::Instant;

/// Twice as long after each failure, from 100 ms to 30 s, until one succeeds.
#[derive(Debug, Default)]
pub(super) struct Pause {
    failures: u32,
    until: Option<Instant>,
    /// Whether somebody will look again when it is over.
    is_told: bool,
}

impl Pause {
    pub(super) fn failed(&mut self, now: Instant) {
        if !self.is_over(now) {
            return; // it was begun before
        }
        let long = SHORTEST.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + long.min(LONGEST));
        self.is_told = false;
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// When to look again, unless that was told.
    pub(super) fn tell(&mut self, now: Instant) -> Option<Instant> {
        let until = self.until.filter(|until| *until > now && !self.is_told);
        self.is_told |= until.is_some();
        until
    }
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
