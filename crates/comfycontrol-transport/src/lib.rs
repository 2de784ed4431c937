//! A tower service that puts requests on the wire: hyper over rustls, HTTP/2 and HTTP/1.1.
//!
//! HTTP/2 where the server offers it by ALPN, else HTTP/1.1, over connections that are kept and
//! shared. Certificates are always checked; there is no switch to skip that. Plain `http` goes to
//! this machine only, by name and by address. Proxies carry TLS and nothing else.
//!
//! It stands under a stack of tower layers, in place of hyper-util's client over hyper-rustls.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use comfycontrol_transport::{TransportBuilder, TransportErrorKind};
//! use http::Request;
//! use http_body_util::Empty;
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let transport = TransportBuilder::new().no_proxy().build::<Empty<Bytes>>()?;
//!
//! // In clear text to another machine: nothing is sent.
//! let request = Request::get("http://192.0.2.1/v1/user").body(Empty::new())?;
//! let error = transport.oneshot(request).await.unwrap_err();
//! assert_eq!(error.kind(), TransportErrorKind::NotLoopback);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! A [`TransportError`] has a [kind](TransportError::kind), says whether the request was certainly
//! [not processed](TransportError::is_unprocessed), and shows nothing that a server wrote in it
//! unescaped. A response with any status is no error.
//!
//! What reads as a success is whole: [bodies](TransportBody) are counted against their
//! `Content-Length`, and a request whose `Content-Length` or `Transfer-Encoding` does not frame its
//! body as it is [is not sent](TransportErrorKind::RequestFraming). The head of a response may have
//! [256 KiB](TransportErrorKind::ResponseHead).
//!
//! # Clones
//!
//! Clones of a [`Transport`] share its connections.
//!
//! # Place in a stack
//!
//! Innermost. It is always ready, and connects while a response is awaited, for at most the
//! [`connect_timeout`](TransportBuilder::connect_timeout). How long the response may take, how many
//! requests may be under way and how long a body may be is for the layers around it to bound.
//!
//! # Not handled
//!
//! Redirects, cookies, decompression and retries, which are layers; HTTP/3; certificates of
//! clients, other than by [`TransportBuilder::tls_config`].
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `aws-lc-rs` | no | TLS by aws-lc-rs where `ring` is off, or as [`crypto_provider`](TransportBuilder::crypto_provider) |
//! | `platform-verifier` | yes | certificates judged by the operating system |
//! | `proxy` | yes | HTTP CONNECT and SOCKS5 proxies, set or from the environment |
//! | `ring` | yes | TLS by ring |
//! | `webpki-roots` | no | Mozilla's certificates compiled in, where `platform-verifier` is off or asked for with `webpki_roots` |
//!
//! Without `ring` and `aws-lc-rs`, a [`tls_config`](TransportBuilder::tls_config) must be given.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod carrier;
mod connector;
mod early;
mod error;
mod frames;
mod framing;
mod future;
mod head;
mod informational;
mod invalid_transport;
mod loopback;
mod pool;
mod proxy;
mod read_ahead;
mod resolver;
mod tls;
mod transport;
mod transport_body;
mod watched;

/// The version of rustls that [`TransportBuilder::tls_config`] and
/// [`TransportBuilder::crypto_provider`] take.
#[doc(no_inline)]
pub use rustls;

pub use self::builder::TransportBuilder;
pub use self::error::{TransportError, TransportErrorKind};
pub use self::future::ResponseFuture;
pub use self::invalid_transport::InvalidTransport;
pub use self::transport::Transport;
pub use self::transport_body::TransportBody;
