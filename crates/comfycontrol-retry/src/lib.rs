//! Tower middleware that sends a request again where that is safe.
//!
//! Safe means: the request was never applied, or applying it twice does no more than once (RFC 9110
//! §9.2.2). [`Failure::failure_kind`] says what a failure means:
//!
//! | class | method | sent again |
//! |---|---|---|
//! | [throttled](FailureKind::Throttled): 429 | any | up to three times, after the [`cooldown`](RetryPolicy::cooldown) of 10 s or what the response asks, and backoff; at once [behind a rate limiter](RetryPolicy::behind_rate_limit), which holds it until its own cooldown is over |
//! | [never applied](FailureKind::NeverApplied): never sent, or given back unprocessed | any | up to twice, after backoff |
//! | [maybe applied](FailureKind::MaybeApplied): 500, 502, 503, …, broken connection, timeout of an attempt | idempotent | up to twice, after backoff |
//! | [unauthorized, token replaced](FailureKind::TokenReplaced): 401 | any | up to three times, at once |
//! | [permanent](FailureKind::Permanent), and [rejected](FailureKind::Rejected) by a limiter | | never |
//!
//! A request whose body cannot be [cloned](comfycontrol_core::TryClone) is not sent again. Backoff
//! is 0.2 s, doubled each time up to 10 s, and each up to doubled by chance; it comes on top of the
//! `Retry-After` of the response (RFC 9110 §10.2.3). A wait is not begun if it would end after the
//! call's [`Deadline`](comfycontrol_core::Deadline), or if the response asks for more than 30 s, a
//! 429 included: the call ends at once with the error that says so. A budget, shared by all
//! services of one layer, keeps retries after backoff a fraction of the calls, those after 429s
//! included unless a rate limiter paces them.
//!
//! # Response bodies
//!
//! A response whose body breaks off before a byte of it was handed on is a failed attempt as well,
//! where [`Failure::body_failure_kind`] says so and the method is idempotent: the [`RetryBody`]
//! sends the request again and goes on with the new body, if that belongs to the same head.
//! [`collect`](collect()) hands nothing on before the end, so that it may break off anywhere.
//!
//! # Bounds
//!
//! A call has at most nine attempts unless set otherwise: one, two after backoff, three after 429s,
//! three with another token. Between two of them it waits here at most 30 s, which the response may
//! ask for, or the cooldown, 10 s unless set and five minutes at most; and a backoff of 10 s. What
//! a transport inside sends again by itself within one attempt is not counted here.
//!
//! # Example
//!
//! ```
//! use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
//! use http::{Request, Response};
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! /// The server has failed, as it may for a while.
//! #[derive(Debug)]
//! struct Unavailable;
//!
//! impl Failure for Unavailable {
//!     fn failure_kind(&self) -> FailureKind {
//!         FailureKind::MaybeApplied
//!     }
//! }
//!
//! static SENT: AtomicU32 = AtomicU32::new(0);
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), http::Error> {
//! let client = ServiceBuilder::new()
//!     .layer(RetryLayer::new(RetryPolicy::new().max_retries(1)))
//!     .service_fn(|_: Request<()>| async {
//!         SENT.fetch_add(1, Ordering::Relaxed);
//!         Err::<Response<String>, _>(Unavailable)
//!     });
//!
//! client.clone().oneshot(Request::get("/v1/user").body(())?).await.unwrap_err();
//! assert_eq!(SENT.swap(0, Ordering::Relaxed), 2);
//! // A POST may have been applied: it is not sent again.
//! client.oneshot(Request::post("/v1/workflow").body(())?).await.unwrap_err();
//! assert_eq!(SENT.load(Ordering::Relaxed), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! It adds none of its own. The error of the last attempt is the error of the call;
//! [`Failure::follow`] lets it speak for the attempts before it. One that the service inside gives
//! while it becomes ready for another attempt is passed on as it is.
//!
//! # Clones
//!
//! Clones of a [`RetryPolicy`], of a [`RetryLayer`] and of its services share the budget. Each call
//! keeps a clone of the service inside, to send through it again, and so does its response body
//! until its first byte is handed on.
//!
//! # Place in a stack
//!
//! Outside what each attempt must pass through again: an error decoder, a rate limiter, a
//! timeout of one attempt, the token. Inside a timeout of the whole call.
//!
//! # Tracing
//!
//! How often a request was sent again is recorded in the field `http.request.resend_count` of the
//! current span, if the span has it.
//!
//! # Panics
//!
//! A wait needs a tokio runtime with time enabled, as all of tokio's timers do.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `http-body-util` | yes | requests whose body is an `Empty` or a `Full` can be sent again |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempts;
mod backoff;
mod body;
mod collect;
mod earlier;
mod failure;
mod future;
mod head;
mod layer;
mod policy;
mod reader;
mod settings;
mod wait;

pub use self::body::RetryBody;
pub use self::collect::{Collect, CollectError, collect};
pub use self::failure::{Failure, FailureKind};
pub use self::future::ResponseFuture;
pub use self::layer::{Retry, RetryLayer};
pub use self::settings::RetryPolicy;
