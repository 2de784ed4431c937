use std::error::Error;
use std::fmt;

use comfycontrol_core::Escaped;
use http::{HeaderMap, StatusCode};

use crate::codings::applied;

/// A successful response is encoded in a way that was not asked for, and was not read.
///
/// ```
/// use comfycontrol_encoding::UnexpectedContentEncoding;
/// use http::{HeaderMap, StatusCode, header::CONTENT_ENCODING};
///
/// let headers = HeaderMap::from_iter([(CONTENT_ENCODING, "br".parse()?)]);
/// let error = UnexpectedContentEncoding::new(StatusCode::OK, &headers);
/// assert_eq!(error.to_string(), "200 response is encoded as br, which was not asked for");
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnexpectedContentEncoding {
    status: StatusCode,
    content_encoding: String,
}

impl UnexpectedContentEncoding {
    /// A response with this status, whose `Content-Encoding` is among these headers.
    #[must_use]
    pub fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        let codings: Vec<&[u8]> = applied(headers).collect();
        let codings = codings.join(&b", "[..]);
        Self {
            status,
            content_encoding: Escaped::new(&String::from_utf8_lossy(&codings), MAX).into_string(),
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The codings in the order in which they were applied, joined by `, `: at most 100 characters,
    /// control characters escaped and tokens masked.
    #[must_use]
    pub fn content_encoding(&self) -> &str {
        &self.content_encoding
    }
}

impl fmt::Display for UnexpectedContentEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} response is encoded as {}, which was not asked for",
            self.status.as_u16(),
            self.content_encoding
        )
    }
}

impl Error for UnexpectedContentEncoding {}

/// In characters.
const MAX: usize = 100;
