use std::error::Error;
use std::fmt;

use comfycontrol_core::Escaped;
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A response body is not the JSON that was asked for.
///
/// Neither `Display` nor `Debug` shows what stands in the body; [`snippet`](Self::snippet) does.
pub struct InvalidJson {
    status: StatusCode,
    content_type: Option<String>,
    path: String,
    snippet: String,
    problem: Problem,
}

impl InvalidJson {
    /// Decodes the JSON of a response. Its status and `Content-Type` are kept for the error.
    ///
    /// # Errors
    ///
    /// Fails if the body is not the JSON of a `T`; the error names the path of the field that is
    /// wrong.
    pub fn read<T: DeserializeOwned>(
        status: StatusCode,
        content_type: Option<&HeaderValue>,
        body: &[u8],
    ) -> Result<T, Self> {
        // A byte order mark is not part of the text (RFC 8259 §8.1).
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        decode(body).map_err(|(path, e)| {
            let content_type = content_type.map(shown);
            Self::new(status, content_type, &path, body, Problem::new(&e))
        })
    }

    /// Decodes a part of a JSON response, which stood at `place`, such as `runners[3]`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); the path of the error begins with `place`, and what it tells of the
    /// body is that of the part.
    pub fn read_part<T: DeserializeOwned>(
        status: StatusCode,
        place: &str,
        part: &[u8],
    ) -> Result<T, Self> {
        decode(part).map_err(|(path, e)| {
            let path = match path.as_str() {
                "." => place.to_owned(),
                path if path.starts_with('[') => format!("{place}{path}"),
                path => format!("{place}.{path}"),
            };
            let json = Some("application/json".to_owned());
            Self::new(status, json, &path, part, Problem::new(&e))
        })
    }

    /// The error of a body that was read piece by piece: at `place` it is not JSON. `beginning` is
    /// what it began with.
    #[must_use]
    pub fn not_json(
        status: StatusCode,
        content_type: Option<&HeaderValue>,
        place: &str,
        beginning: &[u8],
    ) -> Self {
        let problem = Problem::without_place(Category::Syntax);
        Self::new(status, content_type.map(shown), place, beginning, problem)
    }

    /// The error of a body that was read piece by piece: it ends in the middle, at `place`.
    /// `beginning` is what it began with.
    #[must_use]
    pub fn incomplete(
        status: StatusCode,
        content_type: Option<&HeaderValue>,
        place: &str,
        beginning: &[u8],
    ) -> Self {
        let problem = Problem::without_place(Category::Eof);
        Self::new(status, content_type.map(shown), place, beginning, problem)
    }

    fn new(
        status: StatusCode,
        content_type: Option<String>,
        path: &str,
        body: &[u8],
        problem: Problem,
    ) -> Self {
        let beginning = body.trim_ascii_start();
        // A character has four bytes at most.
        let beginning = &beginning[..beginning.len().min(4 * MAX_SNIPPET)];
        let beginning = String::from_utf8_lossy(beginning);
        Self {
            status,
            content_type,
            path: Escaped::new(path, MAX_SNIPPET).into_string(),
            snippet: Escaped::new(&beginning, MAX_SNIPPET).into_string(),
            problem,
        }
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

    /// The first 200 characters of the body, control characters escaped and tokens masked.
    #[must_use]
    pub fn snippet(&self) -> &str {
        &self.snippet
    }
}

impl fmt::Debug for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidJson")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("path", &self.path)
            .field("problem", &format_args!("{}", self.problem))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        if self.snippet.is_empty() {
            write!(f, "{status} response has no body, but JSON was expected")?;
        } else {
            let path = &self.path;
            write!(f, "{status} response is not the expected JSON at `{path}`")?;
        }
        match &self.content_type {
            Some(kind) => write!(f, " (content type {kind})"),
            None => f.write_str(" (no content type)"),
        }
    }
}

impl Error for InvalidJson {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (!self.snippet.is_empty()).then_some(&self.problem as _)
    }
}

/// The value, or the path of the field that is wrong and what is wrong there.
///
/// To know the path costs an allocation for each field, and is for those that fail.
fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, (String, serde_json::Error)> {
    if let Ok(value) = serde_json::from_slice(json) {
        return Ok(value);
    }
    let mut de = serde_json::Deserializer::from_slice(json);
    let mut track = serde_path_to_error::Track::new();
    T::deserialize(serde_path_to_error::Deserializer::new(&mut de, &mut track))
        .and_then(|value| de.end().map(|()| value))
        .map_err(|e| (track.path().to_string(), e))
}

/// A header of a response, fit to be shown.
fn shown(value: &HeaderValue) -> String {
    Escaped::new(&String::from_utf8_lossy(value.as_bytes()), 100).into_string()
}

/// What serde_json found, and where: its own text quotes the body.
#[derive(Clone, Copy, Debug)]
struct Problem {
    category: Category,
    line: usize,
    column: usize,
}

impl Problem {
    fn new(error: &serde_json::Error) -> Self {
        Self {
            category: error.classify(),
            line: error.line(),
            column: error.column(),
        }
    }

    fn without_place(category: Category) -> Self {
        Self {
            category,
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.category {
            Category::Data => "wrong type, unknown value or missing field",
            Category::Eof => "body ends in the middle of a value",
            Category::Io | Category::Syntax => "not JSON",
        })?;
        match self.line {
            // Not every reader counts lines.
            0 => Ok(()),
            line => write!(f, " at line {line} column {}", self.column),
        }
    }
}

impl Error for Problem {}

/// In characters.
const MAX_SNIPPET: usize = 200;

#[cfg(test)]
mod tests;
