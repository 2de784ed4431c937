use std::error::Error;
use std::fmt;

use comfycontrol_error::Harmless;

/// Prints an error and all of its causes on one line.
///
/// Made by [`Error::report`](crate::Error::report). A cause whose text the one before it ends with
/// already is left out. Whatever a cause says, tokens are masked, control characters escaped, and the
/// rest after a thousand characters cut.
#[derive(Debug)]
pub struct Report<'a>(&'a (dyn Error + 'static));

impl<'a> Report<'a> {
    pub(crate) fn new(error: &'a (dyn Error + 'static)) -> Self {
        Self(error)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        write!(f, "{}", Harmless::new(&shown, MOST_SHOWN))?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Not every error below us keeps to "do not repeat your source".
            if !shown.ends_with(&text) {
                write!(f, ": {}", Harmless::new(&text, MOST_SHOWN))?;
                shown = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

/// Characters a cause.
const MOST_SHOWN: usize = 1_000;
