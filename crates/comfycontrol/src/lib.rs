//! A client of the ComfyControl API that keeps within its rate limit.
//!
//! The API takes 40 requests in 10 s from one IP address and answers a breach with ten seconds of
//! silence. A [`Client`] keeps below that: calls that come too early wait their turn. The token goes
//! to the API alone, failures are typed errors, what is safe to repeat is repeated, and HTTP/2 is
//! spoken over TLS. All of it is tower middleware, stacked in [`stack`], and each layer is a crate of
//! its own.
//!
//! # Example
//!
//! ```
//! use comfycontrol::Client;
//! use comfycontrol_emulator::Emulator;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     name: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The API on this machine. For the real one, `Client::from_env()?` is all.
//! let api = Emulator::builder().start().await?;
//! let client = Client::builder()
//!     .token(api.tokens().create("example", None))
//!     .base_url(api.https_url())
//!     .root_certificate(api.ca_der())
//!     .build()?;
//!
//! let user: User = client.get("/v1/user").send().await?.json().await?;
//! assert!(!user.name.is_empty());
//!
//! let refused = client.get("/v1/user").without_token().send().await.unwrap_err();
//! assert!(refused.to_string().starts_with("401 Unauthorized: Missing authorization header"));
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Everything fails with an [`Error`]: one word wide, with a [kind](Error::kind), the status if there
//! was one, and answers to "was it [sent](Error::sent)?" and "may I [try again](Error::is_retryable)?".
//! `{}` prints one line, `{:#}` the causes as well.
//!
//! # Clones
//!
//! Clones of a [`Client`] share everything. Clients built one by one share the limiter too, if they
//! reach the same origin by the same proxy, because the API counts by address: that is the one piece
//! of state the crate keeps process-wide, and it keeps it weakly. Clients for this machine and those
//! with a [transport of their own](ClientBuilder::transport) are left out, and
//! [`own_limiter`](ClientBuilder::own_limiter) opts out.
//!
//! # Place in a stack
//!
//! A [`Client`] is a `tower::Service` and can stand under any layer. `Buffer`, `LoadShed` and
//! `ConcurrencyLimit` outside it work; since the client is always ready, `LoadShed` never sheds:
//! give the limiter a `max_wait` instead. See the [guide].
//!
//! # Not handled
//!
//! Redirects, which are errors here; cookies; other processes behind the same address, which take
//! from the same limit without our seeing it; what this program sent before it was started again, which
//! the server still counts (see [limits](guide::limits)).
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `aws-lc-rs` | no | TLS by aws-lc-rs where `ring` is off, or as [`crypto_provider`](ClientBuilder::crypto_provider) |
//! | `fs` | yes | request bodies and multipart parts streamed from files |
//! | `gzip` | yes | asks for gzip and undoes it |
//! | `platform-verifier` | yes | certificates judged by the operating system |
//! | `proxy` | yes | HTTP CONNECT and SOCKS5 proxies, set by hand or from the environment |
//! | `ring` | yes | TLS by ring |
//! | `sse` | yes | server-sent events and [`Client::subscribe`] |
//! | `webpki-roots` | no | Mozilla's certificates compiled in, where `platform-verifier` is off or asked for with [`webpki_roots`](ClientBuilder::webpki_roots) |
//!
//! Without `ring` and `aws-lc-rs`, a [`tls_config`](ClientBuilder::tls_config) or a
//! [transport](ClientBuilder::transport) must be given.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt_timeout;
mod body;
mod builder;
mod client;
mod deadline;
mod departure;
mod download;
mod error;
pub mod guide;
mod multipart;
mod pagination;
mod registry;
mod request;
mod request_id;
mod response;
pub mod retry;
#[cfg(feature = "sse")]
mod sse;
pub mod stack;
mod timed_body;
mod timeouts;
mod timer;
mod trace;
pub mod transport;
mod url;
#[cfg(feature = "sse")]
pub mod workflow;

#[doc(no_inline)]
pub use comfycontrol_error as api_error;
#[doc(no_inline)]
pub use comfycontrol_rate_limit as rate_limit;
#[doc(no_inline)]
pub use comfycontrol_token as token;

pub use self::body::Body;
pub use self::builder::ClientBuilder;
pub use self::client::{Client, ResponseFuture};
pub use self::download::Downloader;
pub use self::error::{
    BadJson, BodyFailed, BodyTooLarge, Error, ErrorKind, InvalidConfig, InvalidRequest, NotEvents,
    Report, Sent, TransportError, TransportErrorKind,
};
pub use self::multipart::{Multipart, Part};
pub use self::pagination::{Items, Paginate};
pub use self::request::RequestBuilder;
pub use self::response::{ByteStream, Response, ResponseBody};
#[cfg(feature = "sse")]
pub use self::sse::{Event, Events};
pub use self::timeouts::{TimedOut, Timeouts};
