use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_emulator::Emulator;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::{Emulated, LONG};

const KEYS: [&str; 4] = ["ann", "bob", "cid", "dee"];
const EACH: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_turns_and_the_calls_of_a_key_leave_in_the_order_in_which_they_came() {
    // One slot, so that each call leaves after the response of the one before.
    let quota = Quota::new(1, Duration::from_millis(5)).unwrap();
    let limiter = Limiter::new(quota);
    let held = limiter.acquire().await.unwrap().dispatch();
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.limiter(limiter).max_wait(Duration::from_secs(600))
    })
    .await;
    let mut callers = JoinSet::new();
    // The one that is next has its turn behind it.
    let mut calls = vec![("eve", "eve".to_owned())];
    // All of ann's first, then all of bob's.
    for key in KEYS {
        calls.extend((0..EACH).map(|number| (key, format!("{key}{number}"))));
    }
    for (place, (key, query)) in calls.iter().enumerate() {
        let call = format!(
            "GET /v1/user?{query} HTTP/1.1\r\nhost: localhost\r\nx-caller: {key}\r\n\
             connection: close\r\n\r\n"
        );
        let mut stream = house.running.connect().await;
        stream.write_all(call.as_bytes()).await.unwrap();
        callers.spawn(async move {
            let mut response = String::new();
            stream.read_to_string(&mut response).await.unwrap();
            response
        });
        until_waiting(&house, place + 1).await;
    }
    held.settle(&Response::new(()));
    while let Some(response) = timeout(LONG, callers.join_next()).await.expect("its turn") {
        let response = response.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    }
    let captured = house.emulator.captured_requests();
    let left: Vec<_> = captured
        .iter()
        .map(|request| request.uri().query().unwrap().to_owned())
        .collect();
    let turns = (0..EACH).flat_map(|number| KEYS.map(|key| format!("{key}{number}")));
    let expected: Vec<_> = std::iter::once("eve".to_owned()).chain(turns).collect();
    assert_eq!(left, expected);
}

async fn until_waiting(house: &Emulated, count: usize) {
    let priority = house.running.gateway.priority();
    let reached = async {
        while priority.snapshot().queued() + priority.limiter().snapshot().queued() != count {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, reached).await.expect("it waits");
}
