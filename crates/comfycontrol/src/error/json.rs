use std::error::Error;
use std::fmt;

use comfycontrol_error::Harmless;
use http::StatusCode;

/// A response body that is not the JSON that was asked for.
///
/// Neither `Display` nor `Debug` shows what stands in the body; [`snippet`](Self::snippet) does.
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
        let path = error.path().to_string();
        let beginning = body.trim_ascii_start();
        // A character has four bytes at most.
        let beginning = &beginning[..beginning.len().min(4 * SNIPPET)];
        Self {
            status,
            content_type: content_type.map(super::shown),
            path: Harmless::new(&path, SNIPPET).to_string(),
            snippet: Harmless::new(&String::from_utf8_lossy(beginning), SNIPPET).to_string(),
            problem: Problem::new(&error.into_inner()),
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

    /// The first 200 characters of the body, control characters escaped and tokens masked.
    #[must_use]
    pub fn snippet(&self) -> &str {
        &self.snippet
    }
}

impl fmt::Debug for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadJson")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("path", &self.path)
            .field("problem", &self.problem.0)
            .finish_non_exhaustive()
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

/// What serde_json said, without the texts it quotes from the body.
#[derive(Debug)]
struct Problem(String);

impl Problem {
    fn new(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let quote = match said.strip_prefix(VARIANT) {
            Some(rest) => {
                let end = rest.rfind("`, expected").max(rest.rfind("`, there"));
                (VARIANT.len(), end.map(|end| VARIANT.len() + end))
            }
            None => (said.find('"').map_or(0, |at| at + 1), said.rfind('"')),
        };
        let told = match quote {
            (start, Some(end)) if start <= end => format!("{}…{}", &said[..start], &said[end..]),
            _ => said,
        };
        Self(Harmless::new(&told, 300).to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Problem {}

const SNIPPET: usize = 200;
/// How serde begins where it quotes between other marks than `"`.
const VARIANT: &str = "unknown variant `";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::from_json;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    enum Nothing {}

    #[derive(Debug, Deserialize)]
    enum Kind {
        A,
        B,
    }

    fn wrong<T: for<'de> Deserialize<'de> + fmt::Debug>(body: &str) -> BadJson {
        let error = from_json::<T>(body.as_bytes()).unwrap_err();
        BadJson::new(StatusCode::OK, None, body.as_bytes(), error)
    }

    #[test]
    fn what_stands_in_the_body_is_shown_by_the_snippet_alone() {
        let body = r#"["https://a.example/?sig=\"secret`, expected \"secret"]"#;
        for (error, says) in [
            (
                wrong::<[u8; 1]>(body),
                "invalid type: string \"…\", expected u8",
            ),
            (
                wrong::<[Kind; 1]>(body),
                "unknown variant `…`, expected `A` or `B`",
            ),
            (
                wrong::<[Nothing; 1]>(body),
                "unknown variant `…`, there are no variants",
            ),
        ] {
            let shown = format!("{error} {error:?} {} {:?}", error.problem, error.source());
            assert!(!shown.contains("secret"), "{shown}");
            assert!(error.problem.0.starts_with(says), "{}", error.problem);
            assert_eq!(error.snippet(), body);
        }
    }

    #[test]
    fn the_snippet_is_short_and_harmless() {
        let long = format!("  {}", "ä".repeat(1_000));
        assert_eq!(
            wrong::<u8>(&long).snippet(),
            format!("{}…", "ä".repeat(200))
        );
        let token = format!("{}cfc_{}", "x".repeat(190), "s".repeat(640));
        assert_eq!(
            wrong::<u8>(&token).snippet(),
            format!("{}cfc_***", "x".repeat(190))
        );
        assert_eq!(wrong::<u8>("a\x1b[31m").snippet(), "a\\u{1b}[31m");
    }
}
