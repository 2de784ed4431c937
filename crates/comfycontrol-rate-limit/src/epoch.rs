//! The limiter's own time: nanoseconds since it was made. The decisions count in it.

use std::time::Duration;

use tokio::time::Instant;

/// Later than everything.
pub(crate) const NEVER: u64 = u64::MAX;

/// A duration in nanoseconds, at most some 580 years.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The instant from which the nanoseconds count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(Instant);

impl Epoch {
    pub(crate) fn new(start: Instant) -> Self {
        Self(start)
    }

    #[inline]
    pub(crate) fn nanos(self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.0))
    }

    /// Of an instant that has passed: no process runs for so long that it would not fit.
    #[inline]
    pub(crate) fn passed(self, at: Instant) -> u64 {
        at.saturating_duration_since(self.0).as_nanos() as u64
    }

    pub(crate) fn instant(self, nanos: u64) -> Instant {
        let since = Duration::from_nanos(nanos);
        self.0
            .checked_add(since)
            .unwrap_or_else(|| self.0 + MAX_AHEAD)
    }
}

/// Taken where a platform's clock ends before our numbers do: some thirty years.
const MAX_AHEAD: Duration = Duration::from_secs(1_000_000_000);
