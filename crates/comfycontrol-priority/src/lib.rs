//! Tower middleware that lets urgent HTTP calls go first through a rate limiter, and none starve.
//!
//! A limiter's queue is first in, first out: a person's click waits behind ten thousand calls of a
//! nightly job. A [`PriorityLimiter`] stands in front of it. One call at a time waits at the
//! limiter. When it has left, the next one is chosen:
//!
//! 1. The most [urgent](Urgency) first. But each urgency in which a call waits has about one turn
//!    in ten, or another [share](PriorityLimiterBuilder::share).
//! 2. Of one urgency, each [key](Priority::with_key) in turn, however many calls it has.
//! 3. Of one key, in the order of arrival.
//!
//! So an urgent call waits for the slot of the call that is at the limiter, for those whose share
//! is due, and for its own.
//!
//! # Example
//!
//! ```
//! use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
//! use comfycontrol_rate_limit::{Limiter, Quota};
//! use http::{Request, Response};
//! use std::time::Duration;
//! use tokio::time::Instant;
//! use tower::{BoxError, Service, ServiceBuilder, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let quota = Quota::new(4, Duration::from_secs(1))?;
//! let limiter = PriorityLimiter::new(Limiter::new(quota));
//! let mut client = ServiceBuilder::new()
//!     // In the place of the limiter's own layer.
//!     .layer(limiter.layer())
//!     .service(service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) }));
//!
//! let mut call = |urgency| {
//!     let mut request = Request::new(());
//!     request.extensions_mut().insert(Priority::new(urgency));
//!     client.call(request)
//! };
//! for _ in 0..1_000 {
//!     tokio::spawn(call(Urgency::BACKGROUND));
//! }
//! tokio::time::sleep(Duration::from_secs(10)).await;
//!
//! let start = Instant::now();
//! call(Urgency::INTERACTIVE).await?;
//! assert!(start.elapsed() < Duration::from_millis(600));
//! assert!(limiter.snapshot().queued() > 900);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps, and adds no error of its
//! own: it gives the limiter's [`Rejected`](comfycontrol_rate_limit::Rejected), where a [longest
//! queue](PriorityLimiterBuilder::max_queued) was set or a
//! [`Deadline`](comfycontrol_core::Deadline) in the extensions of the request passes.
//!
//! # Clones
//!
//! Clones of a [`PriorityLimiter`], and all layers and services made from them, share one order.
//!
//! # Cost
//!
//! A call that need not wait allocates nothing. One that waits has a place in two trees and one
//! timer. Nothing is spawned.
//!
//! # Panics
//!
//! None in the layer itself. A call that has to wait needs a tokio runtime with time enabled.
//!
//! # Not handled
//!
//! * Callers that choose their keys: one with many keys has as many turns. Give each caller one.
//! * What the limiter's [`max_wait`](comfycontrol_rate_limit::LimiterBuilder::max_wait) and
//!   [`max_queued`](comfycontrol_rate_limit::LimiterBuilder::max_queued) see: the one call that is
//!   at the limiter. A call that waits here is rejected when its deadline has passed, not as soon
//!   as that is certain.
//! * A [`Tracker`](comfycontrol_rate_limit::Tracker) is told of the wait at the limiter only.
//! * A task that does not poll its call when its turn comes: it holds the others up for a second,
//!   or for up to four if they have waited for longer. Then the next one goes in.

mod clock;
mod depart;
mod future;
mod layer;
mod limiter;
mod order;
mod priority;
mod service;
mod shared;
mod snapshot;
mod turn;
mod turns;

pub use self::future::ResponseFuture;
pub use self::layer::PriorityLimitLayer;
pub use self::limiter::{PriorityLimiter, PriorityLimiterBuilder};
pub use self::priority::{Key, Priority, Urgency};
pub use self::service::PriorityLimit;
pub use self::snapshot::Snapshot;
