//! The handle: used without tower, looked at, paused manually.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use comfycontrol_rate_limit::Limiter;
use comfycontrol_rate_limit::RejectedReason::WouldWaitTooLong;
use http::{HeaderMap, StatusCode};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};

use super::support::*;

// === without tower ===

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_dropped_gives_its_slot_to_the_next() {
    let limiter = sliding(1);
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    drop(permit);
    assert!(next.is_woken());
    let _permit = assert_ready_ok!(next.poll());
    let seen = limiter.snapshot();
    assert_eq!((seen.granted(), seen.waited()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_be_settled_by_its_parts() {
    let limiter = sliding(1);
    send(&limiter).settle_parts(StatusCode::OK, &HeaderMap::new());
    assert_eq!(limiter.snapshot().throttled(), 0);
    time::advance(WINDOW + MILLISECOND).await;
    send(&limiter).settle_parts(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new());
    assert_eq!(limiter.snapshot().throttled(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_weak_handle_lets_the_limiter_go() {
    let limiter = sliding(1);
    let weak = limiter.downgrade();
    assert!(
        weak.upgrade()
            .is_some_and(|same| same.same_limiter(&limiter))
    );
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    drop(limiter);
    assert!(weak.upgrade().is_some(), "a permit keeps it");
    drop(permit);
    assert!(weak.upgrade().is_none());
}

#[test]
fn needs_no_runtime_while_nobody_waits() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(now() + SECOND)).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
}

#[test]
#[should_panic(expected = "runtime")]
fn to_wait_outside_a_runtime_panics() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    _ = task::spawn(limiter.acquire()).poll();
}

#[test]
fn a_panic_for_want_of_a_runtime_leaves_nothing_behind() {
    let limiter = sliding(1);
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let waiter = limiter.clone();
    let panic = std::panic::catch_unwind(AssertUnwindSafe(move || {
        _ = task::spawn(waiter.acquire()).poll();
    }));
    panic.unwrap_err();
    assert_eq!(limiter.snapshot().queued(), 0);
    drop(permit);
    spend(&limiter, 1);
}

// === the handle ===

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_what_there_is_and_consumes_nothing() {
    let limiter = sliding(3);
    let start = now();
    for _ in 0..10 {
        assert_eq!(limiter.snapshot().free(), 3);
        assert_eq!(limiter.snapshot().next_slot(), Some(start));
    }
    let flight = send(&limiter);
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let seen = limiter.snapshot();
    assert_eq!(
        (seen.limit(), seen.free(), seen.in_flight(), seen.granted()),
        (3, 1, 2, 2)
    );
    respond(flight);
    drop(permit);
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.granted()), (2, 0, 1));
    spend(&limiter, 2);
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.queued(), seen.waited()), (0, 1, 1));
    let next = seen.next_slot().unwrap() - start;
    assert!((WINDOW..WINDOW + MILLISECOND).contains(&next));
    assert_eq!(seen.paused_until(), None);
}

#[tokio::test(start_paused = true)]
async fn no_next_slot_is_promised_while_everything_is_on_its_way() {
    let limiter = sliding(1);
    let flight = send(&limiter);
    assert_eq!(limiter.snapshot().next_slot(), None);
    respond(flight);
    assert!(limiter.snapshot().next_slot().is_some());
}

#[tokio::test(start_paused = true)]
async fn paused_by_hand_nothing_leaves_and_those_who_wait_go_on_waiting() {
    let limiter = sliding(2);
    let start = now();
    limiter.pause_for(5 * SECOND);
    limiter.pause_for(SECOND); // does not shorten it
    let seen = limiter.snapshot();
    assert_eq!(
        (seen.free(), seen.paused_until()),
        (0, Some(start + 5 * SECOND))
    );
    let mut calls = [0, 1].map(|_| task::spawn(limiter.acquire()));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(4 * SECOND).await;
    limiter.pause_for(3 * SECOND);
    time::advance(3 * SECOND - MILLISECOND).await;
    assert!(calls.iter().all(|call| !call.is_woken()));
    time::advance(2 * MILLISECOND).await;
    // Nothing was throttled, so no call needs to probe.
    assert!(calls.iter().all(|call| call.is_woken()));
}

#[tokio::test(start_paused = true)]
async fn the_longest_pause_is_bounded() {
    let limiter = sliding(1);
    limiter.pause_for(Duration::MAX);
    let until = limiter.snapshot().paused_until().unwrap();
    assert_eq!(until - now(), Limiter::MAX_PAUSE);
}

#[test]
fn nothing_that_is_shown_is_unbounded() {
    let limiter = sliding(1);
    let builder = format!("{:?}", builder(1));
    let shown = format!(
        "{limiter:?} {:?} {:?} {builder}",
        limiter.downgrade(),
        limiter.layer()
    );
    assert!(shown.len() < 1_000, "{shown}");
}
