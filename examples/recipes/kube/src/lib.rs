//! A kube client within a rate limit. The page is `README.md`.

use comfycontrol_rate_limit::Limiter;
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider};
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::{Client, Config};
use tower::{BoxError, ServiceBuilder};

/// Creates a client whose clones keep to one limit.
///
/// # Errors
///
/// If the URL of `config` may not have the token, or TLS cannot be set up.
pub fn client(
    config: Config,
    limiter: &Limiter,
    token: impl Into<TokenProvider>,
) -> Result<Client, BoxError> {
    // The URL of a cluster may have a path, an origin has none.
    let mut parts = config.cluster_url.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    let origin = Origin::parse(Uri::from_parts(parts)?.to_string())?;
    let connector = config.rustls_https_connector()?;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer()?)
        .layer(limiter.layer())
        // In place of `config.auth_layer()`.
        .layer(AddTokenLayer::new(origin, token))
        .map_err(BoxError::from)
        .service(legacy::Client::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}
