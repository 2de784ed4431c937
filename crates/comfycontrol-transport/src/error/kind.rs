/// How a request failed below HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Connecting took longer than the connect timeout.
    ConnectTimedOut,
    /// The host name could not be resolved.
    Dns,
    /// There is no way to the host.
    Unreachable,
    /// Plain `http` was asked to go to another machine: nothing was sent, and no connection made.
    NotLoopback,
    /// Anything else.
    Other,
    /// The proxy could not be reached, or did not open a tunnel.
    Proxy,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// The request's own body failed, or was not as long as announced. Over HTTP/2 its error is lost
    /// on the way, and only logged.
    RequestBody,
    /// The connection broke, while it was made or while the request was under way.
    Reset,
    /// The TLS handshake failed: one side does not trust or understand the other.
    Tls,
}
