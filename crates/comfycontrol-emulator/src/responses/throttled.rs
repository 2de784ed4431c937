//! The forms a 429 takes on the wire.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use super::body::Body;
use super::exchange::{Exchange, error_body};
use super::pages::page;
use super::problem::problem_1xxx;
use super::retry_after::{RetryAfter, whole_seconds};

/// The form of a 429: what its body and its `Retry-After` say.
///
/// Each form is as captured: a rule's custom JSON response; Cloudflare's problem document, short
/// text and page; and a response that is only a status.
///
/// ```
/// use comfycontrol_emulator::{Throttled, RetryAfter, Shape};
///
/// let throttled = Throttled::text().retry_after(RetryAfter::Seconds);
/// let response = Shape::Throttled(throttled).response();
/// assert_eq!(response.status(), 429);
/// assert_eq!(response.headers()["retry-after"], "10");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Throttled {
    form: Form,
    retry_after: RetryAfter,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Empty,
    Json,
    Page,
    Problem,
    Text,
}

impl Throttled {
    /// The documented JSON, without `Retry-After`; the default.
    pub fn json() -> Self {
        Self::new(Form::Json, RetryAfter::Absent)
    }

    /// Cloudflare's problem document 1015 with `Retry-After`, for requests that
    /// accept JSON by name; the page for the others.
    pub fn problem() -> Self {
        Self::new(Form::Problem, RetryAfter::Seconds)
    }

    /// The line `error code: 1015`.
    pub fn text() -> Self {
        Self::new(Form::Text, RetryAfter::Absent)
    }

    /// An HTML page of some 46 KB.
    pub fn page() -> Self {
        Self::new(Form::Page, RetryAfter::Absent)
    }

    /// No body and no content type.
    pub fn empty() -> Self {
        Self::new(Form::Empty, RetryAfter::Absent)
    }

    /// Sets what `Retry-After` says.
    pub fn retry_after(self, retry_after: RetryAfter) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// Each form, as it is without settings.
    pub fn all() -> [Self; 5] {
        [
            Self::empty(),
            Self::json(),
            Self::page(),
            Self::problem(),
            Self::text(),
        ]
    }

    fn new(form: Form, retry_after: RetryAfter) -> Self {
        Self { form, retry_after }
    }

    /// The 429 to this exchange, which should come again after `wait`.
    pub(crate) fn response(&self, wait: Duration, exchange: &Exchange) -> Response<Body> {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = match self.form {
            Form::Empty => exchange.response(status, "", Body::empty()),
            Form::Json => {
                let body = error_body(status, "Rate limit exceeded");
                exchange.response(status, "application/json", body)
            }
            Form::Text => {
                exchange.response(status, "text/plain; charset=UTF-8", "error code: 1015\n")
            }
            Form::Page | Form::Problem => match exchange.json_type() {
                Some(media) if self.form == Form::Problem => {
                    let title = "You are being rate limited";
                    let wait = Some(whole_seconds(wait));
                    let (name, category) = ("rate_limited", "rate_limit");
                    let body = problem_1xxx(1015, status, name, category, title, wait, exchange);
                    exchange.response(status, media, body)
                }
                _ => {
                    let title = format!(
                        "Access denied | {} used Cloudflare to restrict access",
                        exchange.host
                    );
                    let text = "You are being rate limited (error 1015).";
                    let body = page(&title, text, exchange, 46_000);
                    exchange.response(status, "text/html; charset=UTF-8", body)
                }
            },
        };
        if let Some(value) = self.retry_after.value(wait, exchange) {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

impl Default for Throttled {
    fn default() -> Self {
        Self::json()
    }
}
