use comfycontrol_error::ErrorDecoderLayer;
use comfycontrol_priority::PriorityLimitLayer;
use comfycontrol_rate_limit::RateLimitLayer;
use comfycontrol_retry::RetryLayer;
use comfycontrol_timeout::{AttemptTimeoutLayer, TotalTimeoutLayer};
use comfycontrol_token::AddTokenLayer;
use http::HeaderValue;

use crate::Error;
use crate::request_id::RequestIds;

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
