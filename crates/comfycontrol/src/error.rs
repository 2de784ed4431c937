//! The one error of the facade.

mod cause;
mod config;
mod kind;
mod request;
mod response;
mod retry;
mod show;
mod trace;

use std::error::Error as StdError;
use std::time::Duration;

use comfycontrol_core::{BoxError, Report, mask_secrets};
use comfycontrol_error::{ApiError, Applied, RetryClass};
use comfycontrol_timeout::TimedOut;
use comfycontrol_transport::{TransportError, TransportErrorKind};
use http::{HeaderValue, Method, StatusCode};

use self::cause::Cause;

pub use self::config::InvalidConfig;
pub(crate) use self::config::Setting;
pub use self::kind::{ErrorKind, Sent};
pub use self::request::InvalidRequest;
pub(crate) use self::request::Reason;
pub use self::response::{BodyFailed, BodyTooLarge, UnexpectedContentType};

/// The error of a call, or of building a client. One word wide.
///
/// `{}` prints one short line and leaves the cause to [`source`](StdError::source); `{:#}` and
/// [`report`](Self::report) print the whole chain, and so does `{:?}`, so that a `main` that ends
/// with an error says what is wrong. No form shows a token, a query string or a body, and what
/// others say is masked and escaped. A cause that shows a token is replaced by its text without it:
/// a program that walks the chain of [`source`](StdError::source)s does not print it.
pub struct Error(Box<Inner>);

struct Inner {
    cause: Cause,
    call: Option<(Method, String)>,
    request_id: Option<HeaderValue>,
    /// Whether an earlier attempt of the same call may have reached the server.
    before: Sent,
    /// Whether one may have been applied.
    applied_before: Applied,
}

impl Error {
    fn new(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            call: None,
            request_id: None,
            before: Sent::No,
            applied_before: Applied::No,
        }))
    }

    /// Makes an error from that of a transport; one that is an [`Error`] already stays what it is.
    pub fn transport(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => TransportError::new(source).into(),
        }
    }

    /// Makes an error of a response that was read and cannot be used, for crates that read what
    /// comes with this status. `{}` prints `source`, and [`as_cause`](Self::as_cause) finds it.
    pub fn unusable(status: StatusCode, source: impl Into<BoxError>) -> Self {
        Self::new(Cause::Unusable(status, source.into()))
    }

    /// Makes an error of a request that a crate above the client refuses to send. `{}` prints
    /// `source`, and [`as_cause`](Self::as_cause) finds it.
    pub fn refused(source: impl Into<BoxError>) -> Self {
        Self::new(Cause::Refused(source.into()))
    }

    /// Makes an error of a call that may have been applied, where a crate above the client could
    /// not find out whether it was. `{}` prints `source`, and [`as_cause`](Self::as_cause) finds
    /// it.
    pub fn in_doubt(source: impl Into<BoxError>) -> Self {
        Self::new(Cause::InDoubt(source.into()))
    }

    /// Takes the error of a response body, which may be one of ours in a box.
    pub(crate) fn body(status: StatusCode, source: BoxError) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => match source.downcast::<TimedOut>() {
                Ok(passed) => passed.with_status(status).into(),
                Err(source) => BodyFailed::new(status, source).into(),
            },
        }
    }

    /// Names the call that failed, unless it has a name; the path must come without its query.
    #[must_use]
    pub fn with_call(mut self, method: &Method, path: &str) -> Self {
        if self.0.call.is_none() {
            self.0.call = Some((method.clone(), mask_secrets(path).into_owned()));
        }
        self
    }

    /// Notes the id of the call that failed.
    pub(crate) fn with_request_id(mut self, id: Option<HeaderValue>) -> Self {
        self.0.request_id = id.or(self.0.request_id);
        self
    }

    /// The id of the call that failed: the `X-Request-Id` of all its attempts. `None` if it failed
    /// before it had one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_ref()?.to_str().ok()
    }

    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Api(_) => ErrorKind::Api,
            Cause::Body(_) => ErrorKind::Body,
            Cause::Config(_) => ErrorKind::Config,
            Cause::ContentEncoding(_)
            | Cause::ContentType(_)
            | Cause::Json(_)
            | Cause::Unusable(..) => ErrorKind::Decode,
            Cause::InDoubt(_) => ErrorKind::InDoubt,
            Cause::Rejected(_) => ErrorKind::Rejected,
            Cause::Refused(_) | Cause::Request(_) => ErrorKind::Request,
            Cause::TimedOut(_) => ErrorKind::TimedOut,
            Cause::TokenWithheld(_) => ErrorKind::TokenWithheld,
            Cause::TooLarge(_) => ErrorKind::BodyTooLarge,
            Cause::Transport(_) => ErrorKind::Transport,
        }
    }

    /// The status of the server's response, whatever failed afterwards.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.0.cause {
            Cause::Api(e) => Some(e.status()),
            Cause::Json(e) => Some(e.status()),
            Cause::Body(e) => Some(e.status()),
            Cause::ContentEncoding(e) => Some(e.status()),
            Cause::ContentType(e) => Some(e.status()),
            Cause::TimedOut(e) => e.status(),
            Cause::TooLarge(e) => Some(e.status()),
            Cause::Unusable(status, _) => Some(*status),
            _ => None,
        }
    }

    /// How long to wait before the same call can succeed: what the server asked for, or the wait
    /// the limiter would have needed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::Api(e) => e.retry_after(),
            Cause::Rejected(e) => e.wait(),
            _ => None,
        }
    }

    /// Whether the server may have received the request, at the last attempt or an earlier one.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match (self.sent_last(), self.0.before) {
            (Sent::Yes, _) | (_, Sent::Yes) => Sent::Yes,
            (Sent::Maybe, _) | (_, Sent::Maybe) => Sent::Maybe,
            (Sent::No, Sent::No) => Sent::No,
        }
    }

    fn sent_last(&self) -> Sent {
        match &self.0.cause {
            _ if self.status().is_some() => Sent::Yes,
            Cause::InDoubt(_) => Sent::Maybe,
            Cause::TimedOut(e) if e.was_dispatched() => Sent::Maybe,
            Cause::Transport(e) if !e.is_unprocessed() => Sent::Maybe,
            _ => Sent::No,
        }
    }

    /// Whether the server may have done what the call asked for, at the last attempt or an earlier
    /// one.
    ///
    /// [`No`](Applied::No) if nothing was sent or it was turned away; [`Yes`](Applied::Yes) after a
    /// successful status, whatever was wrong with the body; see the
    /// [table](crate::guide::errors).
    #[must_use]
    pub fn applied(&self) -> Applied {
        let last = match &self.0.cause {
            Cause::Api(e) => e.applied(),
            _ if self.status().is_some_and(|status| status.is_success()) => Applied::Yes,
            _ if self.sent_last() == Sent::No => Applied::No,
            _ => Applied::Maybe,
        };
        last.or(self.0.applied_before)
    }

    /// Whether repeating the same call later is safe and may succeed.
    ///
    /// Safe means: the request was never applied (429, never sent), or repeating it does no more
    /// than one call would (RFC 9110 §9.2.2) and the failure is of the passing kind.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let idempotent = self.0.call.as_ref().is_some_and(|(m, _)| m.is_idempotent());
        self.is_unapplied() || (idempotent && self.is_transient())
    }

    /// The request was certainly not applied, and the reason may pass.
    fn is_unapplied(&self) -> bool {
        match &self.0.cause {
            Cause::Api(e) => e.retry_class() == RetryClass::NeverApplied,
            Cause::Rejected(_) => true,
            Cause::TimedOut(e) => !e.was_dispatched(),
            Cause::Transport(e) => e.is_unprocessed() && e.is_transient(),
            _ => false,
        }
    }

    /// The failure is of the kind that passes; nothing is known of what the server did.
    fn is_transient(&self) -> bool {
        match &self.0.cause {
            Cause::Api(e) => e.retry_class() == RetryClass::MaybeApplied,
            Cause::TimedOut(_) | Cause::Body(_) => true,
            Cause::Transport(e) => e.is_transient(),
            _ => false,
        }
    }

    /// Whether a timeout has passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match &self.0.cause {
            Cause::TimedOut(_) => true,
            Cause::Transport(e) => e.kind() == TransportErrorKind::ConnectTimedOut,
            _ => false,
        }
    }

    /// The method and the path, without query and with tokens masked, of the call that failed.
    #[must_use]
    pub fn call(&self) -> Option<(&Method, &str)> {
        let (method, path) = self.0.call.as_ref()?;
        Some((method, path))
    }

    /// Prints the whole chain of causes on one line, joined by `: `.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report::new(self)
    }

    /// The response of the API, if it was unsuccessful.
    #[must_use]
    pub fn as_api(&self) -> Option<&ApiError> {
        self.as_cause()
    }

    /// The cause, if it is an `E`: one of the error types that this crate and its layers export.
    ///
    /// ```
    /// use comfycontrol::{Client, InvalidConfig};
    ///
    /// let error = Client::builder().token("not a token").build().unwrap_err();
    /// let config: &InvalidConfig = error.as_cause().expect("a setting is wrong");
    /// assert_eq!(config.setting(), "token");
    /// ```
    #[must_use]
    pub fn as_cause<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.cause.as_error().downcast_ref()
    }
}
