//! Which calls may wait, and how long.

use std::time::Duration;

use comfycontrol_rate_limit::RejectedReason::{DeadlinePassed, QueueFull, WouldWaitTooLong};
use comfycontrol_rate_limit::{Deadline, Limiter, Quota, Rejected};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, service_fn};

use super::support::*;

// === how long ===

#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_too_long_is_rejected_at_once_and_told_how_long() {
    let limiter = builder(2).max_wait(25 * SECOND).build();
    spend(&limiter, 2);
    let mut waiting: Vec<_> = (0..4).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut waiting {
        assert_pending!(call.poll());
    }
    // Two windows' worth wait already.
    let error = assert_ready_err!(task::spawn(limiter.acquire()).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert!((3 * WINDOW..3 * WINDOW + SECOND).contains(&error.wait().unwrap_or_default()));
    assert_eq!(limiter.snapshot().rejected(), 1);
    assert_eq!(limiter.snapshot().queued(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_be_in_time_waits_until_its_time_is_up() {
    let limiter = builder(1).max_wait(15 * SECOND).build();
    let _pending = send(&limiter);
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    time::advance(15 * SECOND - MILLISECOND).await;
    assert!(!call.is_woken());
    time::advance(2 * MILLISECOND).await;
    assert!(call.is_woken());
    let error = assert_ready_err!(call.poll());
    assert_eq!(error.reason(), DeadlinePassed);
    assert_eq!(limiter.snapshot().queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_takes_no_slot_along() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let mut first = task::spawn(limiter.acquire());
    let mut hurried = task::spawn(limiter.acquire_until(now() + 2 * WINDOW + SECOND));
    let mut third = task::spawn(limiter.acquire());
    assert_pending!(first.poll());
    assert_pending!(hurried.poll());
    assert_pending!(third.poll());
    time::advance(WINDOW + MILLISECOND).await;
    // Its response comes so late that the second gives up before its turn.
    let flight = assert_ready_ok!(first.poll()).dispatch();
    time::advance(2 * SECOND).await;
    respond(flight);
    time::advance(WINDOW).await;
    assert_eq!(assert_ready_err!(hurried.poll()).reason(), DeadlinePassed);
    assert!(!third.is_woken());
    time::advance(MILLISECOND).await;
    assert!(third.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_burst_just_above_the_quota_is_not_rejected_for_what_is_on_its_way() {
    // Thirty-nine are on their way, one has its response: the 41st waits little more than a window.
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_wait(15 * SECOND)
        .build();
    let flights: Vec<_> = (0..40).map(|_| send(&limiter)).collect();
    let mut flights = flights.into_iter();
    respond(flights.next().unwrap());
    time::advance(MILLISECOND).await;
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    flights.for_each(respond);
    time::advance(11 * SECOND).await;
    assert!(call.is_woken());
    let _permit = assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_travels_with_the_request() {
    let limiter = sliding(1);
    let mut service = limiter.layer().layer(service_fn(ok));
    let mut call = |after: Duration| {
        let mut request = Request::new(());
        request.extensions_mut().insert(Deadline(now() + after));
        task::spawn(service.call(request))
    };
    assert_ready_ok!(call(Duration::ZERO).poll());
    let error = assert_ready_err!(call(10 * SECOND).poll());
    let error: &Rejected = error.downcast_ref().unwrap();
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert!((WINDOW..WINDOW + MILLISECOND).contains(&error.wait().unwrap_or_default()));
    let mut patient = call(11 * SECOND);
    assert_pending!(patient.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert_ready_ok!(patient.poll());
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_deadline_and_longest_wait_counts() {
    for (deadline, wait) in [(20, 12), (12, 20)] {
        let limiter = builder(1).max_wait(wait * SECOND).build();
        let _pending = send(&limiter);
        let mut call = task::spawn(limiter.acquire_until(now() + deadline * SECOND));
        assert_pending!(call.poll());
        time::advance(12 * SECOND + MILLISECOND).await;
        assert_ready_err!(call.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_comes_just_at_the_deadline_comes_in_time() {
    let limiter = sliding(1);
    limiter.pause_for(5 * SECOND);
    let mut call = task::spawn(limiter.acquire_until(now() + 5 * SECOND));
    assert_pending!(call.poll());
    time::advance(5 * SECOND).await;
    assert!(call.is_woken());
    let _permit = assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_sends_nothing_even_if_slots_are_free() {
    let limiter = sliding(1);
    let past = now();
    time::advance(SECOND).await;
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(past)).poll());
    assert_eq!(
        (error.reason(), error.wait().unwrap_or_default()),
        (WouldWaitTooLong, Duration::ZERO)
    );
    assert_eq!(limiter.snapshot().granted(), 0);
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_whatever_their_order() {
    let limiter = sliding(5);
    let _pending: Vec<_> = (0..5).map(|_| send(&limiter)).collect();
    let start = now();
    let mut calls: Vec<_> = [30, 14, 22, 14]
        .map(|after| {
            (
                after,
                task::spawn(limiter.acquire_until(start + after * SECOND)),
            )
        })
        .into();
    for (_, call) in &mut calls {
        assert_pending!(call.poll());
    }
    for second in 13..32 {
        time::advance(start + second * SECOND + MILLISECOND - now()).await;
        for (after, call) in &calls {
            assert_eq!(call.is_woken(), *after <= second, "{after} at {second}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_lost_its_unclaimed_slot_is_still_bound_by_its_deadline() {
    let limiter = sliding(1);
    let (inner, mut handle) = tower_test::mock::pair::<Request<()>, Response<()>>();
    handle.allow(0);
    let mut service = limiter.layer().layer(inner);
    let mut request = Request::new(());
    request
        .extensions_mut()
        .insert(Deadline(now() + 5 * SECOND));
    let mut parked = task::spawn(service.call(request));
    assert_pending!(parked.poll());
    let mut rival = task::spawn(limiter.acquire());
    assert_pending!(rival.poll());
    time::advance(SECOND + MILLISECOND).await;
    let _permit = assert_ready_ok!(rival.poll());

    assert_pending!(parked.poll());
    time::advance(4 * SECOND).await;
    assert!(parked.is_woken());
    let error = assert_ready_err!(parked.poll());
    let error: &Rejected = error.downcast_ref().unwrap();
    assert_eq!(error.reason(), DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_is_certain_too() {
    let limiter = sliding(40);
    throttle(send(&limiter), &[("retry-after", "60")]);
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(now() + 60 * SECOND)).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert_eq!(
        error.wait().unwrap_or_default(),
        60 * SECOND + 500 * MILLISECOND
    );

    // Also for calls that wait already: they learn it at their deadline.
    let mut call = task::spawn(limiter.acquire_until(now() + 61 * SECOND));
    assert_pending!(call.poll());
    limiter.pause_for(100 * SECOND);
    time::advance(61 * SECOND + MILLISECOND).await;
    assert_eq!(assert_ready_err!(call.poll()).reason(), DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn a_pause_by_hand_is_certain_even_while_everything_is_on_its_way() {
    let limiter = sliding(1);
    let _pending = send(&limiter);
    limiter.pause_for(3_600 * SECOND);
    let soon = now() + 1_800 * SECOND;
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(soon)).poll());
    assert_eq!(error.wait().unwrap_or_default(), 3_600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_unclaimed_slot_does_not_make_a_long_wait_certain() {
    let limiter = sliding(1);
    let (inner, mut handle) = tower_test::mock::pair::<Request<()>, Response<()>>();
    handle.allow(0);
    let mut parked = task::spawn(limiter.layer().layer(inner).call(Request::new(())));
    assert_pending!(parked.poll());
    time::advance(5 * SECOND).await;
    let soon = now() + 2 * SECOND;
    let _permit = assert_ready_ok!(task::spawn(limiter.acquire_until(soon)).poll());
}

// === how many ===

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_may() {
    let limiter = builder(1).max_queued(2).build();
    spend(&limiter, 1);
    let mut one = task::spawn(limiter.acquire());
    let mut two = task::spawn(limiter.acquire());
    assert_pending!(one.poll());
    assert_pending!(two.poll());
    let error = assert_ready_err!(task::spawn(limiter.acquire()).poll());
    assert_eq!(error.reason(), QueueFull);
    assert!((3 * WINDOW..3 * WINDOW + SECOND).contains(&error.wait().unwrap_or_default()));
    drop(one);
    let mut three = task::spawn(limiter.acquire());
    assert_pending!(three.poll());
}

#[tokio::test(start_paused = true)]
async fn a_limiter_without_a_queue_serves_at_once_or_not_at_all() {
    let limiter = builder(2).max_queued(0).build();
    spend(&limiter, 2);
    assert_eq!(
        assert_ready_err!(task::spawn(limiter.acquire()).poll()).reason(),
        QueueFull
    );
    time::advance(WINDOW + MILLISECOND).await;
    spend(&limiter, 2);
}
