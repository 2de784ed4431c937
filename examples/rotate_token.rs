//! A token changed while eight tasks use it: because it expires, by writing a file, and in code.
//! Twice the old one is revoked at once, with requests on their way. No call fails: what comes too
//! late is sent again with the new token.
//!
//! The emulator has no limit here, so that there is always something on its way.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use comfycontrol::token::{Token, TokenHandle, file, first_of};
use comfycontrol::{Client, RateLimitMode};
use comfycontrol_emulator::{Emulator, Limit};
use tempfile::NamedTempFile;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tower::BoxError;

/// A token that is known to end is left five minutes before it does: see
/// [`TokenProvider`](comfycontrol::token::TokenProvider). So this one is in use for two seconds.
const LIFE: Duration = Duration::from_secs(5 * 60 + 2);
const TASKS: usize = 8;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().limit(None::<Limit>).start().await?;
    let start = api.edge().wall_clock();
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("token");

    // The handle's token is preferred; the file is there for when it is unauthorized or about to
    // expire.
    let first = Token::parse(api.tokens().create("first", Some(LIFE)))?;
    let handle = TokenHandle::new(first.with_expiry(start + LIFE));
    write(&path, &api.tokens().create("second", None))?;
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token_provider(first_of(handle.clone()).or(file(&path)))
        .rate_limit(RateLimitMode::Off)
        .build()?;

    let (stop, stopped) = watch::channel(false);
    let load = || load(client.clone(), stopped.clone());
    let tasks: JoinSet<_> = (0..TASKS).map(|_| load()).collect();
    let in_use = |name| timeout(Duration::from_secs(20), settled(&api, name));

    in_use("second").await?;
    println!("by expiry: the first token is left before it ends");

    write(&path, &api.tokens().create("third", None))?;
    api.tokens().revoke("second");
    in_use("third").await?;
    println!("by file: renamed into place, the old one revoked at once");

    handle.rotate(Token::parse(api.tokens().create("fourth", None))?);
    api.tokens().revoke("third");
    in_use("fourth").await?;
    println!("by hand: rotated, the old one revoked at once");

    stop.send_replace(true);
    let (succeeded, failed) = tasks
        .join_all()
        .await
        .into_iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let again = api.captured_requests().len() - succeeded - failed;
    println!("succeeded: {succeeded}, failed: {failed}, sent again with the next token: {again}");
    assert_eq!(failed, 0, "a rotation fails no call");
    assert!(again > 0, "the old tokens were revoked while in use");
    show(&api, start)
}

/// Some twenty calls a second, until it is stopped; says how many succeeded and how many
/// failed.
async fn load(client: Client, stopped: watch::Receiver<bool>) -> (usize, usize) {
    let (mut succeeded, mut failed) = (0, 0);
    let mut pace = interval(Duration::from_millis(50));
    while !*stopped.borrow() {
        pace.tick().await;
        match client.get("/v1/user").send().await {
            Ok(_) => succeeded += 1,
            Err(error) => {
                eprintln!("{error:#}");
                failed += 1;
            }
        }
    }
    (succeeded, failed)
}

/// Writes the token next to its place and renames it: no reader sees half of it.
fn write(path: &Path, token: &str) -> Result<(), BoxError> {
    let dir = path.parent().ok_or("the path has no directory")?;
    let mut beside = NamedTempFile::new_in(dir)?;
    beside.write_all(token.as_bytes())?;
    beside.persist(path)?;
    Ok(())
}

/// Waits until the token is in use. A call is sent again once only, so those of all tasks must have
/// come through with it before it is revoked in its turn.
async fn settled(api: &Emulator, name: &str) {
    let mut pace = interval(Duration::from_millis(50));
    while api
        .tokens()
        .find(name)
        .is_none_or(|token| token.uses() < 4 * TASKS as u64)
    {
        pace.tick().await;
    }
}

/// What the server knows of the tokens.
fn show(api: &Emulator, start: SystemTime) -> Result<(), BoxError> {
    let mut before = start;
    println!("token    first use   last use   requests");
    for name in ["first", "second", "third", "fourth"] {
        let token = api.tokens().find(name).ok_or("an unknown token")?;
        let (first, last) = (token.first_used(), token.last_used());
        let (first, last) = first.zip(last).ok_or("a token was never used")?;
        let (from, to) = (first.duration_since(start)?, last.duration_since(start)?);
        println!("{name:6}  {from:>9.2?}  {to:>9.2?}  {:>8}", token.uses());
        assert!(before <= first, "the tokens came into use in another order");
        before = first;
    }
    Ok(())
}
