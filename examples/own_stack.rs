//! The three layers in a tower stack of one's own, over a hyper-util client that speaks TLS: once with
//! boxed errors, once with an enum.
//!
//! From outside: errors are decoded last, so that the limiter has seen the status of a 429; the token
//! is added last, so that it has not aged in the queue.

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::api_error::{ApiError, DecodeErrorLayer};
use comfycontrol::rate_limit::{Limiter, NotAdmitted, Quota};
use comfycontrol::token::{AddTokenLayer, Origin, Token, TokenWithheld};
use comfycontrol_emulator::Emulator;
use http::Request;
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as HyperError};
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// All that can go wrong in the stack. Each layer asks only for the `From` of its own error.
#[derive(Debug)]
enum CallFailed {
    Api(ApiError),
    Http(HyperError),
    NotAdmitted(NotAdmitted),
    TokenWithheld(TokenWithheld),
}

impl From<ApiError> for CallFailed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<NotAdmitted> for CallFailed {
    fn from(error: NotAdmitted) -> Self {
        Self::NotAdmitted(error)
    }
}

impl From<TokenWithheld> for CallFailed {
    fn from(error: TokenWithheld) -> Self {
        Self::TokenWithheld(error)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let token = Token::parse(api.tokens().create("own stack", None))?;
    let add_token = AddTokenLayer::new(Origin::parse(api.https_url())?, token);
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_wait(Duration::from_secs(5))
        .build();
    let https = https(api.ca_der())?;
    let transport = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(https);

    let boxed = ServiceBuilder::new()
        .layer(DecodeErrorLayer::new())
        .layer(limiter.layer())
        // A slot is taken for as long as the answer is awaited, so something has to end that. Its
        // time begins when the slot is there.
        .timeout(Duration::from_secs(30))
        .layer(add_token.clone())
        .map_err(BoxError::from)
        .service(transport.clone());
    let answer = boxed.clone().oneshot(get(&api, "/v1/user")?).await?;
    let (status, version) = (answer.status(), answer.version());
    println!("boxed: GET /v1/user -> {status} over {version:?}");
    let error = boxed.oneshot(get(&api, "/v1/nothing")?).await;
    let error = error.expect_err("there is no such path");
    let error = error.downcast::<ApiError>()?;
    println!("boxed: GET /v1/nothing -> {error}");

    // The same limiter: the API counts by address, whatever stack a request has come through. There
    // is no timeout here because tower's boxes its errors.
    let typed = ServiceBuilder::new()
        .layer(DecodeErrorLayer::new())
        .layer(limiter.layer())
        .layer(add_token)
        .map_err(CallFailed::Http)
        .service(transport);
    let without_host = Request::get("/v1/user").body(Empty::new())?;
    tell(&typed.clone().oneshot(without_host).await.map(drop));
    let without_tls = Request::get("http://localhost/").body(Empty::new())?;
    tell(&typed.clone().oneshot(without_tls).await.map(drop));
    // Neither was sent, but that was found out below the limiter: each has had its slot.
    assert_eq!(limiter.snapshot().lost(), 2);
    let unknown = get(&api, "/v1/nothing")?;
    tell(&typed.clone().oneshot(unknown).await.map(drop));

    for _ in 0..limiter.snapshot().free() {
        let answer = typed.clone().oneshot(get(&api, "/v1/user")?).await;
        assert!(answer.is_ok(), "there was a slot for it");
    }
    let refused = typed.oneshot(get(&api, "/v1/user")?).await.map(drop);
    tell(&refused);
    assert!(matches!(refused, Err(CallFailed::NotAdmitted(_))));

    println!("429s: {}", api.edge().refused());
    assert_eq!(api.edge().refused(), 0, "the limiter prevents them");
    Ok(())
}

/// TLS with HTTP/2, where the server has it. The emulator has a certificate authority of its own; for
/// the real API `with_platform_verifier()` stands in place of `with_tls_config(..)`.
fn https(authority: &[u8]) -> Result<HttpsConnector<HttpConnector>, BoxError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.into())?;
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_all_versions()
        .build())
}

fn get(api: &Emulator, path: &str) -> Result<Request<Empty<Bytes>>, http::Error> {
    Request::get(format!("{}{path}", api.https_url())).body(Empty::new())
}

/// No downcast, and the compiler sees to it that no case is forgotten.
fn tell(outcome: &Result<(), CallFailed>) {
    match outcome {
        Ok(()) => println!("typed: answered"),
        Err(CallFailed::Api(error)) => println!("typed: the API says {:?}: {error}", error.kind()),
        Err(CallFailed::Http(error)) => println!("typed: no answer: {}", with_causes(error)),
        Err(CallFailed::NotAdmitted(error)) => println!("typed: {}", with_causes(error)),
        Err(CallFailed::TokenWithheld(error)) => println!("typed: {}", with_causes(error)),
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |&error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
