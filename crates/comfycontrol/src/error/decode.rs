use std::error::Error;
use std::fmt;

use http::StatusCode;

type BoxError = Box<dyn Error + Send + Sync>;

/// A response body that is not the JSON that was asked for.
#[derive(Debug)]
pub struct BadJson {
    status: StatusCode,
    content_type: Option<String>,
    path: String,
    snippet: String,
    problem: Problem,
}

impl BadJson {
    pub(crate) fn new(
        status: StatusCode,
        content_type: Option<&http::HeaderValue>,
        body: &[u8],
        error: serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        Self {
            status,
            content_type: content_type.map(|v| harmless(v.as_bytes(), 100)),
            path: harmless(error.path().to_string().as_bytes(), 200),
            snippet: harmless(body, SNIPPET),
            problem: Problem(harmless(error.into_inner().to_string().as_bytes(), 300)),
        }
    }

    /// The same for a part of a JSON body, which stood at `place`.
    pub(crate) fn within(
        status: StatusCode,
        place: &str,
        part: &[u8],
        error: serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let json = http::HeaderValue::from_static("application/json");
        let mut this = Self::new(status, Some(&json), part, error);
        this.path = match this.path.as_str() {
            "." => place.to_owned(),
            path => format!("{place}.{path}"),
        };
        this
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The content type of the response, as the server gave it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The path of the field that is wrong, such as `runners[3].name`; `.` for the whole body.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first 200 bytes of the body, control characters escaped and tokens masked.
    #[must_use]
    pub fn snippet(&self) -> &str {
        &self.snippet
    }
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} answer is not the expected JSON at `{}`",
            self.status.as_u16(),
            self.path
        )?;
        match &self.content_type {
            Some(kind) => write!(f, " (content type {kind})"),
            None => f.write_str(" (no content type)"),
        }
    }
}

impl Error for BadJson {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.problem)
    }
}

/// What serde_json said. Its own error quotes the server, so only harmless text of it is kept.
#[derive(Debug)]
struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Problem {}

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
            content_type: content_type.map(|v| harmless(v.as_bytes(), 100)),
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
#[derive(Debug)]
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

/// At most `max` bytes of server text, control characters escaped and tokens masked.
fn harmless(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if out.len() >= max {
            out.push('…');
            break;
        }
        if let Some(secret) = rest.strip_prefix("cfc_") {
            out.push_str("cfc_***");
            rest = secret.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        } else {
            // Escapes every control character, and what hides or turns text around.
            if c.is_control()
                || ('\u{200b}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || ('\u{2060}'..='\u{206f}').contains(&c)
                || c == '\u{feff}'
            {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

const SNIPPET: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_text_is_masked_escaped_and_cut() {
        let text = harmless(b"a\x1b[31m\ncfc_secret123 <b>", 200);
        assert_eq!(text, "a\\u{1b}[31m\\u{a}cfc_*** <b>");
        assert_eq!(harmless(b"cfc_cfc_secret_1.", 200), "cfc_***.");
        assert!(harmless(&[b'x'; 1_000], 200).len() < 210);
        // A token across the cut is masked, not halved.
        let text = harmless(
            format!("{}cfc_{}", "x".repeat(198), "s".repeat(64)).as_bytes(),
            200,
        );
        assert!(!text.contains("cfc_s"), "{text}");
    }
}
