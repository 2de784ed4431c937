//! A call that is followed: its place in the queue, when it is its turn, and that it leaves.

mod estimates;

use comfycontrol_rate_limit::{Acquire, Limiter, Progress, Step, Tracker};
use futures_util::StreamExt;
use http::{Request, Response};
use tokio::time::{self, Instant};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, service_fn};

use super::support::*;

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
async fn who_joins_behind_wakes_nobody_who_follows_a_call() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let mut followers = Vec::new();
    for place in 0..100 {
        let (tracker, progress) = Progress::new();
        let mut call = followed(&limiter, tracker);
        assert_pending!(call.poll());
        let mut next = task::spawn(progress);
        assert_eq!(ahead(assert_ready(next.poll_next())), Some(place));
        assert_pending!(next.poll_next());
        followers.push((call, next));
    }
    let woken = followers.iter().filter(|(_, next)| next.is_woken()).count();
    assert_eq!(woken, 0);
}

#[tokio::test(start_paused = true)]
async fn places_are_right_when_calls_give_up_anywhere() {
    let limiter = sliding(1);
    let mut calls = waiting(&limiter, 20);
    let (tracker, progress) = Progress::new();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    for left in (0..20).rev() {
        drop(calls.remove(left * 7 % (left + 1)));
        assert_eq!(ahead(progress.step()), Some(left));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_followed_as_a_stream() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let (tracker, progress) = Progress::new();
    let call = tokio::spawn(followed(&limiter, tracker));
    let steps: Vec<_> = progress.collect().await;
    assert!(
        matches!(steps[..], [Step::Waiting(_), Step::Left(_)]),
        "{steps:?}"
    );
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_outlives_the_limiter_ends_with_the_call() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let (tracker, mut progress) = Progress::new();
    let kept = tracker.clone();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    assert!(progress.next().await.is_some());
    drop((call, limiter));
    assert_eq!(progress.step(), None);
    let mut next = task::spawn(progress.next());
    assert_pending!(next.poll());
    drop(kept);
    assert!(next.is_woken());
    assert_eq!(assert_ready(next.poll()), None);
}

#[tokio::test(start_paused = true)]
async fn a_tracker_used_again_follows_the_next_call_by_another_limiter() {
    let (tracker, mut progress) = Progress::new();
    for calls in [1, 3] {
        let limiter = sliding(1);
        let _calls = waiting(&limiter, calls);
        let mut call = followed(&limiter, tracker.clone());
        assert_pending!(call.poll());
        assert_eq!(ahead(progress.next().await), Some(calls));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_follower_has_gone_goes_on() {
    let limiter = sliding(1);
    spend(&limiter, 1);
    let (tracker, progress) = Progress::new();
    let mut call = followed(&limiter, tracker);
    assert_pending!(call.poll());
    drop(progress);
    time::sleep(WINDOW + MILLISECOND).await;
    assert_ready_ok!(call.poll());
}

// === support ===

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
) -> task::Spawn<impl Future<Output = Result<Response<()>, BoxError>> + use<>> {
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

fn earliest(step: Option<Step>) -> Instant {
    match step {
        Some(Step::Waiting(waiting)) => waiting.earliest(),
        _ => panic!("{step:?}"),
    }
}
