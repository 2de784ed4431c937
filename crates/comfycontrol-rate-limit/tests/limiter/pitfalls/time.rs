//! Time.

use super::support::*;

use std::time::Duration;

use tokio::time;

// p11, a clock read before the lock is taken: src/admission/tests.rs, `a_stale_clock_admits_nothing_early`.

#[tokio::test(start_paused = true)]
async fn p12_late_timers_and_late_callers_bring_no_requests_closer_together() {
    for window in BOTH {
        let (limiter, log) = (limiter(4, window), Log::default());
        let tasks = call_at_once(&limiter, 60, Duration::ZERO, &log);
        let lateness = [3, 800, 10_500, 20, 7, 25_000, 1, 11_000, 400, 9_999];
        for late in lateness.into_iter().cycle().take(200) {
            time::advance(Duration::from_millis(late)).await;
            tokio::task::yield_now().await;
        }
        finish(tasks.join_all()).await;
        assert!(most_in_a_window(&log) <= 4, "{window:?}");
    }
}

// p13, a refill timer with its own clock: cannot apply, nothing is refilled; slots age by the one clock.
// p14, a clock that jumps: timer.rs, `a_clock_that_jumps_by_hours_serves_those_who_wait_and_no_more`.
// p15, jitter on the way: src/admission/tests.rs, `agrees_with_the_naive_model` keeps a server's log in
// which each request is counted as soon or as late as it can be; the conformance run tries the rest.
