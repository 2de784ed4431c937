//! The error of those whose response never comes.

use std::error::Error;
use std::fmt;

/// Error of [`EdgeService`](crate::EdgeService): the connection broke before a response
/// came; the request may have been counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost(());

impl Lost {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection lost before the response")
    }
}

impl Error for Lost {}
