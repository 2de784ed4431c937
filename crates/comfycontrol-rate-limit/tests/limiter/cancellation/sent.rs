//! Requests that have left and get no response, or a late one: how long their slots stay taken.

use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_test::{arrived, next_request};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, service_fn};

use crate::mocked::*;
use crate::support::{MILLISECOND, SECOND, WINDOW, builder, sliding};

#[tokio::test(start_paused = true)]
async fn requests_dropped_after_they_left_count_until_they_can_no_longer_arrive() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let (mut service, mut handle) = spawn(&limiter);
    let mut calls: Vec<_> = (0..40).map(|_| call(&mut service, "")).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
        drop(next_request(&mut handle));
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
    arrived(&mut handle).send_error("reset");
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
    let mut without_response = call(&mut service, "");
    assert_pending!(without_response.poll());
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());
    time::advance(WINDOW + 2 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_bounded_way_to_the_server_moves_those_who_wait_already() {
    // The permit's holder leaves after the other has begun to wait, and its response never comes.
    let limiter = builder(1).max_transit(2 * SECOND).build();
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    let _in_flight = permit.dispatch();
    time::advance(WINDOW + 2 * SECOND + MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_response_before_the_longest_way_has_passed_counts_from_there_on() {
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
