use std::error::Error;
use std::fmt;

use comfycontrol_core::BoxError;

use super::kind::TransportErrorKind;

/// A failure our own connector can name itself.
#[derive(Debug)]
pub(crate) struct ConnectFailed {
    pub(super) kind: TransportErrorKind,
    source: Option<BoxError>,
}

impl ConnectFailed {
    pub(crate) fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn because(kind: TransportErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }
}

impl fmt::Display for ConnectFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::ConnectTimedOut => "connect timeout has passed",
            TransportErrorKind::Dns => "name resolution failed",
            TransportErrorKind::InternalAddress => "address is one of the internal network",
            TransportErrorKind::NotLoopback => "peer is not a loopback address",
            TransportErrorKind::Proxy => "proxy failed",
            _ => "connecting failed",
        })
    }
}

impl Error for ConnectFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
