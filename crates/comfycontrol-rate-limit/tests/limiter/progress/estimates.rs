//! When it is a call's turn, as it is told while it waits.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Progress, Quota, Step};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::super::support::*;
use super::super::traffic::*;
use super::{ahead, assert_ready, earliest, followed, waiting};

#[tokio::test(start_paused = true)]
async fn with_a_thousand_calls_before_it_the_estimate_is_right() {
    for algorithm in BOTH {
        for (requests, latency) in [
            (1, Duration::ZERO),
            (1, 300 * MILLISECOND),
            (2, 2 * SECOND),
            (40, Duration::ZERO),
            (40, 300 * MILLISECOND),
            (40, 2 * SECOND),
            (100, Duration::ZERO),
        ] {
            let limiter = limiter(requests, algorithm);
            // How long responses take shows in the first windows.
            let at_once = requests as usize;
            let more = if latency.is_zero() { 0 } else { 3 * at_once };
            let off = off_by(&limiter, at_once + more + 1_000, 1_000, latency).await;
            assert!(
                off < 0.02,
                "{requests} at once, {algorithm:?}, {latency:?}: {off} off"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_a_rest_are_in_the_estimate() {
    for algorithm in [Algorithm::Strict, Algorithm::SlidingLog] {
        let limiter = limiter(40, algorithm);
        limiter.pause_for(500 * SECOND);
        let off = off_by(&limiter, 60, 60, Duration::ZERO).await;
        assert!(off < 0.01, "{algorithm:?}: {off}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_comes_while_it_waits_is_told() {
    let limiter = sliding(1);
    let _calls = waiting(&limiter, 1);
    let (tracker, mut progress) = Progress::new();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    let before = earliest(progress.next().await);
    let mut next = task::spawn(progress.next());
    assert_pending!(next.poll());

    limiter.pause_for(600 * SECOND);
    assert!(next.is_woken());
    let after = earliest(assert_ready(next.poll()));
    assert!(before < now() + 30 * SECOND && after >= now() + 600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_changes_while_it_waits_is_told() {
    let limiter = sliding(1);
    let _calls = waiting(&limiter, 3);
    let (tracker, mut progress) = Progress::new();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    let before = earliest(progress.next().await);

    limiter.set_quota(Quota::new(1, 10 * WINDOW).unwrap());
    let after = earliest(progress.next().await);
    assert!(after - now() > 9 * (before - now()));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_its_slot_is_next_and_now() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let (tracker, mut progress) = Progress::new();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    assert_eq!(ahead(progress.next().await), Some(0));
    time::sleep(WINDOW + MILLISECOND).await;
    // The timer has granted it; the call is not polled yet.
    assert!(call.is_woken());
    assert_eq!(earliest(progress.step()), now());
    assert_ready_ok!(call.poll());
    assert_eq!(progress.step(), Some(Step::Left(now())));
}

// === support ===

/// By how much of the time it waits the last of so many calls is told wrong when so many are before
/// it.
async fn off_by(limiter: &Limiter, calls: usize, before: usize, latency: Duration) -> f64 {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let limiter = limiter.clone();
        tasks.spawn(async move {
            let flight = limiter.acquire().await.unwrap().dispatch();
            time::sleep(latency).await;
            respond(flight);
        });
    }
    let (tracker, mut progress) = Progress::new();
    let last = tokio::spawn({
        let limiter = limiter.clone();
        async move {
            let _permit = limiter.acquire().tracked_by(tracker).await.unwrap();
            now()
        }
    });
    let told = loop {
        match progress.next().await {
            Some(Step::Waiting(waiting)) if waiting.ahead() <= before => break waiting,
            Some(_) => {}
            None => panic!("it is over"),
        }
    };
    let asked = now();
    let left = last.await.unwrap();
    tasks.shutdown().await;
    let (told, waited) = (told.earliest() - asked, left - asked);
    told.abs_diff(waited).as_secs_f64() / waited.as_secs_f64()
}
