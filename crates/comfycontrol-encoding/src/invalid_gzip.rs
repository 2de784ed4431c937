use std::error::Error;
use std::fmt;
use std::io;

/// A body is not gzip from its first byte to its last (RFC 1952): it ends too early, its checksums do
/// not match, or something else follows a member.
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
}

impl fmt::Display for InvalidGzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source.kind() {
            io::ErrorKind::UnexpectedEof => "gzip ends too early",
            _ => "gzip cannot be decoded",
        })
    }
}

impl Error for InvalidGzip {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
