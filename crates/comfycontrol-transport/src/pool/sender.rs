//! What a request is handed to, and the form that it has there.

use std::mem;

use http::header::{Entry, HOST};
use http::uri::Parts;
use http::{Method, Request, Uri, Version};
use hyper::client::conn::{http1, http2};

use super::peer::Peer;
use crate::error::Unsendable;

/// The way to one connection.
pub(super) enum Sender<B> {
    /// The only one.
    Http1(http1::SendRequest<B>),
    Http2(http2::SendRequest<B>),
}

impl<B> Sender<B> {
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }
}

/// What of a request is changed for HTTP/1.1, so that it can be sent by another connection.
pub(super) struct Original {
    uri: Uri,
    host_added: bool,
}

impl Original {
    pub(super) fn restore<B>(self, req: &mut Request<B>) {
        *req.uri_mut() = self.uri;
        if self.host_added {
            req.headers_mut().remove(HOST);
        }
    }
}

/// Gives a request the form that it has over HTTP/1.1: a path, and a `Host` (RFC 9112 §3.2).
///
/// # Errors
///
/// Fails if the request insists on HTTP/2.
pub(super) fn for_http1<B>(req: &mut Request<B>, peer: &Peer) -> Result<Original, Unsendable> {
    if req.version() == Version::HTTP_2 {
        return Err(Unsendable::Version);
    }
    let uri = mem::take(req.uri_mut());
    let host_added = match req.headers_mut().entry(HOST) {
        Entry::Occupied(_) => false,
        Entry::Vacant(none) => {
            none.insert(peer.host.clone().ok_or(Unsendable::Relative)?);
            true
        }
    };
    let mut parts = Parts::default();
    if req.method() == Method::CONNECT {
        parts.authority = uri.authority().cloned();
    } else if peer.connected.is_proxied() {
        parts = uri.clone().into_parts();
    } else {
        parts.path_and_query = uri.path_and_query().cloned();
    }
    // Parts of one that is valid.
    *req.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    Ok(Original { uri, host_added })
}
