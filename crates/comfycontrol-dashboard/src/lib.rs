//! One page, metrics, health and readiness that show a rate limiter at work, as a tower service.
//!
//! A [`Dashboard`] is mounted in an axum or tower application that makes calls through a
//! [`Limiter`](comfycontrol_rate_limit::Limiter). It watches the limiter, who waits in front of
//! it, the source of the token, and, with a [`Recorder`], what calls come to.
//!
//! | path | what it responds with |
//! |---|---|
//! | `/` | a page that shows it all, live; its files are built into the program |
//! | `/events` | server-sent events: the state as JSON, once a second |
//! | `/state` | the state as JSON, once |
//! | `/metrics` | all numbers in Prometheus' text form, version 0.0.4 |
//! | `/health` | 200, as long as the program responds at all |
//! | `/ready` | 200, or 503 and why: it stops, lacks a good token, or a store of a shared budget |
//!
//! They are without the prefix where it is mounted, which ends with a slash. Other paths get a
//! 404, other methods than GET and HEAD a 405.
//!
//! # Example
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use comfycontrol_dashboard::{Dashboard, Recorder};
//! use comfycontrol_rate_limit::{Limiter, Quota};
//! use http::{Request, Response};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let limiter = Limiter::new(Quota::COMFYCONTROL);
//! let recorder = Recorder::new();
//! let api = ServiceBuilder::new()
//!     .layer(recorder.layer())
//!     .layer(limiter.layer())
//!     .service(service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) }));
//!
//! let dashboard = Dashboard::builder().limiter(limiter).recorder(&recorder).build();
//! let app: Router = Router::new().nest_service("/_/", dashboard);
//!
//! api.oneshot(Request::new(())).await?;
//! let metrics = app.oneshot(Request::get("/_/metrics").body(Body::empty())?).await?;
//! let metrics = axum::body::to_bytes(metrics.into_body(), 64 * 1024).await?;
//! let metrics = String::from_utf8_lossy(&metrics);
//! assert!(metrics.contains("comfycontrol_rate_limit_slots_free 39\n"));
//! assert!(metrics.contains("comfycontrol_calls_total{class=\"success\"} 1\n"));
//! # Ok(())
//! # }
//! ```
//!
//! # Bounds
//!
//! * A [`Recorder`] has one size, below 40 KiB, however many calls there are and however long it
//!   runs.
//! * At most 16 pages are live at a time, or [as many](DashboardBuilder::max_streams) as you say.
//!   A hidden page closes its stream.
//! * A look takes as long as granting some 60 slots, whatever the number of calls and callers.
//!
//! # What it shows to whom
//!
//! It does not ask who is there: that is for the application around it, as is the check of the
//! `Host` header against rebinding. It shows callers by name, and neither tokens nor paths,
//! headers or bodies of calls. The page loads nothing from elsewhere, cannot be framed and runs
//! no script but its own: its `Content-Security-Policy` says so.
//!
//! # Stopping
//!
//! A graceful stop waits for all connections, and an event stream has no end of its own: call
//! [`Dashboard::stop`] first.
//!
//! # Errors
//!
//! None: the service's error is [`Infallible`](std::convert::Infallible). The layer keeps the
//! error of the service it wraps.
//!
//! # Not handled
//!
//! * A history that outlives the program: that is what the metrics are for.
//! * When slots of a budget that is
//!   [shared](comfycontrol_rate_limit::LimiterBuilder::build_shared) come back: no process knows
//!   that by itself. The page shows the next one only.

mod body;
mod callers;
mod clock;
mod dashboard;
mod events;
mod finished_call;
mod histogram;
mod history;
mod hub;
mod metrics;
mod outcome;
mod page;
mod readiness;
mod record;
mod recorder;
mod records;
mod respond;
mod shared;
mod state;
mod streams;
mod watched;

pub use self::body::Body;
pub use self::dashboard::{Dashboard, DashboardBuilder};
pub use self::finished_call::FinishedCall;
pub use self::outcome::Outcome;
pub use self::record::{Record, RecordFuture, RecordLayer};
pub use self::recorder::Recorder;
