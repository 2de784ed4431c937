//! The edge of the ComfyControl API on loopback, for tests, examples and benchmarks.
//!
//! It has what stands before the real API: a limit of 40 requests per 10 s and address that counts
//! before anything else is looked at, a cooldown in which nothing is processed, bearer tokens that
//! expire and are revoked, and errors in every shape that Cloudflare gives them. Behind it, the
//! documented endpoints respond as far as examples need them. Nothing listens beyond loopback, and
//! every token says in its text that it is emulated.
//!
//! # Example
//!
//! Testing your program with the emulator: start it, make a token, point the program at
//! it, and look at what came in.
//!
//! ```
//! use bytes::Bytes;
//! use comfycontrol_emulator::Emulator;
//! use http_body_util::Empty;
//! use hyper_util::rt::TokioIo;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().start().await?;
//! let token = emulator.tokens().create("my program", None);
//!
//! // Your program: here the barest of clients.
//! let url = emulator.http_url();
//! let address = url.trim_start_matches("http://");
//! let stream = tokio::net::TcpStream::connect(address).await?;
//! let stream = TokioIo::new(stream);
//! let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await?;
//! tokio::spawn(connection);
//! let request = http::Request::get("/v1/user")
//!     .header("host", address)
//!     .header("authorization", format!("Bearer {token}"))
//!     .body(Empty::<Bytes>::new())?;
//! let response = client.send_request(request).await?;
//!
//! assert_eq!(response.status(), 200);
//! assert_eq!(emulator.edge().requests(), 1);
//! assert_eq!(emulator.edge().throttled(), 0);
//! assert!(emulator.tokens().last_used("my program").is_some());
//! assert_eq!(emulator.captured_requests()[0].uri(), "/v1/user");
//! # Ok(())
//! # }
//! ```
//!
//! With TLS, give the client [`Emulator::ca_der`] or [`Emulator::ca_pem`] as a root
//! certificate and talk to [`Emulator::https_url`]; HTTP/2 is agreed on by ALPN.
//! Without sockets, under tokio's paused clock, the same edge and API are a tower
//! service, and the network is yours to make:
//!
//! ```
//! use comfycontrol_emulator::{Body, Emulator, Transit};
//! use std::time::Duration;
//! use tower::Service;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let second = Duration::from_secs(1);
//! let network = Transit::fixed(second, second);
//! let mut service = Emulator::builder().without_api().service().transit(network);
//!
//! // Forty requests are dispatched and their futures dropped at once ...
//! for _ in 0..40 {
//!     drop(service.call(http::Request::new(Body::empty())));
//! }
//! // ... which does not un-send them: the next one is one too many.
//! let response = service.call(http::Request::new(Body::empty())).await?;
//! assert_eq!(response.status(), 429);
//! assert_eq!(service.edge().requests(), 41);
//! # Ok(())
//! # }
//! ```
//!
//! # Faults and shapes
//!
//! A [`FaultRule`] makes things go wrong for the next requests or at random. [`Fault`] lists them
//! all, among them
//!
//! * a [`Shape`] in place of the response, a delay, a head that is too large;
//! * a stream or connection that ends too early ([`Ending`]);
//! * a [`Coding`] that was not asked for;
//! * a list that changes while it is read ([`ListFault`]);
//! * a stream of events that breaks off ([`EventFault`]);
//! * a stored file whose ranges do not fit together ([`FileFault`]);
//! * a response that is lost although the API did its work.
//!
//! ```
//! use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, ListFault, Shape};
//!
//! let builder = Emulator::builder()
//!     .fault(FaultRule::next(1, Fault::Respond(Shape::BadGateway)))
//!     .fault(FaultRule::next(1, Fault::Respond(Shape::Garbage(Garbage::Truncated))))
//!     .fault(FaultRule::chance(0.01, 7, Fault::ResetInBody).path("/v1/workflow"))
//!     .fault(FaultRule::next(3, Fault::List(ListFault::Shrink(10))).path("/v1/runner"));
//! # drop(builder);
//! ```
//!
//! # A long way
//!
//! [`Emulator::link`] puts a [`Link`] before the API: it delays what goes over it, has a bandwidth,
//! and cuts connections, as far away servers do.
//!
//! # Errors
//!
//! [`EmulatorBuilder::start`] fails if a port is taken. [`EdgeService`] fails with
//! [`Lost`] where the network or a fault loses a response; its error type is a box, so
//! that layers put over it need no `map_err`.
//!
//! # Clones
//!
//! [`EdgeHandle`], [`TokenStore`] and [`FaultHandle`] are handles: their clones speak
//! of one emulator. So do the clones of an [`EdgeService`], which share its edge, API
//! and network too.
//!
//! # Place in a stack
//!
//! In the place of the transport: under a client's innermost layer as [`EdgeService`],
//! or at the other end of its connections as [`Emulator`].
//!
//! # A run's course
//!
//! A workflow is accepted, and uploaded, queued and running after 5 %, 10 % and 20 % of
//! [`EmulatorBuilder::run_time`]; then it is completed, or failed if its graph has a
//! node whose `class_type` is `EmulatedFailure`. A cancellation takes effect after a
//! tenth of the run time.
//!
//! # Bounds
//!
//! What a client can make the emulator hold or wait for is bounded: see
//! [`EmulatorBuilder::max_connections`], [`head_timeout`](EmulatorBuilder::head_timeout),
//! [`idle_timeout`](EmulatorBuilder::idle_timeout),
//! [`max_kept_bytes`](EmulatorBuilder::max_kept_bytes) and
//! [`max_captured_bytes`](EmulatorBuilder::max_captured_bytes). A body has 50 MB at most, all
//! bodies that are being read 256 MiB, a form 1,000 parts, a workflow 1,000 parameters and 100
//! tags, the JSON of a runner 64 KiB.
//!
//! # Not handled
//!
//! Tiers and their limits; runners that cannot be reached; placeholders in graphs
//! (parameters are kept, not checked); scheduling by tags: a workflow runs on the newest
//! active runner of the account, or else on a managed one. The token endpoints of the
//! real dashboard: tokens are made by [`TokenStore`] or on the command line, never by
//! HTTP. Several data centres with counters of their own. Where the documentation is
//! silent (201 for what is created, 400 for pages out of range, 413 in the API's JSON)
//! the emulator's choice proves nothing about the API.

mod api;
mod capture;
mod clock;
mod edge;
mod emulator;
mod gateway;
mod handles;
mod link;
mod listener;
mod log;
mod network;
mod random;
mod responses;
mod server;
mod service;
mod shared;
mod sse;
mod timestamp;

pub use self::api::{EventFault, FileFault, KeepAlive, ListFault};
pub use self::capture::CapturedRequest;
pub use self::edge::{
    Algorithm, Block, Edge, InvalidLimit, Lag, Limit, Stats, TokenInfo, Tokens, Unauthorized,
    Verdict,
};
pub use self::emulator::{Emulator, EmulatorBuilder};
pub use self::gateway::{Fault, FaultRule};
pub use self::handles::{EdgeHandle, FaultHandle, TokenStore};
pub use self::link::{Link, Relay};
pub use self::listener::Listener;
pub use self::log::{LoggedResponse, ResponseLog};
pub use self::network::{Lost, RoundTrip, Transit};
pub use self::responses::{
    Body, BodyReset, Coding, Echo, Ending, Garbage, Length, RetryAfter, Shape, Throttled,
};
pub use self::service::{EdgeService, ResponseFuture};
