//! How many retries the budget of a policy allows, and when it allows more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::now;
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::test(start_paused = true)]
async fn ten_retries_and_a_fifth_of_what_succeeded_go_at_once() {
    for (succeeded, retries) in [(0, 10), (4, 10), (5, 11), (9, 11), (10, 12), (100, 30)] {
        assert_eq!(retried(succeeded, [0]).await, [retries]);
    }
}

/// Tower keeps the sum of ten slots, and moves on from slot to slot when it is asked: by one more
/// than it should, unless whole seconds have passed.
#[tokio::test(start_paused = true)]
async fn there_are_ten_more_after_six_to_twenty_seconds() {
    for (every, again) in [
        (500, 11_000),
        (600, 7_200),
        (1_000, 11_000),
        (1_001, 6_006),
        (1_500, 9_000),
        (2_000, 12_000),
        (5_000, 15_000),
        (10_000, 20_000),
        (10_001, 10_001),
    ] {
        let times: Vec<u64> = (0..)
            .map(|n| n * every)
            .take_while(|t| *t <= again)
            .collect();
        let counts = retried(0, times).await;
        let [10, between @ .., 10] = &*counts else {
            panic!("one failure in {every} ms: {counts:?}");
        };
        assert!(between.iter().all(|n| *n == 0), "{every} ms: {counts:?}");
    }
}

// === support ===

/// How many of a hundred failing calls are retried at each of these times, in milliseconds, after
/// so many calls that succeeded.
async fn retried(succeeded: u32, times: impl IntoIterator<Item = u64>) -> Vec<u32> {
    let sent = Arc::new(AtomicU32::new(0));
    let attempts = sent.clone();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::<Unavailable>::new(
            RetryPolicy::new().max_retries(1),
        ))
        .service_fn(move |request: Request<()>| {
            attempts.fetch_add(1, Ordering::Relaxed);
            let succeeds = request.uri() == SUCCEEDS;
            async move {
                if succeeds {
                    Ok(Response::new(String::new()))
                } else {
                    Err(Unavailable)
                }
            }
        });
    for _ in 0..succeeded {
        service.clone().oneshot(get(SUCCEEDS)).await.unwrap();
    }
    let start = now();
    let mut counts = Vec::new();
    for millis in times {
        sleep_until(start + Duration::from_millis(millis)).await;
        sent.store(0, Ordering::Relaxed);
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            calls.spawn(service.clone().oneshot(get("/fails")));
        }
        calls.join_all().await;
        counts.push(sent.load(Ordering::Relaxed) - 100);
    }
    counts
}

const SUCCEEDS: &str = "/succeeds";

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

#[derive(Debug)]
struct Unavailable;

impl Failure for Unavailable {
    fn failure_kind(&self) -> FailureKind {
        FailureKind::MaybeApplied
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
