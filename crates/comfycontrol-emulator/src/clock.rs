//! The one place where clocks are read.

use std::time::SystemTime;

use tokio::time::Instant;

/// The time, which tokio can pause.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell around the pure edge reads the clock here and nowhere else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day; read once at the start, from then on derived from [`now`].
#[expect(
    clippy::disallowed_methods,
    reason = "the shell around the pure edge reads the clock here and nowhere else"
)]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// One instant on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall_clock: SystemTime,
}
