//! How much of what the limiter alone allows reaches the API through the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_benches::measure::{Series, Stopwatch};
use http::Response;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::caller::Caller;
use crate::figure::{Figure, Target};
use crate::serve::Gate;

const CALLERS: usize = 200;
const KEYS: [&str; 4] = ["ann", "bob", "cid", "dee"];
/// A quota in so many seconds, and how many calls are made.
const CASES: [(u32, u64, usize); 2] = [(40, 2, 240), (400, 2, 4_000)];

pub(crate) async fn measure(rounds: usize) -> Vec<Figure> {
    let mut figures = Vec::new();
    println!("\ncalls of {CALLERS} callers at once, seconds for all:");
    for (requests, seconds, calls) in CASES {
        let mut took = ["the limiter alone", "through the gateway"].map(Series::new);
        let mut refused = 0;
        for _ in 0..rounds {
            took[0].push(alone(requests, seconds, calls).await);
            let (time, throttled) = through(requests, seconds, calls).await;
            took[1].push(time);
            refused += throttled;
        }
        println!("  {requests} in {seconds} s, {calls} calls, {refused} throttled:");
        for series in &took {
            println!("    {:<22}{:>8.3}", series.name(), series.median());
        }
        let [limiter, gateway] = &took;
        figures.push(Figure {
            name: format!("throughput at {requests} in {seconds} s, against the limiter alone"),
            measured: limiter.over(gateway).median(),
            unit: " ×",
            target: Target::AtLeast(0.99),
        });
        figures.push(Figure {
            name: format!("throttled at {requests} in {seconds} s"),
            measured: refused as f64,
            unit: "",
            target: Target::AtMost(0.0),
        });
    }
    figures
}

/// Each call ends as it leaves.
async fn alone(requests: u32, seconds: u64, calls: usize) -> f64 {
    let quota = Quota::new(requests, Duration::from_secs(seconds)).expect("a quota");
    let limiter = Limiter::new(quota);
    let left = Arc::new(AtomicUsize::new(calls));
    let mut callers = JoinSet::new();
    let watch = Stopwatch::start();
    for _ in 0..CALLERS {
        let (limiter, left) = (limiter.clone(), left.clone());
        callers.spawn(async move {
            while take(&left) {
                let permit = limiter.acquire().await.expect("a slot");
                permit.dispatch().settle(&Response::new(()));
            }
        });
    }
    callers.join_all().await;
    watch.elapsed().as_secs_f64()
}

/// How long it took, and how many the API throttled.
async fn through(requests: u32, seconds: u64, calls: usize) -> (f64, u64) {
    let mut api = Api::start(requests, seconds);
    let gate = Gate::start(&api, requests, seconds);
    let mut connections = Vec::new();
    for _ in 0..CALLERS {
        connections.push(Caller::connect(gate.address).await);
    }
    let left = Arc::new(AtomicUsize::new(calls));
    let mut callers = JoinSet::new();
    let watch = Stopwatch::start();
    for (number, mut caller) in connections.into_iter().enumerate() {
        let left = left.clone();
        callers.spawn(async move {
            while take(&left) {
                caller.call(KEYS[number % KEYS.len()]).await;
            }
        });
    }
    callers.join_all().await;
    let took = watch.elapsed().as_secs_f64();
    let (sent, throttled) = api.counts();
    assert_eq!(sent, calls as u64, "each call once");
    (took, throttled)
}

fn take(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}
