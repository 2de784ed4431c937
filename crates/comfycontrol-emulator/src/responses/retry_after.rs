//! What a 429 says of the wait.

use std::time::Duration;

use http::HeaderValue;

use super::exchange::{Exchange, date};

/// The `Retry-After` header of a 429: none, a date, seconds, or anything (RFC 9110 §10.2.3).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// There is none.
    Absent,
    /// The date at which the 429s end, in whole seconds, not too early.
    Date,
    /// The seconds until the 429s end, rounded up.
    Seconds,
    /// Anything, sense or nonsense.
    Value(HeaderValue),
}

impl RetryAfter {
    pub(super) fn value(&self, wait: Duration, exchange: &Exchange) -> Option<HeaderValue> {
        match self {
            Self::Absent => None,
            // A date has no fractions: cutting them off would be up to a second early.
            Self::Date => Some(date(exchange.wall_clock + wait + ALMOST_A_SECOND)),
            Self::Seconds => Some(whole_seconds(wait).into()),
            Self::Value(value) => Some(value.clone()),
        }
    }
}

/// Seconds, rounded up.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    (wait + ALMOST_A_SECOND).as_secs()
}

const ALMOST_A_SECOND: Duration = Duration::from_nanos(999_999_999);
