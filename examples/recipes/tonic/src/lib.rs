//! A tonic channel within a rate limit. The page is `README.md`.

use comfycontrol_rate_limit::{Limiter, LimiterBuilder};
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider};
use http::{HeaderMap, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder};

/// What a generated client takes in place of a channel. Its error is a status: with boxed errors
/// the compiler cannot tell that a call may be spawned ("implementation of `From` is not general
/// enough").
pub type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Puts the layers around a channel. The generated client is made by `with_origin`, with `base`.
///
/// # Errors
///
/// If `base` is no origin that may have the token.
pub fn stack(
    channel: Channel,
    base: &str,
    limiter: &Limiter,
    token: impl Into<TokenProvider>,
) -> Result<Stack, BoxError> {
    let stack = ServiceBuilder::new()
        .map_err(Status::from_error)
        .layer(limiter.layer())
        .layer(AddTokenLayer::new(Origin::parse(base)?, token))
        .map_err(BoxError::from)
        .service(channel);
    Ok(BoxCloneSyncService::new(stack))
}

/// Has a cooldown follow on gRPC's own way to say 429, which is a 200 with a field.
pub fn with_grpc_status(limiter: LimiterBuilder) -> LimiterBuilder {
    const RESOURCE_EXHAUSTED: &[u8] = b"8";
    limiter.cooldown_on(|status, headers: &HeaderMap| {
        let said = headers.get("grpc-status").map(|value| value.as_bytes());
        status == StatusCode::TOO_MANY_REQUESTS || said == Some(RESOURCE_EXHAUSTED)
    })
}
