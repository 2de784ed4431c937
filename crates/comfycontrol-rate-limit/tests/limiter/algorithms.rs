//! How many requests leave in any window, under both algorithms.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Deadline, Limiter, Quota};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, task};

use super::support::*;
use super::traffic::*;

#[tokio::test(start_paused = true)]
async fn two_windows_never_touch() {
    for algorithm in BOTH {
        for phase in [0, 5_000, 9_990, 10_000, 10_010] {
            let (limiter, log) = (limiter(40, algorithm), Log::default());
            let early = call_at_once(&limiter, 20, Duration::ZERO, &log);
            time::sleep(Duration::from_millis(phase)).await;
            let late = call_at_once(&limiter, 80, Duration::ZERO, &log);
            within(YEAR, early.join_all()).await;
            within(YEAR, late.join_all()).await;
            assert!(most_in_a_window(&log) <= 40, "{algorithm:?} at {phase}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_and_a_refill_do_not_add_up_in_one_window() {
    for algorithm in BOTH {
        let (limiter, log) = (limiter(5, algorithm), Log::default());
        for idle in [0, 3, 11, 25, 7] {
            time::sleep(idle * SECOND).await;
            within(
                YEAR,
                call_at_once(&limiter, 8, Duration::ZERO, &log).join_all(),
            )
            .await;
        }
        assert!(most_in_a_window(&log) <= 5, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rest_however_long_never_earns_more_than_the_quota() {
    for algorithm in BOTH {
        for idle in [
            Duration::from_nanos(1),
            MILLISECOND,
            TEN,
            3_600 * SECOND,
            YEAR,
        ] {
            let limiter = limiter(3, algorithm);
            respond(send(&limiter));
            time::advance(idle).await;
            assert!(limiter.snapshot().free() <= 3);
            (0..limiter.snapshot().free()).for_each(|_| respond(send(&limiter)));
            assert_pending!(task::spawn(limiter.acquire()).poll());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_taken_when_the_request_leaves_not_when_a_service_is_ready() {
    let limiter = sliding(1);
    let permit = limiter.acquire().await.unwrap();
    time::advance(9 * SECOND).await;
    respond(permit.dispatch());
    time::advance(9 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    // Readiness takes nothing at all: layer.rs, `an_idle_ready_clone_holds_nothing`.
}

#[tokio::test(start_paused = true)]
async fn two_requests_that_share_a_slot_are_more_than_a_window_apart() {
    for algorithm in BOTH {
        let limiter = limiter(1, algorithm);
        respond(send(&limiter));
        time::advance(TEN).await;
        assert_eq!(
            limiter.snapshot().free(),
            0,
            "exactly a window is too early"
        );
        time::advance(10 * MILLISECOND).await;
        assert_eq!(limiter.snapshot().free(), 0, "so is exactly our own");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_burst_is_the_quota_exactly() {
    for algorithm in BOTH {
        for requests in [1, 2, 40, 1_024, 1_025, 5_000] {
            let limiter = limiter(requests, algorithm);
            let _burst: Vec<_> = (0..requests).map(|_| send(&limiter)).collect();
            assert_eq!(limiter.snapshot().free(), 0);
            assert_pending!(task::spawn(limiter.acquire()).poll());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_as_long_as_told_is_served() {
    for algorithm in BOTH {
        for (requests, per) in [(3, 7 * MILLISECOND), (7, SECOND), (40, TEN), (1_500, TEN)] {
            let quota = Quota::new(requests, per).unwrap();
            let limiter = Limiter::builder(quota)
                .algorithm(algorithm)
                .max_wait(Duration::ZERO)
                .build();
            for _ in 0..requests {
                respond(send(&limiter));
                time::advance(per / 1_000).await;
            }
            drain(&limiter);
            for _ in 0..20 {
                let error = assert_ready_err!(task::spawn(limiter.acquire()).poll());
                assert!(!error.wait().unwrap_or_default().is_zero());
                time::advance(error.wait().unwrap_or_default()).await; // in nanoseconds
                respond(send(&limiter));
                drain(&limiter);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn how_often_one_polls_does_not_matter() {
    let [calm, hot] = [1, 100].map(|polls| async move {
        let limiter = limiter(3, Algorithm::Strict);
        let mut log = Vec::new();
        let start = now();
        for _ in 0..10 {
            let mut call = task::spawn(limiter.acquire());
            loop {
                let mut polled = call.poll();
                (1..polls).for_each(|_| {
                    if polled.is_pending() {
                        polled = call.poll()
                    }
                });
                _ = limiter.snapshot();
                if let std::task::Poll::Ready(permit) = polled {
                    respond(permit.unwrap().dispatch());
                    log.push(now() - start);
                    break;
                }
                time::advance(10 * MILLISECOND).await;
            }
        }
        log
    });
    assert_eq!(calm.await, hot.await);
}

#[tokio::test(start_paused = true)]
async fn no_number_is_too_large() {
    for (requests, per) in [
        (1, Quota::MIN_WINDOW),
        (Quota::MAX_REQUESTS, Quota::MAX_WINDOW),
    ] {
        let limiter = Limiter::builder(Quota::new(requests, per).unwrap())
            .cooldown(Duration::MAX)
            .cooldown_margin(Duration::MAX)
            .max_cooldown(Duration::MAX)
            .count_lag(Duration::MAX)
            .linger(Duration::MAX)
            .max_transit(Duration::MAX)
            .max_wait(Duration::MAX)
            .build();
        drop(send(&limiter));
        time::advance(200 * YEAR).await;
        let throttled = http::Response::builder()
            .status(429)
            .header("retry-after", u64::MAX);
        send(&limiter).settle(&throttled.body(()).unwrap());
        limiter.pause_for(Duration::MAX);
        limiter.set_quota(Quota::new(Quota::MAX_REQUESTS, Quota::MAX_WINDOW).unwrap());
        let Deadline(far) = Deadline(now() + 100 * YEAR);
        let mut call = task::spawn(limiter.acquire_until(far));
        _ = call.poll();
        _ = limiter.snapshot();
        time::advance(YEAR).await;
        _ = limiter.snapshot();
    }
}

#[tokio::test(start_paused = true)]
async fn late_timers_and_late_callers_bring_no_requests_closer_together() {
    for algorithm in BOTH {
        let (limiter, log) = (limiter(4, algorithm), Log::default());
        let tasks = call_at_once(&limiter, 60, Duration::ZERO, &log);
        let lateness = [3, 800, 10_500, 20, 7, 25_000, 1, 11_000, 400, 9_999];
        for late in lateness.into_iter().cycle().take(200) {
            time::advance(Duration::from_millis(late)).await;
            tokio::task::yield_now().await;
        }
        within(YEAR, tasks.join_all()).await;
        assert!(most_in_a_window(&log) <= 4, "{algorithm:?}");
    }
}

/// What a server that weighs the previous window believes to have counted, at most.
#[tokio::test(start_paused = true)]
async fn an_estimate_over_segments_stays_within_the_quota_too() {
    let (limiter, log) = (limiter(10, Algorithm::Strict), Log::default());
    for idle in [0, 30, 4] {
        time::sleep(idle * SECOND).await;
        within(
            YEAR,
            call_at_once(&limiter, 25, 70 * MILLISECOND, &log).join_all(),
        )
        .await;
    }
    let log: Vec<u128> = {
        let log = log.lock().unwrap();
        log.iter()
            .map(|at| (*at - log[0]).as_millis() + 30_000)
            .collect()
    };
    let window = TEN.as_millis();
    let counted = |from, to| log.iter().filter(|at| (from..=to).contains(*at)).count() as u128;
    for at in &log {
        // At any phase of the server's windows.
        for elapsed in (0..=window).step_by(50) {
            let start = at - elapsed;
            let estimate = counted(start, *at) * window
                + counted(start - window, start - 1) * (window - elapsed);
            assert!(
                estimate <= 10 * window,
                "{estimate} of {}, {elapsed} into its window",
                10 * window
            );
        }
    }
}

// === support ===

fn drain(limiter: &Limiter) {
    while limiter.snapshot().free() > 0 {
        respond(send(limiter));
    }
}
