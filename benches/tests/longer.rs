//! How far counters that count some requests for longer than a window get beyond the quota, and
//! that a `count_lag` as long as the difference is the cure.

use std::time::Duration;

use comfycontrol_emulator::{Algorithm, EdgeService, Emulator, Limit};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::Request;
use tokio::time::sleep;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn a_coarse_elapsed_time_costs_a_lag_of_one_step() {
    let phase = Duration::from_secs(9);
    for (millis, beyond) in [(500, 41_500), (1_000, 43_800), (2_000, 47_600)] {
        let step = Duration::from_millis(millis);
        let coarse = Algorithm::CoarseCounter { phase, step };
        let worst = async |lag| worst(coarse, Duration::from_secs(9), lag).await;
        assert!(worst(Duration::ZERO).await >= beyond, "{step:?}");
        assert!(worst(step).await <= 40_000, "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn sub_windows_cost_a_lag_of_one_sub_window() {
    let phase = Duration::ZERO;
    for (count, beyond) in [(2, 43_100), (3, 42_300), (4, 41_900), (10, 40_400)] {
        let sub_windows = Algorithm::SubWindows { phase, count };
        let length = WINDOW / count;
        let pause = length + Duration::from_millis(1);
        let worst = async |lag| worst(sub_windows, pause, lag).await;
        assert!(worst(Duration::ZERO).await >= beyond, "{count}");
        assert!(worst(length).await <= 40_000, "{count}");
    }
}

/// The exact counter is the coarsest there is without a lag.
#[tokio::test(start_paused = true)]
async fn an_exact_elapsed_time_costs_nothing() {
    let phase = Duration::from_secs(9);
    let exact = Algorithm::SlidingCounter { phase };
    let worst = worst(exact, Duration::from_secs(9), Duration::ZERO).await;
    assert_eq!(worst, 40_000);
}

/// The highest estimate, in 1/1000 of a request, of a server that only watches: some of the quota,
/// a pause, and then all that may leave.
async fn worst(algorithm: Algorithm, pause: Duration, lag: Duration) -> u64 {
    let mut worst = 0;
    for first in 1..=40 {
        let limit = Limit::new(1_000, WINDOW).unwrap().algorithm(algorithm);
        let server = Emulator::builder().limit(limit).without_api().service();
        let limiter = Limiter::builder(Quota::COMFYCONTROL).count_lag(lag).build();
        send(&limiter, &server, first).await;
        sleep(pause).await;
        send(&limiter, &server, 80).await;
        worst = worst.max(server.edge().stats().worst());
    }
    worst
}

async fn send(limiter: &Limiter, server: &EdgeService, requests: u32) {
    for _ in 0..requests {
        let in_flight = limiter.acquire().await.unwrap().dispatch();
        let request = Request::new(String::new());
        in_flight.settle(&server.clone().oneshot(request).await.unwrap());
    }
}

const WINDOW: Duration = Quota::COMFYCONTROL.per();
