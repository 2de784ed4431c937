use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::kind::TransportErrorKind;

/// Why a request cannot be sent, whatever the network does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsendable {
    /// The port is none that there is.
    Port,
    Relative,
    Runtime,
    Version,
}

impl Unsendable {
    pub(super) fn kind(self) -> TransportErrorKind {
        match self {
            Self::Port | Self::Relative => TransportErrorKind::RequestTarget,
            Self::Runtime | Self::Version => TransportErrorKind::Other,
        }
    }
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port => "port of the URL is not one from 1 to 65535",
            Self::Relative => "URL is not absolute",
            Self::Runtime => "there is no tokio runtime here",
            Self::Version => "the version of HTTP is not one that the connection speaks",
        })
    }
}

impl Error for Unsendable {}

/// A connection could not be made. All who have waited for it are told the one cause.
#[derive(Clone, Debug)]
pub(crate) struct Unconnected(pub(super) Arc<dyn Error + Send + Sync>);

impl fmt::Display for Unconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for Unconnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
