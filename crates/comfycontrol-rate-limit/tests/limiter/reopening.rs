//! After a cooldown: one request goes first, and what comes of it decides for all.

use std::time::Duration;

use comfycontrol_rate_limit::{InFlight, Limiter, Permit, Rejected};
use http::Response;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::support::*;
use super::traffic::*;

// === reopening ===

#[tokio::test(start_paused = true)]
async fn one_request_goes_first_and_any_response_lets_the_others_follow() {
    for status in [200, 204, 301, 401, 404, 500, 503] {
        let (limiter, mut calls) = reopening().await;
        let probe = assert_ready_ok!(calls[0].poll()).dispatch();
        assert!(!calls[1].is_woken());
        assert_eq!(limiter.snapshot().free(), 0);
        assert_eq!(limiter.snapshot().next_slot(), None);
        probe.settle(&Response::builder().status(status).body(()).unwrap());
        assert!(calls.iter().skip(1).all(|call| call.is_woken()), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_probe_is_free_when_the_gate_opens() {
    let limiter = sliding(40);
    throttle(send(&limiter), &[("retry-after", "60")]);
    time::advance(61 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
    let probe = send(&limiter);
    assert_eq!(limiter.snapshot().free(), 0);
    respond(probe);
    assert_eq!(limiter.snapshot().free(), 39);
}

#[tokio::test(start_paused = true)]
async fn the_gate_opens_to_one_and_then_to_no_more_than_the_quota() {
    for algorithm in BOTH {
        let (limiter, log) = (limiter(5, algorithm), Log::default());
        throttle(send(&limiter), &[]);
        let latency = 2 * SECOND;
        within(YEAR, call_at_once(&limiter, 50, latency, &log).join_all()).await;
        {
            let log = log.lock().unwrap();
            assert!(log[1] >= log[0] + latency, "the probe goes alone");
        }
        assert!(most_in_a_window(&log) <= 5, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_before_it_left_hands_its_role_on() {
    let (_limiter, mut calls) = reopening().await;
    drop(assert_ready_ok!(calls[0].poll()));
    assert!(calls[1].is_woken() && !calls[2].is_woken());
    let (_limiter, mut calls) = reopening().await;
    drop(calls.remove(0));
    assert!(calls[0].is_woken() && !calls[1].is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_hands_its_role_on() {
    let (_limiter, mut calls) = reopening().await;
    drop(assert_ready_ok!(calls[0].poll()).dispatch());
    assert!(calls[1].is_woken() && !calls[2].is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_nobody_takes_up_hands_its_role_on() {
    let (_limiter, calls) = reopening().await;
    time::advance(SECOND + MILLISECOND).await;
    assert!(calls[1].is_woken() && !calls[2].is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_a_response_for_as_long_as_the_pause_lets_the_next_go() {
    let (limiter, mut calls) = reopening().await;
    let slow = assert_ready_ok!(calls[0].poll()).dispatch();
    time::advance(PAUSE - 10 * MILLISECOND).await;
    assert!(!calls[1].is_woken());
    time::advance(20 * MILLISECOND).await;
    assert!(calls[1].is_woken() && !calls[2].is_woken());
    let next = assert_ready_ok!(calls[1].poll()).dispatch();

    // The first is no probe any more whose loss would matter, yet its response is one.
    drop(slow);
    assert!(!calls[2].is_woken(), "the second is on its way");
    respond(next);
    assert!(calls[2].is_woken());
    assert_eq!(limiter.snapshot().lost(), 1);

    let (_limiter, mut calls) = reopening().await;
    let slow = assert_ready_ok!(calls[0].poll()).dispatch();
    time::advance(11 * SECOND).await;
    let _next = assert_ready_ok!(calls[1].poll()).dispatch();
    respond(slow);
    assert!(calls[2].is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_probe_closes_the_gate_for_longer_each_time_up_to_the_cap() {
    let limiter = sliding(40);
    throttle(send(&limiter), &[]);
    for seconds in [20, 40, 80, 160, 300, 300] {
        throttle(after_the_window(&limiter).await, &[]);
        assert_eq!(paused_for(&limiter), seconds * SECOND + MARGIN);
    }
    assert_eq!(limiter.snapshot().cooldowns(), 7);
    respond(after_the_window(&limiter).await);
    throttle(send(&limiter), &[]);
    assert_eq!(
        paused_for(&limiter),
        PAUSE,
        "after a response it starts anew"
    );
}

#[tokio::test(start_paused = true)]
async fn the_responses_of_stragglers_do_not_open_the_gate() {
    let limiter = sliding(40);
    let [early, straggler] = [0; 2].map(|_| send(&limiter));
    throttle(early, &[]);
    respond(straggler);
    assert!(limiter.snapshot().paused_until().is_some());
    let _probe = after_the_window(&limiter).await;
    assert_eq!(limiter.snapshot().free(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stragglers_429_after_the_gate_has_opened_closes_it_again() {
    let limiter = sliding(40);
    let [early, straggler] = [0; 2].map(|_| send(&limiter));
    throttle(early, &[]);
    respond(after_the_window(&limiter).await);
    assert_eq!(limiter.snapshot().paused_until(), None);
    throttle(straggler, &[]);
    assert_eq!(paused_for(&limiter), PAUSE);
    assert_eq!(
        limiter.snapshot().cooldowns(),
        1,
        "it left before the cooldown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stragglers_429_does_not_make_the_next_one_a_strike() {
    let limiter = sliding(40);
    let [early, straggler] = [0; 2].map(|_| send(&limiter));
    throttle(early, &[]);
    respond(after_the_window(&limiter).await);
    let next = send(&limiter);
    throttle(straggler, &[]);
    time::advance(2 * SECOND).await;
    throttle(next, &[]);
    assert_eq!(paused_for(&limiter), PAUSE);
    assert_eq!(limiter.snapshot().cooldowns(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stragglers_429_pauses_no_longer_for_the_strikes_of_others() {
    let limiter = sliding(40);
    let [early, straggler] = [0; 2].map(|_| send(&limiter));
    throttle(early, &[]);
    throttle(after_the_window(&limiter).await, &[]);
    let closed = 20 * SECOND + MARGIN;
    assert_eq!(paused_for(&limiter), closed);
    time::advance(5 * SECOND).await;
    throttle(straggler, &[]);
    assert_eq!(paused_for(&limiter), closed - 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn one_request_goes_first_however_short_the_cooldown() {
    let limiter = builder(40).cooldown(100 * MILLISECOND).build();
    throttle(send(&limiter), &[("retry-after", "60")]);
    let (log, round_trip) = (Log::default(), 8 * SECOND);
    within(
        YEAR,
        call_at_once(&limiter, 30, round_trip, &log).join_all(),
    )
    .await;
    let log = log.lock().unwrap();
    let after_the_first = log.iter().skip(1).map(|at| *at - log[0]).min();
    assert!(after_the_first >= Some(round_trip), "{after_the_first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_and_a_pause_by_hand_both_count() {
    let limiter = sliding(40);
    throttle(send(&limiter), &[]);
    limiter.pause_for(5 * SECOND);
    assert_eq!(paused_for(&limiter), PAUSE);
    limiter.pause_for(20 * SECOND);
    assert_eq!(paused_for(&limiter), 20 * SECOND);
    assert_eq!(limiter.snapshot().cooldowns(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_cooldown_there_is_only_the_window() {
    let limiter = builder(40)
        .cooldown(Duration::ZERO)
        .cooldown_margin(Duration::ZERO)
        .build();
    throttle(send(&limiter), &[]);
    assert_eq!(limiter.snapshot().paused_until(), None);
    time::advance(WINDOW + MILLISECOND).await;
    let _probe = send(&limiter);
    let _next = send(&limiter);
}

// === support ===

/// The request that goes as soon as the gate and the filled account allow one.
async fn after_the_window(limiter: &Limiter) -> InFlight {
    time::advance(paused_for(limiter).max(WINDOW) + MILLISECOND).await;
    send(limiter)
}

/// A limiter whose gate has just opened, and three calls. The first was woken.
async fn reopening() -> (
    Limiter,
    Vec<task::Spawn<impl Future<Output = Result<Permit, Rejected>>>>,
) {
    let limiter = sliding(40);
    throttle(send(&limiter), &[]);
    let mut calls: Vec<_> = (0..3)
        .map(|_| {
            let limiter = limiter.clone();
            task::spawn(async move { limiter.acquire().await })
        })
        .collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(PAUSE + MILLISECOND).await;
    assert!(calls[0].is_woken() && !calls[1].is_woken());
    (limiter, calls)
}
