//! A crowd: few polls a call, arrival order, nothing left behind.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Quota, Window};
use http::{Request, Response};
use tokio::task::JoinSet;
use tower::{BoxError, Layer, Service, service_fn};

use super::support::finish;

const CALLS: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn a_crowd_of_permits_is_served_in_order_with_three_polls_each_at_most() {
    for window in [Window::AnyPhase, Window::Sliding] {
        let limiter = Limiter::builder(Quota::COMFYCONTROL).window(window).build();
        serve_a_crowd(&limiter, |limiter: Limiter| async move {
            let flight = limiter.acquire().await.unwrap().dispatch();
            flight.settle(&Response::new(()));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_calls_is_served_in_order_with_three_polls_each_at_most() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    serve_a_crowd(&limiter, |limiter: Limiter| async move {
        let inner = service_fn(async |_| Ok::<_, BoxError>(Response::new(())));
        let mut service = limiter.layer().layer(inner);
        service.call(Request::new(())).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_gives_up_is_gone_at_once() {
    let limiter = Limiter::new(Quota::new(1, Duration::from_secs(60)).unwrap());
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let limiter = limiter.clone();
        calls.spawn(async move {
            let _flight = limiter.acquire().await.unwrap().dispatch();
            std::future::pending::<()>().await;
        });
    }
    // All of them have been polled when the runtime has nothing left to do.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(limiter.snapshot().queued(), CALLS - 1);
    calls.shutdown().await;
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.in_flight()), (0, 0));
    assert_eq!(seen.granted(), 1);
}

// === support ===

async fn serve_a_crowd<F, C>(limiter: &Limiter, call: F)
where
    F: Fn(Limiter) -> C,
    C: Future<Output = ()> + Send + 'static,
{
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let (call, log) = (call(limiter.clone()), log.clone());
        calls.spawn(async move {
            let mut call = pin!(call);
            let mut polls = 0;
            std::future::poll_fn(|cx| {
                polls += 1;
                assert!(polls <= 3, "polled for nothing");
                call.as_mut().poll(cx)
            })
            .await;
            log.lock().unwrap().push((number, polls));
        });
    }
    finish(calls.join_all()).await;
    let log = log.lock().unwrap();
    assert!(
        log.iter().map(|(number, _)| *number).eq(0..CALLS),
        "out of order"
    );
    assert_eq!(log.iter().map(|(_, polls)| *polls).max(), Some(2));
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.in_flight()), (0, 0));
    assert_eq!(seen.granted(), CALLS as u64);
}
