//! A crowd: few polls a call, arrival order, nothing left behind.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, task};
use tower::{BoxError, Layer, Service, service_fn};

use super::support::*;
use super::traffic::*;

const CALLS: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn a_crowd_of_permits_is_served_in_order_with_three_polls_each_at_most() {
    for algorithm in [Algorithm::Strict, Algorithm::SlidingLog] {
        let limiter = Limiter::builder(Quota::COMFYCONTROL)
            .algorithm(algorithm)
            .build();
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
    time::sleep(Duration::from_millis(1)).await;
    assert_eq!(limiter.snapshot().queued(), CALLS - 1);
    calls.shutdown().await;
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.in_flight()), (0, 0));
    assert_eq!(seen.granted(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_waited_is_counted_again_before_it_goes() {
    for algorithm in BOTH {
        let (limiter, log) = (limiter(4, algorithm), Log::default());
        let tasks = call_at_once(&limiter, 100, Duration::ZERO, &log);
        within(YEAR, tasks.join_all()).await;
        assert_eq!(log.lock().unwrap().len(), 100);
        assert!(most_in_a_window(&log) <= 4, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn newcomers_starve_nobody() {
    let limiter = sliding(2);
    (0..2).for_each(|_| respond(send(&limiter)));
    let mut waiting: Vec<_> = (0..6)
        .map(|_| Some(task::spawn(limiter.acquire())))
        .collect();
    for call in waiting.iter_mut().flatten() {
        assert_pending!(call.poll());
    }
    for window in 1..=3 {
        for _ in 0..11 {
            // Polled as often as it can be, before any waiting call.
            let mut newcomer = task::spawn(limiter.acquire());
            assert_pending!(newcomer.poll());
            time::advance(WINDOW / 11 + MILLISECOND).await;
            assert_pending!(newcomer.poll());
        }
        for call in waiting.iter_mut().take(2 * window).skip(2 * (window - 1)) {
            let permit = within(YEAR, call.take().unwrap()).await.unwrap();
            respond(permit.dispatch());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_comes_back_after_a_429_keeps_its_order() {
    const CROWD: u32 = 50_000;
    let limiter = sliding(CROWD + 1);
    let throttled = send(&limiter);
    limiter.pause_for(SECOND);
    let mut calls: Vec<_> = (0..CROWD).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(SECOND + MILLISECOND).await;
    assert!(calls.iter().all(|call| call.is_woken()));
    throttle(throttled, &[]);
    // None of them has taken its slot up. If each looked through the others for its place, this
    // would take minutes.
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    // The one that came first goes first.
    time::advance(PAUSE).await;
    assert!(calls[0].is_woken());
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
    within(YEAR, calls.join_all()).await;
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
