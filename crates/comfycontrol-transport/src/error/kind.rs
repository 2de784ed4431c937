/// How a request failed below HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Connecting took longer than the connect timeout.
    ConnectTimedOut,
    /// The host name could not be resolved.
    Dns,
    /// The host of another origin leads into the internal network: nothing was sent, and no
    /// connection made.
    InternalAddress,
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
    /// The request's `Content-Length` or `Transfer-Encoding` does not frame its body as it is:
    /// nothing was sent.
    RequestFraming,
    /// The request's own body failed, or was not as long as announced. Over HTTP/2 its error is
    /// lost on the way, and only logged.
    RequestBody,
    /// The request's URL is not absolute, or its port is not one from 1 to 65535: nothing was sent,
    /// and no connection made.
    RequestTarget,
    /// The connection broke, while it was made or while the request was under way.
    Reset,
    /// The response body is not as long as its `Content-Length` says.
    ResponseBody,
    /// The response head is larger than 256 KiB, or malformed; over HTTP/1.1 it may also have more
    /// than 100 fields, or more than 100 informational responses before it.
    ResponseHead,
    /// The TLS handshake failed: one side does not trust or understand the other.
    Tls,
}
