//! The bounds of what a request may say, checked before it is sent.

use std::error::Error as StdError;
use std::fmt;

use comfycontrol::Error;
use http::{HeaderName, HeaderValue, Uri};

/// A field of a request is out of the bounds that the API documents. Nothing was sent.
///
/// Neither `Display` nor `Debug` shows what the field says. As an [`Error`] it is of the kind
/// [`Request`](comfycontrol::ErrorKind::Request), and this is its [cause](Error::as_cause).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidField {
    field: &'static str,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reason {
    /// So many characters, and how many are allowed at most.
    Length(usize, usize),
    /// So many items, and how many are allowed at most.
    Count(usize, usize),
    /// What is wrong with it.
    Form(&'static str),
}

impl InvalidField {
    pub(crate) fn new(field: &'static str, problem: &'static str) -> Self {
        Self {
            field,
            reason: Reason::Form(problem),
        }
    }

    /// The name of the field, as the API calls it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.reason {
            Reason::Length(length, most) => {
                write!(
                    f,
                    "{field} has {length} characters: 1 to {most} are allowed"
                )
            }
            Reason::Count(count, most) => {
                write!(f, "{field} has {count} items: at most {most} are allowed")
            }
            Reason::Form(problem) => write!(f, "{field} {problem}"),
        }
    }
}

impl StdError for InvalidField {}

impl From<InvalidField> for Error {
    fn from(e: InvalidField) -> Self {
        Self::refused(e)
    }
}

/// Checks that a text has between 1 and `most` characters.
pub(crate) fn check_text(field: &'static str, text: &str, most: usize) -> Result<(), InvalidField> {
    match text.chars().count() {
        length if (1..=most).contains(&length) => Ok(()),
        length => Err(InvalidField {
            field,
            reason: Reason::Length(length, most),
        }),
    }
}

/// Checks that there are at most `most` items.
pub(crate) fn check_count(
    field: &'static str,
    count: usize,
    most: usize,
) -> Result<(), InvalidField> {
    if count <= most {
        Ok(())
    } else {
        Err(InvalidField {
            field,
            reason: Reason::Count(count, most),
        })
    }
}

/// Checks that a text is an http or https URL with a host.
pub(crate) fn check_url(field: &'static str, url: &str) -> Result<(), InvalidField> {
    let uri: Option<Uri> = url.parse().ok();
    let is_http = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    });
    if is_http {
        Ok(())
    } else {
        Err(InvalidField::new(field, "is not an http or https URL"))
    }
}

/// Checks that a name and a value can be those of a header.
pub(crate) fn check_header(
    field: &'static str,
    name: &str,
    value: &str,
) -> Result<(), InvalidField> {
    if HeaderName::try_from(name).is_err() {
        return Err(InvalidField::new(
            field,
            "have a name that is not valid in HTTP",
        ));
    }
    match HeaderValue::try_from(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(InvalidField::new(
            field,
            "have a value that is not valid in HTTP",
        )),
    }
}
