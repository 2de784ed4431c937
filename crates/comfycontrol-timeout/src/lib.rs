//! Tower middleware that ends HTTP calls, attempts and response bodies that take too long.
//!
//! | layer | ends | when |
//! |---|---|---|
//! | [`TotalTimeoutLayer`] | a call with all its waiting and attempts, and its response body | its time has passed |
//! | [`TotalTimeoutLayer`] | a response body | no part has come for too long |
//! | [`TotalTimeoutLayer`] | a response body | too little has come for ten minutes |
//! | [`AttemptTimeoutLayer`] | one attempt | no response head came, and no part of the request body left, for too long |
//! | [`MarkDispatchedLayer`] | nothing | tells the two whether the request had been sent |
//!
//! One [`Timeouts`] holds the three times and what a body must bring. A request can carry its own
//! in its extensions.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use comfycontrol_timeout::{
//!     AttemptTimeoutLayer, MarkDispatchedLayer, ProgressBody, TimedOut, Timeouts,
//!     TotalTimeoutLayer,
//! };
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use std::{future::pending, time::Duration};
//! use tower::{BoxError, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let timeouts = Timeouts::call().total(Duration::from_secs(120));
//! let client = ServiceBuilder::new()
//!     .layer(TotalTimeoutLayer::new(timeouts).with_mark_dispatched())
//!     // Here stand retries, decompression and a rate limiter.
//!     .layer(AttemptTimeoutLayer::new(timeouts).with_mark_dispatched())
//!     .layer(MarkDispatchedLayer::new())
//!     // A server that never responds.
//!     .service_fn(|_: Request<ProgressBody<Full<Bytes>>>| {
//!         pending::<Result<Response<Full<Bytes>>, BoxError>>()
//!     });
//!
//! let error = client.oneshot(Request::new(Full::from("hello"))).await.unwrap_err();
//! let timed_out: &TimedOut = error.downcast_ref().expect("an attempt of 30 s");
//! assert_eq!(timed_out.after(), Duration::from_secs(30));
//! // The server may have received it.
//! assert!(timed_out.was_dispatched());
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps. It only needs a
//! conversion from [`TimedOut`], which boxed errors and any enum with a `From<TimedOut>` have. The
//! error of a response body is boxed, with a [`TimedOut`] inside if a timeout has passed.
//!
//! # Cost
//!
//! Nothing is spawned, no future is boxed, and a timer is made only when there is something to wait
//! for. A total puts a [`Deadline`](comfycontrol_core::Deadline) into the extensions of the request.
//! A request body that is not known to be empty gets one shared count under an attempt timeout. A
//! response body that has to wait, and may stall or last too long, gets one box for that. Anything
//! else allocates nothing.
//!
//! # Not handled
//!
//! * Waiting in `poll_ready`. The time of a call begins with `call`.
//! * The time that a service takes within one `call` or one poll, without waiting.
//! * Telling whether the server has received what was sent.

mod attempt_timeout;
mod dispatched;
mod mark_dispatched;
mod progress_body;
mod timed_out;
mod timeout_body;
mod timeouts;
mod timer;
mod total_timeout;

pub use self::attempt_timeout::{AttemptTimeout, AttemptTimeoutFuture, AttemptTimeoutLayer};
pub use self::mark_dispatched::{MarkDispatched, MarkDispatchedLayer};
pub use self::progress_body::{ProgressBody, SentBytes};
pub use self::timed_out::{TimedOut, TimeoutKind};
pub use self::timeout_body::TimeoutBody;
pub use self::timeouts::Timeouts;
pub use self::total_timeout::{TotalTimeout, TotalTimeoutFuture, TotalTimeoutLayer};
