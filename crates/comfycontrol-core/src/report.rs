use std::error::Error;
use std::fmt;

use crate::Escaped;

/// Prints an error and all of its causes on one line, joined by `: `.
///
/// A cause whose text the one before it ends with already is left out. Of each cause at most 1,000
/// characters are shown, tokens masked and control characters escaped.
///
/// ```
/// use comfycontrol_core::Report;
/// use std::io;
///
/// let error = io::Error::other("no such token: cfc_abc123");
/// assert_eq!(Report::new(&error).to_string(), "no such token: cfc_***");
/// ```
#[derive(Debug)]
pub struct Report<'a>(&'a (dyn Error + 'static));

impl<'a> Report<'a> {
    /// Prints `error`, and what caused it.
    #[must_use]
    pub fn new(error: &'a (dyn Error + 'static)) -> Self {
        Self(error)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        write!(f, "{}", Escaped::new(&shown, MAX_CHARS))?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Not every error below us keeps to "do not repeat your source".
            if !shown.ends_with(&text) {
                write!(f, ": {}", Escaped::new(&text, MAX_CHARS))?;
                shown = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

/// Characters a cause.
const MAX_CHARS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Link(&'static str, Option<Box<Self>>);

    impl fmt::Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Link {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn each_cause_is_told_once_and_none_tells_a_token() {
        let chain = |texts: &[&'static str]| {
            let links = texts.iter().rev();
            links.fold(None, |cause, text| Some(Link(text, cause.map(Box::new))))
        };
        for (texts, line) in [
            (&["a"][..], "a"),
            (&["a", "b", "c"], "a: b: c"),
            (&["a: b", "b", "c"], "a: b: c"),
            (&["a: b: c", "b: c", "c"], "a: b: c"),
            (&["a", "sent cfc_abc\n1"], "a: sent cfc_***\\n1"),
        ] {
            assert_eq!(Report::new(&chain(texts).unwrap()).to_string(), line);
        }
    }
}
