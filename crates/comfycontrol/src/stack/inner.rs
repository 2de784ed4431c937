//! The layers nested in their order, as tower and tower-http nest them.

use comfycontrol_encoding::{Decompression, DecompressionBody, DecompressionLayer};
use comfycontrol_error::ErrorDecoder;
use comfycontrol_priority::PriorityLimit;
use comfycontrol_rate_limit::RateLimit;
use comfycontrol_retry::{Retry, RetryBody};
use comfycontrol_timeout::{
    AttemptTimeout, MarkDispatched, MarkDispatchedLayer, TimeoutBody, TotalTimeout,
};
use comfycontrol_token::AddToken;
use comfycontrol_trace::{Trace, TraceBody, TraceLayer};
use http::HeaderValue;
use http::header::{ACCEPT, USER_AGENT};
use tower::ServiceBuilder;
use tower::util::Either;
use tower_http::set_header::{SetRequestHeader, SetRequestHeaderLayer};
use tower_layer::Layer;

use super::layers::Layers;
use super::outbound::Outbound;
use crate::{Body, Error};

/// All layers but the one that sets the request id.
pub(super) type Inner<S> = Fixed<Trace<TotalTimeout<Retry<Decoded<S>, Error>>>>;
/// The body of its responses.
pub(super) type InnerBody<S, B> =
    TraceBody<TimeoutBody<RetryBody<Decoded<S>, Error, Body, DecompressionBody<B>>>>;

type Decoded<S> = ErrorDecoder<Decompression<Limited<Attempt<S>>>>;
type Fixed<S> = SetRequestHeader<SetRequestHeader<S, HeaderValue>, HeaderValue>;
type Limited<S> = Either<RateLimit<S>, Either<PriorityLimit<S>, S>>;
type Attempt<S> = AttemptTimeout<Either<AddToken<Marked<S>>, Marked<S>>>;
type Marked<S> = MarkDispatched<Outbound<S>>;

/// From the innermost on.
pub(super) fn nest<S>(layers: Layers, transport: S) -> Inner<S> {
    let attempt = ServiceBuilder::new()
        .layer(layers.attempt_timeout.with_mark_dispatched())
        .option_layer(layers.add_token)
        .layer(MarkDispatchedLayer::new())
        .service(Outbound::new(transport));
    let limited = match (layers.rate_limit, layers.priority_limit) {
        (_, Some(layer)) => Either::Right(Either::Left(layer.layer(attempt))),
        (Some(layer), None) => Either::Left(layer.layer(attempt)),
        (None, None) => Either::Right(Either::Right(attempt)),
    };
    ServiceBuilder::new()
        .layer(SetRequestHeaderLayer::if_not_present(
            USER_AGENT,
            layers.user_agent,
        ))
        .layer(SetRequestHeaderLayer::if_not_present(ACCEPT, JSON))
        .layer(TraceLayer::new())
        .layer(layers.total_timeout.with_mark_dispatched())
        .layer(layers.retry)
        .layer(layers.error_decoder)
        .layer(DecompressionLayer::new())
        .service(limited)
}

/// Asked for this, the edge answers its own errors in JSON as well.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
