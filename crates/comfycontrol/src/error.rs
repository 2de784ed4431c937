//! The one error of the facade.

mod causes;
mod config;
mod json;
mod kind;
mod report;
mod request;
mod response;
mod show;
mod transport;

use std::error::Error as StdError;
use std::time::Duration;

use comfycontrol_error::{ApiError, Harmless, RetryClass};
use comfycontrol_rate_limit::NotAdmitted;
use comfycontrol_token::TokenWithheld;
use http::{HeaderValue, Method, StatusCode};
use tower::BoxError;

pub use self::config::InvalidConfig;
pub(crate) use self::config::Setting;
pub use self::json::BadJson;
pub use self::kind::{ErrorKind, Sent};
pub use self::report::Report;
pub use self::request::InvalidRequest;
pub(crate) use self::request::Reason;
pub use self::response::{BodyFailed, BodyTooLarge, NotEvents};
pub(crate) use self::transport::{ConnectFailed, without_quotes};
pub use self::transport::{TransportError, TransportErrorKind};
use crate::timeouts::TimedOut;

/// Whatever went wrong with a call, one word wide.
///
/// `{}` prints one short line and leaves the cause to [`source`](StdError::source); `{:#}` and
/// [`report`](Self::report) print the whole chain. No form shows a token, a query string or a body, and
/// what others say is masked and escaped.
pub struct Error(Box<Inner>);

struct Inner {
    cause: Cause,
    call: Option<(Method, String)>,
    /// Whether an earlier attempt of the same call may have reached the server.
    before: Sent,
}

#[derive(Debug)]
enum Cause {
    Api(ApiError),
    Body(BodyFailed),
    Config(InvalidConfig),
    Json(BadJson),
    NotAdmitted(NotAdmitted),
    NotEvents(NotEvents),
    Request(InvalidRequest),
    TimedOut(TimedOut),
    TokenWithheld(TokenWithheld),
    TooLarge(BodyTooLarge),
    Transport(TransportError),
}

impl Error {
    fn new(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            call: None,
            before: Sent::No,
        }))
    }

    /// Takes the error of a transport; one that is an [`Error`] already stays what it is.
    pub fn transport(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => TransportError::new(source).into(),
        }
    }

    /// Takes the error of a response body, which may be one of ours in a box.
    pub(crate) fn body(status: StatusCode, source: BoxError) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => match source.downcast::<TimedOut>() {
                Ok(passed) => passed.answered(status).into(),
                Err(source) => BodyFailed::new(status, source).into(),
            },
        }
    }

    /// Names the call; the path must come without its query.
    pub(crate) fn during(mut self, method: &Method, path: &str) -> Self {
        if self.0.call.is_none() {
            self.0.call = Some((method.clone(), path.to_owned()));
        }
        self
    }

    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Api(_) => ErrorKind::Api,
            Cause::Body(_) => ErrorKind::Body,
            Cause::Config(_) => ErrorKind::Config,
            Cause::Json(_) | Cause::NotEvents(_) => ErrorKind::Decode,
            Cause::NotAdmitted(_) => ErrorKind::NotAdmitted,
            Cause::Request(_) => ErrorKind::Request,
            Cause::TimedOut(_) => ErrorKind::TimedOut,
            Cause::TokenWithheld(_) => ErrorKind::TokenWithheld,
            Cause::TooLarge(_) => ErrorKind::BodyTooLarge,
            Cause::Transport(_) => ErrorKind::Transport,
        }
    }

    /// The status the server answered with, whatever failed afterwards.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.0.cause {
            Cause::Api(e) => Some(e.status()),
            Cause::Json(e) => Some(e.status()),
            Cause::Body(e) => Some(e.status()),
            Cause::NotEvents(e) => Some(e.status()),
            Cause::TimedOut(e) => e.status(),
            Cause::TooLarge(e) => Some(e.status()),
            _ => None,
        }
    }

    /// How long to wait before the same call can succeed: what the server asked for, or the wait
    /// the limiter would have needed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::Api(e) => e.retry_after(),
            Cause::NotAdmitted(e) => e.wait(),
            _ => None,
        }
    }

    /// Notes what is known of the attempts before the one that failed so.
    pub(crate) fn sent_before(&mut self, before: Sent) {
        self.0.before = before;
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
            Cause::Api(_)
            | Cause::Body(_)
            | Cause::Json(_)
            | Cause::NotEvents(_)
            | Cause::TooLarge(_) => Sent::Yes,
            Cause::TimedOut(e) if e.status().is_some() => Sent::Yes,
            Cause::TimedOut(e) if e.was_dispatched() => Sent::Maybe,
            Cause::Transport(e) if !e.is_before_sending() => Sent::Maybe,
            _ => Sent::No,
        }
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
    pub(crate) fn is_unapplied(&self) -> bool {
        match &self.0.cause {
            Cause::Api(e) => e.retry_class() == RetryClass::NeverApplied,
            Cause::NotAdmitted(_) => true,
            Cause::TimedOut(e) => !e.was_dispatched(),
            Cause::Transport(e) => e.is_before_sending() && e.may_pass(),
            _ => false,
        }
    }

    /// The failure is of the kind that passes; nothing is known of what the server did.
    pub(crate) fn is_transient(&self) -> bool {
        match &self.0.cause {
            Cause::Api(e) => e.retry_class() == RetryClass::Unknown,
            Cause::TimedOut(_) | Cause::Body(_) => true,
            Cause::Transport(e) => e.may_pass(),
            _ => false,
        }
    }

    /// Whether a timeout has passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.as_timed_out().is_some()
            || self
                .as_transport()
                .is_some_and(|e| e.kind() == TransportErrorKind::ConnectTimedOut)
    }

    /// The method and the path, without query, of the call that failed.
    #[must_use]
    pub fn call(&self) -> Option<(&Method, &str)> {
        self.0
            .call
            .as_ref()
            .map(|(method, path)| (method, path.as_str()))
    }

    /// Prints the whole chain of causes on one line, joined by `: `.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report::new(self)
    }

    fn cause(&self) -> &(dyn StdError + 'static) {
        match &self.0.cause {
            Cause::Api(e) => e,
            Cause::Body(e) => e,
            Cause::Config(e) => e,
            Cause::Json(e) => e,
            Cause::NotAdmitted(e) => e,
            Cause::NotEvents(e) => e,
            Cause::Request(e) => e,
            Cause::TimedOut(e) => e,
            Cause::TokenWithheld(e) => e,
            Cause::TooLarge(e) => e,
            Cause::Transport(e) => e,
        }
    }
}

/// A header of a response, fit to be shown.
fn shown(value: &HeaderValue) -> String {
    Harmless::new(&String::from_utf8_lossy(value.as_bytes()), 100).to_string()
}
