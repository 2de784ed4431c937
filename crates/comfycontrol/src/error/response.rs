use std::error::Error;
use std::fmt;

use comfycontrol_core::{BoxError, Escaped, Report, clean_error};
use http::{HeaderValue, StatusCode};

/// A response has another content type than the one that was asked for, and was not read.
#[derive(Debug)]
pub struct UnexpectedContentType {
    status: StatusCode,
    expected: &'static str,
    content_type: Option<String>,
}

impl UnexpectedContentType {
    /// A response with this status and this `Content-Type`, in place of `expected`.
    #[must_use]
    pub fn new(
        status: StatusCode,
        expected: &'static str,
        content_type: Option<&HeaderValue>,
    ) -> Self {
        Self {
            status,
            expected,
            content_type: content_type.map(shown),
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The content type of the response: at most 100 characters, control characters escaped and
    /// tokens masked.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }
}

impl fmt::Display for UnexpectedContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.content_type.as_deref().unwrap_or("none");
        write!(
            f,
            "{} response is not {} (content type {kind})",
            self.status.as_u16(),
            self.expected
        )
    }
}

impl Error for UnexpectedContentType {}

/// A header of a response, fit to be shown.
fn shown(value: &HeaderValue) -> String {
    Escaped::new(&String::from_utf8_lossy(value.as_bytes()), 100).into_string()
}

/// A response body broke off.
pub struct BodyFailed {
    status: StatusCode,
    source: BoxError,
}

impl BodyFailed {
    /// The body of a response with this status broke off because of `source`, which is kept unless
    /// it shows a token: see [`clean_error`].
    #[must_use]
    pub fn new(status: StatusCode, source: BoxError) -> Self {
        Self {
            status,
            source: clean_error(source),
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Debug for BodyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyFailed")
            .field("status", &self.status)
            .field("source", &format_args!("{}", Report::new(&*self.source)))
            .finish()
    }
}

impl fmt::Display for BodyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("response body broke off")
    }
}

impl Error for BodyFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A response body is larger than the caller allowed; the rest was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BodyTooLarge {
    status: StatusCode,
    limit: usize,
}

impl BodyTooLarge {
    /// The body of a response with this status is larger than `limit` bytes.
    #[must_use]
    pub fn new(status: StatusCode, limit: usize) -> Self {
        Self { status, limit }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The limit, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for BodyTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "response is larger than {} bytes: read it as a stream",
            self.limit
        )
    }
}

impl Error for BodyTooLarge {}
