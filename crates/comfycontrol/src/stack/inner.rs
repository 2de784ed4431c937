//! The layers nested in their order, as tower and tower-http nest them.

use comfycontrol_encoding::{Decompression, DecompressionBody, DecompressionLayer};
use comfycontrol_error::{ErrorDecoder, ErrorDecoderLayer};
use comfycontrol_priority::{PriorityLimit, PriorityLimitLayer};
use comfycontrol_rate_limit::{RateLimit, RateLimitLayer};
use comfycontrol_retry::{Retry, RetryBody, RetryLayer};
use comfycontrol_timeout::{
    AttemptTimeout, AttemptTimeoutLayer, MarkDispatched, MarkDispatchedLayer, TimeoutBody,
    TotalTimeout, TotalTimeoutLayer,
};
use comfycontrol_token::{AddToken, AddTokenLayer};
use http::HeaderValue;
use http::header::{ACCEPT, USER_AGENT};
use tower::ServiceBuilder;
use tower::util::Either;
use tower_http::set_header::{SetRequestHeader, SetRequestHeaderLayer};
use tower_layer::Layer;

use super::outbound::Outbound;
use crate::trace::{self, Traced, TracedBody};
use crate::{Body, Error};

/// All layers but the one that sets the request id.
pub(super) type Inner<S> = Fixed<Traced<TotalTimeout<Retry<Decoded<S>, Error>>>>;
/// The body of its responses.
pub(super) type InnerBody<S, B> =
    TracedBody<TimeoutBody<RetryBody<Decoded<S>, Error, Body, DecompressionBody<B>>>>;

type Decoded<S> = ErrorDecoder<Decompression<Limited<Attempt<S>>>>;
type Fixed<S> = SetRequestHeader<SetRequestHeader<S, HeaderValue>, HeaderValue>;
type Limited<S> = Either<RateLimit<S>, Either<PriorityLimit<S>, S>>;
type Attempt<S> = AttemptTimeout<Either<AddToken<Marked<S>>, Marked<S>>>;
type Marked<S> = MarkDispatched<Outbound<S>>;

pub(super) fn attempt<S>(
    timeout: AttemptTimeoutLayer,
    add_token: Option<AddTokenLayer>,
    transport: S,
) -> Attempt<S> {
    ServiceBuilder::new()
        .layer(timeout.with_mark_dispatched())
        .option_layer(add_token)
        .layer(MarkDispatchedLayer::new())
        .service(Outbound::new(transport))
}

pub(super) fn limited<S>(
    rate_limit: Option<RateLimitLayer>,
    priority_limit: Option<PriorityLimitLayer>,
    attempt: S,
) -> Limited<S> {
    match (rate_limit, priority_limit) {
        (_, Some(layer)) => Either::Right(Either::Left(layer.layer(attempt))),
        (Some(layer), None) => Either::Left(layer.layer(attempt)),
        (None, None) => Either::Right(Either::Right(attempt)),
    }
}

pub(super) fn outer<S>(
    user_agent: HeaderValue,
    timeout: TotalTimeoutLayer,
    retry: RetryLayer<Error>,
    error_decoder: ErrorDecoderLayer,
    limited: Limited<Attempt<S>>,
) -> Inner<S> {
    ServiceBuilder::new()
        .layer(SetRequestHeaderLayer::if_not_present(
            USER_AGENT, user_agent,
        ))
        .layer(SetRequestHeaderLayer::if_not_present(ACCEPT, JSON))
        .layer(trace::layer())
        .layer(timeout.with_mark_dispatched())
        .layer(retry)
        .layer(error_decoder)
        .layer(DecompressionLayer::new())
        .service(limited)
}

/// Asked for this, the edge answers its own errors in JSON as well.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
