//! An octocrab client within a rate limit. The page is `README.md`.

use std::sync::Arc;

use comfycontrol_rate_limit::Limiter;
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider};
use http::Uri;
use http::header::{HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use tower::BoxError;
use tower::util::MapErrLayer;

/// Creates a client whose clones keep to one limit.
///
/// # Errors
///
/// If `base` is no URL that may have the token, or TLS cannot be set up.
pub fn client(
    base: &str,
    limiter: &Limiter,
    token: impl Into<TokenProvider>,
) -> Result<Octocrab, BoxError> {
    let base: Uri = base.parse()?;
    // The URL of an Enterprise server has a path, an origin has none.
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    let origin = Origin::parse(Uri::from_parts(parts)?.to_string())?;
    let user_agent = vec![(USER_AGENT, HeaderValue::from_static("octocrab"))];
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .build();
    // From inside: each layer is put around those before it.
    let client = OctocrabBuilder::new_empty()
        .with_service(Client::builder(TokioExecutor::new()).build(connector))
        .with_layer(&MapErrLayer::new(BoxError::from))
        .with_layer(&AddTokenLayer::new(origin, token))
        .with_layer(&limiter.layer())
        .with_layer(&BaseUriLayer::new(base))
        .with_layer(&ExtraHeadersLayer::new(Arc::new(user_agent)))
        // The token is added below, after the wait.
        .with_auth(AuthState::None)
        .build()?;
    Ok(client)
}
