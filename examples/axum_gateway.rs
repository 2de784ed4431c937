//! A gateway that holds the token and the quota for every program behind one address: calls wait in
//! one queue of bounded length, bodies pass through unread, and errors of the API are handed on
//! decoded.
//!
//! Two programs without a token make 2 calls and then 30 each at once. 38 of these leave at once,
//! 10 wait, and 12 are told when to come back.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Client, Error, ErrorKind, RateLimitMode, Timeouts};
use comfycontrol_emulator::Emulator;
use futures_util::future::join_all;
use http::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, RANGE, RETRY_AFTER, SERVER};
use http::{HeaderName, StatusCode};
use http_body::Body as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::{BoxError, ServiceExt};

/// What a program may say to the API. Its cookies, its address and its connection concern the
/// gateway alone.
const HANDED_ON: [HeaderName; 4] = [ACCEPT, CONTENT_TYPE, IF_NONE_MATCH, RANGE];

/// Hands one call on. Nothing of its body is read before there is a slot, and no more than the API
/// takes: who waits costs a connection, not the size of an upload. What has a body is not sent
/// again.
async fn forward(State(api): State<Client>, call: Request) -> Result<Response, Failed> {
    let (head, body) = call.into_parts();
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::wrap(body)
    };
    let mut call = http::Request::new(body);
    *call.method_mut() = head.method;
    *call.uri_mut() = head.uri;
    for name in HANDED_ON {
        if let Some(value) = head.headers.get(&name) {
            call.headers_mut().insert(name, value.clone());
        }
    }
    let mut response = api.oneshot(call).await?.map(axum::body::Body::new);
    // The API is spoken to over HTTP/2, which has no headers that concern a connection.
    response.headers_mut().remove(SERVER);
    Ok(response)
}

/// Why a call failed: status, message, and when to come back.
struct Failed(StatusCode, String, Option<Duration>);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Api => match error.status() {
                // The token is the gateway's: it is not the program that has to look for another.
                None | Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    StatusCode::BAD_GATEWAY
                }
                Some(status) => status,
            },
            ErrorKind::Rejected => StatusCode::SERVICE_UNAVAILABLE,
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

impl IntoResponse for Failed {
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
        .rate_limit(limiter)
        .timeouts(Timeouts::upload())
        .build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let gateway = Router::new().fallback(forward).with_state(client);
    let gateway =
        axum::serve(listener, gateway).with_graceful_shutdown(async { _ = stopped.await });
    let gateway = tokio::spawn(gateway.into_future());

    let (first, second) = (program(&url)?, program(&url)?);
    let unknown = first
        .get("/v1/nothing")
        .send()
        .await
        .expect_err("there is no such path");
    println!("{unknown}");
    let runner = json!({ "name": "Mine", "endpoint": "https://runner.example" });
    let created = second.post("/v1/runner").json(&runner).send().await?;
    println!("POST /v1/runner -> {}", created.status());
    println!("60 calls at once; those in the queue wait some 12 s");
    let (first, second) = tokio::join!(burst("first", &first), burst("second", &second));

    stop.send(()).map_err(|()| "the gateway has ended")?;
    gateway.await??;
    println!("429s: {}", api.edge().throttled());
    assert_eq!(first + second, 48, "38 at once and 10 from the queue");
    assert_eq!(api.edge().throttled(), 0);
    Ok(())
}

/// A program behind the gateway has neither token nor limit of its own.
fn program(url: &str) -> Result<Client, Error> {
    let settings = Client::builder()
        .base_url(url)
        .without_token()
        .rate_limit(RateLimitMode::Off);
    settings.retry(RetryPolicy::none()).build()
}

/// Sends 30 calls at once; says how many were answered.
async fn burst(name: &str, program: &Client) -> usize {
    let calls = join_all((0..30).map(|_| program.get("/v1/user").send())).await;
    let rejected: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
    let answered = 30 - rejected.len();
    println!(
        "{name} program: {answered} answered, {} rejected",
        rejected.len()
    );
    if let Some(error) = rejected.first() {
        println!("{name} program: {error}");
    }
    answered
}
