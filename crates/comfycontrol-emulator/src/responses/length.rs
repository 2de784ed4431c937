//! What a response says of the length of its body.

/// What a response says of the length of its body, in place of the truth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Length {
    /// Nothing: over HTTP/1.1 the body is chunked.
    Chunked,
    /// This many bytes. If they are more than there are, the body ends early: over HTTP/1.1
    /// with its connection, over HTTP/2 with END_STREAM. If they are fewer, HTTP/1.1 cuts the
    /// rest off and HTTP/2 sends it.
    Is(u64),
    /// Nothing: over HTTP/1.1 the end of the connection is the end of the body, as in HTTP/1.0.
    UntilClose,
}
