//! Twenty calls of a generated client at once, to a server that allows ten in a second.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use comfycontrol_emulator::{Edge, Limit, Verdict};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::Token;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::HealthService;
use tower::BoxError;

type Shared = Arc<Mutex<Edge>>;

/// A server of gRPC behind the emulator's edge, its URL, and a token that it takes.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost shell: the edge is told the time of each call"
)]
async fn serve(limit: Limit) -> Result<(Shared, String, Token), BoxError> {
    let mut edge = Edge::new(limit, Instant::now(), SystemTime::now());
    let tokens = edge.tokens_mut().expect("it has tokens");
    let token = Token::parse(tokens.create("recipe", None))?;
    let edge = Arc::new(Mutex::new(edge));
    let judge = edge.clone();
    let health = HealthService::from_health_reporter(tonic_health::server::HealthReporter::new());
    let health = HealthServer::with_interceptor(health, move |request: Request<()>| {
        let mut parts = http::Request::new(()).into_parts().0;
        parts.headers = request.metadata().clone().into_headers();
        let mut edge = judge.lock().expect("it is not poisoned");
        match edge.decide(Instant::now(), IpAddr::V4(Ipv4Addr::LOCALHOST), &parts) {
            Verdict::Admitted => Ok(request),
            Verdict::Throttled { .. } => Err(Status::resource_exhausted("rate limit exceeded")),
            other => Err(Status::unauthenticated(format!("{other:?}"))),
        }
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let server = Server::builder().add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Ok((edge, base, token))
}

#[tokio::test]
async fn twenty_calls_of_tonic_are_not_throttled_and_have_the_token() -> Result<(), BoxError> {
    let window = Duration::from_secs(1);
    let (edge, base, token) = serve(Limit::new(10, window)?).await?;
    let limiter = recipe_tonic::with_grpc_status(Limiter::builder(Quota::new(10, window)?));
    let channel = Channel::from_shared(base.clone())?.connect_lazy();
    let stack = recipe_tonic::stack(channel, &base, &limiter.build(), token)?;
    let client = HealthClient::with_origin(stack, base.parse()?);

    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.check(HealthCheckRequest::default()).await })
        })
        .collect();
    for call in calls {
        call.await??;
    }
    let stats = edge.lock().expect("it is not poisoned").stats();
    assert_eq!((stats.requests(), stats.throttled()), (20, 0));
    Ok(())
}

#[tokio::test]
async fn a_call_that_the_server_throttles_starts_a_cooldown_for_all() -> Result<(), BoxError> {
    let (_edge, base, token) = serve(Limit::new(1, Duration::from_secs(10))?).await?;
    // Another limit than the server's.
    let limiter = recipe_tonic::with_grpc_status(Limiter::builder(Quota::COMFYCONTROL)).build();
    let channel = Channel::from_shared(base.clone())?.connect_lazy();
    let stack = recipe_tonic::stack(channel, &base, &limiter, token)?;
    let mut client = HealthClient::with_origin(stack, base.parse()?);
    client.check(HealthCheckRequest::default()).await?;
    assert_eq!(limiter.snapshot().cooldowns(), 0);
    let throttled = client.check(HealthCheckRequest::default()).await;
    assert_eq!(
        throttled.expect_err("it is the second").code(),
        Code::ResourceExhausted
    );
    assert_eq!(limiter.snapshot().cooldowns(), 1);
    Ok(())
}
