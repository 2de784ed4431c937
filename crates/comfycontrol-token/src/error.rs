use std::error::Error;
use std::fmt;

use crate::{SourceError, SourceErrorKind};

/// The request was not sent, because it could not have the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenWithheld {
    reason: WithheldReason,
    source: Option<SourceError>,
}

impl TokenWithheld {
    pub(crate) fn new(reason: WithheldReason) -> Self {
        Self {
            reason,
            source: None,
        }
    }

    pub(crate) fn no_token(source: SourceError) -> Self {
        Self {
            reason: WithheldReason::NoToken,
            source: Some(source),
        }
    }

    pub(crate) fn read_timed_out(source: &str) -> Self {
        Self {
            reason: WithheldReason::ReadTimedOut,
            source: Some(SourceError::new(source, SourceErrorKind::TimedOut)),
        }
    }

    /// Why the request was not sent.
    pub fn reason(&self) -> WithheldReason {
        self.reason
    }

    /// What is wrong with the token's source, where the reason is
    /// [`NoToken`](WithheldReason::NoToken) or [`ReadTimedOut`](WithheldReason::ReadTimedOut).
    pub fn source_error(&self) -> Option<&SourceError> {
        self.source.as_ref()
    }
}

impl fmt::Display for TokenWithheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            WithheldReason::HostMismatch => {
                "request not sent: its host header names another server than its uri"
            }
            WithheldReason::NoToken => "request not sent: there is no token",
            WithheldReason::ReadTimedOut => {
                "request not sent: there is no token yet, and no more time to wait for it"
            }
            WithheldReason::UriNotAbsolute => {
                "request not sent: its uri has no scheme and host, so its server is unknown"
            }
        })
    }
}

impl Error for TokenWithheld {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Why a request could not have the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WithheldReason {
    /// Its `Host` header names another server than its URI, or there are several.
    HostMismatch,
    /// The source has given no token yet.
    NoToken,
    /// No token is there yet, and the reading of its source goes on after the [read
    /// timeout](crate::TokenProvider::set_read_timeout).
    ReadTimedOut,
    /// Its URI lacks scheme or host, so its server is unknown.
    UriNotAbsolute,
}
