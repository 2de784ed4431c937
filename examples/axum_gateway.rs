//! A gateway that holds the token and the quota for every program behind one address: calls wait in
//! one queue of bounded length, and what the API refuses is handed on decoded.
//!
//! Two programs without a token send 30 calls each: 40 leave at once, 10 wait, and 10 are told when
//! to come back.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Client, Error, ErrorKind};
use comfycontrol_emulator::Emulator;
use futures_util::future::join_all;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::{BoxError, ServiceExt};

const MAX_BODY: usize = 50 * 1024 * 1024;

/// Hands one call on. Its body is read first, so that it can be sent again after a 429.
async fn forward(
    State(api): State<Client>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let mut call = Request::new(Body::from(body));
    *call.method_mut() = method;
    *call.uri_mut() = uri;
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        call.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    Ok(api.oneshot(call).await?.map(axum::body::Body::new))
}

/// Why a program gets no answer: status, message, and when to come back.
struct Refused(StatusCode, String, Option<Duration>);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Api => error.status().unwrap_or(StatusCode::BAD_GATEWAY),
            ErrorKind::NotAdmitted => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Request => StatusCode::BAD_REQUEST,
            ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        let message = match error.as_api() {
            Some(api) => api.message().to_owned(),
            None => error.to_string(),
        };
        Self(status, message, error.retry_after())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, message, wait) = self;
        let body = Json(json!({ "status": status.as_u16(), "message": message }));
        let wait = wait.map(|wait| [(RETRY_AFTER, wait.as_secs_f64().ceil().to_string())]);
        (status, wait, body).into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_queued(10)
        .max_wait(Duration::from_secs(30))
        .build();
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token(api.tokens().create("gateway", None))
        .limiter(limiter)
        .build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let gateway = Router::new().fallback(forward).with_state(client);
    let gateway = axum::serve(listener, gateway.layer(DefaultBodyLimit::max(MAX_BODY)));
    let gateway = gateway.with_graceful_shutdown(async { _ = stopped.await });
    let gateway = tokio::spawn(gateway.into_future());

    // A program behind the gateway has neither token nor limit of its own.
    let program = Client::builder().base_url(&url).without_token().no_limit();
    let program = program.retry(RetryPolicy::none()).build()?;
    let unknown = program
        .get("/v1/nothing")
        .send()
        .await
        .expect_err("there is no such path");
    println!("{unknown}");
    let runner = json!({ "name": "Mine", "endpoint": "https://runner.example" });
    let created = program.post("/v1/runner").json(&runner).send().await?;
    println!("POST /v1/runner -> {}", created.status());
    println!("60 calls at once; those in the queue wait some 12 s");
    let (first, second) = tokio::join!(burst("first", &program), burst("second", &program));

    stop.send(()).map_err(|()| "the gateway has ended")?;
    gateway.await??;
    println!("429s: {}", api.edge().refused());
    assert_eq!(first + second, 48, "38 at once and 10 from the queue");
    assert_eq!(api.edge().refused(), 0);
    Ok(())
}

/// Sends 30 calls at once; says how many were answered.
async fn burst(name: &str, program: &Client) -> usize {
    let calls = join_all((0..30).map(|_| program.get("/v1/user").send())).await;
    let refused: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
    let answered = 30 - refused.len();
    println!(
        "{name} program: {answered} answered, {} refused",
        refused.len()
    );
    if let Some(error) = refused.first() {
        println!("{name} program: {error}");
    }
    answered
}
