//! What can be seen of all of them.

use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, MemoryStore, Quota};
use http::Response;
use tokio::time::sleep;

use crate::store::{builder, spawned};

#[tokio::test(start_paused = true)]
async fn the_snapshot_shows_all_processes() {
    let store = MemoryStore::new();
    let (one, _keeper) = spawned(builder(2), store.clone());
    let (other, _other_keeper) = spawned(builder(2), store);
    assert!(
        Limiter::new(Quota::COMFYCONTROL)
            .snapshot()
            .fleet()
            .is_none()
    );
    let permit = one.acquire().await.unwrap();
    let other_permit = other.acquire().await.unwrap();
    let waiting = tokio::spawn(other.acquire());
    sleep(Duration::from_millis(10)).await;

    let seen = other.snapshot();
    assert_eq!(
        (seen.limit(), seen.free(), seen.in_flight(), seen.queued()),
        (2, 0, 1, 1)
    );
    let fleet = seen.fleet().unwrap();
    let all = (
        fleet.members(),
        fleet.waiting(),
        fleet.in_flight(),
        fleet.free(),
    );
    assert_eq!(all, (2, 1, 2, 0));
    assert!(seen.next_slot().is_some());

    permit.dispatch().settle(&Response::new(()));
    drop(other_permit);
    drop(waiting.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn another_number_of_requests_counts_from_the_next_call_on() {
    let (limiter, _keeper) = spawned(builder(1), MemoryStore::new());
    let _permit = limiter.acquire().await.unwrap();
    limiter.set_quota(Quota::new(2, Duration::from_secs(10)).unwrap());
    drop(limiter.acquire().await.unwrap());
    assert_eq!(limiter.snapshot().limit(), 2);
}
