//! The one place that reads clocks.

use std::time::SystemTime;

use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What the end of a token is compared with.
#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
