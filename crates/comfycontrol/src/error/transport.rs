//! Names what went wrong below HTTP, from the chain of causes hyper leaves.

use std::error::Error;
use std::fmt;
use std::io;

type BoxError = Box<dyn Error + Send + Sync>;

/// The connection could not be made, or failed.
#[derive(Debug)]
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
    /// The connection broke while the request was under way.
    Reset,
    /// The TLS handshake failed.
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
            source,
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

fn kind(error: &(dyn Error + 'static), connecting: bool) -> TransportErrorKind {
    for cause in chain(error) {
        if let Some(failed) = cause.downcast_ref::<ConnectFailed>() {
            return failed.kind;
        }
        if cause.is::<rustls::Error>() {
            return TransportErrorKind::Tls;
        }
        if let Some(e) = cause.downcast_ref::<io::Error>() {
            match e.kind() {
                io::ErrorKind::ConnectionRefused => return TransportErrorKind::Refused,
                io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::NetworkUnreachable => return TransportErrorKind::NoNetwork,
                io::ErrorKind::TimedOut if connecting => {
                    return TransportErrorKind::ConnectTimedOut;
                }
                io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::UnexpectedEof => {
                    return if connecting {
                        TransportErrorKind::Tls
                    } else {
                        TransportErrorKind::Reset
                    };
                }
                _ => {}
            }
        }
        if let Some(e) = cause.downcast_ref::<hyper::Error>() {
            if e.is_user() {
                return TransportErrorKind::RequestBody;
            }
            if e.is_incomplete_message() || e.is_closed() || e.is_canceled() {
                return TransportErrorKind::Reset;
            }
        }
        if let Some(e) = cause.downcast_ref::<h2::Error>() {
            // hyper resets the stream itself when the body it reads from fails.
            let by_us = e.is_reset() && !e.is_remote() && !e.is_library();
            return if by_us {
                TransportErrorKind::RequestBody
            } else {
                TransportErrorKind::Reset
            };
        }
    }
    TransportErrorKind::Other
}

/// hyper never wrote it, or the server promises that it did nothing with it.
fn never_processed(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        if let Some(e) = cause.downcast_ref::<hyper::Error>() {
            return e.is_canceled();
        }
        let Some(e) = cause.downcast_ref::<h2::Error>() else {
            return false;
        };
        let graceful = e.is_go_away() && e.reason() == Some(h2::Reason::NO_ERROR);
        let refused = e.is_reset() && e.reason() == Some(h2::Reason::REFUSED_STREAM);
        e.is_remote() && (graceful || refused)
    })
}

/// The error and its causes. An `io::Error` hides the error it wraps behind itself, so that one is
/// looked at as well.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let current = next?;
        next = match current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as _),
            None => current.source(),
        };
        Some(current)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_wrapped_in_an_io_error_is_found() {
        let tls = io::Error::other(rustls::Error::HandshakeNotComplete);
        assert_eq!(
            TransportError::new(tls.into()).kind(),
            TransportErrorKind::Tls
        );

        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            TransportError::new(refused.into()).kind(),
            TransportErrorKind::Refused
        );
    }

    #[test]
    fn a_refused_stream_was_never_processed() {
        // A local error proves nothing, whatever its reason says.
        let local = h2::Error::from(h2::Reason::REFUSED_STREAM);
        assert!(!TransportError::new(local.into()).is_before_sending());
    }
}
