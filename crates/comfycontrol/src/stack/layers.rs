use bytes::Bytes;
use comfycontrol_core::BoxError;
use comfycontrol_error::ErrorDecoderLayer;
use comfycontrol_priority::PriorityLimitLayer;
use comfycontrol_rate_limit::RateLimitLayer;
use comfycontrol_retry::RetryLayer;
use comfycontrol_timeout::{AttemptTimeoutLayer, TotalTimeoutLayer};
use comfycontrol_token::AddTokenLayer;
use http::{HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::service::Stack;
use crate::request_id::RequestIds;
use crate::{Body, Error};

/// The layers of a client, each usable alone.
///
/// Services made from clones share limiter, token cache, retry budget and count of requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Layers {
    /// The value of `User-Agent` where a request has none.
    pub user_agent: HeaderValue,
    /// Ends calls whose time has passed.
    pub total_timeout: TotalTimeoutLayer,
    /// Sends again what is safe to send again.
    pub retry: RetryLayer<Error>,
    /// Turns unsuccessful responses into errors.
    pub error_decoder: ErrorDecoderLayer,
    /// Keeps within the rate limit.
    pub rate_limit: Option<RateLimitLayer>,
    /// Keeps within the rate limit and lets the urgent go first, in the place of `rate_limit`.
    pub priority_limit: Option<PriorityLimitLayer>,
    /// Ends attempts in which nothing happens.
    pub attempt_timeout: AttemptTimeoutLayer,
    /// Adds the token.
    pub add_token: Option<AddTokenLayer>,
    pub(crate) request_ids: RequestIds,
}

impl Layers {
    /// Stacks all layers over `transport`, in the order of the [module docs](super).
    ///
    /// The error of the transport becomes an [`Error`](crate::Error) by
    /// [`Error::transport`](crate::Error::transport).
    pub fn stack<S, B>(self, transport: S) -> Stack<S>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone,
        S::Error: Into<BoxError>,
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let Self {
            user_agent,
            total_timeout,
            retry,
            error_decoder,
            rate_limit,
            priority_limit,
            attempt_timeout,
            add_token,
            request_ids,
        } = self;
        let attempt = super::inner::attempt(attempt_timeout, add_token, transport);
        let limited = super::inner::limited(rate_limit, priority_limit, attempt);
        let inner = super::inner::outer(user_agent, total_timeout, retry, error_decoder, limited);
        Stack::new(inner, request_ids)
    }
}
