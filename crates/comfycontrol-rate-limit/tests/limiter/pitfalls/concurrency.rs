//! Concurrency.

use super::support::*;

use std::time::Duration;

use tokio::time;
use tokio_test::{assert_pending, task};

// p31, check and take under two locks: both are one step under one lock; src/interleavings.rs.

#[tokio::test(start_paused = true)]
async fn p32_whoever_has_waited_is_counted_again_before_it_goes() {
    for window in BOTH {
        let (limiter, log) = (limiter(4, window), Log::default());
        let tasks = call_at_once(&limiter, 100, Duration::ZERO, &log);
        finish(tasks.join_all()).await;
        assert_eq!(log.lock().unwrap().len(), 100);
        assert!(most_in_a_window(&log) <= 4, "{window:?}");
    }
}

// p33, compare-and-swap that fails spuriously: cannot apply, nothing is counted with one.

#[tokio::test(start_paused = true)]
async fn p34_newcomers_starve_nobody() {
    let limiter = sliding(2);
    (0..2).for_each(|_| answer(send(&limiter)));
    let mut waiting: Vec<_> = (0..6)
        .map(|_| Some(task::spawn(limiter.acquire())))
        .collect();
    for call in waiting.iter_mut().flatten() {
        assert_pending!(call.poll());
    }
    for window in 1..=3 {
        for _ in 0..11 {
            // Polled as often as it can be, before anybody who waits.
            let mut newcomer = task::spawn(limiter.acquire());
            assert_pending!(newcomer.poll());
            time::advance(WINDOW / 11 + MILLISECOND).await;
            assert_pending!(newcomer.poll());
        }
        for call in waiting.iter_mut().take(2 * window).skip(2 * (window - 1)) {
            let permit = finish(call.take().unwrap()).await.unwrap();
            answer(permit.dispatch());
        }
    }
}

// p35, everybody is woken for each slot: polls.rs, three polls a call at most.
// p36, a lock held while waiting: none is held beyond one step; wakers.rs, where wakers come back in.
