//! 500 rows at 40 requests in a second on both sides, alone and killed ten times. They take a
//! minute and a half, and tell something on a machine that does nothing else:
//! `cargo test --release -p comfycontrol-cli --test cli pace -- --ignored --nocapture`.

use std::time::Duration;

use comfycontrol::Client;
use comfycontrol::rate_limit::Quota;
use comfycontrol_emulator::{Emulator, Limit};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::studio::{Studio, runs};
use crate::support::Account;

const ROWS: usize = 500;
const RUN: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(1);
/// How long after each start, in milliseconds: drawn once, evenly from the first burst to the end.
/// A kill in the first burst takes the linger longer, 3 s: so long may what was sent then be on its
/// way.
const KILLS: [u64; 10] = [2646, 1997, 4307, 2269, 3307, 3345, 1028, 1485, 974, 3691];

#[ignore = "takes half a minute each, and time is measured"]
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_rows_take_the_time_that_the_quota_allows() {
    let allowed = allowed().await;
    let (took, requests) = batch(&[]).await;
    println!("{took:?} of {allowed:?}, {requests} requests");
    assert!(took <= allowed.mul_f64(1.02), "{took:?} {allowed:?}");
    assert!(requests <= 3 * ROWS as u64, "{requests}");
}

#[ignore = "takes half a minute each, and time is measured"]
#[tokio::test(flavor = "multi_thread")]
async fn killed_ten_times_they_take_a_tenth_longer_at_most() {
    let allowed = allowed().await;
    let (took, requests) = batch(&KILLS).await;
    println!(
        "{took:?} of {allowed:?}, {requests} requests, killed {} times",
        KILLS.len()
    );
    assert!(took <= allowed.mul_f64(1.10), "{took:?} {allowed:?}");
    assert!(requests <= 3 * ROWS as u64, "{requests}");
}

/// What two requests a row take that do nothing, and a run.
async fn allowed() -> Duration {
    let account = account().await;
    let quota = Quota::new(40, WINDOW).unwrap();
    let client = Client::builder().base_url(account.emulator.http_url());
    let client = client.token(&account.token).rate_limit(quota).no_proxy();
    let client = client.build().unwrap();
    let began = now();
    let calls = (0..2 * ROWS).map(|_| client.get("/v1/user").send());
    try_join_all(calls).await.unwrap();
    now() - began + RUN
}

/// The time from the first start to the end, and the requests to the API.
async fn batch(kills: &[u64]) -> (Duration, u64) {
    let (account, studio) = (account().await, Studio::of(ROWS));
    let budget = studio.path("budget");
    let budget = budget.to_str().unwrap();
    let arguments = [
        "--quota", "40/1", "--jobs", "80", "--settle", "3", "--budget", budget,
    ];
    let began = now();
    for pause in kills {
        let mut child = studio.start(&account, &arguments);
        tokio::time::sleep(Duration::from_millis(*pause)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ran = studio.run(&account, &arguments);
    let took = now() - began;
    assert_eq!((ran.code, studio.saved()), (Some(0), ROWS), "{ran:?}");
    let edge = account.emulator.edge();
    let requests = edge.requests();
    assert_eq!(edge.throttled(), 0);
    edge.set_limit(None);
    let runs = runs(&account);
    assert_eq!((runs.len(), runs.values().max()), (ROWS, Some(&1)));
    (took, requests)
}

async fn account() -> Account {
    let limit = Limit::new(40, WINDOW).unwrap();
    let emulator = Emulator::builder().limit(limit).outputs(1).run_time(RUN);
    Account::of(emulator).await
}

#[expect(clippy::disallowed_methods, reason = "this measures")]
fn now() -> Instant {
    Instant::now()
}
