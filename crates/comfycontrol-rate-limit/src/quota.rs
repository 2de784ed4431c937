//! How many requests in how long: the settings type, checked once.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::epoch::nanos;

/// A server's rate limit: a number of requests in a window of time.
///
/// ```
/// use comfycontrol_rate_limit::Quota;
/// use std::time::Duration;
///
/// let quota = Quota::new(40, Duration::from_secs(10))?;
/// assert_eq!(quota, Quota::COMFYCONTROL);
/// assert!(Quota::new(0, Duration::from_secs(10)).is_err());
/// # Ok::<_, comfycontrol_rate_limit::InvalidQuota>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Quota {
    requests: NonZeroU32,
    per: Duration,
}

impl Quota {
    /// What the ComfyControl API allows one IP address: 40 requests in 10 seconds.
    ///
    /// Source: the API's documentation, "Rate Limiting".
    pub const COMFYCONTROL: Self = Self {
        requests: NonZeroU32::new(40).expect("40 is not zero"),
        per: Duration::from_secs(10),
    };

    /// The most requests a quota can allow in one window: 100,000.
    pub const MAX_REQUESTS: u32 = 100_000;

    /// The shortest window: 1 ms.
    pub const MIN_WINDOW: Duration = Duration::from_millis(1);

    /// The longest window: 1 day.
    pub const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

    /// Creates a quota of `requests` in any `per`.
    ///
    /// # Errors
    ///
    /// [`InvalidQuota`] unless `requests` is at least 1 and at most 100,000
    /// ([`MAX_REQUESTS`](Self::MAX_REQUESTS)), and `per` at least 1 ms
    /// ([`MIN_WINDOW`](Self::MIN_WINDOW)) and at most 1 day ([`MAX_WINDOW`](Self::MAX_WINDOW)).
    pub const fn new(requests: u32, per: Duration) -> Result<Self, InvalidQuota> {
        let Some(requests) = NonZeroU32::new(requests) else {
            return Err(InvalidQuota(Problem::NoRequests));
        };
        if requests.get() > Self::MAX_REQUESTS {
            return Err(InvalidQuota(Problem::TooManyRequests));
        }
        if per.as_nanos() < Self::MIN_WINDOW.as_nanos() {
            return Err(InvalidQuota(Problem::TooShort));
        }
        if per.as_nanos() > Self::MAX_WINDOW.as_nanos() {
            return Err(InvalidQuota(Problem::TooLong));
        }
        Ok(Self { requests, per })
    }

    /// How many requests are allowed in one window.
    pub const fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// How long the window is.
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// The window as we keep it, in nanoseconds: longer by a thousandth, for clocks that do not
    /// agree.
    pub(crate) fn stretched(&self) -> u64 {
        let window = nanos(self.per);
        window + window / 1_000
    }
}

/// The numbers given for a [`Quota`] lie outside of what a limiter can keep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidQuota(Problem);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Problem {
    NoRequests,
    TooLong,
    TooManyRequests,
    TooShort,
}

impl fmt::Display for InvalidQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Problem::NoRequests => f.write_str("a quota must allow at least one request"),
            Problem::TooLong => write!(f, "a window is at most {:?} long", Quota::MAX_WINDOW),
            Problem::TooManyRequests => {
                write!(f, "a quota allows at most {} requests", Quota::MAX_REQUESTS)
            }
            Problem::TooShort => write!(f, "a window is at least {:?} long", Quota::MIN_WINDOW),
        }
    }
}

impl Error for InvalidQuota {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_what_no_limiter_can_keep() {
        let second = Duration::from_secs(1);
        for (requests, per, complaint) in [
            (0, second, "a quota must allow at least one request"),
            (100_001, second, "a quota allows at most 100000 requests"),
            (1, Duration::ZERO, "a window is at least 1ms long"),
            (
                1,
                Duration::from_nanos(999_999),
                "a window is at least 1ms long",
            ),
            (1, Duration::MAX, "a window is at most 86400s long"),
        ] {
            let error = Quota::new(requests, per).unwrap_err();
            assert_eq!(error.to_string(), complaint);
        }
        assert!(Quota::new(1, Quota::MIN_WINDOW).is_ok());
        assert!(Quota::new(Quota::MAX_REQUESTS, Quota::MAX_WINDOW).is_ok());
    }
}
