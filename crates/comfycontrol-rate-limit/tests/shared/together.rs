//! All of them together keep to one quota, in turns.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, MemoryStore, Progress, Step};
use comfycontrol_test::now;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::sleep;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

use crate::store::{WINDOW, builder, polled, spawned};

fn limiters(count: usize, requests: u32) -> Vec<Limiter> {
    let store = MemoryStore::new();
    let all = (0..count).map(|_| spawned(builder(requests), store.clone()).0);
    all.collect()
}

async fn answered(limiter: &Limiter) {
    let in_flight = limiter.acquire().await.unwrap().dispatch();
    in_flight.settle(&Response::new(()));
}

#[tokio::test(start_paused = true)]
async fn two_limiters_have_one_quota() {
    let all = limiters(2, 40);
    let start = now();
    for call in 0..40 {
        answered(&all[call % 2]).await;
    }
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    answered(&all[0]).await;
    assert!(start.elapsed() > WINDOW);
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_layer_share_the_budget_too() {
    let all = limiters(2, 4);
    let start = now();
    for call in 0..5 {
        let client = ServiceBuilder::new()
            .layer(all[call % 2].layer())
            .service(service_fn(|_: Request<()>| async {
                Ok::<_, BoxError>(Response::new(()))
            }));
        client.oneshot(Request::new(())).await.unwrap();
        assert_eq!(start.elapsed() > WINDOW, call == 4, "{call}");
    }
}

/// All greedy, with latency: no limiter starves, and no window has too many.
#[tokio::test(start_paused = true)]
async fn greedy_limiters_take_turns_and_lose_nothing() {
    let counted = Arc::new(Mutex::new(Vec::new()));
    let start = now();
    for (who, limiter) in limiters(4, 40).into_iter().enumerate() {
        for call in 0..10 {
            let (limiter, counted) = (limiter.clone(), counted.clone());
            tokio::spawn(async move {
                loop {
                    let in_flight = limiter.acquire().await.unwrap().dispatch();
                    sleep(Duration::from_millis(20 + 13 * call)).await;
                    counted.lock().unwrap().push((who, start.elapsed()));
                    sleep(Duration::from_millis(20 + 7 * call)).await;
                    in_flight.settle(&Response::new(()));
                }
            });
        }
    }
    sleep(Duration::from_secs(80)).await;
    let counted = counted.lock().unwrap();
    for (_, at) in counted.iter() {
        let since = at.saturating_sub(WINDOW);
        let within = counted
            .iter()
            .filter(|(_, other)| (since..=*at).contains(other));
        assert!(within.count() <= 40);
    }
    let later = || counted.iter().filter(|(_, at)| *at > 2 * WINDOW);
    let rate = later().count() as f64 / 60.0;
    assert!(rate > 3.6, "{rate} a second");
    for who in 0..4 {
        let own = later().filter(|(other, _)| *other == who).count();
        assert!(own as f64 > 0.9 * later().count() as f64 / 4.0, "{own}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_to_one_silences_all_and_one_probe_goes_first() {
    let all = limiters(2, 40);
    answered(&all[1]).await;
    let start = now();
    let refused = all[0].acquire().await.unwrap().dispatch();
    refused.settle_parts(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new());
    sleep(Duration::from_millis(10)).await;

    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let limiter = all[1].clone();
            tokio::spawn(async move { (limiter.acquire().await.unwrap().dispatch(), now()) })
        })
        .collect();
    sleep(WINDOW).await;
    assert!(all[1].snapshot().fleet().unwrap().paused_until().is_some());
    sleep(Duration::from_secs(5)).await;
    let done: Vec<_> = waiting.iter().map(|call| call.is_finished()).collect();
    assert_eq!(
        done.iter().filter(|done| **done).count(),
        1,
        "one probe and no more"
    );

    let mut waiting = waiting;
    let probe = waiting.remove(done.iter().position(|done| *done).unwrap());
    let (probe, at) = probe.await.unwrap();
    assert!(at - start > Duration::from_secs(10));
    probe.settle(&Response::new(()));
    for call in waiting {
        drop(call.await.unwrap());
    }
    assert_eq!(
        (all[0].snapshot().cooldowns(), all[1].snapshot().cooldowns()),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_by_hand_holds_all_of_them() {
    let all = limiters(2, 40);
    answered(&all[1]).await;
    let start = now();
    all[0].pause_for(Duration::from_secs(60));
    sleep(Duration::from_millis(10)).await;
    answered(&all[1]).await;
    assert!(start.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_is_given_back_goes_to_another_limiter() {
    let all = limiters(2, 1);
    let permit = all[0].acquire().await.unwrap();
    let start = now();
    let other = tokio::spawn({
        let limiter = all[1].clone();
        async move { answered(&limiter).await }
    });
    sleep(Duration::from_secs(1)).await;
    drop(permit);
    other.await.unwrap();
    assert!(start.elapsed() < WINDOW, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_can_be_followed() {
    let all = limiters(2, 1);
    answered(&all[0]).await;
    let (tracker, mut progress) = Progress::new();
    let call = tokio::spawn(all[1].acquire().tracked_by(tracker));
    let Some(Step::Waiting(waiting)) = progress.next().await else {
        panic!("it waits");
    };
    assert_eq!(waiting.ahead(), 0);
    drop(call.await.unwrap().unwrap());
}

/// The slot comes back wherever a call is dropped.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_poll_costs_nothing() {
    for polls in 0..6 {
        let all = limiters(2, 1);
        let mut call = Box::pin(all[0].acquire());
        for _ in 0..polls {
            let polled = polled(&mut call).await;
            if polled.is_ready() {
                break; // and the permit is dropped
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let start = now();
        answered(&all[1]).await;
        assert!(start.elapsed() < WINDOW, "after {polls} polls");
    }
}
