use std::error::Error;
use std::fmt;

use comfycontrol_core::{BoxError, InvalidPath, clean_error};

/// A request was not sent because it could not be built.
#[derive(Debug)]
pub struct InvalidRequest {
    reason: Reason,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Reason {
    Body,
    Header,
    Origin,
    Path(&'static str),
    Query,
    Url(&'static str),
}

impl InvalidRequest {
    pub(crate) fn new(reason: Reason) -> Self {
        Self {
            reason,
            source: None,
        }
    }

    pub(crate) fn because(reason: Reason, source: impl Into<BoxError>) -> Self {
        Self {
            reason,
            source: Some(clean_error(source)),
        }
    }

    /// Whether the URL belongs to another origin than the client's.
    #[must_use]
    pub fn is_other_origin(&self) -> bool {
        self.reason == Reason::Origin
    }
}

impl From<InvalidPath> for InvalidRequest {
    fn from(e: InvalidPath) -> Self {
        Self::new(Reason::Path(e.reason()))
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Body => f.write_str("request body cannot be written as asked"),
            Reason::Header => f.write_str("request header is not valid in HTTP"),
            Reason::Origin => f.write_str(
                "URL belongs to another origin than the base URL: send it with \
                 Client::for_other_origins, which has no token",
            ),
            Reason::Path(why) => write!(f, "path {why}: give an absolute path such as /v1/user"),
            Reason::Query => f.write_str("query cannot be written as pairs of names and values"),
            Reason::Url(why) => write!(f, "URL {why}: give an absolute https URL"),
        }
    }
}

impl Error for InvalidRequest {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
