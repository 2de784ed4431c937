//! A quota of the tests' own, and the times that follow from it.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, LimiterBuilder, Quota};

/// Ten seconds, as the server counts them.
pub(crate) const TEN: Duration = Duration::from_secs(10);
/// As we count them: a thousandth longer, for clocks that do not agree.
pub(crate) const WINDOW: Duration = Duration::from_millis(10_010);
/// A cooldown with its margin.
pub(crate) const PAUSE: Duration = Duration::from_millis(10_500);

pub(crate) fn quota(requests: u32) -> Quota {
    Quota::new(requests, TEN).unwrap()
}

pub(crate) fn builder(requests: u32) -> LimiterBuilder {
    Limiter::builder(quota(requests)).algorithm(Algorithm::SlidingLog)
}
