use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::dispatched::Dispatched;

/// A timeout of a call has passed.
///
/// The error of [`TotalTimeout`](crate::TotalTimeout) and
/// [`AttemptTimeout`](crate::AttemptTimeout), turned into the error of the stack by `From`, and, in
/// a box, of [`TimeoutBody`](crate::TimeoutBody).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TimedOut {
    kind: TimeoutKind,
    after: Duration,
    dispatched: bool,
    status: Option<StatusCode>,
}

/// Which timeout of a call has passed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// Nothing happened in an attempt: no response head came, and no part of the request body left.
    Attempt,
    /// Less of the response body came than [must](crate::Timeouts::min_progress).
    Drip,
    /// No part of the response body came.
    Stall,
    /// The call was not finished in time.
    Total,
}

impl TimedOut {
    /// Creates the error of a timeout that has passed `after` its beginning.
    ///
    /// It is that of a call whose request may have been dispatched and whose response head has not
    /// come.
    #[must_use]
    pub const fn new(kind: TimeoutKind, after: Duration) -> Self {
        Self {
            kind,
            after,
            dispatched: true,
            status: None,
        }
    }

    pub(crate) fn with_dispatched(mut self, dispatched: Dispatched) -> Self {
        self.dispatched = matches!(dispatched, Dispatched::Maybe);
        self
    }

    /// Notes that the head of the response had come with this status.
    ///
    /// A [`TimeoutBody`](crate::TimeoutBody) does not know the status of its response. Code that
    /// does, and finds this error in the body's, can add it.
    #[must_use]
    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Which timeout has passed.
    #[must_use]
    pub const fn kind(&self) -> TimeoutKind {
        self.kind
    }

    /// Whether it was the timeout of the whole call.
    #[must_use]
    pub const fn is_total(&self) -> bool {
        matches!(self.kind, TimeoutKind::Total)
    }

    /// The length of the timeout that has passed.
    #[must_use]
    pub const fn after(&self) -> Duration {
        self.after
    }

    /// Whether the request had been handed to the transport, or may have been. If not, it was never
    /// sent.
    ///
    /// Always true where the timeouts are not told that a
    /// [`MarkDispatched`](crate::MarkDispatched) stands inside.
    #[must_use]
    pub const fn was_dispatched(&self) -> bool {
        self.dispatched
    }

    /// The status of the response, if its head had come and [was noted](Self::with_status).
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after;
        match self.kind {
            TimeoutKind::Attempt => write!(f, "no response within {after:?}"),
            TimeoutKind::Drip => write!(f, "response body dripped for {after:?}"),
            TimeoutKind::Stall => write!(f, "response body stalled for {after:?}"),
            TimeoutKind::Total if self.dispatched => {
                write!(f, "call not finished within {after:?}")
            }
            TimeoutKind::Total => write!(f, "call not sent within {after:?}"),
        }
    }
}

impl Error for TimedOut {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_has_passed_and_whether_it_was_sent() {
        let after = Duration::from_secs(30);
        let of = |kind| TimedOut::new(kind, after);
        let unsent = of(TimeoutKind::Total).with_dispatched(Dispatched::No);
        let sent = unsent.with_dispatched(Dispatched::Maybe);
        for (error, kind, dispatched, says) in [
            (
                of(TimeoutKind::Attempt),
                TimeoutKind::Attempt,
                true,
                "no response within 30s",
            ),
            (
                of(TimeoutKind::Stall),
                TimeoutKind::Stall,
                true,
                "response body stalled for 30s",
            ),
            (
                of(TimeoutKind::Total),
                TimeoutKind::Total,
                true,
                "call not finished within 30s",
            ),
            (
                sent,
                TimeoutKind::Total,
                true,
                "call not finished within 30s",
            ),
            (
                unsent,
                TimeoutKind::Total,
                false,
                "call not sent within 30s",
            ),
        ] {
            assert_eq!((error.kind(), error.was_dispatched()), (kind, dispatched));
            assert_eq!(error.is_total(), kind == TimeoutKind::Total);
            assert_eq!((error.after(), error.status()), (after, None));
            assert_eq!(error.to_string(), says);
            let status = Some(StatusCode::OK);
            assert_eq!(error.with_status(StatusCode::OK).status(), status);
        }
    }
}
