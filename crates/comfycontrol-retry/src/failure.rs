use std::error::Error;
use std::time::Duration;

/// An error that says whether its request may be sent again.
///
/// To be implemented by the error of the service inside [`Retry`](crate::Retry).
pub trait Failure: Sized {
    /// What is known of the request that failed.
    fn failure_kind(&self) -> FailureKind;

    /// What is known of an idempotent request whose response body broke off with `error`;
    /// [`Permanent`](FailureKind::Permanent) unless implemented.
    ///
    /// Asked where nothing of the body was handed on; see [`RetryBody`](crate::RetryBody).
    fn body_failure_kind(error: &(dyn Error + 'static)) -> FailureKind {
        let _ = error;
        FailureKind::Permanent
    }

    /// How long the response asks its client to wait; not at all unless implemented.
    ///
    /// If that is more than 30 s, a request is not sent again, whatever the failure: the call ends
    /// at once, and its caller decides.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Takes out what the next failure of the same call must know of this one; nothing unless
    /// implemented.
    ///
    /// Called when the request is about to be sent again, after which what is left of the error is
    /// dropped.
    fn take_for_later(&mut self) -> Option<Self> {
        None
    }

    /// Takes over what [`take_for_later`](Self::take_for_later) took out of the failure before this
    /// one.
    ///
    /// Called after [`failure_kind`](Self::failure_kind) and [`retry_after`](Self::retry_after):
    /// what is taken over changes the error of the call, and not whether it is made again.
    fn follow(&mut self, earlier: Self) {
        let _ = earlier;
    }
}

/// What is known of a request that failed: whether it may be sent again, and when.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The request may or may not have been applied, and the reason passes. It is sent again after
    /// backoff if its method is idempotent.
    MaybeApplied,
    /// The request was certainly not applied, and the reason may pass. It is sent again after
    /// backoff.
    NeverApplied,
    /// The same request will fail alike, or nothing is known. It is not sent again.
    Permanent,
    /// A rate limiter of this program did not let it leave, and would only reject it again. It is
    /// not sent again.
    Rejected,
    /// The response is a 429: the server has not processed the request. It is sent again, after
    /// the [cooldown](crate::RetryPolicy::cooldown) or when a rate limiter inside lets it go.
    Throttled,
    /// The response is a 401, and there is another token now. The request is sent again at once, up
    /// to three times in one call.
    TokenReplaced,
}
