//! The one place that reads a clock.

use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the shell's own clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
