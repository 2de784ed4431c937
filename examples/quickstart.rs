//! Sixty requests at once, over TLS and HTTP/2, within a limit of 40 in 10 s; and what errors say.
//!
//! By default the API is the emulator on this machine. See `USAGE` for the other two ways.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Client, ClientBuilder, RateLimitMode};
use comfycontrol_emulator::{Emulator, Throttled};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use tokio::task::JoinSet;

const REQUESTS: u64 = 60;
const USAGE: &str = "usage: cargo run --example quickstart [-- --no-limit | --live]

  (nothing)    60 requests at once to the emulator, through the limiter: no 429
  --no-limit   the same without the limiter: 429s, and a cooldown
  --live       one request to the real API, with the token in COMFYCONTROL_TOKEN";

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
struct User {
    name: String,
    tier: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let shown = match args.join(" ").as_str() {
        "" => through_the_limiter().await,
        "--no-limit" => without_the_limiter().await,
        "--live" => live().await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = shown {
        eprintln!("quickstart: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn through_the_limiter() -> Result {
    let api = Emulator::builder().start().await?;
    let token = api.tokens().create("laptop", None);
    let client = client(&api, token).build()?;
    println!(
        "{REQUESTS} requests at once to {}: 40 leave now,",
        api.https_url()
    );
    println!(
        "the others as soon as the server cannot count 41 in any 10 s: the last after some 15 s"
    );

    let (bar, mut longest) = (progress()?, Duration::ZERO);
    let call = || client.get("/v1/user").send();
    let mut calls: JoinSet<_> = (0..REQUESTS).map(|_| call()).collect();
    let mut asked_by = None;
    while let Some(response) = calls.join_next().await {
        let response = response??;
        longest = longest.max(bar.elapsed());
        asked_by = Some(response.json::<User>().await?.name);
        advance(&bar);
    }
    bar.finish_and_clear();
    let (answered, time) = (bar.position(), bar.elapsed());
    println!("answered: {answered} of {REQUESTS} in {time:.1?}, longest wait: {longest:.1?}");
    let requests = api.captured_requests();
    let first = requests.first().ok_or("nothing has arrived")?;
    println!("spoken: {:?}", first.version());
    println!("token of: {}", asked_by.ok_or("nothing was answered")?);

    show_unauthorized(&api, &client).await?;
    println!("429s: {}", api.edge().throttled());
    assert_eq!(api.edge().throttled(), 0, "the limiter must prevent 429s");
    Ok(())
}

/// Requests that fail are requests too: all three clients keep to one limiter.
async fn show_unauthorized(api: &Emulator, good: &Client) -> Result {
    let limiter = good.limiter().ok_or("the client has no limiter")?;
    let with = |token| client(api, token).rate_limit(limiter.clone()).build();
    let unknown = with("cfc_FAKEunknown".to_owned())?;
    let expired = with(api.tokens().create("last year's", Some(Duration::ZERO)))?;

    for (token, call) in [
        ("missing", good.get("/v1/user").without_token()),
        ("invalid", unknown.get("/v1/user")),
        ("expired", expired.get("/v1/user")),
    ] {
        let error = call.send().await.expect_err("the token is not valid");
        let kind = error.as_api().ok_or("there was no response")?.kind();
        println!("{token} token: {error} [{kind:?}]");
    }
    Ok(())
}

/// Nothing holds the requests back, and nothing sends them again.
async fn without_the_limiter() -> Result {
    let edge = Emulator::builder().throttled(Throttled::problem());
    let api = edge.start().await?;
    let settings = client(&api, api.tokens().create("laptop", None)).rate_limit(RateLimitMode::Off);
    let client = settings.retry(RetryPolicy::none()).build()?;
    println!("{REQUESTS} requests at once, without the limiter");

    let call = || client.get("/v1/user").send();
    let calls: JoinSet<_> = (0..REQUESTS).map(|_| call()).collect();
    let responses = calls.join_all().await;
    let answered = responses.iter().filter(|response| response.is_ok()).count();
    println!("answered: {answered} of {REQUESTS}");
    let throttled = api.edge().throttled();
    println!("429s: {throttled}");
    assert!(throttled > 0, "the server has a limit");

    let error = call().await.expect_err("in the cooldown all are throttled");
    println!("one more, alone: {error}");
    assert!(error.retry_after().is_some(), "the server says how long");
    Ok(())
}

async fn live() -> Result {
    let client = Client::from_env()?;
    println!("GET https://api.comfycontrol.app/v1/user");
    let user: User = client.get("/v1/user").send().await?.json().await?;
    println!("the token belongs to {}, tier {}", user.name, user.tier);
    Ok(())
}

/// A client for the emulator, which has a certificate authority of its own.
fn client(api: &Emulator, token: String) -> ClientBuilder {
    Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token(token)
}

fn progress() -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} answered, {elapsed}")?;
    let bar = ProgressBar::new(REQUESTS).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

/// Where there is no terminal, every tenth response gets a line instead.
fn advance(bar: &ProgressBar) {
    bar.inc(1);
    if bar.is_hidden() && bar.position().is_multiple_of(10) {
        println!("{} answered after {:.1?}", bar.position(), bar.elapsed());
    }
}
