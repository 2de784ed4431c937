//! Tower middleware that keeps a client within a server's rate limit, and silent through a
//! cooldown.
//!
//! Calls leave at once while the server's quota allows it and wait in arrival order when it does
//! not. It counts what the *server* can count: a slot comes back one window after the response
//! arrived, whatever the latency, and a request whose response was dropped keeps its slot as long
//! as it may still be [on its way](LimiterBuilder::linger). That is enough under five ways of
//! counting, by [proof]. The server may still throttle a request, because something else shares the
//! address. Then nothing is sent until its cooldown is over, and then one request goes first.
//!
//! # Example
//!
//! ```
//! use comfycontrol_rate_limit::{Limiter, Quota};
//! use http::{Request, Response};
//! use std::time::Duration;
//! use tokio::time::Instant;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let limiter = Limiter::new(Quota::COMFYCONTROL);
//! let client = ServiceBuilder::new()
//!     .layer(limiter.layer())
//!     .service(service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) }));
//!
//! let start = Instant::now();
//! for _ in 0..40 {
//!     client.clone().oneshot(Request::new(())).await?;
//! }
//! // The whole quota left at once ...
//! assert_eq!(start.elapsed(), Duration::ZERO);
//! // ... and the next call waits until no server can count it as the 41st of a window.
//! client.oneshot(Request::new(())).await?;
//! assert!(start.elapsed() > Duration::from_secs(10));
//! # Ok(())
//! # }
//! ```
//!
//! A [`Limiter`] works [without tower](Limiter#without-tower) as well, here around a plain
//! hyper-util client:
//!
//! ```
//! use comfycontrol_rate_limit::{Limiter, Quota};
//! use http_body_util::Empty;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let uri = format!("http://{}/", server.local_addr()?).parse()?;
//! # tokio::spawn(async move {
//! #     let (mut stream, _) = server.accept().await?;
//! #     tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await?;
//! #     tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").await
//! # });
//! let limiter = Limiter::new(Quota::COMFYCONTROL);
//! let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
//!
//! let in_flight = limiter.acquire().await?.dispatch();
//! // If the request fails, dropping `in_flight` keeps the slot taken a little longer.
//! let response = client.get(uri).await?;
//! in_flight.settle(&response);
//!
//! assert_eq!(response.status(), 204);
//! assert_eq!(limiter.snapshot().in_flight(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps. It only needs a
//! conversion from [`Rejected`], which boxed errors and any enum with a `From<Rejected>` have.
//! Errors come out of the response future only, never out of `poll_ready`. There are none unless a
//! [longest wait](LimiterBuilder::max_wait), a [longest queue](LimiterBuilder::max_queued) or a
//! [`Deadline`], in the extensions of the request, is set.
//!
//! # Clones
//!
//! Clones of a [`Limiter`], and all layers and services made from them, share everything: one
//! account, one queue, one cooldown. A limit counts per IP address, not per token or connection, so
//! one process needs one limiter for each server.
//!
//! Several processes behind one address share a budget over a [`Store`]: see
//! [`build_shared`](LimiterBuilder::build_shared). All of them together then keep to one quota,
//! take turns where the store is near, and are silent after one 429; a [`MemoryStore`] does that
//! for several limiters in one process. When the store is away, calls wait, or are
//! [rejected](LimiterBuilder::max_outage) after a time. Nothing leaves unless the [`Keeper`] runs.
//! Anyone who can write to the store can open or close the budget; no token is ever in it.
//!
//! # Place in a stack
//!
//! * Inside anything that sends a request again: each attempt counts.
//! * Inside anything that turns responses into errors: the status and headers of a 429 must be
//!   seen.
//! * Outside anything whose value ages while a call waits, such as a token or an attempt's timeout.
//!
//! The service is always ready, so `LoadShed` outside never sheds: use
//! [`max_wait`](LimiterBuilder::max_wait) and [`max_queued`](LimiterBuilder::max_queued). The
//! limiter asks the inner service whether it is ready once the slot is there; the call holds
//! nothing of it before. If that takes longer than a second, others may have the slot; the call
//! then keeps what it has of the inner service, and has the next slot as soon as it is ready. A
//! request that fails further in, shed or withheld, has used its slot and counts as lost.
//!
//! # Following a call
//!
//! A [`Tracker`] in the extensions of a request, or with an [`acquire`](Acquire::tracked_by), makes
//! a [`Progress`] report how many calls wait before this one, when it leaves if none of them gives
//! up, and that it leaves.
//!
//! # Tracing
//!
//! Waits are told at `debug` level, in the span of the call that waits; the end of a cooldown at
//! `info`, its start at `warn`: *a 429 although we kept within the limit* means that something else
//! shares the address. Counters for metrics are in the [`Snapshot`].
//!
//! # Panics
//!
//! None in the layer itself. A call that has to wait needs a tokio runtime with time enabled, as
//! all of tokio's timers do, and panics outside one, or in one that has been shut down.
//!
//! # Not handled
//!
//! * Others behind the same IP address, except by the cooldown.
//! * What the same program sent before it started again: the server still counts it. See
//!   [`Limiter::pause_for`], or share a [`Store`] that outlives it.
//! * Turns for processes far from the [`Store`] they share. Turns are kept while a round trip to it
//!   takes less than half a window divided by the quota, and 150 ms. A process further away, among
//!   busy near ones, gets little or nothing. Nothing is ever sent too soon because of that.
//! * Servers that allow a smaller burst than their quota, as leaky buckets can. Give the limiter
//!   the quota that they really have: a burst of `b` in `b·W/N`, with [`Algorithm::SlidingLog`].
//! * Requests that are on their way longer than [`linger`](LimiterBuilder::linger) after they were
//!   given up.
//! * Servers that count in windows longer than they say, or later than
//!   [`count_lag`](LimiterBuilder::count_lag). Sliding-window counters that know the time in steps,
//!   or count in sub-windows, are among them: one step, or one sub-window, is their lag.
//! * Limits by anything but the number of requests.
//! * Cooldowns that another process was told to keep, unless they share a [`Store`].
//! * Permits that are never dropped, unless there is a [longest hold](LimiterBuilder::max_hold).

#![cfg_attr(
    test,
    allow(
        clippy::duplicate_mod,
        reason = "`interleavings` compiles the locking a second time, over shuttle's primitives"
    )
)]

mod account;
mod admission;
mod algorithm;
mod classifier;
mod clock;
mod cooldown;
mod epoch;
mod error;
mod future;
#[cfg(test)]
mod interleavings;
mod keeper;
mod layer;
mod ledger;
mod limiter;
mod link;
mod memory_store;
mod permit;
mod progress;
mod queue;
mod quota;
mod report;
mod reservation;
mod seen;
mod service;
mod shared;
mod slow_path;
mod snapshot;
mod stage;
mod store;
mod sync;
mod timers;

#[doc = include_str!("proof.md")]
pub mod proof {}

pub use self::algorithm::Algorithm;
pub use self::error::{Rejected, RejectedReason};
pub use self::future::ResponseFuture;
pub use self::keeper::{Keeper, KeeperError};
pub use self::layer::RateLimitLayer;
pub use self::limiter::{Limiter, LimiterBuilder, WeakLimiter};
pub use self::memory_store::MemoryStore;
pub use self::permit::{Acquire, InFlight, Permit, TrackedAcquire};
pub use self::progress::{Progress, Step, Tracker, Waiting};
pub use self::quota::{InvalidQuota, Quota};
pub use self::service::RateLimit;
pub use self::snapshot::{Fleet, Snapshot};
pub use self::store::{Member, Reading, Record, Replaced, Store, StoreTime, Unavailable, Version};

pub use comfycontrol_core::Deadline;
