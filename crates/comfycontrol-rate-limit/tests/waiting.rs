//! Who may wait and how long, and the handle: looked at, closed by hand, retuned, used without tower.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use comfycontrol_rate_limit::NotAdmittedReason::{DeadlinePassed, QueueFull, WouldWaitTooLong};
use comfycontrol_rate_limit::{
    Deadline, InFlight, Limiter, LimiterBuilder, NotAdmitted, Permit, Quota, Window,
};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::{self, Instant};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, service_fn};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

// === how long ===

#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_too_long_is_refused_at_once_and_told_how_long() {
    let limiter = sliding(2).max_wait(25 * SECOND).build();
    spend(&limiter, 2);
    let mut waiting: Vec<_> = (0..4).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut waiting {
        assert_pending!(call.poll());
    }
    // Two windows' worth wait already.
    let error = assert_ready_err!(task::spawn(limiter.acquire()).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert!((3 * WINDOW..3 * WINDOW + SECOND).contains(&error.wait()));
    assert_eq!(limiter.snapshot().not_admitted(), 1);
    assert_eq!(limiter.snapshot().queued(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_be_in_time_waits_until_its_time_is_up() {
    let limiter = sliding(1).max_wait(15 * SECOND).build();
    let _unanswered = use_slot(&limiter);
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
    let limiter = sliding(1).build();
    spend(&limiter, 1);
    let mut first = task::spawn(limiter.acquire());
    let mut hurried = task::spawn(limiter.acquire_until(now() + 2 * WINDOW + SECOND));
    let mut third = task::spawn(limiter.acquire());
    assert_pending!(first.poll());
    assert_pending!(hurried.poll());
    assert_pending!(third.poll());
    time::advance(WINDOW + MILLISECOND).await;
    // Answered so late that the second gives up before its turn.
    let flight = assert_ready_ok!(first.poll()).dispatch();
    time::advance(2 * SECOND).await;
    settle(flight);
    time::advance(WINDOW).await;
    assert_eq!(assert_ready_err!(hurried.poll()).reason(), DeadlinePassed);
    assert!(!third.is_woken());
    time::advance(MILLISECOND).await;
    assert!(third.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_burst_just_above_the_quota_is_not_refused_for_what_is_on_its_way() {
    // Thirty-nine are on their way, one is answered: the 41st waits little more than a window.
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_wait(15 * SECOND)
        .build();
    let flights: Vec<_> = (0..40).map(|_| use_slot(&limiter)).collect();
    let mut flights = flights.into_iter();
    settle(flights.next().unwrap());
    time::advance(MILLISECOND).await;
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    flights.for_each(settle);
    time::advance(11 * SECOND).await;
    assert!(call.is_woken());
    let _permit = assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_travels_with_the_request() {
    let limiter = sliding(1).build();
    let mut service = limiter.layer().layer(service_fn(ok));
    let mut call = |after: Duration| {
        let mut request = Request::new(());
        request.extensions_mut().insert(Deadline(now() + after));
        task::spawn(service.call(request))
    };
    assert_ready_ok!(call(Duration::ZERO).poll());
    let error = assert_ready_err!(call(10 * SECOND).poll());
    let error: &NotAdmitted = error.downcast_ref().unwrap();
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert!((WINDOW..WINDOW + MILLISECOND).contains(&error.wait()));
    let mut patient = call(11 * SECOND);
    assert_pending!(patient.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert_ready_ok!(patient.poll());
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_deadline_and_longest_wait_counts() {
    for (deadline, wait) in [(20, 12), (12, 20)] {
        let limiter = sliding(1).max_wait(wait * SECOND).build();
        let _unanswered = use_slot(&limiter);
        let mut call = task::spawn(limiter.acquire_until(now() + deadline * SECOND));
        assert_pending!(call.poll());
        time::advance(12 * SECOND + MILLISECOND).await;
        assert_ready_err!(call.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_sends_nothing_even_if_slots_are_free() {
    let limiter = sliding(1).build();
    let past = now();
    time::advance(SECOND).await;
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(past)).poll());
    assert_eq!(
        (error.reason(), error.wait()),
        (WouldWaitTooLong, Duration::ZERO)
    );
    assert_eq!(limiter.snapshot().granted(), 0);
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_whatever_their_order() {
    let limiter = sliding(5).build();
    let _unanswered: Vec<_> = (0..5).map(|_| use_slot(&limiter)).collect();
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
    let limiter = sliding(1).build();
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
    let error: &NotAdmitted = error.downcast_ref().unwrap();
    assert_eq!(error.reason(), DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_is_certain_too() {
    let limiter = sliding(40).build();
    refuse(use_slot(&limiter), Some(60));
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(now() + 60 * SECOND)).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
    assert_eq!(error.wait(), 60 * SECOND + 500 * MILLISECOND);

    // Also for those who wait already: they learn it at their deadline.
    let mut call = task::spawn(limiter.acquire_until(now() + 61 * SECOND));
    assert_pending!(call.poll());
    limiter.close_for(100 * SECOND);
    time::advance(61 * SECOND + MILLISECOND).await;
    assert_eq!(assert_ready_err!(call.poll()).reason(), DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn being_closed_by_hand_is_certain_even_while_everything_is_on_its_way() {
    let limiter = sliding(1).build();
    let _unanswered = use_slot(&limiter);
    limiter.close_for(3_600 * SECOND);
    let soon = now() + 1_800 * SECOND;
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(soon)).poll());
    assert_eq!(error.wait(), 3_600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_unclaimed_slot_does_not_make_a_long_wait_certain() {
    let limiter = sliding(1).build();
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
    let limiter = sliding(1).max_queued(2).build();
    spend(&limiter, 1);
    let mut one = task::spawn(limiter.acquire());
    let mut two = task::spawn(limiter.acquire());
    assert_pending!(one.poll());
    assert_pending!(two.poll());
    let error = assert_ready_err!(task::spawn(limiter.acquire()).poll());
    assert_eq!(error.reason(), QueueFull);
    assert!((3 * WINDOW..3 * WINDOW + SECOND).contains(&error.wait()));
    drop(one);
    let mut three = task::spawn(limiter.acquire());
    assert_pending!(three.poll());
}

#[tokio::test(start_paused = true)]
async fn a_limiter_without_a_queue_serves_at_once_or_not_at_all() {
    let limiter = sliding(2).max_queued(0).build();
    spend(&limiter, 2);
    assert_eq!(
        assert_ready_err!(task::spawn(limiter.acquire()).poll()).reason(),
        QueueFull
    );
    time::advance(WINDOW + MILLISECOND).await;
    spend(&limiter, 2);
}

// === without tower ===

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_dropped_gives_its_slot_to_the_next() {
    let limiter = sliding(1).build();
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    drop(permit);
    assert!(next.is_woken());
    let _permit = assert_ready_ok!(next.poll());
    let seen = limiter.snapshot();
    assert_eq!((seen.granted(), seen.ever_queued()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_be_settled_by_its_parts() {
    let limiter = sliding(1).build();
    use_slot(&limiter).settle_parts(StatusCode::OK, &HeaderMap::new());
    assert_eq!(limiter.snapshot().refused(), 0);
    time::advance(WINDOW + MILLISECOND).await;
    use_slot(&limiter).settle_parts(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new());
    assert_eq!(limiter.snapshot().refused(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_weak_handle_lets_the_limiter_go() {
    let limiter = sliding(1).build();
    let weak = limiter.downgrade();
    assert!(weak.upgrade().is_some_and(|same| same.is_same(&limiter)));
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    drop(limiter);
    assert!(weak.upgrade().is_some(), "a permit keeps it");
    drop(permit);
    assert!(weak.upgrade().is_none());
}

#[test]
fn needs_no_runtime_while_nobody_waits() {
    let limiter = sliding(1).build();
    spend(&limiter, 1);
    let error = assert_ready_err!(task::spawn(limiter.acquire_until(now() + SECOND)).poll());
    assert_eq!(error.reason(), WouldWaitTooLong);
}

#[test]
#[should_panic(expected = "runtime")]
fn to_wait_outside_a_runtime_panics() {
    let limiter = sliding(1).build();
    spend(&limiter, 1);
    _ = task::spawn(limiter.acquire()).poll();
}

#[test]
fn a_panic_for_want_of_a_runtime_leaves_nothing_behind() {
    let limiter = sliding(1).build();
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
    let limiter = sliding(3).build();
    let start = now();
    for _ in 0..10 {
        assert_eq!(limiter.snapshot().free(), 3);
        assert_eq!(limiter.snapshot().next_slot(), Some(start));
    }
    let flight = use_slot(&limiter);
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let seen = limiter.snapshot();
    assert_eq!(
        (seen.limit(), seen.free(), seen.in_flight(), seen.granted()),
        (3, 1, 2, 2)
    );
    settle(flight);
    drop(permit);
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.granted()), (2, 0, 1));
    spend(&limiter, 2);
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.queued(), seen.ever_queued()), (0, 1, 1));
    let next = seen.next_slot().unwrap() - start;
    assert!((WINDOW..WINDOW + MILLISECOND).contains(&next));
    assert_eq!(seen.closed_until(), None);
}

#[tokio::test(start_paused = true)]
async fn no_next_slot_is_promised_while_everything_is_on_its_way() {
    let limiter = sliding(1).build();
    let flight = use_slot(&limiter);
    assert_eq!(limiter.snapshot().next_slot(), None);
    settle(flight);
    assert!(limiter.snapshot().next_slot().is_some());
}

#[tokio::test(start_paused = true)]
async fn closed_by_hand_nothing_leaves_and_those_who_wait_go_on_waiting() {
    let limiter = sliding(2).build();
    let start = now();
    limiter.close_for(5 * SECOND);
    limiter.close_for(SECOND); // does not shorten it
    let seen = limiter.snapshot();
    assert_eq!(
        (seen.free(), seen.closed_until()),
        (0, Some(start + 5 * SECOND))
    );
    let mut calls = [0, 1].map(|_| task::spawn(limiter.acquire()));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(4 * SECOND).await;
    limiter.close_for(3 * SECOND);
    time::advance(3 * SECOND - MILLISECOND).await;
    assert!(calls.iter().all(|call| !call.is_woken()));
    time::advance(2 * MILLISECOND).await;
    // Nothing was refused, so nobody needs to probe.
    assert!(calls.iter().all(|call| call.is_woken()));
}

#[tokio::test(start_paused = true)]
async fn the_longest_pause_is_bounded() {
    let limiter = sliding(1).build();
    limiter.close_for(Duration::MAX);
    let until = limiter.snapshot().closed_until().unwrap();
    assert_eq!(until - now(), Limiter::MAX_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn a_larger_quota_lets_those_who_wait_go_at_once() {
    let limiter = sliding(1).build();
    spend(&limiter, 1);
    let mut calls = [0, 1, 2].map(|_| task::spawn(limiter.acquire()));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    limiter.retune(quota(3));
    assert_eq!(
        [0, 1, 2].map(|i: usize| calls[i].is_woken()),
        [true, true, false]
    );
}

#[tokio::test(start_paused = true)]
async fn a_smaller_quota_counts_what_was_sent_under_the_larger_one() {
    let limiter = sliding(5).build();
    spend(&limiter, 4);
    let mut call = task::spawn(limiter.acquire());
    limiter.retune(quota(2));
    assert_pending!(call.poll());
    assert_eq!(
        (limiter.snapshot().limit(), limiter.snapshot().free()),
        (2, 0)
    );
    time::advance(WINDOW).await;
    assert!(!call.is_woken());
    time::advance(MILLISECOND).await;
    assert!(call.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_shorter_window_shortens_the_wait_under_way() {
    let limiter = sliding(1).build();
    spend(&limiter, 1);
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    time::advance(SECOND).await;
    limiter.retune(Quota::new(1, 2 * SECOND).unwrap());
    time::advance(SECOND + 3 * MILLISECOND).await;
    assert!(call.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_longer_window_waits_for_all_that_was_forgotten() {
    let limiter = Limiter::builder(Quota::new(1, SECOND).unwrap())
        .window(Window::Sliding)
        .build();
    spend(&limiter, 1);
    let forgotten = now();
    time::advance(2 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
    limiter.retune(quota(1));
    let until = limiter.snapshot().closed_until().unwrap();
    assert!((2 * WINDOW..2 * WINDOW + MILLISECOND).contains(&(until - forgotten)));
}

#[test]
fn nothing_that_is_shown_is_unbounded() {
    let limiter = sliding(1).build();
    let builder = format!("{:?}", sliding(1));
    let shown = format!(
        "{limiter:?} {:?} {:?} {builder}",
        limiter.downgrade(),
        limiter.layer()
    );
    assert!(shown.len() < 1_000, "{shown}");
}

// === support ===

/// Ten seconds and the thousandth for drifting clocks.
const WINDOW: Duration = Duration::from_millis(10_010);

fn quota(requests: u32) -> Quota {
    Quota::new(requests, 10 * SECOND).unwrap()
}

fn sliding(requests: u32) -> LimiterBuilder {
    Limiter::builder(quota(requests)).window(Window::Sliding)
}

async fn ok(_: Request<()>) -> Result<Response<()>, BoxError> {
    Ok(Response::new(()))
}

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
fn now() -> Instant {
    Instant::now()
}

fn use_slot(limiter: &Limiter) -> InFlight {
    let permit: Permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    permit.dispatch()
}

fn settle(flight: InFlight) {
    flight.settle(&Response::new(()));
}

/// So many requests, sent and answered.
fn spend(limiter: &Limiter, requests: usize) {
    (0..requests).for_each(|_| settle(use_slot(limiter)));
}

fn refuse(flight: InFlight, retry_after: Option<u64>) {
    let mut response = Response::builder().status(429);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    flight.settle(&response.body(()).unwrap());
}
