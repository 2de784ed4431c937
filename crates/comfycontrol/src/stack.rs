//! All layers in their order: the only place where it is decided.
//!
//! ```text
//!   call
//!    │  user agent, accept, request id     fixed headers, the same for all attempts
//!    │  Trace            one span a call, whatever happens inside
//!    │  Deadline         covers all waiting, all attempts and the body
//!    │  Retry            sees decoded errors; each attempt starts below
//!    │  DecodeError      has read the bounded error body before a retry is decided
//!    │  Decompression    so that the bound counts decoded bytes
//!    │  RateLimit        each attempt pays for a slot; sees the raw 429
//!    │  AttemptTimeout   starts after the grant
//!    │  AddToken         the token is read when the request leaves, not when it queues
//!    ▼  transport
//! ```
//!
//! The stack is a type one can write down. [`ClientBuilder::layers`](crate::ClientBuilder::layers)
//! gives the layers one by one, for stacks of another order or with other layers between.
//!
//! ```
//! use comfycontrol::{Body, Client, Error};
//! use http::{Request, Response};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let transport = service_fn(|req: Request<Body>| async move {
//!     assert_eq!(req.headers()["accept"], "application/json");
//!     Ok::<_, Error>(Response::new(Body::from("{}")))
//! });
//! let stack = Client::builder().without_token().layers()?.stack(transport);
//!
//! let request = Request::get("https://api.comfycontrol.app/v1/user").body(Body::empty());
//! let response = stack.oneshot(request.expect("valid")).await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```

use std::error::Error as StdError;

use bytes::Bytes;
use comfycontrol_error::{DecodeError, DecodeErrorLayer};
use comfycontrol_rate_limit::{RateLimit, RateLimitLayer};
use comfycontrol_token::{AddToken, AddTokenLayer};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use tower::ServiceBuilder;
use tower::retry::{Retry, RetryLayer};
use tower::util::Either;
#[cfg(feature = "gzip")]
use tower_http::decompression::{Decompression, DecompressionBody, DecompressionLayer};
use tower_http::request_id::{SetRequestId, SetRequestIdLayer};
use tower_http::set_header::{SetRequestHeader, SetRequestHeaderLayer};
use tower_service::Service;

pub use crate::attempt_timeout::ResponseFuture as AttemptTimeoutFuture;
pub use crate::attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use crate::deadline::ResponseFuture as DeadlineFuture;
pub use crate::deadline::{Deadline, DeadlineLayer};
pub use crate::request_id::RequestIds;
use crate::request_id::X_REQUEST_ID;
use crate::retry::RetryPolicy;
pub use crate::timed_body::TimedBody;
pub use crate::trace::{CallSpan, ErrorsAreFailures, Failure, RecordFailure, RecordStatus};
pub use crate::trace::{Traced, TracedBody};
use crate::{Body, Error};

/// The whole stack over a transport `S`.
pub type Stack<S> =
    Fixed<Traced<Deadline<Retry<RetryPolicy, DecodeError<Decompressed<Limited<S>>>>>>>;

/// The fixed headers over a service.
pub type Fixed<S> =
    SetRequestHeader<SetRequestHeader<SetRequestId<S, RequestIds>, HeaderValue>, HeaderValue>;

/// The limiter, if there is one, over one attempt.
pub type Limited<S> = Either<RateLimit<Attempt<S>>, Attempt<S>>;

/// One attempt: its timeout, and the token if there is one.
pub type Attempt<S> = AttemptTimeout<Either<AddToken<S>, S>>;

/// The body of a response that has passed through the [`Stack`].
pub type StackBody<B> = TracedBody<TimedBody<DecompressedBody<TimedBody<B>>>>;

/// Decompression over a service; nothing without the feature `gzip`.
#[cfg(feature = "gzip")]
pub type Decompressed<S> = Decompression<S>;
/// Decompression over a service; nothing without the feature `gzip`.
#[cfg(not(feature = "gzip"))]
pub type Decompressed<S> = S;

/// The body of a decompressed response.
#[cfg(feature = "gzip")]
pub type DecompressedBody<B> = DecompressionBody<B>;
/// The body of a decompressed response.
#[cfg(not(feature = "gzip"))]
pub type DecompressedBody<B> = B;

/// The layers of a client, each usable alone.
///
/// Services made from clones share limiter, token cache, retry budget and count of requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Layers {
    /// The value of `User-Agent` where a request has none.
    pub user_agent: HeaderValue,
    /// Numbers the calls.
    pub request_ids: RequestIds,
    /// Ends calls whose time has passed.
    pub deadline: DeadlineLayer,
    /// Decides what is sent again.
    pub retry: RetryPolicy,
    /// Turns unsuccessful responses into errors.
    pub decode_error: DecodeErrorLayer,
    /// Keeps within the rate limit.
    pub rate_limit: Option<RateLimitLayer>,
    /// Ends attempts in which nothing happens.
    pub attempt_timeout: AttemptTimeoutLayer,
    /// Adds the token.
    pub add_token: Option<AddTokenLayer>,
}

impl Layers {
    /// Stacks all layers over `transport`, in the order of the [module docs](self).
    ///
    /// A transport with another error wants `.map_err(Error::transport)` first.
    pub fn stack<S, B>(self, transport: S) -> Stack<S>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Error> + Clone,
        B: HttpBody<Data = Bytes>,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let attempt: Attempt<S> = ServiceBuilder::new()
            .layer(self.attempt_timeout)
            .option_layer(self.add_token)
            .service(transport);
        let limited: Limited<S> = ServiceBuilder::new()
            .option_layer(self.rate_limit)
            .service(attempt);
        let decompressed = decompressed(limited);
        ServiceBuilder::new()
            .layer(SetRequestHeaderLayer::if_not_present(
                USER_AGENT,
                self.user_agent,
            ))
            .layer(SetRequestHeaderLayer::if_not_present(ACCEPT, JSON))
            .layer(SetRequestIdLayer::new(X_REQUEST_ID, self.request_ids))
            .layer(crate::trace::layer())
            .layer(self.deadline)
            .layer(RetryLayer::new(self.retry))
            .layer(self.decode_error)
            .service(decompressed)
    }
}

#[cfg(feature = "gzip")]
fn decompressed<S>(inner: S) -> Decompressed<S> {
    tower_layer::Layer::layer(&DecompressionLayer::new(), inner)
}

#[cfg(not(feature = "gzip"))]
fn decompressed<S>(inner: S) -> Decompressed<S> {
    inner
}

/// Asked for this, the edge answers its own errors in JSON as well.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
