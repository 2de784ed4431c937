//! The limiter seen from outside: its `tracing` events as they happen, and its counters in
//! Prometheus' text form.
//!
//! The limit is 4 requests a second here, and the cooldown 2 s, so that the show is short.

use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota, Snapshot};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Client, ClientBuilder, RateLimitMode};
use comfycontrol_emulator::{Block, Emulator, Limit};
use futures_util::future::try_join_all;
use tower::BoxError;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let limiter_only = Targets::new().with_target("comfycontrol_rate_limit", LevelFilter::DEBUG);
    let events = fmt::layer().without_time().with_target(false);
    let events = events.with_filter(limiter_only);
    tracing_subscriber::registry().with(events).init();

    let limit = Limit::new(4, SECOND)?.block(Block::For(COOLDOWN));
    let api = Emulator::builder().limit(limit).start().await?;
    let limiter = Limiter::builder(Quota::new(4, SECOND)?)
        .cooldown(COOLDOWN)
        .build();
    let client = client(&api).rate_limit(limiter.clone()).build()?;

    println!("6 calls at once, 2 of which wait");
    try_join_all((0..6).map(|_| client.get("/v1/user").send())).await?;

    println!("a neighbour on this address asks 5 times without a limiter, and is throttled");
    let neighbour = client_without_limiter(&api).build()?;
    for _ in 0..5 {
        neighbour.get("/v1/user").send().await.ok();
    }
    assert!(api.edge().throttled() > 0, "5 are too many in a second");

    println!("1 call: waits for a slot, is throttled like the neighbour, waits, and is sent again");
    client.get("/v1/user").send().await?;

    let seen = limiter.snapshot();
    println!("the counters");
    print!("{}", prometheus(&seen));
    assert!(seen.waited() >= 2, "calls waited");
    assert_eq!(
        seen.cooldowns(),
        1,
        "one cooldown, and the call came through after it"
    );
    Ok(())
}

fn client(api: &Emulator) -> ClientBuilder {
    let token = api.tokens().create("observe", None);
    Client::builder().base_url(api.http_url()).token(token)
}

fn client_without_limiter(api: &Emulator) -> ClientBuilder {
    client(api)
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none())
}

/// What a handler of `/metrics` would respond.
fn prometheus(seen: &Snapshot) -> String {
    let counters = [
        ("granted", "Slots given to requests", seen.granted()),
        ("waited", "Waits for a slot", seen.waited()),
        ("rejected", "Calls rejected here", seen.rejected()),
        ("throttled", "Requests throttled there", seen.throttled()),
        ("lost", "Requests without a response", seen.lost()),
        ("cooldowns", "Times of silence", seen.cooldowns()),
    ];
    let gauges = [
        ("quota", "Requests in one window", seen.limit()),
        ("free", "Slots that are free", seen.free()),
        ("in_flight", "Requests on their way", seen.in_flight()),
        ("waiting", "Calls that wait", seen.queued() as u64),
    ];
    let counters = counters.map(|(name, help, value)| metric(name, "_total", help, value));
    let gauges = gauges.map(|(name, help, value)| metric(name, "", help, value));
    counters.concat() + &gauges.concat()
}

fn metric(name: &str, suffix: &str, help: &str, value: u64) -> String {
    let kind = if suffix.is_empty() {
        "gauge"
    } else {
        "counter"
    };
    let name = format!("comfycontrol_limiter_{name}{suffix}");
    format!("# HELP {name} {help}.\n# TYPE {name} {kind}\n{name} {value}\n")
}
