//! What becomes of a slot when its call is dropped, fails or panics.

use comfycontrol_rate_limit::{Limiter, Quota};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, service_fn};

use super::mocked::*;
use super::support::{MILLISECOND, SECOND, WINDOW, builder, sliding};

#[tokio::test(start_paused = true)]
async fn a_call_arrives_when_its_future_is_polled_for_the_first_time() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    let idle = call(&mut service, "idle");
    let mut keen = call(&mut service, "keen");
    assert_pending!(keen.poll());
    assert_eq!(*sent(&mut handle).0.body(), "keen");
    drop(idle);
    assert_eq!(limiter.snapshot().granted(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_calls_that_wait_costs_nothing() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    let mut calls: Vec<_> = (0..100).map(|_| call(&mut service, "ghost")).collect();
    calls.push(call(&mut service, "real"));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    let mut real = calls.pop().unwrap();
    drop(calls);
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(WINDOW + MILLISECOND).await;
    assert!(real.is_woken());
    assert_pending!(real.poll());
    assert_eq!(*sent(&mut handle).0.body(), "real");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_that_was_granted_its_slot_hands_the_slot_on() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    let mut granted = call(&mut service, "granted");
    let mut next = call(&mut service, "next");
    assert_pending!(granted.poll());
    assert_pending!(next.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(granted.is_woken() && !next.is_woken());
    drop(granted);
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn requests_dropped_after_they_left_count_until_they_can_no_longer_arrive() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let (mut service, mut handle) = spawn(&limiter);
    let mut calls: Vec<_> = (0..40).map(|_| call(&mut service, "")).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
        drop(sent(&mut handle));
    }
    drop(calls);
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());

    // A server that receives them a second late counts all forty in the window from then on.
    time::advance(WINDOW + 3 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(SECOND).await;
    assert!(next.is_woken());
    assert_eq!(limiter.snapshot().lost(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_failed_response_proves_nothing_so_its_slot_lingers() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    let mut failing = call(&mut service, "");
    assert_pending!(failing.poll());
    sent(&mut handle).1.send_error("reset");
    assert_ready_err!(failing.poll());
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());

    time::advance(WINDOW + 3 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn slow_endpoints_give_their_slots_back_after_the_longest_way_to_the_server() {
    let limiter = builder(1).max_transit(2 * SECOND).build();
    let (mut service, _handle) = spawn(&limiter);
    let mut never_answered = call(&mut service, "");
    assert_pending!(never_answered.poll());
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());
    time::advance(WINDOW + 2 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_bounded_way_to_the_server_moves_those_who_wait_already() {
    // The permit's holder leaves after the other has begun to wait, and is never answered.
    let limiter = builder(1).max_transit(2 * SECOND).build();
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    let _in_flight = permit.dispatch();
    time::advance(WINDOW + 2 * SECOND + MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_longest_way_has_passed_counts_from_the_answer_on() {
    let limiter = builder(1).max_transit(60 * SECOND).build();
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    time::advance(WINDOW + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_inner_service_panics_counts_as_sent() {
    let limiter = sliding(1);
    let inner =
        service_fn(|_: Req| -> std::future::Ready<Result<Res, BoxError>> { panic!("inner") });
    let mut service = limiter.layer().layer(inner);
    let mut future = call(&mut service, "");
    let poll = std::panic::AssertUnwindSafe(|| future.poll());
    std::panic::catch_unwind(poll).unwrap_err();
    drop(future);
    let seen = limiter.snapshot();
    assert_eq!((seen.lost(), seen.in_flight(), seen.free()), (1, 0, 0));
    time::advance(WINDOW + 3 * SECOND + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}
