//! What the calendar says about a token. Never fails, wherever the clock jumps.

use std::time::{Duration, SystemTime};

use crate::Token;

/// How long the token has, if it is known to end at all.
pub(super) fn time_left(token: &Token, wall: SystemTime) -> Option<Duration> {
    let expires_at = token.expires_at()?;
    Some(expires_at.duration_since(wall).unwrap_or(Duration::ZERO))
}

/// How long before its end a token is no longer preferred: five minutes, which is more than clocks
/// differ by.
pub(super) const TAKEOVER: Duration = Duration::from_secs(5 * 60);

/// A working day's notice, in any time zone.
pub(super) const WARN_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
