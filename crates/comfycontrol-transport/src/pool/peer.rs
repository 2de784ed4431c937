//! What is known of the other end of a connection.

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::Connected;

/// How it was reached, and what it is called in requests.
pub(super) struct Peer {
    pub(super) connected: Connected,
    /// What `Host` says over HTTP/1.1 where a request does not say it: once for all of them.
    pub(super) host: Option<HeaderValue>,
}

impl Peer {
    pub(super) fn new(connected: Connected, uri: &Uri) -> Self {
        let host = host(uri);
        Self { connected, host }
    }
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
