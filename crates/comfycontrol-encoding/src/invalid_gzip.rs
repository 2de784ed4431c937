use std::error::Error;
use std::fmt;
use std::io;

/// A body is not gzip from its first byte to its last (RFC 1952): it ends too early, its checksums
/// do not match, or something else follows a member.
///
/// The error of a [`DecompressionBody`](crate::DecompressionBody), in a box.
#[derive(Debug)]
pub struct InvalidGzip {
    source: io::Error,
}

impl InvalidGzip {
    pub(crate) fn new(source: io::Error) -> Self {
        Self { source }
    }

    pub(crate) fn stuck() -> Self {
        Self::new(io::ErrorKind::InvalidData.into())
    }

    /// Whether the body ended within a member: what came of it was gzip.
    #[must_use]
    pub fn has_ended_early(&self) -> bool {
        self.source.kind() == io::ErrorKind::UnexpectedEof
    }
}

impl fmt::Display for InvalidGzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.has_ended_early() {
            "gzip ends too early"
        } else {
            "gzip cannot be decoded"
        })
    }
}

impl Error for InvalidGzip {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
