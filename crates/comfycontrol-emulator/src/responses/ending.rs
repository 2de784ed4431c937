//! The ways in which a response ends before it is whole.

/// How a response ends too early, or never begins: with its connection or with its stream.
///
/// Each stream error is a RST_STREAM of HTTP/2 with that code (RFC 9113 §7). HTTP/1.1 has
/// no streams: there each of them closes the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// RST_STREAM(CANCEL): 0x08.
    Cancel,
    /// The connection is closed in order (FIN), without a farewell of TLS or HTTP/2.
    Close,
    /// RST_STREAM(ENHANCE_YOUR_CALM): 0x0b.
    EnhanceYourCalm,
    /// RST_STREAM(INTERNAL_ERROR): 0x02.
    InternalError,
    /// RST_STREAM(NO_ERROR): 0x00, which many clients take for a proper end.
    NoError,
    /// RST_STREAM(REFUSED_STREAM): 0x07, the request was not looked at.
    RefusedStream,
    /// The connection is reset (TCP RST).
    Reset,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 7] = [
        Self::Cancel,
        Self::Close,
        Self::EnhanceYourCalm,
        Self::InternalError,
        Self::NoError,
        Self::RefusedStream,
        Self::Reset,
    ];
}
