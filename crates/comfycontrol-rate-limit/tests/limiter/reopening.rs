//! After a cooldown: one request goes first, and what comes of it decides for all.

use std::time::Duration;

use comfycontrol_rate_limit::{InFlight, Limiter, NotAdmitted, Permit};
use http::Response;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::support::*;

// === reopening ===

#[tokio::test(start_paused = true)]
async fn one_request_goes_first_and_any_answer_lets_the_others_follow() {
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
    refuse(send(&limiter), &[("retry-after", "60")]);
    time::advance(61 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
    let probe = send(&limiter);
    assert_eq!(limiter.snapshot().free(), 0);
    answer(probe);
    assert_eq!(limiter.snapshot().free(), 39);
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
async fn a_probe_unanswered_for_a_cooldown_lets_the_next_go() {
    let (limiter, mut calls) = reopening().await;
    let slow = assert_ready_ok!(calls[0].poll()).dispatch();
    time::advance(10 * SECOND - 10 * MILLISECOND).await;
    assert!(!calls[1].is_woken());
    time::advance(20 * MILLISECOND).await;
    assert!(calls[1].is_woken() && !calls[2].is_woken());
    let next = assert_ready_ok!(calls[1].poll()).dispatch();

    // The first is no probe any more whose loss would matter, yet its answer is one.
    drop(slow);
    assert!(!calls[2].is_woken(), "the second is on its way");
    answer(next);
    assert!(calls[2].is_woken());
    assert_eq!(limiter.snapshot().lost(), 1);

    let (_limiter, mut calls) = reopening().await;
    let slow = assert_ready_ok!(calls[0].poll()).dispatch();
    time::advance(11 * SECOND).await;
    let _next = assert_ready_ok!(calls[1].poll()).dispatch();
    answer(slow);
    assert!(calls[2].is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_refused_probe_closes_the_gate_for_longer_each_time_up_to_the_cap() {
    let limiter = sliding(40);
    refuse(send(&limiter), &[]);
    for seconds in [20, 40, 80, 160, 300, 300] {
        refuse(after_the_window(&limiter).await, &[]);
        assert_eq!(closed_for(&limiter), seconds * SECOND + MARGIN);
    }
    assert_eq!(limiter.snapshot().cooldowns(), 7);
    answer(after_the_window(&limiter).await);
    refuse(send(&limiter), &[]);
    assert_eq!(
        closed_for(&limiter),
        PAUSE,
        "after an answer it starts anew"
    );
}

#[tokio::test(start_paused = true)]
async fn the_answers_of_stragglers_do_not_open_the_gate() {
    let limiter = sliding(40);
    let [refused, straggler] = [0; 2].map(|_| send(&limiter));
    refuse(refused, &[]);
    answer(straggler);
    assert!(limiter.snapshot().closed_until().is_some());
    let _probe = after_the_window(&limiter).await;
    assert_eq!(limiter.snapshot().free(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stragglers_429_after_the_gate_has_opened_closes_it_again() {
    let limiter = sliding(40);
    let [refused, straggler] = [0; 2].map(|_| send(&limiter));
    refuse(refused, &[]);
    answer(after_the_window(&limiter).await);
    assert_eq!(limiter.snapshot().closed_until(), None);
    refuse(straggler, &[]);
    assert_eq!(closed_for(&limiter), PAUSE);
    assert_eq!(
        limiter.snapshot().cooldowns(),
        1,
        "it left before the cooldown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_and_a_pause_by_hand_both_count() {
    let limiter = sliding(40);
    refuse(send(&limiter), &[]);
    limiter.close_for(5 * SECOND);
    assert_eq!(closed_for(&limiter), PAUSE);
    limiter.close_for(20 * SECOND);
    assert_eq!(closed_for(&limiter), 20 * SECOND);
    assert_eq!(limiter.snapshot().cooldowns(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_cooldown_there_is_only_the_window() {
    let limiter = builder(40)
        .cooldown(Duration::ZERO)
        .cooldown_margin(Duration::ZERO)
        .build();
    refuse(send(&limiter), &[]);
    assert_eq!(limiter.snapshot().closed_until(), None);
    time::advance(WINDOW + MILLISECOND).await;
    let _probe = send(&limiter);
    let _next = send(&limiter);
}

// === support ===

/// The request that goes as soon as the gate and the filled account allow one.
async fn after_the_window(limiter: &Limiter) -> InFlight {
    time::advance(closed_for(limiter).max(WINDOW) + MILLISECOND).await;
    send(limiter)
}

/// A limiter whose gate has just opened, and three calls, the first of which was woken.
async fn reopening() -> (
    Limiter,
    Vec<task::Spawn<impl Future<Output = Result<Permit, NotAdmitted>>>>,
) {
    let limiter = sliding(40);
    refuse(send(&limiter), &[]);
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
