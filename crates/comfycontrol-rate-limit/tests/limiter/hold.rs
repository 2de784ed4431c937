//! Permits that are held too long, or never given back.

use comfycontrol_rate_limit::Limiter;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, service_fn};

use http::Request;

use super::support::*;
use super::traffic::BOTH;

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_forgotten_costs_its_slot_for_good() {
    let limiter = sliding(1);
    std::mem::forget(assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    time::advance(86_400 * SECOND).await;
    assert!(!call.is_woken());
    assert_eq!(limiter.snapshot().next_slot(), None);
}

#[tokio::test(start_paused = true)]
async fn with_a_longest_hold_it_comes_back() {
    for algorithm in BOTH {
        let limiter = builder(2)
            .algorithm(algorithm)
            .max_hold(30 * SECOND)
            .build();
        let start = now();
        for _ in 0..2 {
            std::mem::forget(assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
        }
        assert_eq!(limiter.snapshot().next_slot(), Some(start + 30 * SECOND));
        let mut call = task::spawn(limiter.acquire());
        assert_pending!(call.poll());
        time::advance(30 * SECOND - MILLISECOND).await;
        assert!(!call.is_woken());
        time::advance(2 * MILLISECOND).await;
        assert!(call.is_woken(), "{algorithm:?}");
        respond(assert_ready_ok!(call.poll()).dispatch());
        let seen = limiter.snapshot();
        assert_eq!((seen.in_flight(), seen.granted()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_whether_anybody_waits_or_not() {
    let limiter = builder(1).max_hold(5 * SECOND).max_queued(0).build();
    std::mem::forget(assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
    time::advance(5 * SECOND + MILLISECOND).await;
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    assert_eq!(limiter.snapshot().free(), 0);
    drop(permit);
    assert_eq!(limiter.snapshot().free(), 1);
    std::mem::forget(assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
    time::advance(5 * SECOND + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_used_in_time_is_like_any_other() {
    let limiter = builder(1).max_hold(5 * SECOND).build();
    let mut waiting = task::spawn(limiter.acquire());
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    assert_pending!(waiting.poll());
    time::advance(4 * SECOND).await;
    let flight = permit.dispatch();
    time::advance(60 * SECOND).await;
    assert!(!waiting.is_woken(), "a request on its way is not held");
    respond(flight);
    time::advance(WINDOW + MILLISECOND).await;
    let dropped = assert_ready_ok!(waiting.poll());
    drop(dropped);
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_used_too_late_is_counted_all_the_same() {
    let limiter = builder(2).max_hold(5 * SECOND).build();
    let late = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    time::advance(6 * SECOND).await;
    spend(&limiter, 2);
    respond(late.dispatch());
    let seen = limiter.snapshot();
    assert_eq!((seen.granted(), seen.in_flight(), seen.free()), (3, 0, 0));
    time::advance(WINDOW + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 2);

    // To drop it then gives back nothing twice.
    let late = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    time::advance(6 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 2);
    drop(late);
    assert_eq!(limiter.snapshot().free(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_layer_know_nothing_of_it() {
    let limiter = builder(3).max_hold(SECOND).build();
    let mut service = limiter.layer().layer(service_fn(ok));
    for _ in 0..9 {
        within(YEAR, service.call(Request::new(()))).await.unwrap();
    }
    let seen = limiter.snapshot();
    assert_eq!((seen.granted(), seen.in_flight(), seen.lost()), (9, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_shortest_hold_is_a_second() {
    let limiter = Limiter::builder(quota(1)).max_hold(MILLISECOND).build();
    let _held = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    time::advance(SECOND - MILLISECOND).await;
    assert!(!call.is_woken());
    time::advance(2 * MILLISECOND).await;
    assert!(call.is_woken());
}
