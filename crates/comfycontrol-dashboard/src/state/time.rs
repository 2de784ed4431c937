use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since 1970.
pub(crate) fn calendar(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

/// How many milliseconds it is until then; 0 if it is past.
pub(super) fn until(now: Instant, at: Instant) -> u64 {
    millis(at.saturating_duration_since(now))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
