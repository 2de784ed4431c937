//! A keeper that goes: calls are rejected, typed, and never leave.

use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, MemoryStore, Quota, RejectedReason};
use comfycontrol_test::now;
use http::Response;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use crate::store::{WINDOW, builder, spawned};

#[tokio::test(start_paused = true)]
async fn without_a_keeper_calls_that_wait_and_those_that_come_are_rejected() {
    let (limiter, keeper) = builder(40).build_shared(MemoryStore::new());
    let waiting = tokio::spawn(limiter.acquire());
    sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished(), "let go without a keeper");
    drop(keeper);
    for call in [waiting, tokio::spawn(limiter.acquire())] {
        let rejected = call.await.unwrap().unwrap_err();
        assert_eq!(rejected.reason(), RejectedReason::KeeperStopped);
    }
}

#[test]
fn a_runtime_that_ends_takes_the_keeper_along() {
    let (limiter, keeper) = builder(40).build_shared(MemoryStore::new());
    let its_own = Builder::new_current_thread().enable_time().build().unwrap();
    its_own.spawn(keeper);
    its_own.block_on(async { drop(limiter.acquire().await.unwrap()) });
    drop(its_own);
    let another = Builder::new_current_thread().enable_time().build().unwrap();
    let rejected = another.block_on(limiter.acquire()).unwrap_err();
    assert_eq!(rejected.reason(), RejectedReason::KeeperStopped);
}

#[tokio::test(start_paused = true)]
async fn a_keeper_ends_with_its_limiter_and_tells_what_is_left() {
    let store = MemoryStore::new();
    let (one, keeper) = spawned(builder(1), store.clone());
    one.acquire()
        .await
        .unwrap()
        .dispatch()
        .settle(&Response::new(()));
    drop(one);
    let start = now();
    keeper.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_millis(100));
    // The next one need not wait for its lease.
    let (other, _keeper) = spawned(builder(1).algorithm(Algorithm::Strict), store);
    drop(other.acquire().await.unwrap());
    let took = start.elapsed();
    assert!(
        (2 * WINDOW..2 * WINDOW + Duration::from_secs(1)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_counts_in_another_window_is_told() {
    let store = MemoryStore::new();
    let (one, _keeper) = spawned(builder(40), store.clone());
    drop(one.acquire().await.unwrap());
    let quota = Quota::new(40, Duration::from_secs(60)).unwrap();
    let (other, keeper) = spawned(Limiter::builder(quota), store);
    let call = other.acquire().await.unwrap_err();
    assert_eq!(call.reason(), RejectedReason::KeeperStopped);
    let error = keeper.await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("another window, of 10.01s"),
        "{error}"
    );
    // The first goes on.
    drop(one.acquire().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_a_process_had_that_died_comes_back_after_its_lease() {
    let store = MemoryStore::new();
    let (one, keeper) = spawned(builder(1), store.clone());
    let in_flight = one.acquire().await.unwrap().dispatch();
    keeper.abort();
    std::mem::forget(in_flight);
    let (other, _keeper) = spawned(builder(1), store);
    let start = now();
    drop(
        timeout(Duration::from_secs(60), other.acquire())
            .await
            .unwrap()
            .unwrap(),
    );
    // The lease, as long as it may be on its way then, and the windows.
    let took = start.elapsed();
    let due = Duration::from_secs(10 + 3) + 2 * WINDOW;
    assert!(
        (due - Duration::from_secs(1)..due + Duration::from_secs(6)).contains(&took),
        "{took:?}"
    );
}
