//! The outcome of a decision.

use std::time::Duration;

use super::unauthorized::Unauthorized;

/// Whether a request goes on to the API, or gets a 429 or a 401.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on to the API.
    Admitted,
    /// 429; the API never sees it.
    Throttled {
        /// How long the address stays throttled if it sends nothing more.
        wait: Duration,
    },
    /// 401; counted by the limit.
    Unauthorized(Unauthorized),
}

impl Verdict {
    /// Whether the request goes on to the API.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Self::Admitted)
    }
}
