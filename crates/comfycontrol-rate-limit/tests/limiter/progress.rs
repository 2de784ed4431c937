//! A call that is followed: its place in the queue, when it is its turn, and that it leaves.

use std::time::Duration;

use comfycontrol_rate_limit::{Acquire, Algorithm, Limiter, Progress, Step, Tracker};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, service_fn};

use super::support::*;
use super::traffic::*;

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_sees_its_place_and_that_it_leaves() {
    let limiter = sliding(1);
    let mut calls = waiting(&limiter, 2);
    let (tracker, mut progress) = Progress::new();
    assert_eq!(progress.step(), None);
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    assert_eq!(ahead(progress.next().await), Some(2));
    let mut next = task::spawn(progress.next());
    assert_pending!(next.poll());

    drop(calls.pop());
    assert!(next.is_woken());
    let step = assert_ready(next.poll());
    drop(next);
    let Some(Step::Waiting(waiting)) = step else {
        panic!("{step:?}")
    };
    assert_eq!((waiting.ahead(), waiting.place()), (1, 2));

    time::advance(WINDOW + MILLISECOND).await;
    respond(assert_ready_ok!(calls[0].poll()).dispatch());
    assert_eq!(ahead(progress.next().await), Some(0));
    time::advance(WINDOW + MILLISECOND).await;
    assert_ready_ok!(call.poll());
    assert_eq!(progress.next().await, Some(Step::Left(now())));
    assert_eq!(progress.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_need_not_wait_only_leaves() {
    let limiter = sliding(2);
    let (tracker, mut progress) = Progress::new();
    assert_ready_ok!(followed(&limiter, tracker).poll());
    assert_eq!(progress.next().await, Some(Step::Left(now())));
    assert_eq!(progress.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_that_the_request_leaves_before_it_has_a_response() {
    let limiter = sliding(1);
    let (tracker, mut progress) = Progress::new();
    let pending = service_fn(async |_: Request<()>| {
        std::future::pending::<Result<Response<()>, BoxError>>().await
    });
    let mut request = Request::new(());
    request.extensions_mut().insert(tracker);
    let mut call = task::spawn(limiter.layer().layer(pending).call(request));
    assert_pending!(call.poll());
    assert_eq!(progress.next().await, Some(Step::Left(now())));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_or_rejected_has_no_more_steps() {
    let limiter = builder(1).max_queued(2).build();
    let _calls = waiting(&limiter, 1);
    let (tracker, mut progress) = Progress::new();
    let mut dropped = followed(&limiter, tracker);
    assert_pending!(dropped.poll());
    assert_eq!(ahead(progress.next().await), Some(1));
    let mut next = task::spawn(progress.next());
    assert_pending!(next.poll());
    let (tracker, mut rejected) = Progress::new();
    assert!(assert_ready(followed(&limiter, tracker).poll()).is_err());
    assert_eq!(rejected.next().await, None);
    drop(dropped);
    assert!(next.is_woken());
    assert_eq!(assert_ready(next.poll()), None);
}

#[tokio::test(start_paused = true)]
async fn without_tower_the_steps_end_with_the_permit() {
    let limiter = sliding(1);
    let mut calls = waiting(&limiter, 1);
    let (tracker, mut progress) = Progress::new();
    let mut call = task::spawn(limiter.acquire().tracked_by(tracker));
    assert_pending!(call.poll());
    assert_eq!(ahead(progress.next().await), Some(1));
    time::advance(WINDOW + MILLISECOND).await;
    respond(assert_ready_ok!(calls[0].poll()).dispatch());
    time::advance(WINDOW + MILLISECOND).await;
    let _permit = assert_ready_ok!(call.poll());
    drop(call);
    assert_eq!(progress.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_of_a_request_is_followed() {
    let limiter = sliding(1);
    let (tracker, mut progress) = Progress::new();
    assert_ready_ok!(followed(&limiter, tracker.clone()).poll());
    assert!(matches!(progress.next().await, Some(Step::Left(_))));
    let mut again = followed(&limiter, tracker);
    assert_pending!(again.poll());
    assert_eq!(ahead(progress.next().await), Some(0));
    time::advance(WINDOW + MILLISECOND).await;
    assert_ready_ok!(again.poll());
    assert_eq!(progress.next().await, Some(Step::Left(now())));
}

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

// === support ===

/// By how much of the time it waits the last of so many calls is told wrong when so many are before it.
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

/// The only slot is used, and so many calls wait.
fn waiting(limiter: &Limiter, calls: usize) -> Vec<task::Spawn<Acquire>> {
    spend(limiter, 1);
    let mut calls: Vec<_> = (0..calls).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    calls
}

fn followed(
    limiter: &Limiter,
    tracker: Tracker,
) -> task::Spawn<impl Future<Output = Result<Response<()>, BoxError>>> {
    let mut request = Request::new(());
    request.extensions_mut().insert(tracker);
    task::spawn(limiter.layer().layer(service_fn(ok)).call(request))
}

fn ahead(step: Option<Step>) -> Option<usize> {
    match step {
        Some(Step::Waiting(waiting)) => Some(waiting.ahead()),
        _ => None,
    }
}

fn assert_ready<T>(poll: std::task::Poll<T>) -> T {
    tokio_test::assert_ready!(poll)
}
