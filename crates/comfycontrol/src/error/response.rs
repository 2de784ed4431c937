use std::error::Error;
use std::fmt;

use http::StatusCode;
use tower::BoxError;

use super::Report;

/// A response that is not an event stream.
#[derive(Debug)]
pub struct NotEvents {
    status: StatusCode,
    content_type: Option<String>,
}

impl NotEvents {
    #[cfg(feature = "sse")]
    pub(crate) fn new(status: StatusCode, content_type: Option<&http::HeaderValue>) -> Self {
        Self {
            status,
            content_type: content_type.map(super::shown),
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for NotEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.content_type.as_deref().unwrap_or("none");
        write!(
            f,
            "{} answer is not an event stream (content type {kind})",
            self.status.as_u16()
        )
    }
}

impl Error for NotEvents {}

/// A response body that broke off.
pub struct BodyFailed {
    status: StatusCode,
    source: BoxError,
}

impl BodyFailed {
    pub(crate) fn new(status: StatusCode, source: BoxError) -> Self {
        Self { status, source }
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

/// A response body larger than the caller allowed; the rest was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BodyTooLarge {
    status: StatusCode,
    limit: usize,
}

impl BodyTooLarge {
    pub(crate) fn new(status: StatusCode, limit: usize) -> Self {
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
