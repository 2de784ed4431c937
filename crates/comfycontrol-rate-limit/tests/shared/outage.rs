//! When the store is away: calls wait or are rejected, and never leave.

use std::sync::atomic::Ordering;
use std::time::Duration;

use comfycontrol_rate_limit::RejectedReason;
use comfycontrol_test::now;
use http::Response;
use tokio::time::{sleep, timeout};

use crate::store::{Flaky, WINDOW, builder, polled, spawned};

#[tokio::test(start_paused = true)]
async fn calls_wait_until_the_store_is_back() {
    let store = Flaky::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    store.away.store(true, Ordering::SeqCst);
    let call = tokio::spawn(limiter.acquire());
    sleep(Duration::from_secs(60)).await;
    assert!(!call.is_finished());
    assert!(
        store.operations.load(Ordering::SeqCst) < 100,
        "asked too often"
    );

    store.away.store(false, Ordering::SeqCst);
    let back = now();
    drop(call.await.unwrap().unwrap());
    assert!(back.elapsed() <= Duration::from_millis(1_100));
}

#[tokio::test(start_paused = true)]
async fn calls_are_rejected_after_the_longest_outage_and_served_after_it() {
    for silent in [false, true] {
        let store = Flaky::default();
        let outage = Duration::from_secs(5);
        let (limiter, _keeper) = spawned(builder(40).max_outage(outage), store.clone());
        drop(limiter.acquire().await.unwrap());
        sleep(Duration::from_millis(10)).await; // until it is back in the store
        let flag = if silent { &store.silent } else { &store.away };
        flag.store(true, Ordering::SeqCst);

        let start = now();
        let rejected = limiter.acquire().await.unwrap_err();
        assert_eq!(rejected.reason(), RejectedReason::StoreUnavailable);
        let took = start.elapsed();
        assert!(
            (outage..outage + Duration::from_millis(50)).contains(&took),
            "{took:?}"
        );
        // Those that come are rejected at once.
        let rejected = limiter.acquire().await.unwrap_err();
        assert_eq!(rejected.reason(), RejectedReason::StoreUnavailable);
        assert_eq!(start.elapsed(), took);

        flag.store(false, Ordering::SeqCst);
        sleep(Duration::from_secs(4)).await;
        drop(limiter.acquire().await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_deadline_does_not_wait_longer_for_the_store() {
    let store = Flaky::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    store.silent.store(true, Ordering::SeqCst);
    let deadline = now() + Duration::from_secs(3);
    let rejected = limiter.acquire_until(deadline).await.unwrap_err();
    assert_eq!(rejected.reason(), RejectedReason::DeadlinePassed);
    assert_eq!(now(), deadline);
}

#[tokio::test(start_paused = true)]
async fn what_was_done_without_an_answer_is_not_done_twice() {
    let store = Flaky::default();
    let (limiter, _keeper) = spawned(builder(4), store.clone());
    for _ in 0..4 {
        store.losing.store(1, Ordering::SeqCst);
        let in_flight = limiter.acquire().await.unwrap().dispatch();
        store.losing.store(1, Ordering::SeqCst);
        in_flight.settle(&Response::new(()));
    }
    sleep(Duration::from_secs(3)).await;
    let fleet = limiter.snapshot().fleet().cloned().unwrap();
    assert_eq!(fleet.in_flight(), 0);
    assert!(
        timeout(Duration::from_secs(5), limiter.acquire())
            .await
            .is_err(),
        "a fifth"
    );
}

/// A process that was cut off for so long that others count its slots as lost uses none of them.
#[tokio::test(start_paused = true)]
async fn a_slot_that_was_granted_too_long_ago_is_not_used() {
    let store = Flaky::default();
    let lease = Duration::from_secs(10);
    let (limiter, _keeper) = spawned(builder(1).lease(lease), store.clone());
    let mut call = Box::pin(limiter.acquire());
    while limiter.snapshot().in_flight() == 0 {
        assert!(polled(&mut call).await.is_pending());
        tokio::task::yield_now().await;
        if limiter.snapshot().in_flight() > 0 {
            break;
        }
    }
    store.silent.store(true, Ordering::SeqCst);
    // Granted and not taken up, and no process says that it is still held.
    sleep(lease / 2 + Duration::from_millis(1)).await;
    assert!(polled(&mut call).await.is_pending(), "used too late");
    store.silent.store(false, Ordering::SeqCst);
    let start = now();
    drop(call.await.unwrap());
    assert!(start.elapsed() < 2 * WINDOW + lease);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_since_when_the_store_is_away_and_why_calls_are_rejected() {
    let store = Flaky::default();
    let (limiter, keeper) = spawned(
        builder(40).max_outage(Duration::from_secs(5)),
        store.clone(),
    );
    let fleet = || limiter.snapshot().fleet().unwrap().clone();
    drop(limiter.acquire().await.unwrap());
    sleep(Duration::from_millis(10)).await; // until it is back in the store
    assert_eq!((fleet().away_since(), fleet().rejects()), (None, None));

    store.away.store(true, Ordering::SeqCst);
    let start = now();
    let _ = limiter.acquire().await.unwrap_err();
    assert_eq!(fleet().away_since(), Some(start));
    assert_eq!(fleet().rejects(), Some(RejectedReason::StoreUnavailable));

    store.away.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(4)).await;
    assert_eq!((fleet().away_since(), fleet().rejects()), (None, None));

    keeper.abort();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(fleet().rejects(), Some(RejectedReason::KeeperStopped));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_back_is_noticed_although_no_call_waits_any_more() {
    let store = Flaky::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    let away_since = || limiter.snapshot().fleet().unwrap().away_since();
    store.away.store(true, Ordering::SeqCst);
    let _ = timeout(Duration::from_secs(1), limiter.acquire()).await;
    assert!(away_since().is_some());
    store.away.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(away_since(), None);
}
