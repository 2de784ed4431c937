//! What the calendar says about tokens. Never fails, wherever the clock jumps.

use std::time::{Duration, SystemTime};

use super::{Asked, Cache, Notice, TAKEOVER, Warned};
use crate::Token;

impl Cache {
    /// Notes how the present token stands, and says so once.
    pub(super) fn assess_expiry(&mut self, wall: SystemTime) -> Option<Notice> {
        let current = self.current.as_mut()?;
        let left = time_left(&current.token, wall);
        current.expired = match left {
            Some(Duration::ZERO) => current.expired.or(Some(Asked::No)),
            _ => None,
        };
        current.expires_soon = left.is_some_and(|left| left <= TAKEOVER);
        let fingerprint = current.token.fingerprint();
        let (warned, notice) = match left? {
            Duration::ZERO => (Warned::Expired, Notice::Expired(fingerprint)),
            left if left <= self.warn_before => {
                (Warned::Soon, Notice::ExpiresIn(fingerprint, left))
            }
            _ => return None,
        };
        let news = current.warned < warned;
        current.warned = current.warned.max(warned);
        news.then_some(notice)
    }

    /// Whether `token` is better than none: neither refused nor about to end.
    pub(crate) fn is_good(&self, token: &Token, wall: SystemTime) -> bool {
        !self.is_refused(token) && time_left(token, wall).is_none_or(|left| left > TAKEOVER)
    }
}

/// How long the token has, if it is known to end at all.
pub(super) fn time_left(token: &Token, wall: SystemTime) -> Option<Duration> {
    let expires_at = token.expires_at()?;
    Some(expires_at.duration_since(wall).unwrap_or(Duration::ZERO))
}

/// A working day's notice, whatever the time zone.
pub(super) const WARN_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
