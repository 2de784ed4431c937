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
//!    │  Departures       tells the timeouts that the request has left
//!    ▼  transport
//! ```
//!
//! What a call that succeeds at once allocates on its way through all of them:
//!
//! | what | times | why |
//! |---|---|---|
//! | map of headers | 2 | its table and its entries, with room for six; none if the request has headers |
//! | request id | 1 | its text, shared with the copy; none if the request has an id |
//! | copy for retries | 2 | the headers once more, since the first ones leave; none if nothing is ever [sent again](crate::retry) |
//! | URL | 1 | lets the copy share the text; none for a static one |
//! | total timeout | 6 | its instant in the extensions, and in those of the copy; none without a total |
//! | progress of an upload | 2 | a count of bytes and who adds to it, for the timeout of the attempt; none without a body |
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

use bytes::Bytes;
use comfycontrol_error::{DecodeError, DecodeErrorLayer};
use comfycontrol_rate_limit::{RateLimit, RateLimitLayer};
use comfycontrol_token::{AddToken, AddTokenLayer};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use tower::retry::{Retry, RetryLayer};
use tower::util::Either;
use tower::{BoxError, ServiceBuilder};
#[cfg(feature = "gzip")]
use tower_http::decompression::{Decompression, DecompressionBody, DecompressionLayer};
use tower_http::set_header::{SetRequestHeader, SetRequestHeaderLayer};
use tower_service::Service;

pub use crate::attempt_timeout::ResponseFuture as AttemptTimeoutFuture;
pub use crate::attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use crate::deadline::ResponseFuture as DeadlineFuture;
pub use crate::deadline::{Deadline, DeadlineLayer};
pub use crate::departure::Departures;
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
    SetRequestHeader<SetRequestHeader<SetRequestHeader<S, RequestIds>, HeaderValue>, HeaderValue>;

/// The limiter, if there is one, over one attempt.
pub type Limited<S> = Either<RateLimit<Attempt<S>>, Attempt<S>>;

/// One attempt: its timeout, and the token if there is one.
pub type Attempt<S> = AttemptTimeout<Either<AddToken<Departures<S>>, Departures<S>>>;

/// The body of a response that has passed through the [`Stack`].
pub type StackBody<B> = TracedBody<TimedBody<DecompressedBody<B>>>;

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
        B::Error: Into<BoxError>,
    {
        let attempt: Attempt<S> = ServiceBuilder::new()
            .layer(self.attempt_timeout.over_departures())
            .option_layer(self.add_token)
            .service(Departures::new(transport));
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
            .layer(SetRequestHeaderLayer::if_not_present(
                X_REQUEST_ID,
                self.request_ids,
            ))
            .layer(crate::trace::layer())
            .layer(self.deadline.over_departures())
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
