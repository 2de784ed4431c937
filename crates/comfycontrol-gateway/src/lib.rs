//! A gateway that holds token and rate limit of the ComfyControl API for every program behind it.
//!
//! Programs in any language call it over plain HTTP, without a token: the calls of all of them keep
//! to one limit, wait in one fair queue of bounded length, and are sent again where that is safe.
//!
//! # Example
//!
//! A service among others of an axum program:
//!
//! ```no_run
//! use axum::Router;
//! use comfycontrol::{Client, Timeouts};
//! use comfycontrol_gateway::Gateway;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().timeouts(Timeouts::upload());
//! let gateway = Gateway::builder(client).max_queued(100).build()?;
//! let app: Router = Router::new().fallback_service(gateway);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does to traffic
//!
//! | | |
//! |---|---|
//! | hop-by-hop headers, and those that `Connection` names | stop, both ways |
//! | cookies, the callers' `Authorization`, `Host`, `Forwarded` and its like, `Origin`, `Referer` | stop |
//! | `Range` | goes on with the `If-Range` that it came with |
//! | CORS headers, `Alt-Svc`, HSTS of the API | stop |
//! | status, body, `Retry-After`, `cf-ray`, request ids | unchanged |
//! | a header or an error's body that says a token back, or an error's body in a coding | stops; JSON with a masked message instead |
//! | the version of a response | that of the caller's connection |
//! | a body that breaks off at the API | breaks off at the caller |
//! | the body of a request | is read first: up to 1 MiB in memory, more in a file without a name |
//! | a caller that hangs up while it waits | loses its place; nothing is sent |
//!
//! Each response has `RateLimit-Policy` and `RateLimit`, and what the gateway itself refuses is
//! JSON as the API has it, `{"status":…,"message":…}`: 503 with `Retry-After` when the queue is
//! full, when no slot came in time or when the gateway stops, 502 when there was no usable
//! response, 504 when it did not come in time.
//!
//! # Who may call
//!
//! Calls must name this machine as their `Host`, or a [name](GatewayBuilder::host) that was set: so
//! no page of another site reaches the gateway by leading a name of its own here. Nor does one by a
//! form or an image: what a browser sends for a page of another site is refused, by
//! `Sec-Fetch-Site` or `Origin`. [`CallerKeys`] let in who shows one.
//!
//! # Clones
//!
//! Clones of a [`Gateway`] are handles to one.
//!
//! # Errors
//!
//! The service never fails. Its response body fails where that of the API does.
//!
//! # Panics
//!
//! A call needs a tokio runtime with time enabled.
//!
//! # Not handled
//!
//! * Upgrades, tunnels and `TRACE`.
//! * Trailers.
//! * A token in the body of a success: it passes as it comes.
//! * A caller that sends its next request before the response of the first, and then leaves: over
//!   HTTP/1.1 its going is not seen while there are unread bytes.
//! * Callers that choose their names by the header: one with many names has as many turns. Give out
//!   [keys](CallerKeys) where that matters.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `server` | no | listens on TCP and Unix sockets, with bounds and a graceful stop |
//! | `tls` | no | listens with TLS |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod builder;
mod call;
mod caller;
mod clock;
mod failed;
mod fields;
mod gateway;
mod head;
mod host;
mod keys;
mod pages;
mod prefer;
mod record;
mod refusal;
#[cfg(feature = "server")]
mod server;
mod shared;
mod site;
mod spool;
mod stop;

pub use self::body::GatewayBody;
pub use self::builder::GatewayBuilder;
pub use self::caller::Peer;
pub use self::gateway::{Gateway, ResponseFuture};
pub use self::keys::{CallerKeys, InvalidCallerKeys, hash_caller_key};
pub use self::record::{Ending, FinishedCall};
#[cfg(feature = "server")]
#[cfg_attr(docsrs, doc(cfg(feature = "server")))]
pub use self::server::{Bound, ListenError, Listener, Server};
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use self::server::{InvalidTls, Tls};
