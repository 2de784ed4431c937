//! What a request is handed to, and the form that it has there.

use http::header::HOST;
use http::uri::{Parts, Scheme};
use http::{HeaderValue, Method, Request, Uri, Version};
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy::connect::Connected;

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
pub(super) fn for_http1<B>(
    req: &mut Request<B>,
    connected: &Connected,
) -> Result<Original, Unsendable> {
    if req.version() == Version::HTTP_2 {
        return Err(Unsendable::Version);
    }
    let uri = req.uri().clone();
    let host_added = !req.headers().contains_key(HOST);
    if host_added {
        let host = host(&uri).ok_or(Unsendable::Relative)?;
        req.headers_mut().insert(HOST, host);
    }
    let mut parts = Parts::default();
    if req.method() == Method::CONNECT {
        parts.authority = uri.authority().cloned();
    } else if connected.is_proxied() {
        parts = uri.clone().into_parts();
    } else {
        parts.path_and_query = uri.path_and_query().cloned();
    }
    // Parts of one that is valid.
    *req.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    Ok(Original { uri, host_added })
}

/// The host, and the port if it is not the scheme's own.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let host = uri.host()?;
    let own = if uri.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    match uri.port() {
        Some(port) if port.as_u16() != own => HeaderValue::try_from(format!("{host}:{port}")).ok(),
        _ => HeaderValue::from_str(host).ok(),
    }
}
