use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol::priority::PriorityLimiter;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_emulator::{Emulator, Limit};
use comfycontrol_gateway::{Ending, FinishedCall, GatewayBuilder};
use tokio::task::JoinSet;

use crate::support::{Emulated, used_up};

const WINDOW: Duration = Duration::from_secs(1);

/// The emulator and the limiter keep the same quota.
async fn limited(told: Arc<Mutex<Vec<FinishedCall>>>) -> Emulated {
    let limit = Limit::new(40, WINDOW).unwrap();
    let quota = Quota::new(40, WINDOW).unwrap();
    Emulated::of(Emulator::builder().limit(limit), |gateway| {
        gateway
            .quota(quota)
            .limiter(Limiter::new(quota))
            .on_finished(move |call| told.lock().unwrap().push(call.clone()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_of_four_keys_have_fair_shares_and_no_429() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let house = Arc::new(limited(told.clone()).await);
    // Until all of them wait.
    let limiter = house.running.gateway.priority().limiter();
    limiter.pause_for(Duration::from_secs(4));
    let mut callers = JoinSet::new();
    // One key calls ten times as often as two others.
    for (key, count) in [("ann", 100), ("bob", 40), ("cid", 30), ("dee", 30)] {
        for number in 0..count {
            let house = house.clone();
            callers.spawn(async move {
                let path = format!("/v1/user?{number}");
                house
                    .running
                    .get(&path, &format!("x-caller: {key}\r\n"))
                    .await
            });
        }
    }
    while let Some(response) = callers.join_next().await {
        let response = response.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    }
    assert_eq!(
        (
            house.emulator.edge().requests(),
            house.emulator.edge().throttled()
        ),
        (200, 0)
    );

    // Of the first hundred, each key has 0.9 of a quarter at least; the order is that of their
    // ends.
    let told = told.lock().unwrap();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for call in told.iter().take(100) {
        *counts.entry(call.caller().unwrap().as_str()).or_default() += 1;
    }
    assert!(
        counts.len() == 4 && counts.values().all(|count| *count >= 22),
        "{counts:?}"
    );
    assert!(
        told.iter()
            .all(|call| call.ending() == Ending::Whole && call.path() == "/v1/user")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_an_impatient_caller_get_a_503_with_the_time_to_come_back() {
    let limiter = used_up(Duration::from_secs(60)).await;
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway
            .limiter(limiter)
            .max_queued(0)
            .max_wait(Duration::from_secs(600))
    })
    .await;
    // Zero seconds: no place is taken.
    let impatient = house.running.get("/v1/user", "prefer: wait=0\r\n").await;
    assert!(impatient.starts_with("HTTP/1.1 503"), "{impatient}");

    let _first = house.running.waiting().await;
    let full = house.running.get("/v1/user", "").await;
    assert!(full.starts_with("HTTP/1.1 503"), "{full}");
    for response in [impatient, full] {
        let after = response.split("retry-after: ").nth(1).expect("a time");
        let after: u64 = after.split("\r\n").next().unwrap().parse().unwrap();
        assert!((30..=180).contains(&after), "{after}");
        assert!(
            response.contains("ratelimit: \"gateway\";r=0;t="),
            "{response}"
        );
        assert!(
            response.contains("{\"message\":\"not sent to keep within the rate limit"),
            "{response}"
        );
    }
    assert_eq!(house.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_its_own_goes_before_limiter_and_queue() {
    let limiter = used_up(Duration::from_secs(60)).await;
    let order = PriorityLimiter::builder(limiter).max_queued(0).build();
    let set: [fn(GatewayBuilder, PriorityLimiter) -> GatewayBuilder; 2] = [
        |gateway, order| set_others(gateway).priority(order),
        |gateway, order| set_others(gateway.priority(order)),
    ];
    for set in set {
        let order = order.clone();
        let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
            set(gateway, order).max_wait(Duration::from_secs(600))
        })
        .await;
        let first = house.running.waiting().await;
        let full = house.running.get("/v1/user", "").await;
        assert!(full.starts_with("HTTP/1.1 503"), "{full}");
        assert_eq!(house.emulator.edge().requests(), 0);
        drop(first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_counted_is_said() {
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.max_wait(Duration::from_secs(5))
    })
    .await;
    let response = house.running.get("/v1/user", "prefer: wait=3\r\n").await;
    assert!(
        response.contains("preference-applied: wait=3\r\n"),
        "{response}"
    );
    let response = house.running.get("/v1/user", "prefer: wait=30\r\n").await;
    assert!(
        response.contains("preference-applied: wait=5\r\n"),
        "{response}"
    );
    assert!(
        !house.emulator.captured_requests()[0]
            .headers()
            .contains_key("prefer")
    );
}

/// A limiter that lets all pass, and a queue in which all have room.
fn set_others(gateway: GatewayBuilder) -> GatewayBuilder {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    gateway.limiter(limiter).max_queued(1_000)
}
