//! What the retries are told of a failure.

use std::error::Error as StdError;
use std::mem;
use std::time::Duration;

use comfycontrol_retry::{Failure, FailureKind};
use comfycontrol_timeout::{TimedOut, TimeoutKind};
use comfycontrol_token::TokenReplaced;
use http::StatusCode;

use super::{Error, ErrorKind, Sent};

impl Failure for Error {
    fn failure_kind(&self) -> FailureKind {
        match self.status() {
            Some(StatusCode::TOO_MANY_REQUESTS) => FailureKind::Throttled,
            Some(StatusCode::UNAUTHORIZED) if token_was_replaced(self) => {
                FailureKind::TokenReplaced
            }
            _ if self.kind() == ErrorKind::Rejected => FailureKind::Rejected,
            _ if self.is_unapplied() => FailureKind::NeverApplied,
            _ if self.is_transient() => FailureKind::MaybeApplied,
            _ => FailureKind::Permanent,
        }
    }

    fn body_failure_kind(error: &(dyn StdError + 'static)) -> FailureKind {
        match error.downcast_ref::<Self>() {
            Some(error) => error.failure_kind(),
            None if is_not_gzip(error) => FailureKind::Permanent,
            None => FailureKind::MaybeApplied,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        Self::retry_after(self)
    }

    fn take_for_later(&mut self) -> Option<Self> {
        (self.sent() != Sent::No).then(|| {
            let unseen = TimedOut::new(TimeoutKind::Attempt, Duration::ZERO);
            mem::replace(self, unseen.into())
        })
    }

    fn follow(&mut self, earlier: Self) {
        if self.kind() == ErrorKind::Rejected {
            // The failure that made another attempt necessary says more than this rejection.
            *self = earlier;
        } else {
            self.0.before = earlier.sent();
            self.0.applied_before = earlier.applied();
        }
    }
}

fn token_was_replaced(error: &Error) -> bool {
    error
        .as_api()
        .is_some_and(|api| api.extensions().get::<TokenReplaced>().is_some())
}

/// Whether a body would be no gzip at the next attempt either: all of it came that was to come.
#[cfg(feature = "gzip")]
fn is_not_gzip(error: &(dyn StdError + 'static)) -> bool {
    let invalid = error.downcast_ref::<comfycontrol_encoding::InvalidGzip>();
    invalid.is_some_and(|invalid| !invalid.has_ended_early())
}

#[cfg(not(feature = "gzip"))]
fn is_not_gzip(_: &(dyn StdError + 'static)) -> bool {
    false
}
