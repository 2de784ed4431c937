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
