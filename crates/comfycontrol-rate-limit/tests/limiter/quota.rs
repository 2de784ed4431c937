//! The quota: what cannot be kept cannot be made, and a change holds for calls that wait already.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use tokio::time;
use tokio_test::{assert_pending, task};

use super::support::*;
use super::traffic::*;

#[test]
fn quotas_that_cannot_be_kept_cannot_be_made() {
    for (requests, per) in [
        (0, TEN),
        (40, Duration::ZERO),
        (u32::MAX, TEN),
        (40, Duration::MAX),
    ] {
        Quota::new(requests, per).unwrap_err();
    }
}

#[test]
fn a_quota_states_its_unit() {
    let quota = Quota::new(40, TEN).unwrap();
    assert_eq!((quota.requests(), quota.per()), (40, TEN));
}

#[tokio::test(start_paused = true)]
async fn a_larger_quota_lets_those_who_wait_go_at_once() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let mut calls = [0, 1, 2].map(|_| task::spawn(limiter.acquire()));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    limiter.set_quota(quota(3));
    assert_eq!(
        [0, 1, 2].map(|i: usize| calls[i].is_woken()),
        [true, true, false]
    );
}

#[tokio::test(start_paused = true)]
async fn a_smaller_quota_counts_what_was_sent_under_the_larger_one() {
    let limiter = sliding(5);
    spend(&limiter, 4);
    let mut call = task::spawn(limiter.acquire());
    limiter.set_quota(quota(2));
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
    let limiter = sliding(1);
    spend(&limiter, 1);
    let mut call = task::spawn(limiter.acquire());
    assert_pending!(call.poll());
    time::advance(SECOND).await;
    limiter.set_quota(Quota::new(1, 2 * SECOND).unwrap());
    time::advance(SECOND + 3 * MILLISECOND).await;
    assert!(call.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_longer_window_waits_for_all_that_was_forgotten() {
    let limiter = Limiter::builder(Quota::new(1, SECOND).unwrap())
        .algorithm(Algorithm::SlidingLog)
        .build();
    spend(&limiter, 1);
    let forgotten = now();
    time::advance(2 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
    limiter.set_quota(quota(1));
    let until = limiter.snapshot().paused_until().unwrap();
    assert!((2 * WINDOW..2 * WINDOW + MILLISECOND).contains(&(until - forgotten)));
}

#[tokio::test(start_paused = true)]
async fn a_window_made_longer_and_short_again_keeps_nothing_closed() {
    for algorithm in BOTH {
        let limiter = limiter(40, algorithm);
        spend(&limiter, 1);
        time::advance(3 * WINDOW).await;
        assert_eq!(limiter.snapshot().free(), 40);
        limiter.set_quota(Quota::new(40, Quota::MAX_WINDOW).unwrap());
        assert_eq!(limiter.snapshot().free(), 0);
        limiter.set_quota(quota(40));
        let seen = limiter.snapshot();
        assert_eq!(
            (seen.free(), seen.paused_until()),
            (40, None),
            "{algorithm:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_longer_window_closes_a_shorter_one_opens_as_far_as_the_history_allows() {
    let limiter = Limiter::new(Quota::new(1, SECOND).unwrap());
    spend(&limiter, 1);
    let forgotten = now();
    time::advance(3 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
    limiter.set_quota(Quota::new(1, Quota::MAX_WINDOW).unwrap());
    limiter.pause_for(5 * SECOND);
    limiter.set_quota(quota(1));
    let until = limiter.snapshot().paused_until().unwrap();
    assert!((2 * WINDOW..2 * WINDOW + MILLISECOND).contains(&(until - forgotten)));
    // A manual pause does not depend on the window.
    limiter.set_quota(Quota::new(1, SECOND).unwrap());
    assert_eq!(paused_for(&limiter), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_change_while_calls_wait_holds_for_them_and_exceeds_no_window() {
    for algorithm in BOTH {
        let (limiter, log) = (limiter(6, algorithm), Log::default());
        let tasks = call_at_once(&limiter, 60, MILLISECOND, &log);
        for requests in [6, 3, 1, 5, 2] {
            limiter.set_quota(quota(requests));
            time::sleep(7 * SECOND).await;
        }
        limiter.set_quota(quota(2));
        time::sleep(2 * WINDOW).await;
        let settled = now();
        within(YEAR, tasks.join_all()).await;
        assert!(most_in_a_window(&log) <= 6, "{algorithm:?}: the largest");
        log.lock().unwrap().retain(|at| *at >= settled);
        assert_eq!(
            most_in_a_window(&log),
            if algorithm == Algorithm::SlidingLog {
                2
            } else {
                1
            }
        );
    }
}
