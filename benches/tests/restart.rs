//! How long a program rests that starts again: two windows and the linger, from when the last run
//! was killed.

use std::time::Duration;

use comfycontrol_emulator::{Algorithm, Block, EdgeService, Emulator, Limit, Transit};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::Request;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceExt;

/// What was on its way when the last run was killed is counted up to 3 s later.
#[tokio::test(start_paused = true)]
async fn two_windows_are_too_short_a_rest() {
    assert!(throttled_after(2 * WINDOW).await > 0);
}

#[tokio::test(start_paused = true)]
async fn two_windows_and_the_linger_are_enough() {
    assert_eq!(throttled_after(2 * WINDOW + LINGER).await, 0);
}

/// All 429s of runs that rest so long, over five ways of counting and round trips of up to 3 s.
async fn throttled_after(rest: Duration) -> u64 {
    let mut throttled = 0;
    for phase in (0..10).map(|second| Duration::from_millis(1_000 * second + 500)) {
        for algorithm in [
            Algorithm::FixedWindow { phase },
            Algorithm::SlidingCounter { phase },
            Algorithm::SlidingLog,
            Algorithm::TokenBucket,
            Algorithm::WindowFromFirst,
        ] {
            // Killed right after its first burst, and in the midst of its work.
            for life in [Duration::ZERO, Duration::from_secs(35)] {
                for [before, after] in [late_then_early(), mixed(phase)] {
                    let limit = Limit::default().algorithm(algorithm).block(Block::Excess);
                    let server = Emulator::builder().limit(limit).without_api().service();
                    run(server.clone().transit(before), Duration::ZERO, life).await;
                    let life = rest + Duration::from_secs(15);
                    run(server.clone().transit(after), rest, life).await;
                    throttled += server.edge().stats().throttled();
                }
            }
        }
    }
    throttled
}

/// A program that has more to send than it may, from its start until it is killed.
async fn run(server: EdgeService, rest: Duration, life: Duration) {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    limiter.pause_for(rest);
    let mut calls = JoinSet::new();
    for _ in 0..150 {
        let (limiter, server) = (limiter.clone(), server.clone());
        calls.spawn(async move {
            let in_flight = limiter.acquire().await.unwrap().dispatch();
            let response = server.oneshot(Request::new(String::new())).await.unwrap();
            in_flight.settle(&response);
        });
    }
    // Each call is made before any time passes.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    sleep(life).await;
    calls.shutdown().await;
}

/// The last run's requests arrive as late as they can, and the next one's at once.
fn late_then_early() -> [Transit; 2] {
    [
        Transit::fixed(LINGER, Duration::ZERO),
        Transit::fixed(Duration::ZERO, LINGER),
    ]
}

/// Each request arrives after a time of its own of up to 3 s.
fn mixed(phase: Duration) -> [Transit; 2] {
    [1, 2].map(|run| {
        let seed = 2 * phase.as_secs() + run;
        Transit::between(Duration::ZERO..LINGER, Duration::ZERO..Duration::ZERO, seed)
    })
}

const WINDOW: Duration = Quota::COMFYCONTROL.per();

/// The limiter's default.
const LINGER: Duration = Duration::from_secs(3);
