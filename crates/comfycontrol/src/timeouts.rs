//! The timeouts of a call, and the error when one has passed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// How long a call may take, part by part.
///
/// Given to [`ClientBuilder::timeouts`](crate::ClientBuilder::timeouts) for every call, to
/// [`RequestBuilder::timeouts`](crate::RequestBuilder::timeouts) for one, or put into the
/// extensions of a request by hand.
///
/// ```
/// use comfycontrol::Timeouts;
/// use std::time::Duration;
///
/// let patient = Timeouts::call().total(Duration::from_secs(120));
/// assert_eq!(Timeouts::call().total, None);
/// assert_eq!(patient.total, Some(Duration::from_secs(120)));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Timeouts {
    /// From the call to the last byte of the body, waiting for the limiter and all attempts
    /// included.
    pub total: Option<Duration>,
    /// From the grant of the limiter to the response head, one attempt. An upload that makes
    /// progress starts it anew.
    pub attempt: Option<Duration>,
    /// Between two parts of a response body.
    pub stall: Option<Duration>,
}

impl Timeouts {
    /// For short calls: 30 s an attempt, 30 s between two parts of the body, no total.
    ///
    /// No total, because the wait for a slot grows with what the program itself has queued.
    pub const fn call() -> Self {
        Self {
            total: None,
            attempt: Some(Duration::from_secs(30)),
            stall: Some(Duration::from_secs(30)),
        }
    }

    /// For event streams: as [`call`](Self::call), 60 s between two events.
    pub const fn stream() -> Self {
        Self {
            stall: Some(Duration::from_secs(60)),
            ..Self::call()
        }
    }

    /// For uploads: as [`call`](Self::call), 120 s without progress, since the server answers
    /// only after it has stored the files.
    pub const fn upload() -> Self {
        Self {
            attempt: Some(Duration::from_secs(120)),
            ..Self::call()
        }
    }

    /// No timeout at all.
    pub const fn none() -> Self {
        Self {
            total: None,
            attempt: None,
            stall: None,
        }
    }

    /// Sets the time for the whole call.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets the time for one attempt.
    pub const fn attempt(mut self, attempt: Duration) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// Sets the time between two parts of the response body.
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = Some(stall);
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::call()
    }
}

/// A timeout of a call has passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimedOut {
    which: Which,
    after: Duration,
    dispatched: bool,
    status: Option<StatusCode>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    Attempt,
    Stall,
    Total,
}

impl TimedOut {
    pub(crate) fn new(which: Which, after: Duration, dispatched: bool) -> Self {
        Self {
            which,
            after,
            dispatched,
            status: None,
        }
    }

    /// Notes that the head of the response had come.
    pub(crate) fn answered(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// The status of the response, if its head had come.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The timeout that has passed.
    #[must_use]
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Whether the request had been handed to the transport. If not, it was never sent.
    #[must_use]
    pub fn was_dispatched(&self) -> bool {
        self.dispatched
    }

    /// Whether it was the timeout of the whole call.
    #[must_use]
    pub fn is_total(&self) -> bool {
        self.which == Which::Total
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after;
        match self.which {
            Which::Attempt => write!(f, "no answer within {after:?}"),
            Which::Stall => write!(f, "response body stalled for {after:?}"),
            Which::Total if self.dispatched => write!(f, "call not finished within {after:?}"),
            Which::Total => write!(f, "call not sent within {after:?}"),
        }
    }
}

impl Error for TimedOut {}
