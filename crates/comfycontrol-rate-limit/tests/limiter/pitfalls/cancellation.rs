//! Cancellation.

use super::support::*;

use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

#[tokio::test(start_paused = true)]
async fn p24_nobody_waits_for_a_ghost() {
    for window in BOTH {
        let [with, without] = [true, false].map(|ghost| async move {
            let limiter = limiter(2, window);
            answer(send(&limiter));
            answer(send(&limiter));
            let mut first = task::spawn(limiter.acquire());
            if ghost {
                assert_pending!(first.poll());
            }
            let mut second = task::spawn(limiter.acquire());
            assert_pending!(second.poll());
            time::advance(3 * SECOND).await;
            drop(first);
            let start = now();
            drop(finish(second).await.unwrap());
            now() - start
        });
        assert_eq!(with.await, without.await);
    }
}

#[tokio::test(start_paused = true)]
async fn p25_whoever_gives_up_waiting_mints_nothing() {
    for window in BOTH {
        let limiter = limiter(4, window);
        (0..4).for_each(|_| answer(send(&limiter)));
        for _ in 0..40 {
            let mut call = task::spawn(limiter.acquire());
            assert_pending!(call.poll());
        }
        assert_eq!(limiter.snapshot().free(), 0);
        time::advance(3 * WINDOW).await;
        assert_eq!(limiter.snapshot().free(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn p26_a_timeout_around_a_call_consumes_nothing() {
    let limiter = sliding(1);
    answer(send(&limiter));
    for _ in 0..50 {
        time::timeout(100 * MILLISECOND, limiter.acquire())
            .await
            .unwrap_err();
    }
    let start = now();
    drop(finish(limiter.acquire()).await.unwrap());
    assert!(now() - start < 6 * SECOND);
    assert_eq!(limiter.snapshot().granted(), 1);
}

// p27, dropped after it has left: dropping.rs,
// `requests_dropped_after_they_left_count_until_they_can_no_longer_arrive`; at every point: cancel.rs.
// p28, granted, not polled and dropped: dropping.rs,
// `dropping_a_call_that_was_granted_its_slot_hands_the_slot_on`.
// p29, a granted call that is never polled again: layer.rs,
// `futures_parked_after_their_grant_do_not_stop_the_others`.

#[tokio::test(start_paused = true)]
async fn p30_a_call_that_is_forgotten_does_not_stop_the_queue() {
    let limiter = sliding(1);
    answer(send(&limiter));
    let mut forgotten = Box::pin(limiter.acquire());
    let poll = forgotten
        .as_mut()
        .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(poll.is_pending());
    std::mem::forget(forgotten);
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(!next.is_woken());
    time::advance(SECOND + MILLISECOND).await;
    let _permit = assert_ready_ok!(next.poll());
    // A panic below: dropping.rs, `a_call_whose_inner_service_panics_counts_as_sent`; a runtime that
    // is shut down: timer.rs, `tasks_that_wait_when_their_runtime_is_shut_down_leave_nothing_behind`.
}
