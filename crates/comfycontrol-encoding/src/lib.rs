//! Tower middleware that asks for gzip, undoes it, and refuses bodies encoded otherwise.
//!
//! What reads as a body was the body: bytes in a coding that was not asked for are never handed on
//! as text. flate2 decodes; this crate only judges the headers.
//!
//! | the request | asks for | its response, encoded as |
//! |---|---|---|
//! | has an `Accept-Encoding` | what it says | anything that it lists: passed on as it is |
//! | has a `Range`, or its method is HEAD | `identity` | nothing: passed on |
//! | any other | `gzip` | gzip, by one of its names (`gzip`, `x-gzip`, in letters of any case): decoded |
//! | any | | anything else, several codings, or gzip in a 206: [`UnexpectedContentEncoding`] |
//!
//! The last line holds for successes. An unsuccessful response keeps its status: where its body
//! cannot be decoded it goes on as it is, `Content-Encoding` included. `identity` and empty
//! elements of a list are nothing, and without a body (HEAD, 204) nothing is judged. The rules are
//! those of RFC 9110 §8.4, §12.5.3 and §14.
//!
//! # Example
#![cfg_attr(feature = "gzip", doc = "```")]
#![cfg_attr(not(feature = "gzip"), doc = "```ignore")]
//! use bytes::Bytes;
//! use comfycontrol_encoding::{DecompressionLayer, UnexpectedContentEncoding};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let client = ServiceBuilder::new()
//!     .layer(DecompressionLayer::new())
//!     // A server that likes Brotli better.
//!     .service_fn(|req: Request<Full<Bytes>>| async move {
//!         assert_eq!(req.headers()["accept-encoding"], "gzip");
//!         let response = Response::builder().header("content-encoding", "br");
//!         Ok::<_, BoxError>(response.body(Full::<Bytes>::from(&b"\x0b\x02\x80hello\x03"[..]))?)
//!     });
//!
//! let error = client.oneshot(Request::default()).await.unwrap_err();
//! let error: &UnexpectedContentEncoding = error.downcast_ref().expect("it is no text");
//! assert_eq!(error.content_encoding(), "br");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps. It only needs a
//! conversion from [`UnexpectedContentEncoding`], which boxed errors and any enum with a
//! `From<UnexpectedContentEncoding>` have. The error of a response body is boxed.
//!
//! # Cost
//!
//! Nothing is spawned, and a body that is not encoded costs nothing. One that is takes some 80 KB
//! of memory while it is read, however long it is. A few kilobytes can become gigabytes: code that
//! collects a body bounds it outside of this layer, where decoded bytes are counted.
//!
//! # Place in a stack
//!
//! * Inside what bounds or reads bodies, such as a decoder of errors.
//! * Inside timeouts of bodies, which then watch what the caller gets: encoded bytes can trickle in
//!   forever without a single one coming out.
//! * Outside a rate limiter and a transport, which need no body.
//!
//! # Not handled
//!
//! Brotli, zstd and deflate; codings within codings; bodies of requests; `Transfer-Encoding`, which
//! is the transport's.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `gzip` | yes | asks for gzip and undoes it; without it, every request asks for `identity` |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod asked;
mod body;
mod codings;
#[cfg(feature = "gzip")]
mod decoding;
mod future;
#[cfg(feature = "gzip")]
mod gunzip;
#[cfg(feature = "gzip")]
mod invalid_gzip;
mod layer;
mod service;
mod unexpected_content_encoding;

pub use self::body::DecompressionBody;
pub use self::future::ResponseFuture;
#[cfg(feature = "gzip")]
#[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
pub use self::invalid_gzip::InvalidGzip;
pub use self::layer::DecompressionLayer;
pub use self::service::Decompression;
pub use self::unexpected_content_encoding::UnexpectedContentEncoding;
