//! How long a call may wait, and for what.

use std::io;
use std::time::Duration;

use comfycontrol::timeout::TimeoutKind;
use comfycontrol::{Applied, Body, Client, ErrorKind, RateLimitMode, Sent, TimedOut};
use comfycontrol_test::now;
use futures_util::stream;
use http::{Response, StatusCode};
use tokio::task::JoinSet;

use super::support::{Outcome, builder, client_of, status, transport};

#[tokio::test(start_paused = true)]
async fn a_429_that_asks_for_an_hour_is_given_back_at_once_with_the_time() {
    for off in [false, true] {
        let (transport, seen) = transport(|_| asking(429, 3_600));
        let mut client = builder().transport(transport);
        if off {
            client = client.rate_limit(RateLimitMode::Off);
        }
        let client = client.build().unwrap();
        let began = now();
        let failed = client.post("/x").send().await.unwrap_err();
        assert_eq!(failed.status(), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(failed.retry_after(), Some(Duration::from_secs(3_600)));
        assert_eq!(seen.count(), 1);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_server_asks_for_holds_the_next_call_back_for_five_minutes_at_most() {
    let (client, seen) = client_of(|n| match n {
        0 => asking(429, 86_400),
        _ => status(200),
    });
    client.get("/x").send().await.unwrap_err();
    let began = now();
    client.get("/x").send().await.unwrap();
    assert_eq!(seen.count(), 2);
    let waited = began.elapsed();
    assert!(waited <= Duration::from_secs(301), "{waited:?}");
    // One that may not wait is told so at once.
    let (client, _) = client_of(|_| asking(429, 86_400));
    client.get("/x").send().await.unwrap_err();
    let began = now();
    let hasty = client.get("/x").timeout(Duration::from_secs(60));
    let rejected = hasty.send().await.unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::Rejected);
    assert!(rejected.retry_after() >= Some(Duration::from_secs(300)));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn without_the_limiter_two_hundred_throttled_calls_do_not_come_back_in_step() {
    let (transport, seen) = transport(|n| status(if n < 200 { 429 } else { 200 }));
    let client = builder()
        .rate_limit(RateLimitMode::Off)
        .transport(transport);
    let client = client.build().unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let client = client.clone();
        calls.spawn(async move {
            let result = client.get("/x").send().await;
            (result.is_ok(), now())
        });
    }
    let again = calls.join_all().await.into_iter().filter(|(ok, _)| *ok);
    let ends: std::collections::HashSet<_> = again.map(|(_, at)| at).collect();
    // What the budget has, spread.
    assert_eq!(seen.count(), 210);
    assert!(ends.len() > 5, "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_with_no_time_sends_nothing() {
    let (client, seen) = client_of(|_| status(200));
    let failed = client.post("/x").timeout(Duration::ZERO).send().await;
    let failed = failed.unwrap_err();
    assert!(failed.is_timeout());
    let passed = failed.as_cause::<TimedOut>().unwrap();
    assert_eq!(passed.kind(), TimeoutKind::Total);
    assert_eq!((failed.sent(), failed.applied()), (Sent::No, Applied::No));
    assert_eq!(seen.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_drips_has_an_end() {
    let (client, _) = client_of(|_| {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let began = now();
    let response = client.post("/x").send().await.unwrap();
    let failed = response.text().await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(600));
    assert!(failed.is_timeout());
    assert_eq!((failed.sent(), failed.applied()), (Sent::Yes, Applied::Yes));
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_ten_thousand_is_served_to_its_end() {
    let (client, seen) = client_of(|_| status(200));
    let mut calls = JoinSet::new();
    for _ in 0..10_000 {
        let client: Client = client.clone();
        calls.spawn(async move { client.get("/x").send().await.map(drop) });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(seen.count(), 10_000);
}

// === support ===

fn asking(code: u16, seconds: u64) -> Outcome {
    let response = Response::builder().status(code);
    let response = response.header("retry-after", seconds);
    Ok(response.body(Body::empty()).unwrap())
}
