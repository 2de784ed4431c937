use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{InFlight, Limiter, Quota, Window};
use http::Response;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_test::{assert_ready_ok, task};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// Ten seconds, as the server counts them.
pub(crate) const TEN: Duration = Duration::from_secs(10);
/// As we count them: a thousandth longer, for clocks that do not agree.
pub(crate) const WINDOW: Duration = Duration::from_millis(10_010);

pub(crate) const BOTH: [Window; 2] = [Window::AnyPhase, Window::Sliding];

pub(crate) fn quota(requests: u32) -> Quota {
    Quota::new(requests, TEN).unwrap()
}

pub(crate) fn limiter(requests: u32, window: Window) -> Limiter {
    Limiter::builder(quota(requests)).window(window).build()
}

pub(crate) fn sliding(requests: u32) -> Limiter {
    limiter(requests, Window::Sliding)
}

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn send(limiter: &Limiter) -> InFlight {
    assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch()
}

pub(crate) fn answer(flight: InFlight) {
    flight.settle(&Response::new(()));
}

pub(crate) fn refuse(flight: InFlight) {
    flight.settle(&Response::builder().status(429).body(()).unwrap());
}

/// When requests left.
pub(crate) type Log = Arc<Mutex<Vec<Instant>>>;

/// So many calls at once, each answered after `latency`.
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
            answer(flight);
        });
    }
    tasks
}

/// The output of a future, which fails the test if it never comes.
pub(crate) async fn finish<F: Future>(future: F) -> F::Output {
    let year = Duration::from_secs(365 * 86_400);
    tokio::time::timeout(year, future)
        .await
        .expect("waits for ever")
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
