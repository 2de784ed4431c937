//! The timeouts of a call, and the error when one has passed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::departure::Departed;

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
/// assert_eq!(Timeouts::call().total_limit(), None);
/// assert_eq!(patient.total_limit(), Some(Duration::from_secs(120)));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Timeouts {
    pub(crate) total: Option<Duration>,
    pub(crate) attempt: Option<Duration>,
    pub(crate) stall: Option<Duration>,
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

    /// Sets the time for the whole call, from its beginning to the last byte of the body, waiting for
    /// the limiter and all attempts included.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets the time for one attempt, from the grant of the limiter to the response head.
    ///
    /// An upload that makes progress starts it anew, so that its silence is noticed after one to two
    /// times as long.
    pub const fn attempt(mut self, attempt: Duration) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// Sets the time between two parts of the response body, decompressed.
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = Some(stall);
        self
    }

    /// The time for the whole call.
    #[must_use]
    pub const fn total_limit(&self) -> Option<Duration> {
        self.total
    }

    /// The time for one attempt.
    #[must_use]
    pub const fn attempt_limit(&self) -> Option<Duration> {
        self.attempt
    }

    /// The time between two parts of the response body.
    #[must_use]
    pub const fn stall_limit(&self) -> Option<Duration> {
        self.stall
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::call()
    }
}

/// The limit of a whole call: the instant, and how long that was when it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) at: Instant,
    pub(crate) after: Duration,
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
    pub(crate) fn new(which: Which, after: Duration, departed: Departed) -> Self {
        Self {
            which,
            after,
            dispatched: matches!(departed, Departed::Maybe),
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

    /// Whether the request had been handed to the transport, or may have been. If not, it was never
    /// sent.
    ///
    /// In a stack of one's own the timeouts cannot know, and say yes.
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
