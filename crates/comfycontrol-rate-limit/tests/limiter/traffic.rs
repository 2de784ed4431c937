//! Many calls at once under either algorithm, and the most that left in any window.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::support::{TEN, now, quota, respond};

pub(crate) const BOTH: [Algorithm; 2] = [Algorithm::Strict, Algorithm::SlidingLog];

pub(crate) fn limiter(requests: u32, algorithm: Algorithm) -> Limiter {
    Limiter::builder(quota(requests))
        .algorithm(algorithm)
        .build()
}

/// When requests left.
pub(crate) type Log = Arc<Mutex<Vec<Instant>>>;

/// So many calls at once, each with its response after `latency`.
pub(crate) fn call_at_once(
    limiter: &Limiter,
    calls: usize,
    latency: Duration,
    log: &Log,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (limiter, log) = (limiter.clone(), log.clone());
        tasks.spawn(async move {
            let flight = limiter.acquire().await.unwrap().dispatch();
            log.lock().unwrap().push(now());
            tokio::time::sleep(latency).await;
            respond(flight);
        });
    }
    tasks
}

/// The most that left in any ten seconds, both ends included.
pub(crate) fn most_in_a_window(log: &Log) -> usize {
    let log = log.lock().unwrap();
    let in_window = |from: &Instant| {
        log.iter()
            .filter(|at| (*from..=*from + TEN).contains(at))
            .count()
    };
    log.iter().map(in_window).max().unwrap_or_default()
}
