//! Paths of URLs that lead where they say, for every reader: no I/O.

mod readings;

use std::error::Error;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::readings::Readings;

/// Builds an absolute path from segments, so that an id in it is always one segment.
///
/// Of each segment all but the unreserved characters (RFC 3986 §2.3) is percent-encoded.
///
/// ```
/// use comfycontrol_core::path_segments;
///
/// assert_eq!(path_segments(["v1", "workflow", "a/b?c"])?, "/v1/workflow/a%2Fb%3Fc");
/// assert!(path_segments(["v1", "workflow", ".."]).is_err());
/// # Ok::<_, comfycontrol_core::InvalidPath>(())
/// ```
///
/// # Errors
///
/// Fails if there is no segment, or an empty one, and as [`check_path`]: a slash or a step in a
/// segment is refused, even encoded, where it makes a `.` or `..` for a reader that decodes it.
pub fn path_segments<S: AsRef<str>>(
    segments: impl IntoIterator<Item = S>,
) -> Result<String, InvalidPath> {
    let mut path = String::new();
    for segment in segments {
        if segment.as_ref().is_empty() {
            return Err(InvalidPath("has an empty segment"));
        }
        path.push('/');
        path.extend(utf8_percent_encode(segment.as_ref(), RESERVED));
    }
    if path.is_empty() {
        return Err(InvalidPath("has no segment"));
    }
    check_path(&path)?;
    Ok(path)
}

/// Refuses a path that servers and proxies may take for another one.
///
/// That is a path that begins with `//`, has a backslash or a NUL, a `.` or `..` as a segment, or
/// one of these in any encoding that some reader undoes: percent-encoded once or several times,
/// `%u002e`, overlong or fullwidth UTF-8. A step with parameters or blanks behind it (`..;a`,
/// `..%20`) counts as a step too.
///
/// # Errors
///
/// Fails if the path is one of those; the error says why and does not show it.
pub fn check_path(path: &str) -> Result<(), InvalidPath> {
    if path.starts_with("//") {
        return Err(InvalidPath("begins with //"));
    }
    // Without one of these no step can be written, and few paths have any.
    if path.bytes().any(|b| matches!(b, b'.' | b'%' | b'\\' | 0)) {
        check_readings(path)
    } else {
        Ok(())
    }
}

#[cold]
fn check_readings(path: &str) -> Result<(), InvalidPath> {
    for reading in Readings::of(path) {
        let reading = reading.ok_or(InvalidPath("is percent-encoded over and over"))?;
        if reading.contains(&b'\\') {
            return Err(InvalidPath("has a backslash"));
        }
        if reading.contains(&0) {
            return Err(InvalidPath("has a NUL"));
        }
        if reading.split(|&b| b == b'/').any(is_step) {
            return Err(InvalidPath("has a . or .. segment"));
        }
    }
    Ok(())
}

/// Whether a segment means this or the upper directory to some reader.
fn is_step(segment: &[u8]) -> bool {
    let name = segment.split(|&b| b == b';').next().unwrap_or_default();
    matches!(name.trim_ascii(), b"." | b"..")
}

/// Error of a path that some server or proxy may take for another one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidPath(&'static str);

impl InvalidPath {
    /// What is wrong, such as `has a backslash`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path {}", self.0)
    }
}

impl Error for InvalidPath {}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_encoding_hides_a_step() {
        for path in [
            "//evil.example/v1",
            "/\\evil.example",
            "/v1/../x",
            "/v1/..;/x",
            "/v1/..;a=b/x",
            "/v1/.;/x",
            "/v1/..%20/x",
            "/v1/%2e%2E/x",
            "/v1/..%2fx",
            "/v1/..%3bx",
            "/v1/..%5c..%5cx",
            "/v1/a%5cb",
            "/v1/x%2f..",
            "/v1/%252e%252e/x",
            "/v1/%25252e%25252e/x",
            "/v1/..%252fx",
            "/v1/%2525252525252525252e",
            "/v1/%c0%ae%c0%ae/x",
            "/v1/%c0%ae./x",
            "/v1/..%c0%afx",
            "/v1/..%c1%9cx",
            "/v1/%e0%80%ae%e0%80%ae/x",
            "/v1/%f0%80%80%ae%f0%80%80%ae/x",
            "/v1/%25c0%25ae%25c0%25ae/x",
            "/v1/%u002e%u002e/x",
            "/v1/%ef%bc%8e%ef%bc%8e/x",
            "/v1/%e2%80%a5/x",
            "/v1/%ef%b9%92%ef%b9%92/x",
            "/v1/..%ef%b9%a8x",
            "/v1/..%00/x",
            "/v1/a%00.json",
            "/v1/..%09/x",
            "/v1/%2500",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn dots_and_codes_that_lead_nowhere_are_left_alone() {
        for path in [
            "/v1/a.json",
            "/v1/..a/.b/c..",
            "/v1/a%20b%2Fc",
            "/v1/%2e%2e%2e",
            "/v1/%c3%bc%ff",
            "/v1/50%25",
            "/v1/100%",
            "/v1/a;b=c",
            "/v1/%e2%82%ac/%f0%9f%8e%89",
            "/",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn an_id_is_one_segment_or_refused() {
        assert_eq!(
            path_segments(["v1", "runner", "ü b+~.c"]).unwrap(),
            "/v1/runner/%C3%BC%20b%2B~.c"
        );
        assert_eq!(path_segments(["50%"]).unwrap(), "/50%25");
        assert!(path_segments([""; 0]).is_err());
        for id in [
            "", ".", "..", "../user", "a/../b", "..\\a", "%2e%2e", "a\0", "..;a",
        ] {
            assert!(path_segments(["v1", "runner", id]).is_err(), "{id}");
        }
    }
    #[test]
    fn an_error_says_what_is_wrong_and_shows_no_path() {
        let encoded = |times: usize| format!("/{}20a", "%25".replace("25", &"25".repeat(times)));
        assert_eq!(check_path(&encoded(4)), Ok(()));
        for (path, reason) in [
            ("//secret", "begins with //"),
            ("/secret\\", "has a backslash"),
            ("/secret%00", "has a NUL"),
            ("/secret/..", "has a . or .. segment"),
            (&encoded(5), "is percent-encoded over and over"),
        ] {
            let error = check_path(path).unwrap_err();
            assert_eq!(error.reason(), reason);
            assert_eq!(error.to_string(), format!("path {reason}"));
        }
        assert_eq!(
            path_segments([""; 0]).unwrap_err().reason(),
            "has no segment"
        );
        assert_eq!(
            path_segments([""]).unwrap_err().reason(),
            "has an empty segment"
        );
    }
}
