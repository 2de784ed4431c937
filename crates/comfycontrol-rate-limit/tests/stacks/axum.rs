//! An axum application on a loopback socket: the layer in its state, and around its router.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ::axum::error_handling::HandleErrorLayer;
use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body, routing::get};
use comfycontrol_rate_limit::{Limiter, LimiterBuilder, Rejected};
use comfycontrol_test::{Failed, SECOND, fetch, serve, transport, until, within};
use http::header::{HOST, RETRY_AFTER};
use http::{Request, StatusCode};
use tokio::task::JoinSet;
use tower::{Layer, ServiceBuilder};

use super::support::builder;

#[tokio::test]
async fn a_gateway_keeps_the_quota_for_all_its_callers_together() {
    within(20 * SECOND, async {
        let upstream = Upstream::responding(StatusCode::OK).await;
        let limiter = limiter(3).build();
        let gateway = serve(gateway(&upstream.base, &limiter)).await;
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            calls.spawn(ask(format!("{gateway}/v1/user")));
        }
        let outcomes = calls.join_all().await;
        let with = |status: StatusCode| outcomes.iter().filter(|it| it.0 == status).count();
        assert_eq!(with(StatusCode::OK), 3);
        assert_eq!(with(StatusCode::SERVICE_UNAVAILABLE), 5);
        assert!(outcomes.iter().all(|(status, wait, body)| match *status {
            StatusCode::OK => wait.is_none() && body == "upstream",
            _ => body.starts_with("not sent to keep within the rate limit"),
        }));
        assert_eq!(upstream.asked(), 3);
        assert_eq!(limiter.snapshot().free(), 0);
        // All three have had their responses, so the wait is known by now.
        let (status, wait, _) = ask(format!("{gateway}/v1/user")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(matches!(wait, Some(1..=11)), "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_is_silent_upstream_after_a_429() {
    within(20 * SECOND, async {
        let upstream = Upstream::responding(StatusCode::TOO_MANY_REQUESTS).await;
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
    within(20 * SECOND, async {
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
    within(20 * SECOND, async {
        let limiter = limiter(2).build();
        let limited = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |error: Rejected| {
                rejection(&error)
            }))
            .layer(limiter.layer())
            // A router never fails, so all errors there are those of the layer.
            .map_err(|never: Infallible| -> Rejected { match never {} });
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
        assert_eq!(limiter.snapshot().rejected(), 2);
    })
    .await;
}

// === support ===

/// The gateway, which asks upstream for what it is asked for.
fn gateway(upstream: &str, limiter: &Limiter) -> Router {
    let upstream = upstream.to_owned();
    let aim = move |mut request: Request<Body>| {
        let uri = format!("{upstream}{}", request.uri());
        *request.uri_mut() = uri.parse().expect("a base and a path");
        request.headers_mut().remove(HOST);
        request
    };
    comfycontrol_test::gateway(limiter.layer().layer(transport()), aim, show)
}

fn show(outcome: Result<Response, Failed<Rejected>>) -> Response {
    match outcome {
        Ok(response) => response,
        Err(Failed::Layer(error)) => rejection(&error),
        Err(Failed::Below(error)) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn rejection(error: &Rejected) -> Response {
    let wait = error
        .wait()
        .map(|wait| wait.as_secs_f64().ceil().to_string());
    let wait = wait.map(|wait| [(RETRY_AFTER, wait)]);
    (StatusCode::SERVICE_UNAVAILABLE, wait, error.to_string()).into_response()
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
    async fn responding(status: StatusCode) -> Self {
        Self::new(move || std::future::ready((status, "upstream").into_response())).await
    }

    async fn silent() -> Self {
        Self::new(std::future::pending).await
    }

    async fn new<F>(respond: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send,
    {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = move || {
            counter.fetch_add(1, Relaxed);
            respond()
        };
        let base = serve(Router::new().fallback(count)).await;
        Self { base, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

/// Status, `Retry-After` and body of what is at `url`.
async fn ask(url: String) -> (StatusCode, Option<u64>, String) {
    let response = fetch(Request::get(url).body(Body::empty()).unwrap()).await;
    let wait = response.headers().get(RETRY_AFTER);
    let wait = wait.map(|wait| wait.to_str().unwrap().parse().unwrap());
    (response.status(), wait, response.into_body())
}
