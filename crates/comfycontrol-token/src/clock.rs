//! The only place that reads a clock; everything else takes `now`.

use std::time::SystemTime;

use tokio::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost shell: decides how often the source is read"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost shell: an expiry is a calendar date, which no `Instant` can be compared with"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
