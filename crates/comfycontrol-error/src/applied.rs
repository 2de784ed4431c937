use http::StatusCode;

use crate::RetryClass;

/// Says whether the server may have done what a request asked for.
///
/// The arrival of the request says nothing about this: a server that throttles has it, and does
/// nothing with it.
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, Applied};
/// use http::Response;
///
/// let of = |status: u16| {
///     let response = Response::builder().status(status).body(Bytes::new())?;
///     Ok::<_, http::Error>(ApiError::from_response(response).applied())
/// };
/// assert_eq!(of(429)?, Applied::No);
/// assert_eq!(of(502)?, Applied::Maybe);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Applied {
    /// It may have; nothing proves either.
    Maybe,
    /// It certainly has not.
    No,
    /// It has: it says so itself.
    Yes,
}

impl Applied {
    /// Joins what is known of two attempts of one call: it may have done what either may have done.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// What makes sure that a repeat is safe is known of the status, and of what stands in the
    /// body.
    pub(crate) fn new(class: RetryClass, status: StatusCode) -> Self {
        match (class, status.as_u16()) {
            (RetryClass::NeverApplied, _) => Self::No,
            (RetryClass::MaybeApplied, _) => Self::Maybe,
            // A caller that does not call it a success cannot undo it.
            (RetryClass::Permanent, 200..=299) => Self::Yes,
            // RFC 9110 §15.5.10: in conflict with the state of things, which it may itself have
            // made.
            (RetryClass::Permanent, 409) => Self::Maybe,
            (RetryClass::Permanent, 300..=499) => Self::No,
            (RetryClass::Permanent, _) => Self::Maybe,
        }
    }
}
