//! Tower middleware that puts a bearer token on the requests that may have it, and on no others.
//!
//! The token goes to one [`Origin`], over https or to loopback, in one `Authorization` header
//! marked sensitive. It comes from a variable, a file, a command, a vault or your own code, and can
//! be changed while requests are on the way. The next token is noticed within 60 s of use, a file's
//! within 2 s. A broken file changes nothing. A 401 causes a reading of the source at once. The
//! layer never sends a request twice; it marks the 401 with [`TokenReplaced`] where sending again
//! is worth while. Nothing here shows a token in `Debug`, in an error or in a log, and its memory
//! is wiped.
//!
//! # Example
//!
//! ```
//! use comfycontrol_token::{AddTokenLayer, Origin, Token};
//! use http::{Request, Response, header::AUTHORIZATION};
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let origin = Origin::parse("https://api.comfycontrol.app")?;
//! let mut client = ServiceBuilder::new()
//!     .layer(AddTokenLayer::new(origin, Token::parse("cfc_abc123")?))
//!     .service_fn(|request: Request<()>| async move {
//!         Ok::<_, BoxError>(Response::new(request.headers().get(AUTHORIZATION).cloned()))
//!     });
//!
//! // The configured origin gets the token ...
//! let request = Request::get("https://api.comfycontrol.app/v1/user").body(())?;
//! let seen = client.ready().await?.call(request).await?.into_body();
//! assert_eq!(seen.unwrap(), "Bearer cfc_abc123");
//!
//! // ... and the place where results are stored does not.
//! let request = Request::get("https://storage.comfycontrol.app/signed").body(())?;
//! assert!(client.ready().await?.call(request).await?.into_body().is_none());
//! # Ok(())
//! # }
//! ```
//!
//! A token that can change comes from [`file`](file()), [`env`](env()), [`command`], [`first_of`]
//! several, a [`TokenHandle`], or a source of your own: a [`TokenSource`] may block, an
//! [`AsyncTokenSource`] need not. The [`guide`] puts the layer over a plain hyper-util client and
//! into an axum application, and reads the token from a vault.
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps. It only needs a
//! conversion from [`TokenWithheld`], which boxed errors and any enum with a `From<TokenWithheld>`
//! have. A request is withheld, and not sent, when its URI has no scheme and host, when its `Host`
//! header names another server, and when there is no token, nor comes one within the [read
//! timeout](TokenProvider::set_read_timeout) of 10 s.
//!
//! # Clones
//!
//! Clones of an [`AddToken`], all services made by clones of one [`AddTokenLayer`], and all layers
//! made with clones of one [`TokenProvider`] or [`TokenHandle`] share the token and what is known
//! about it. One of them reads the source at a time.
//!
//! # Place in a stack
//!
//! Innermost, next to the transport:
//!
//! * inside a retry layer, so that each attempt has the token of its moment;
//! * inside a rate limiter, so that the token is read when the request leaves and not when it
//!   queues. A request withheld there has cost its slot, though nothing was sent;
//! * inside any layer that follows redirects, which cannot make it leak.
//!
//! Where no retry policy looks for [`TokenReplaced`], the feature `retry` has one,
//! `ResendReplaced`.
//!
//! # Not handled
//!
//! * Where the connection really ends. The transport must ensure that a loopback name leads to a
//!   loopback address, and that no proxy is in between.
//! * The buffers in which hyper encodes a request: they are not wiped.
//! * Stopping a source that never returns. No request waits for it longer than the [read
//!   timeout](TokenProvider::set_read_timeout), and neither does the end of the program, but the
//!   thread or the task that reads it is lost, and no other token comes. It is one thread a
//!   provider, and 512 in all.
//! * Getting tokens. The API cannot make them (authentication page, "Obtaining an API Token").

mod attached;
mod cache;
mod clock;
mod destination;
mod error;
mod fingerprint;
mod future;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod handle;
mod layer;
mod marker;
mod origin;
mod provider;
#[cfg(feature = "retry")]
mod resend;
mod service;
mod source;
mod token;

pub use self::error::{TokenWithheld, WithheldReason};
pub use self::fingerprint::Fingerprint;
pub use self::future::ResponseFuture;
pub use self::handle::TokenHandle;
pub use self::layer::AddTokenLayer;
pub use self::marker::{TokenReplaced, WithoutToken};
pub use self::origin::{InvalidOrigin, Origin};
pub use self::provider::{Snapshot, TokenProvider};
#[cfg(feature = "retry")]
pub use self::resend::ResendReplaced;
pub use self::service::AddToken;
pub use self::source::{
    AsyncTokenSource, CommandSource, EnvSource, ExpiringSource, FileSource, FirstOfSource,
    SourceError, SourceErrorKind, TokenFuture, TokenSource, command, env, file, first_of,
};
pub use self::token::{InvalidToken, Token};
