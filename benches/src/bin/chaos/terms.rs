//! The quota, scaled, and all that is scaled with it.

use std::time::Duration;

use comfycontrol::Timeouts;
use comfycontrol_emulator::{Algorithm, Block, Limit};
use comfycontrol_rate_limit::{Limiter, LimiterBuilder, Quota};

pub(crate) const REQUESTS: u32 = 40;
pub(crate) const WINDOW: Duration = Duration::from_secs(2);

/// How long what a caller has given up may be on its way on a busy machine.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
pub(crate) const LEASE: Duration = WINDOW;

/// After it, a server counts nothing of what was sent before.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(2 * 2 + 1 + 1);

/// One attempt, and one wait within a body.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(3);

pub(crate) fn quota() -> Quota {
    Quota::new(REQUESTS, WINDOW).expect("a quota")
}

pub(crate) fn limiter() -> LimiterBuilder {
    Limiter::builder(quota()).linger(LINGER).cooldown(WINDOW)
}

/// What the server counts by, with a phase that has nothing to do with the clients'.
pub(crate) fn limit() -> Limit {
    let phase = Duration::ZERO;
    Limit::new(REQUESTS, WINDOW)
        .expect("a limit")
        .algorithm(Algorithm::SlidingCounter { phase })
        .block(Block::For(WINDOW))
}

/// The parts of a call, scaled.
pub(crate) fn timeouts() -> Timeouts {
    Timeouts::new().attempt(ATTEMPT).stall(ATTEMPT)
}
