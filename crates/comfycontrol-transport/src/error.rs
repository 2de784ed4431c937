mod chain;
mod connect_failed;
mod kind;
mod message_fault;
mod unsendable;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use comfycontrol_core::{BoxError, Report, clean_error};

use self::chain::{fault, kind, never_processed};

pub(crate) use self::chain::without_quotes;
pub(crate) use self::connect_failed::ConnectFailed;
pub use self::kind::TransportErrorKind;
pub(crate) use self::message_fault::MessageFault;
pub(crate) use self::unsendable::{Unconnected, Unsendable};

/// A request failed below HTTP: its connection could not be made, or broke.
///
/// Shows nothing a server wrote into it, other than masked, escaped and cut short, and no token
/// that an own transport put into its error or a cause of that: see [`clean_error`].
pub struct TransportError {
    kind: TransportErrorKind,
    before_sending: bool,
    source: BoxError,
}

impl TransportError {
    /// Takes the error of any transport, and names its kind if hyper, h2, rustls or the system made
    /// it.
    ///
    /// One that is a `TransportError` already stays what it is.
    pub fn new(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::of(source),
        }
    }

    fn of(source: BoxError) -> Self {
        let connecting = source.is::<Unconnected>()
            || source
                .downcast_ref::<hyper_util::client::legacy::Error>()
                .is_some_and(hyper_util::client::legacy::Error::is_connect);
        let kind = kind(&*source, connecting);
        let unsent =
            connecting || kind == TransportErrorKind::RequestFraming || source.is::<Unsendable>();
        Self {
            kind,
            before_sending: unsent || never_processed(&*source),
            source: match fault(&*source) {
                Some(fault) => fault.into(),
                None => clean_error(without_quotes(source)),
            },
        }
    }

    /// The connection that a call has waited for, others perhaps too, could not be made.
    pub(crate) fn unconnected(cause: Arc<dyn Error + Send + Sync>) -> Self {
        Self::of(Unconnected(cause).into())
    }

    /// How the request failed.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server has certainly not processed the request: not a byte of it was sent, or
    /// the server says so (RFC 9113 §8.7).
    #[must_use]
    pub fn is_unprocessed(&self) -> bool {
        self.before_sending
    }

    /// Whether the same request may succeed later, with nothing changed at this end.
    ///
    /// False for [`InternalAddress`](TransportErrorKind::InternalAddress),
    /// [`NotLoopback`](TransportErrorKind::NotLoopback),
    /// [`RequestBody`](TransportErrorKind::RequestBody),
    /// [`RequestFraming`](TransportErrorKind::RequestFraming),
    /// [`RequestTarget`](TransportErrorKind::RequestTarget),
    /// [`ResponseHead`](TransportErrorKind::ResponseHead) and [`Tls`](TransportErrorKind::Tls).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(
            self.kind,
            TransportErrorKind::InternalAddress
                | TransportErrorKind::NotLoopback
                | TransportErrorKind::RequestBody
                | TransportErrorKind::RequestFraming
                | TransportErrorKind::RequestTarget
                | TransportErrorKind::ResponseHead
                | TransportErrorKind::Tls
        )
    }

    /// The error it was made from. One that quotes a server, or that shows a token, is replaced by
    /// its text, masked and escaped.
    #[must_use]
    pub fn into_source(self) -> BoxError {
        self.source
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
            TransportErrorKind::InternalAddress => {
                "host leads into the internal network, which other origins do not: allow the host by \
                 its name, if you know it"
            }
            TransportErrorKind::Unreachable => "host cannot be reached: check the network",
            TransportErrorKind::NotLoopback => {
                "plain http goes to this machine only, and the host is another one: use https"
            }
            TransportErrorKind::Other => "request failed below HTTP",
            TransportErrorKind::Proxy => {
                "proxy did not open a tunnel: check HTTPS_PROXY and its credentials"
            }
            TransportErrorKind::ConnectionRefused => {
                "connection refused: check that a server listens at the base URL"
            }
            TransportErrorKind::RequestBody => {
                "request body failed, or is not as long as announced"
            }
            TransportErrorKind::RequestFraming => {
                "request headers do not frame the body as it is: leave content-length and \
                 transfer-encoding to the transport"
            }
            TransportErrorKind::RequestTarget => {
                "request leads nowhere: give an absolute URL, with no port or one from 1 to 65535"
            }
            TransportErrorKind::ResponseBody => "response body is not as long as announced",
            TransportErrorKind::ResponseHead => match self.source.downcast_ref() {
                Some(MessageFault::HeadTooLarge) => {
                    "response head is too large: 256 KiB of it are read"
                }
                Some(_) => "too many informational responses: 100 are read, and 256 KiB of them",
                None => {
                    "response head is too large or malformed: 256 KiB of it are read, over HTTP/1.1 \
                     in at most 100 fields"
                }
            },
            TransportErrorKind::Reset if self.before_sending => {
                "connection broke before the request was sent"
            }
            TransportErrorKind::Reset => "connection broke before the response came",
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
