//! What the cache decides.

/// What to do with a request.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Advice {
    /// There is no token, nor can there be one yet.
    NoToken,
    /// Send it with the present token.
    Send,
    /// The same, and read the source meanwhile.
    SendAndRead,
    /// Wait for the reading under way, or start one and wait for that.
    Wait,
}

/// What to do with a 401.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Another token is in use by now.
    Replaced,
    /// There is no other token.
    Unchanged,
    /// Wait for the reading under way, or start one and wait for that.
    Wait,
}
