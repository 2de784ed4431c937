//! What is sent again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Error, ErrorKind, Multipart, Part, RateLimitMode, Sent};
use comfycontrol_test::now;
use futures_util::stream;
use http::{Method, Response, StatusCode};

use super::support::{builder, client_of, status, transport};

#[tokio::test(start_paused = true)]
async fn a_streamed_post_is_sent_once_and_never_empty() {
    let (client, seen) = client_of(|_| status(503));
    let failed = client
        .post("/v1/workflow")
        .body(Body::from_stream(stream::iter([Ok::<_, io::Error>(
            "payload",
        )])))
        .send()
        .await
        .unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(seen.bodies(), ["payload"]);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_not_replayed_even_after_a_429() {
    let (client, seen) = client_of(|_| status(429));
    let body = Body::from_stream(stream::iter([Ok::<_, io::Error>("payload")]));
    client.put("/x").body(body).send().await.unwrap_err();
    assert_eq!(seen.bodies(), ["payload"]);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_not_repeated_after_a_5xx() {
    for code in [500, 502, 503, 504, 520, 524] {
        let (client, seen) = client_of(move |_| status(code));
        let failed = client.post("/x").body("payload").send().await.unwrap_err();
        assert_eq!(failed.sent(), Sent::Yes);
        assert!(!failed.is_retryable());
        assert_eq!(seen.count(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_call_is_repeated_after_a_5xx() {
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let (client, seen) = client_of(|n| status(if n < 2 { 503 } else { 200 }));
        let response = client
            .request(method.clone(), "/x")
            .body("payload")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(seen.bodies(), ["payload"; 3], "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_end() {
    let (client, seen) = client_of(|_| status(503));
    let failed = client.get("/x").send().await.unwrap_err();
    assert!(failed.is_retryable());
    assert_eq!(seen.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_are_not_repeated() {
    for code in [301, 400, 401, 403, 404, 413, 501, 525] {
        let (client, seen) = client_of(move |_| status(code));
        let failed = client.get("/x").send().await.unwrap_err();
        assert_eq!(failed.status().map(|s| s.as_u16()), Some(code));
        assert_eq!(seen.count(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_replayed_after_a_429_once_the_gate_opens() {
    let began = now();
    let (client, seen) = client_of(|n| status(if n == 0 { 429 } else { 201 }));
    let response = client.post("/x").body("payload").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(seen.bodies(), ["payload"; 2]);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(10), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_says_429_is_believed_in_the_end() {
    let (client, seen) = client_of(|_| status(429));
    let failed = client.get("/x").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::TOO_MANY_REQUESTS));
    assert!(failed.is_retryable());
    assert_eq!(seen.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn without_the_limiter_the_policy_waits_for_the_cooldown() {
    let began = now();
    let (transport, seen) = transport(|n| status(if n == 0 { 429 } else { 200 }));
    let client = builder()
        .rate_limit(RateLimitMode::Off)
        .transport(transport)
        .build()
        .unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(seen.count(), 2);
    assert!(began.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_repeated_for_idempotent_methods_only() {
    for (method, sends) in [(Method::GET, 3), (Method::POST, 1)] {
        let (client, seen) = client_of(|_| {
            Err(Error::transport(io::Error::from(
                io::ErrorKind::ConnectionReset,
            )))
        });
        let failed = client.request(method, "/x").send().await.unwrap_err();
        assert_eq!(
            (failed.kind(), failed.sent()),
            (ErrorKind::Transport, Sent::Maybe)
        );
        assert_eq!(seen.count(), sends);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_repeats_that_help_nobody() {
    let (client, seen) = client_of(|_| status(503));
    for _ in 0..100 {
        client.get("/x").send().await.unwrap_err();
    }
    let repeats = seen.count() - 100;
    // Without a budget each call is repeated twice.
    assert!(repeats < 100, "{repeats} repeats");
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_did_is_not_forgotten() {
    // Whatever it is, it was not sent.
    let unsent = || Err(builder().base_url("none").build().unwrap_err());
    for (first, sent) in [(503, Sent::Yes), (0, Sent::Maybe)] {
        let (client, seen) = client_of(move |n| match (n, first) {
            (0, 0) => Err(Error::transport(io::Error::from(
                io::ErrorKind::ConnectionReset,
            ))),
            (0, code) => status(code),
            _ => unsent(),
        });
        let failed = client.put("/x").send().await.unwrap_err();
        assert_eq!((failed.kind(), failed.sent()), (ErrorKind::Config, sent));
        assert_eq!(seen.count(), 2);
    }
    let (client, _) = client_of(move |_| unsent());
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(failed.sent(), Sent::No);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_admitted_leaves_the_failure_before_it() {
    let limiter = Limiter::builder(Quota::new(1, Duration::from_secs(10)).unwrap())
        .max_wait(Duration::from_secs(1))
        .build();
    let (transport, seen) = transport(|_| status(503));
    let client = builder().rate_limit(limiter).transport(transport);
    let client = client.build().unwrap();
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!((failed.sent(), seen.count()), (Sent::Yes, 1));
    // What was never tried is told as such.
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::Rejected, Sent::No)
    );
}

#[tokio::test(start_paused = true)]
async fn no_retry_comes_before_the_server_wants_it() {
    for (asked, deadline, sends) in [(7, None, 3), (30, None, 3), (31, None, 1), (7, Some(5), 1)] {
        let (client, seen) = client_of(move |_| {
            let response = Response::builder().status(503).header("retry-after", asked);
            Ok(response.body(Body::empty()).unwrap())
        });
        let began = now();
        let mut call = client.get("/x");
        if let Some(deadline) = deadline {
            call = call.timeout(Duration::from_secs(deadline));
        }
        let failed = call.send().await.unwrap_err();
        assert_eq!(failed.retry_after(), Some(Duration::from_secs(asked)));
        assert_eq!(seen.count(), sends, "{asked}");
        let waited = began.elapsed();
        let least = Duration::from_secs(asked) * (sends as u32 - 1);
        assert!(waited >= least && waited <= least + Duration::from_secs(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_of_one_s_own_is_kept() {
    let began = now();
    let (transport, _) = transport(|n| status(if n == 0 { 429 } else { 200 }));
    let policy = RetryPolicy::new().cooldown(Duration::from_secs(1));
    let client = builder()
        .rate_limit(RateLimitMode::Off)
        .retry(policy)
        .transport(transport);
    client.build().unwrap().get("/x").send().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_policy_can_be_replaced() {
    let (transport, seen) = transport(|_| status(503));
    let client = builder()
        .retry(RetryPolicy::none())
        .transport(transport)
        .build()
        .unwrap();
    client.get("/x").send().await.unwrap_err();
    assert_eq!(seen.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_again_whole_and_its_progress_ends_at_100_percent() {
    let (client, seen) = client_of(|n| status(if n == 0 { 429 } else { 200 }));
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    let part = Part::bytes("graph")
        .file_name("g.json")
        .on_progress(move |n| {
            tell.fetch_add(n as usize, Ordering::Relaxed);
        });
    client
        .post("/x")
        .multipart(Multipart::new().part("workflow_json", part))
        .send()
        .await
        .unwrap();
    let bodies = seen.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0].contains("graph"));
    // It is sent twice and shown once: no bar runs over its end.
    assert_eq!(told.load(Ordering::Relaxed), 5);
}
