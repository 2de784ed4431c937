//! An axum application whose handlers call a rate-limited API. The page is `README.md`.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use comfycontrol_rate_limit::{Limiter, Rejected};
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider};
use comfycontrol_transport::{TransportBody, TransportBuilder};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// The stack in the application's state: its clones share the limit and the connections.
#[derive(Clone, Debug)]
struct Api {
    base: String,
    stack: BoxCloneSyncService<Request<Body>, Response<TransportBody>, BoxError>,
}

/// Creates an application whose callers share one limit, and never see the token.
///
/// # Errors
///
/// If `base` is no origin that may have the token, or TLS cannot be set up.
pub fn app(
    base: &str,
    limiter: &Limiter,
    token: impl Into<TokenProvider>,
) -> Result<Router, BoxError> {
    let stack = ServiceBuilder::new()
        .layer(limiter.layer())
        .layer(AddTokenLayer::new(Origin::parse(base)?, token))
        .map_err(BoxError::from)
        .service(TransportBuilder::new().build()?);
    let api = Api {
        base: base.to_owned(),
        stack: BoxCloneSyncService::new(stack),
    };
    Ok(Router::new().route("/me", get(me)).with_state(api))
}

/// A caller that hangs up gives its place in the queue up: axum drops this future. Of the head it
/// gets what the body is, and when to come back.
async fn me(State(api): State<Api>) -> Result<Response, Failed> {
    let request = Request::get(format!("{}/v1/user", api.base)).body(Body::empty())?;
    let (head, body) = api.stack.oneshot(request).await?.into_parts();
    let mut response = (head.status, Body::new(body)).into_response();
    for name in [CONTENT_TYPE, CONTENT_ENCODING, RETRY_AFTER] {
        if let Some(value) = head.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response)
}

struct Failed(BoxError);

impl<E: Into<BoxError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    /// What the limiter rejects may be asked for again, and when is known; all else is a 502.
    fn into_response(self) -> Response {
        let rejected = self.0.downcast_ref::<Rejected>();
        match rejected.and_then(Rejected::wait) {
            Some(wait) => {
                let seconds = wait.as_secs_f64().ceil().to_string();
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds)]).into_response()
            }
            None => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}
