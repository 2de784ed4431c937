//! The three layers in a tower stack of one's own, over a plain hyper-util client: once with boxed
//! errors, once with an enum.

use std::time::Duration;

use bytes::Bytes;
use comfycontrol::api_error::{ApiError, DecodeErrorLayer};
use comfycontrol::rate_limit::{Limiter, NotAdmitted, Quota};
use comfycontrol::token::{AddTokenLayer, Origin, Token, TokenWithheld};
use comfycontrol_emulator::Emulator;
use http::Request;
use http_body_util::Empty;
use hyper_util::client::legacy::{Client, Error as HyperError};
use hyper_util::rt::TokioExecutor;
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
    let add_token = AddTokenLayer::new(Origin::parse(api.http_url())?, token);
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_wait(Duration::from_secs(5))
        .build();
    let transport = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();

    let boxed = ServiceBuilder::new()
        .layer(DecodeErrorLayer::new())
        .layer(limiter.layer())
        .layer(add_token.clone())
        .map_err(BoxError::from)
        .service(transport.clone());
    let answer = boxed.clone().oneshot(get(&api, "/v1/user")?).await?;
    println!("boxed: GET /v1/user -> {}", answer.status());
    let error = boxed.oneshot(get(&api, "/v1/nothing")?).await;
    let error = error.expect_err("there is no such path");
    let error = error.downcast::<ApiError>()?;
    println!("boxed: GET /v1/nothing -> {error}");

    // The same limiter: the API counts by address, whatever stack a request has come through.
    let typed = ServiceBuilder::new()
        .layer(DecodeErrorLayer::new())
        .layer(limiter.layer())
        .layer(add_token)
        .map_err(CallFailed::Http)
        .service(transport);
    let without_host = Request::get("/v1/user").body(Empty::new())?;
    tell(typed.clone().oneshot(without_host).await.map(drop));
    let elsewhere = Request::get("http://127.0.0.1:1/").body(Empty::new())?;
    tell(typed.clone().oneshot(elsewhere).await.map(drop));
    tell(
        typed
            .clone()
            .oneshot(get(&api, "/v1/nothing")?)
            .await
            .map(drop),
    );
    for _ in 0..limiter.snapshot().free() {
        typed.clone().oneshot(get(&api, "/v1/user")?).await.ok();
    }
    let refused = typed.oneshot(get(&api, "/v1/user")?).await;
    assert!(matches!(refused, Err(CallFailed::NotAdmitted(_))));
    tell(refused.map(drop));

    println!("429s: {}", api.edge().refused());
    assert_eq!(api.edge().refused(), 0, "the limiter prevents them");
    Ok(())
}

fn get(api: &Emulator, path: &str) -> Result<Request<Empty<Bytes>>, http::Error> {
    Request::get(format!("{}{path}", api.http_url())).body(Empty::new())
}

/// No downcast, and the compiler sees to it that no case is forgotten.
fn tell(outcome: Result<(), CallFailed>) {
    match outcome {
        Ok(()) => println!("typed: answered"),
        Err(CallFailed::Api(error)) => println!("typed: the API says {:?}: {error}", error.kind()),
        Err(CallFailed::Http(error)) => println!("typed: below HTTP: {error}"),
        Err(CallFailed::NotAdmitted(error)) => println!("typed: {error}"),
        Err(CallFailed::TokenWithheld(error)) => println!("typed: {error}"),
    }
}
