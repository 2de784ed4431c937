//! The one place that reads a clock.

use tokio::time::Instant;

/// Inside a cell that cell's paused clock, elsewhere the real one.
#[expect(
    clippy::disallowed_methods,
    reason = "the harness is a shell: it is what makes the clock pass"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
