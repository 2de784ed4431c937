use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::Escaped;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{Extensions, HeaderMap, Response, StatusCode};

use crate::body::Collected;
use crate::decode::{Decoded, decode};
use crate::reason_phrase::reason_phrase;
use crate::{ApiErrorKind, Applied, BodyIncomplete, ProblemDetails, RetryClass, ServedBy};

/// An unsuccessful response, with everything that is known about it.
///
/// One word wide. `Display` is one line a person can act on. `Debug` names the headers and shows
/// the values of those that hold no secrets. In both, what the server wrote is escaped, cut, and
/// free of tokens. Raw bytes come only from [`body`](Self::body), [`headers`](Self::headers) and
/// [`into_response`](Self::into_response).
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, ApiErrorKind};
/// use http::Response;
///
/// let body = r#"{"status":401,"message":"Token has expired"}"#;
/// let response = Response::builder()
///     .status(401)
///     .header("cf-ray", "8f2d1c0b5a7e9d31-FRA")
///     .body(Bytes::from(body))?;
/// let error = ApiError::from_response(response);
///
/// assert_eq!(error.kind(), ApiErrorKind::TokenExpired);
/// assert_eq!(
///     error.to_string(),
///     "401 Unauthorized: Token has expired (ray 8f2d1c0b5a7e9d31-FRA)"
/// );
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    parts: Parts,
    body: Bytes,
    body_truncated: bool,
    body_error: Option<BodyIncomplete>,
    decoded: Decoded,
}

impl ApiError {
    /// Decodes a response whose body has been read, of any status.
    ///
    /// This never fails. The body is kept as it is, so the caller bounds it; the
    /// [`ErrorDecoderLayer`](crate::ErrorDecoderLayer) does both.
    pub fn from_response(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self::new(parts, Collected::whole(body))
    }

    pub(crate) fn new(parts: Parts, body: Collected) -> Self {
        let whole = !body.truncated && body.error.is_none();
        let decoded = decode(parts.status, &parts.headers, &body.bytes, whole);
        Self(Box::new(Inner {
            parts,
            body: body.bytes,
            body_truncated: body.truncated,
            body_error: body.error,
            decoded,
        }))
    }

    /// The status of the response, which counts whatever the body says.
    pub fn status(&self) -> StatusCode {
        self.0.parts.status
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ApiErrorKind {
        self.0.decoded.kind
    }

    /// What the server says, fit to be shown; the status's phrase if it says nothing.
    ///
    /// One line of at most [1,000](crate::MAX_MESSAGE_CHARS) characters (and `…` where it was cut),
    /// control characters escaped and tokens masked. Of an HTML page this is its title, of the XML
    /// of a store of files (`<Error>`) its `Code` and `Message`.
    pub fn message(&self) -> &str {
        &self.0.decoded.message
    }

    /// How long the server asks to wait before the next request; at most
    /// [one day](comfycontrol_core::MAX_RETRY_AFTER).
    ///
    /// The `retry-after` header counts first: seconds, or a date, taken relative to the
    /// response's own `date` (RFC 9110 §10.2.3). Then comes the body's `retry_after` in seconds.
    /// What cannot be read is ignored.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.decoded.retry_after
    }

    /// Whether the request may be sent once more (RFC 9110 §9.2.2).
    pub fn retry_class(&self) -> RetryClass {
        self.0.decoded.retry_class
    }

    /// Whether the server may have done what the request asked for.
    ///
    /// [`Applied::No`] for what is [turned away](RetryClass::NeverApplied), 3xx and 4xx; `Maybe`
    /// for 408, 409, 425 and 5xx.
    pub fn applied(&self) -> Applied {
        Applied::new(self.retry_class(), self.status())
    }

    /// Who wrote the response.
    pub fn served_by(&self) -> ServedBy {
        self.0.decoded.served_by
    }

    /// The `cf-ray`, which is the edge's id for the request: worth quoting to the API's support.
    ///
    /// At most 64 letters, digits and hyphens; anything else is not an id.
    pub fn cf_ray(&self) -> Option<&str> {
        self.0.decoded.cf_ray.as_deref()
    }

    /// The edge's own number for the error, e.g. 1015.
    pub fn edge_code(&self) -> Option<u16> {
        self.0.decoded.edge_code
    }

    /// The `status` that stands in the body, which may differ from the response's.
    pub fn body_status(&self) -> Option<i64> {
        self.0.decoded.body_status
    }

    /// The problem details (RFC 9457), if the body holds them.
    pub fn problem(&self) -> Option<&ProblemDetails> {
        self.0.decoded.problem.as_ref()
    }

    /// The content type the response claims, if that is visible ASCII.
    pub fn content_type(&self) -> Option<&str> {
        self.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The headers as they came. They may hold secrets, such as cookies.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.parts.headers
    }

    /// The extensions of the response: what other layers have noted on it.
    pub fn extensions(&self) -> &Extensions {
        &self.0.parts.extensions
    }

    /// The raw body, as far as it was read: see [`is_body_truncated`](Self::is_body_truncated) and
    /// [`body_error`](Self::body_error).
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Whether the body is longer than what was kept of it.
    pub fn is_body_truncated(&self) -> bool {
        self.0.body_truncated
    }

    /// Why the body did not arrive in full, if it did not.
    pub fn body_error(&self) -> Option<&BodyIncomplete> {
        self.0.body_error.as_ref()
    }

    /// Gives back the response, with what was read of its body.
    pub fn into_response(self) -> Response<Bytes> {
        Response::from_parts(self.0.parts, self.0.body)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = reason_phrase(self.status());
        write!(f, "{} {reason}", self.status().as_u16())?;
        if !self.0.decoded.is_only_status && self.message() != reason {
            write!(f, ": {}", Escaped::new(self.message(), MAX_SHOWN_CHARS))?;
        }
        if self.0.decoded.url_expired {
            f.write_str(": the time of the URL is over, ask for the outputs again")?;
        }
        match (self.retry_after(), self.cf_ray()) {
            (None, None) => Ok(()),
            (None, Some(ray)) => write!(f, " (ray {ray})"),
            (Some(wait), None) => write!(f, " (retry after {wait:?})"),
            (Some(wait), Some(ray)) => write!(f, " (retry after {wait:?}, ray {ray})"),
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoded = &self.0.decoded;
        f.debug_struct("ApiError")
            .field("status", &self.status())
            .field("kind", &decoded.kind)
            .field("message", &Escaped::new(&decoded.message, MAX_SHOWN_CHARS))
            .field("served_by", &decoded.served_by)
            .field("retry_class", &decoded.retry_class)
            .field("retry_after", &decoded.retry_after)
            .field("cf_ray", &decoded.cf_ray)
            .field("edge_code", &decoded.edge_code)
            .field("body_status", &decoded.body_status)
            .field("headers", &ShownHeaders(self.headers()))
            .field("body_len", &self.0.body.len())
            .field("body_truncated", &self.0.body_truncated)
            .field("body_error", &self.0.body_error)
            .finish_non_exhaustive()
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let error = self.0.body_error.as_ref()?;
        Some(error)
    }
}

/// The names of all headers, and the values of those that hold no secrets.
struct ShownHeaders<'a>(&'a HeaderMap);

impl fmt::Debug for ShownHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0.iter().take(MAX_SHOWN_HEADERS) {
            let harmless = HARMLESS.contains(&name.as_str()) && !value.is_sensitive();
            let value = match value.to_str() {
                Ok(value) if harmless => value,
                _ => "***",
            };
            map.entry(
                &Escaped::new(name.as_str(), MAX_SHOWN_CHARS),
                &Escaped::new(value, MAX_SHOWN_CHARS),
            );
        }
        map.finish()
    }
}

/// The most characters of a server's text that are shown at once.
const MAX_SHOWN_CHARS: usize = 200;

/// The most header fields that are shown.
const MAX_SHOWN_HEADERS: usize = 64;

const HARMLESS: [&str; 11] = [
    "cf-error-origin",
    "cf-error-type",
    "cf-mitigated",
    "cf-ray",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "via",
];
