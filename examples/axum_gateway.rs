//! A gateway that holds the token and the quota for every program behind one address, among the
//! routes of an axum program: calls wait in one queue of bounded length in which each program has
//! turns, bodies are read before a call waits, and a caller that hangs up loses its place.
//!
//! Two programs without a token make 2 calls and then 30 each at once. 38 of these leave at once,
//! 10 wait, and 12 are told when to come back.

use std::time::Duration;

use axum::Router;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Client, Error, RateLimitMode, Timeouts};
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::Gateway;
use futures_util::future::join_all;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token(api.tokens().create("gateway", None))
        .timeouts(Timeouts::upload());
    let gateway = Gateway::builder(client)
        // And one more, which is next.
        .max_queued(9)
        .max_wait(Duration::from_secs(30))
        .build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let gateway = Router::new().fallback_service(gateway);
    let gateway =
        axum::serve(listener, gateway).with_graceful_shutdown(async { _ = stopped.await });
    let gateway = tokio::spawn(gateway.into_future());

    let (first, second) = (program(&url, "first")?, program(&url, "second")?);
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

/// A program behind the gateway has neither token nor limit of its own; it has turns under its
/// name.
fn program(url: &str, name: &str) -> Result<Client, Error> {
    let settings = Client::builder()
        .base_url(url)
        .default_header("x-caller", name)
        .without_token()
        .rate_limit(RateLimitMode::Off);
    settings.retry(RetryPolicy::none()).build()
}

/// Sends 30 calls at once; says how many got a response.
async fn burst(name: &str, program: &Client) -> usize {
    let calls = join_all((0..30).map(|_| program.get("/v1/user").send())).await;
    let rejected: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
    let responded = 30 - rejected.len();
    println!(
        "{name} program: {responded} with a response, {} rejected",
        rejected.len()
    );
    if let Some(error) = rejected.first() {
        println!("{name} program: {error}");
    }
    responded
}
