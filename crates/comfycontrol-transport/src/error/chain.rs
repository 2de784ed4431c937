//! Names what went wrong below HTTP, from the chain of causes that hyper leaves.

use std::error::Error;
use std::fmt;
use std::io;

use comfycontrol_core::{BoxError, Escaped};

use super::connect_failed::ConnectFailed;
use super::kind::TransportErrorKind;
use super::message_fault::MessageFault;
use super::unsendable::Unsendable;

pub(super) fn kind(error: &(dyn Error + 'static), connecting: bool) -> TransportErrorKind {
    for cause in chain(error) {
        let found = if let Some(failed) = cause.downcast_ref::<ConnectFailed>() {
            Some(failed.kind)
        } else if let Some(fault) = cause.downcast_ref::<MessageFault>() {
            Some(fault.kind())
        } else if let Some(unsendable) = cause.downcast_ref::<Unsendable>() {
            Some(unsendable.kind())
        } else if let Some(e) = cause.downcast_ref() {
            Some(kind_of_tls(e, connecting))
        } else if let Some(e) = cause.downcast_ref() {
            kind_of_io(e, connecting)
        } else if let Some(e) = cause.downcast_ref() {
            kind_of_hyper(e)
        } else {
            cause.downcast_ref().map(kind_of_h2)
        };
        if let Some(kind) = found {
            return kind;
        }
    }
    TransportErrorKind::Other
}

/// What this crate found wrong itself, wherever hyper has put it.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Option<MessageFault> {
    chain(error).find_map(|cause| cause.downcast_ref().copied())
}

fn kind_of_tls(e: &rustls::Error, connecting: bool) -> TransportErrorKind {
    match e {
        // Only ever looked at in a handshake.
        rustls::Error::InvalidCertificate(_) => TransportErrorKind::Tls,
        _ if connecting => TransportErrorKind::Tls,
        _ => TransportErrorKind::Reset,
    }
}

fn kind_of_io(e: &io::Error, connecting: bool) -> Option<TransportErrorKind> {
    Some(match e.kind() {
        io::ErrorKind::ConnectionRefused => TransportErrorKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::NetworkUnreachable => TransportErrorKind::Unreachable,
        io::ErrorKind::TimedOut if connecting => TransportErrorKind::ConnectTimedOut,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::TimedOut
        | io::ErrorKind::UnexpectedEof => TransportErrorKind::Reset,
        _ => return None,
    })
}

fn kind_of_hyper(e: &hyper::Error) -> Option<TransportErrorKind> {
    if e.is_parse() && e.to_string() == HEAD_TOO_LARGE {
        Some(TransportErrorKind::ResponseHead)
    } else if e.is_user() && e.to_string() != RUNTIME_ENDED {
        Some(TransportErrorKind::RequestBody)
    } else if e.is_user() || e.is_incomplete_message() || e.is_closed() || e.is_canceled() {
        Some(TransportErrorKind::Reset)
    } else {
        None
    }
}

/// What hyper calls a user's error, though no body failed: the connection's task has gone, with the
/// runtime it was on. Nothing but its text tells.
const RUNTIME_ENDED: &str = "dispatch task is gone";
/// The same where a response head has more bytes or fields than hyper reads.
const HEAD_TOO_LARGE: &str = "message head is too large";

fn kind_of_h2(e: &h2::Error) -> TransportErrorKind {
    // hyper resets the stream itself when the body it reads from fails.
    if e.is_reset() && !e.is_remote() && !e.is_library() {
        TransportErrorKind::RequestBody
    } else if e.is_reset() && e.is_library() && e.reason() == Some(h2::Reason::PROTOCOL_ERROR) {
        // h2 does not say which of the two it was.
        TransportErrorKind::ResponseHead
    } else {
        TransportErrorKind::Reset
    }
}

/// hyper never wrote it, or the server promises that it did nothing with it.
pub(super) fn never_processed(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        if let Some(e) = cause.downcast_ref::<hyper::Error>() {
            // Closed before it could take the request.
            return e.is_canceled() || e.is_closed();
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

/// Takes the causes of an error away where one of them quotes the server: HTTP/2 lets it say
/// goodbye with any text it likes.
pub(crate) fn without_quotes(source: BoxError) -> BoxError {
    let goodbye = chain(&*source)
        .filter_map(|cause| cause.downcast_ref())
        .find(|e: &&h2::Error| e.is_go_away())
        .map(|e| Goodbye(Escaped::new(&e.to_string(), MAX_CHARS).to_string()));
    goodbye.map_or(source, BoxError::from)
}

/// What an HTTP/2 connection ended with.
#[derive(Debug)]
struct Goodbye(String);

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Goodbye {}

const MAX_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_wrapped_in_io_errors_is_found() {
        let wrapped = |e: BoxError| -> BoxError { io::Error::other(io::Error::other(e)).into() };
        let named = |e: BoxError, connecting| kind(&*wrapped(e), connecting);

        let stranger = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(named(stranger.into(), false), TransportErrorKind::Tls);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            named(refused.into(), true),
            TransportErrorKind::ConnectionRefused
        );
    }

    #[test]
    fn tls_has_failed_only_while_connecting_and_only_if_it_says_so() {
        let garbled = || rustls::Error::DecryptError;
        assert_eq!(kind(&garbled(), true), TransportErrorKind::Tls);
        assert_eq!(kind(&garbled(), false), TransportErrorKind::Reset);
        for broken in [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::UnexpectedEof,
        ] {
            for connecting in [true, false] {
                let broken = io::Error::from(broken);
                assert_eq!(kind(&broken, connecting), TransportErrorKind::Reset);
            }
        }
    }

    #[test]
    fn a_stream_refused_by_ourselves_may_have_been_processed() {
        // A local error proves nothing, whatever its reason says.
        assert!(!never_processed(&h2::Error::from(
            h2::Reason::REFUSED_STREAM
        )));
    }
}
