//! A client of the ComfyControl API that keeps within its rate limit.
//!
//! The API takes 40 requests in 10 s from one IP address and punishes a breach with ten seconds of
//! silence. A [`Client`] keeps below that: calls that come too early wait their turn. The token
//! goes to the API alone, failures are typed errors, what is safe to repeat is repeated, and HTTP/2
//! is spoken over TLS. All of it is tower middleware, stacked in [`stack`], and each layer is a
//! crate of its own.
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
//! let unauthorized = client.get("/v1/user").without_token().send().await.unwrap_err();
//! assert!(unauthorized.to_string().starts_with("401 Unauthorized: Missing authorization header"));
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Everything fails with an [`Error`]: one word wide, with a [kind](Error::kind), the status if
//! there was one, and tells "was it [sent](Error::sent)?" and "may I [try
//! again](Error::is_retryable)?". `{}` prints one line, `{:#}` the causes as well.
//!
//! # Clones
//!
//! Clones of a [`Client`] share everything. Clients built one by one share the limiter too, if they
//! reach the same origin by the same proxy, because the API counts by address: that is the one
//! piece of state the crate keeps process-wide, and it keeps it weakly. Clients for this machine
//! and those with a [transport of their own](ClientBuilder::transport) are left out, and
//! [`rate_limit`](ClientBuilder::rate_limit) chooses another.
//!
//! # Place in a stack
//!
//! A [`Client`] is a `tower::Service` and can stand under any layer. `Buffer`, `LoadShed` and
//! `ConcurrencyLimit` outside it work; since the client is always ready, `LoadShed` never sheds:
//! give the limiter a `max_wait` instead. See the [guide].
//!
//! # Not handled
//!
//! Redirects, which are errors here; cookies. Without a [shared
//! budget](guide::limits#one-address-many-processes) also other processes behind the same address,
//! which take from the same limit unseen, and what this program sent before it was started again.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `aws-lc-rs` | no | TLS by aws-lc-rs where `ring` is off, or as [`crypto_provider`](transport::TransportBuilder::crypto_provider) |
//! | `fs` | yes | request bodies and multipart parts streamed from files |
//! | `gzip` | yes | asks for gzip and undoes it; without it, bodies are asked for as they are |
//! | `platform-verifier` | yes | certificates judged by the operating system |
//! | `proxy` | yes | HTTP CONNECT and SOCKS5 proxies, set or from the environment |
//! | `ring` | yes | TLS by ring |
//! | `shared-budget` | no | one limit for all programs of a user, by a file: [`shared_budget`](ClientBuilder::shared_budget) |
//! | `webpki-roots` | no | Mozilla's certificates compiled in, where `platform-verifier` is off or asked for by [`network`](ClientBuilder::network) |
//!
//! Without `ring` and `aws-lc-rs`, the [network](ClientBuilder::network) needs a `tls_config`, or
//! the client a [transport](ClientBuilder::transport).
//!
//! The endpoints with their types, runs that are followed to their end, lists of several pages and
//! files are in the crate `comfycontrol-api`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod call;
mod client;
mod error;
pub mod guide;
mod registry;
mod request;
mod request_id;
mod response;
mod response_context;
mod shared;
pub mod stack;
mod url;

#[doc(no_inline)]
pub use comfycontrol_encoding as encoding;
#[doc(no_inline)]
pub use comfycontrol_error as api_error;
#[doc(no_inline)]
pub use comfycontrol_priority as priority;
#[doc(no_inline)]
pub use comfycontrol_rate_limit as rate_limit;
#[cfg(feature = "shared-budget")]
#[doc(no_inline)]
pub use comfycontrol_rate_limit_file as rate_limit_file;
#[doc(no_inline)]
pub use comfycontrol_retry as retry;
#[doc(no_inline)]
pub use comfycontrol_timeout as timeout;
#[doc(no_inline)]
pub use comfycontrol_token as token;
#[doc(no_inline)]
pub use comfycontrol_trace as trace;
#[doc(no_inline)]
pub use comfycontrol_transport as transport;

pub use comfycontrol_body::{Body, Multipart, Part};
pub use comfycontrol_core::{InvalidPath, Report, path_segments};
pub use comfycontrol_encoding::UnexpectedContentEncoding;
pub use comfycontrol_error::{Applied, InvalidJson};
pub use comfycontrol_timeout::{TimedOut, Timeouts};
pub use comfycontrol_transport::{TransportError, TransportErrorKind};

pub use self::builder::{ClientBuilder, RateLimitMode};
pub use self::client::{Client, ResponseFuture};
pub use self::error::{
    BodyFailed, BodyTooLarge, Error, ErrorKind, InvalidConfig, InvalidRequest, Sent,
    UnexpectedContentType,
};
pub use self::request::RequestBuilder;
pub use self::response::{ByteStream, Response, ResponseBody};
pub use self::response_context::ResponseContext;
