mod chain;

use std::error::Error;
use std::fmt;

use tower::BoxError;

pub(crate) use self::chain::without_quotes;
use self::chain::{kind, never_processed};
use super::Report;

/// The connection could not be made, or failed.
pub struct TransportError {
    kind: TransportErrorKind,
    before_sending: bool,
    source: BoxError,
}

/// How the connection failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Connecting took longer than the connect timeout.
    ConnectTimedOut,
    /// The host name could not be resolved.
    Dns,
    /// There is no way to the host.
    NoNetwork,
    /// A host named like this machine is another one, so that nothing was sent in clear text.
    NotLoopback,
    /// Anything else.
    Other,
    /// The proxy refused, or could not be reached.
    Proxy,
    /// Nothing listens at the address.
    Refused,
    /// The request's own body failed, or was not as long as announced. Over HTTP/2 its error is lost
    /// on the way, and only logged.
    RequestBody,
    /// The connection broke, while it was made or while the request was under way.
    Reset,
    /// The TLS handshake failed: one side does not trust or understand the other.
    Tls,
}

impl TransportError {
    /// Takes any error of a transport; those of hyper and rustls are recognised.
    pub(crate) fn new(source: BoxError) -> Self {
        let connecting = source
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect);
        Self {
            kind: kind(&*source, connecting),
            before_sending: connecting || never_processed(&*source),
            source: without_quotes(source),
        }
    }

    /// How the connection failed.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the failure came before a byte of the request was sent, or the server has said that
    /// it has not processed the request (RFC 9113 §8.7).
    #[must_use]
    pub fn is_before_sending(&self) -> bool {
        self.before_sending
    }

    /// Whether the same call may succeed without anybody changing anything.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(
            self.kind,
            TransportErrorKind::NotLoopback
                | TransportErrorKind::RequestBody
                | TransportErrorKind::Tls
        )
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("before_sending", &self.before_sending)
            .field("source", &format_args!("{}", Report::new(&*self.source)))
            .finish()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::ConnectTimedOut => {
                "connecting took too long: check the network, or raise connect_timeout"
            }
            TransportErrorKind::Dns => {
                "host name cannot be resolved: check the network and the base URL"
            }
            TransportErrorKind::NoNetwork => "host cannot be reached: check the network",
            TransportErrorKind::NotLoopback => {
                "plain http goes to this machine only, and the host is another one: use https"
            }
            TransportErrorKind::Other => "request failed below HTTP",
            TransportErrorKind::Proxy => {
                "proxy did not open a tunnel: check HTTPS_PROXY and its credentials"
            }
            TransportErrorKind::Refused => {
                "connection refused: check that a server listens at the base URL"
            }
            TransportErrorKind::RequestBody => {
                "request body failed, or is not as long as announced"
            }
            TransportErrorKind::Reset if self.before_sending => {
                "connection broke before the request was sent"
            }
            TransportErrorKind::Reset => "connection broke before the answer came",
            TransportErrorKind::Tls => {
                "TLS handshake failed: check the clock, the host name and the trusted certificates"
            }
        })
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A failure our own connector can name itself.
#[derive(Debug)]
pub(crate) struct ConnectFailed {
    kind: TransportErrorKind,
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
