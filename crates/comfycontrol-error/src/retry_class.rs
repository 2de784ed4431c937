use http::{Method, StatusCode};

use crate::ApiErrorKind;

/// Says whether the request may be sent once more (RFC 9110 §9.2.2).
///
/// ```
/// use comfycontrol_error::RetryClass;
/// use http::Method;
///
/// assert!(RetryClass::NeverApplied.allows(&Method::POST));
/// assert!(!RetryClass::MaybeApplied.allows(&Method::POST));
/// assert!(RetryClass::MaybeApplied.allows(&Method::GET));
/// assert!(!RetryClass::Permanent.allows(&Method::GET));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RetryClass {
    /// The request may or may not have had its effect: retry idempotent methods only.
    MaybeApplied,
    /// The request was turned away before it could have any effect: retry any method.
    NeverApplied,
    /// The same request will fail alike: do not retry it.
    Permanent,
}

impl RetryClass {
    /// Whether a request with this method may be retried, after the wait the response asked for.
    pub fn allows(self, method: &Method) -> bool {
        match self {
            Self::NeverApplied => true,
            Self::Permanent => false,
            Self::MaybeApplied => method.is_idempotent(),
        }
    }

    pub(crate) fn new(kind: ApiErrorKind, status: StatusCode, edge_code: Option<u16>) -> Self {
        use ApiErrorKind as Kind;
        match kind {
            Kind::Throttled => Self::NeverApplied,
            Kind::OriginUnreachable => match (status.as_u16(), edge_code) {
                // A certificate does not get better by asking again.
                (525 | 526, _) => Self::Permanent,
                // 522 may also follow a connect, and 530 alone says nothing.
                (521 | 523, _) | (_, Some(1000..=1999)) => Self::NeverApplied,
                _ => Self::MaybeApplied,
            },
            Kind::Gateway
            | Kind::Internal
            | Kind::OriginBadResponse
            | Kind::OriginTimeout
            | Kind::Unavailable => Self::MaybeApplied,
            Kind::OtherClientError => match status.as_u16() {
                // RFC 9110 §15.5.9: the server did not see the request end.
                408 => Self::MaybeApplied,
                // RFC 8470 §5.2: the server did not risk processing what was sent as early data. We
                // send none, so the server means something else.
                425 => Self::MaybeApplied,
                _ => Self::Permanent,
            },
            Kind::OtherServerError => match status.as_u16() {
                // RFC 9110 §15.6.2, §15.6.6: it cannot be done, today or tomorrow.
                501 | 505 => Self::Permanent,
                _ => Self::MaybeApplied,
            },
            _ => Self::Permanent,
        }
    }
}
