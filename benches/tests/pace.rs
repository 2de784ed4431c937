//! How many requests one window carries for long, when there is always one that waits: what the
//! limiter's docs say of its algorithms.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use http::Response;
use tokio::time::{Instant, sleep};

/// N − 1 for each window and round trip, or N / 2 if that is more.
#[tokio::test(start_paused = true)]
async fn the_default_carries_one_less_than_the_quota() {
    for (requests, expected) in [(1, 0.5), (2, 1.0), (3, 2.0), (4, 3.0), (40, 39.0)] {
        let limiter = limiter(requests, WINDOW, Algorithm::Strict);
        assert_near(carried(&limiter, Duration::ZERO).await, expected);
    }
    for seconds in [1, 3] {
        let limiter = limiter(40, WINDOW, Algorithm::Strict);
        let expected = 39.0 * 10.0 / (10.0 + seconds as f64);
        assert_near(
            carried(&limiter, Duration::from_secs(seconds)).await,
            expected,
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sliding_log_carries_the_quota() {
    for (requests, expected) in [(1, 1.0), (2, 2.0), (40, 40.0)] {
        let limiter = limiter(requests, WINDOW, Algorithm::SlidingLog);
        assert_near(carried(&limiter, Duration::ZERO).await, expected);
    }
}

/// One request in 250 ms, for servers that want 40 in 10 s at an even pace: half of that by
/// default.
#[tokio::test(start_paused = true)]
async fn an_even_pace_wants_a_sliding_log() {
    for (algorithm, expected) in [(Algorithm::Strict, 20.0), (Algorithm::SlidingLog, 40.0)] {
        let limiter = limiter(1, WINDOW / 40, algorithm);
        assert_near(carried(&limiter, Duration::ZERO).await, expected);
    }
    // The next one leaves 250 ms after the response: a round trip of 150 ms is added to each.
    let limiter = limiter(1, WINDOW / 40, Algorithm::SlidingLog);
    assert_near(carried(&limiter, Duration::from_millis(150)).await, 25.0);
}

/// Requests in 10 s, on average over twenty windows, after three to get into step.
async fn carried(limiter: &Limiter, round_trip: Duration) -> f64 {
    let start = now();
    let (mut first, mut count) = (None, 0);
    loop {
        let in_flight = limiter.acquire().await.unwrap().dispatch();
        tokio::spawn(async move {
            // A sleep of no time may end later than it began.
            if !round_trip.is_zero() {
                sleep(round_trip).await;
            }
            in_flight.settle(&Response::new(()));
        });
        let now = now();
        if now - start >= 3 * WINDOW {
            let first = *first.get_or_insert(now);
            if now - first >= 20 * WINDOW {
                return f64::from(count) * WINDOW.as_secs_f64() / (now - first).as_secs_f64();
            }
            count += 1;
        }
    }
}

fn limiter(requests: u32, window: Duration, algorithm: Algorithm) -> Limiter {
    let quota = Quota::new(requests, window).unwrap();
    Limiter::builder(quota).algorithm(algorithm).build()
}

/// Within half a percent: clocks that differ by a thousandth are allowed for, and timers ring at
/// whole milliseconds.
fn assert_near(carried: f64, expected: f64) {
    let error = (carried / expected - 1.0).abs();
    assert!(error < 0.005, "{carried} in place of {expected}");
}

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
fn now() -> Instant {
    Instant::now()
}

const WINDOW: Duration = Duration::from_secs(10);
