//! An axum application on a loopback socket: the layer in its state, and around its router.

use std::convert::Infallible;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use ::axum::error_handling::HandleErrorLayer;
use ::axum::extract::State;
use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body, routing::get};
use comfycontrol_rate_limit::{Limiter, LimiterBuilder, NotAdmitted, RateLimit};
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::util::MapErr;
use tower::{Layer, ServiceBuilder, ServiceExt};

use super::support::builder;

#[tokio::test]
async fn a_gateway_keeps_the_quota_for_all_its_callers_together() {
    bounded(async {
        let upstream = Upstream::answering(StatusCode::OK).await;
        let limiter = limiter(3).build();
        let gateway = serve(gateway(&upstream.base, &limiter)).await;
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            calls.spawn(ask(format!("{gateway}/v1/user")));
        }
        let answers = calls.join_all().await;
        let answered = |status: StatusCode| answers.iter().filter(|it| it.0 == status).count();
        assert_eq!(answered(StatusCode::OK), 3);
        assert_eq!(answered(StatusCode::SERVICE_UNAVAILABLE), 5);
        assert!(answers.iter().all(|(status, wait, body)| match *status {
            StatusCode::OK => wait.is_none() && body == "upstream",
            _ => body.starts_with("not sent to keep within the rate limit"),
        }));
        assert_eq!(upstream.asked(), 3);
        assert_eq!(limiter.snapshot().free(), 0);
        // All three have been answered, so the wait is known by now.
        let (status, wait, _) = ask(format!("{gateway}/v1/user")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(matches!(wait, Some(1..=11)), "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_is_silent_upstream_after_a_429() {
    bounded(async {
        let upstream = Upstream::answering(StatusCode::TOO_MANY_REQUESTS).await;
        let limiter = limiter(3).build();
        let gateway = serve(gateway(&upstream.base, &limiter)).await;
        let (status, ..) = ask(format!("{gateway}/")).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "it is handed on");
        for _ in 0..5 {
            let (status, ..) = ask(format!("{gateway}/")).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(upstream.asked(), 1);
        assert_eq!(limiter.snapshot().cooldowns(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_a_slot_that_lingers() {
    bounded(async {
        let upstream = Upstream::silent().await;
        let limiter = limiter(1).build();
        let gateway = serve(gateway(&upstream.base, &limiter)).await;
        let caller = tokio::spawn(ask(format!("{gateway}/")));
        until(|| upstream.asked() == 1).await;
        caller.abort();
        until(|| limiter.snapshot().lost() == 1).await;
        let seen = limiter.snapshot();
        assert_eq!((seen.free(), seen.in_flight()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn around_a_router_it_limits_all_routes_together() {
    bounded(async {
        let limiter = limiter(2).build();
        let limited = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |error: NotAdmitted| {
                refusal(&error)
            }))
            .layer(limiter.layer())
            // A router never fails, so all errors there are those of the layer.
            .map_err(|never: Infallible| -> NotAdmitted { match never {} });
        let router = Router::new()
            .route("/one", get(async || "one"))
            .route("/two", get(async || "two"))
            .layer(limited)
            .route("/free", get(async || "free"));
        let base = serve(router).await;
        assert_eq!(ask(format!("{base}/one")).await.2, "one");
        assert_eq!(ask(format!("{base}/two")).await.2, "two");
        for path in ["one", "two"] {
            let (status, wait, _) = ask(format!("{base}/{path}")).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(matches!(wait, Some(1..=11)), "{wait:?}");
        }
        assert_eq!(ask(format!("{base}/free")).await.2, "free");
        assert_eq!(limiter.snapshot().not_admitted(), 2);
    })
    .await;
}

// === support ===

/// All that a call upstream can fail with.
enum Failed {
    NotAdmitted(NotAdmitted),
    Transport(Error),
}

impl From<NotAdmitted> for Failed {
    fn from(error: NotAdmitted) -> Self {
        Self::NotAdmitted(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::NotAdmitted(error) => refusal(&error),
            Self::Transport(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}

fn refusal(error: &NotAdmitted) -> Response {
    let wait = error
        .wait()
        .map(|wait| wait.as_secs_f64().ceil().to_string());
    let wait = wait.map(|wait| [(RETRY_AFTER, wait)]);
    (StatusCode::SERVICE_UNAVAILABLE, wait, error.to_string()).into_response()
}

type Transport = MapErr<Client<HttpConnector, Body>, fn(Error) -> Failed>;

#[derive(Clone)]
struct Api {
    base: String,
    client: RateLimit<Transport>,
}

async fn forward(State(api): State<Api>, mut request: Request<Body>) -> Result<Response, Failed> {
    let uri = format!("{}{}", api.base, request.uri());
    *request.uri_mut() = uri.parse().expect("a base and a path");
    request.headers_mut().remove(http::header::HOST);
    Ok(api.client.oneshot(request).await?.into_response())
}

fn gateway(base: &str, limiter: &Limiter) -> Router {
    let transport = MapErr::new(client(), Failed::Transport as fn(Error) -> Failed);
    let client = limiter.layer().layer(transport);
    let base = base.to_owned();
    Router::new()
        .fallback(forward)
        .with_state(Api { base, client })
}

fn limiter(requests: u32) -> LimiterBuilder {
    builder(requests).max_queued(0)
}

/// What the gateway talks to.
struct Upstream {
    base: String,
    asked: Arc<AtomicUsize>,
}

impl Upstream {
    async fn answering(status: StatusCode) -> Self {
        Self::new(move || std::future::ready((status, "upstream").into_response())).await
    }

    async fn silent() -> Self {
        Self::new(std::future::pending).await
    }

    async fn new<F>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send,
    {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = move || {
            counter.fetch_add(1, Relaxed);
            answer()
        };
        let base = serve(Router::new().fallback(count)).await;
        Self { base, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

/// Serves on loopback until the test ends; its base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    base
}

fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Status, `Retry-After` and body of what is at `url`.
async fn ask(url: String) -> (StatusCode, Option<u64>, String) {
    let response = client().get(url.parse().unwrap()).await.unwrap();
    let wait = response.headers().get(RETRY_AFTER);
    let wait = wait.map(|wait| wait.to_str().unwrap().parse().unwrap());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, wait, String::from_utf8_lossy(&body).into())
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Fails instead of hanging.
async fn bounded(test: impl Future<Output = ()>) {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, test).await.expect("it hangs");
}
