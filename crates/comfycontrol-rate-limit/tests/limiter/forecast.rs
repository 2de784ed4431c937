//! How slots come back.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use http::{HeaderMap, StatusCode};
use tokio::time;

use super::support::*;

fn limiter(algorithm: Algorithm) -> Limiter {
    let quota = Quota::new(8, SECOND).unwrap();
    Limiter::builder(quota).algorithm(algorithm).build()
}

#[tokio::test(start_paused = true)]
async fn what_is_forecast_is_what_is_free_when_its_time_has_come() {
    for algorithm in [Algorithm::SlidingLog, Algorithm::Strict] {
        let limiter = limiter(algorithm);
        for pause in [0, 130, 20, 350, 5] {
            time::advance(pause * MILLISECOND).await;
            send(&limiter).settle_parts(StatusCode::OK, &HeaderMap::new());
        }
        let forecast = limiter.forecast(100);
        let numbers: Vec<_> = forecast.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
        assert!(forecast.is_sorted_by_key(|(_, at)| *at));
        for (number, at) in forecast {
            if at > now() {
                time::advance(at - now() - Duration::from_nanos(1)).await;
                assert!(
                    limiter.snapshot().free() < number,
                    "{algorithm:?}: too late"
                );
                time::advance(Duration::from_nanos(1)).await;
            }
            assert!(
                limiter.snapshot().free() >= number,
                "{algorithm:?}: too early"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forecast_for_a_time_within_a_cooldown() {
    let limiter = limiter(Algorithm::SlidingLog);
    send(&limiter).settle_parts(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new());
    let until = limiter.snapshot().paused_until().unwrap();
    let forecast = limiter.forecast(100);
    assert_eq!(forecast.len(), 8);
    assert!(forecast.iter().all(|(_, at)| *at >= until));
}

#[tokio::test(start_paused = true)]
async fn a_forecast_of_a_large_quota_is_as_short_as_was_asked_for() {
    let limiter = Limiter::new(Quota::new(100_000, SECOND).unwrap());
    let forecast = limiter.forecast(50);
    assert!((2..=50).contains(&forecast.len()));
    assert_eq!(forecast.last(), Some(&(100_000, now())));
    assert_eq!(limiter.forecast(0).len(), 1);
}
