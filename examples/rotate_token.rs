//! A running client whose token is changed under load: because it expires, by writing a file, and by
//! hand. No request fails, and the server sees each token end where the next one begins.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use comfycontrol::Client;
use comfycontrol::token::{Token, TokenHandle, file, first_of};
use comfycontrol_emulator::Emulator;
use tempfile::NamedTempFile;
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use tower::BoxError;

/// A token that is known to end is left five minutes before it does.
const LIFE: Duration = Duration::from_secs(5 * 60 + 2);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let start = api.edge().wall();
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("token");

    // The handle's token is preferred; the file is there for when it is refused or about to expire.
    let first = Token::parse(api.tokens().create("first", Some(LIFE)))?;
    let handle = TokenHandle::new(first.with_expiry(start + LIFE));
    write(&path, &api.tokens().create("second", None))?;
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .tokens(first_of(handle.clone()).or(file(&path)))
        .build()?;

    let (stop, stopped) = watch::channel(false);
    let load = tokio::spawn(load(client, stopped));
    let in_use = |name| timeout(Duration::from_secs(20), first_use(&api, name));

    in_use("second").await?;
    println!("by expiry: the first token is left before it ends");

    write(&path, &api.tokens().create("third", None))?;
    in_use("third").await?;
    println!("by file: renamed into place, noticed, in use");
    api.tokens().revoke("second");

    handle.rotate(Token::parse(api.tokens().create("fourth", None))?);
    in_use("fourth").await?;
    println!("by hand: rotated, in use");
    api.tokens().revoke("third");

    stop.send_replace(true);
    let (answered, failed) = load.await?;
    println!("answered: {answered}, failed: {failed}");
    assert_eq!(failed, 0, "a rotation fails no request");
    show(&api, start)
}

/// Four calls a second, until it is stopped; says how many were answered and how many failed.
async fn load(client: Client, stopped: watch::Receiver<bool>) -> (u32, u32) {
    let (mut answered, mut failed) = (0, 0);
    let mut pace = interval(Duration::from_millis(250));
    while !*stopped.borrow() {
        pace.tick().await;
        match client.get("/v1/user").send().await {
            Ok(_) => answered += 1,
            Err(error) => {
                eprintln!("{error:#}");
                failed += 1;
            }
        }
    }
    (answered, failed)
}

/// Writes the token beside its place and renames it, so that nobody reads half of it.
fn write(path: &Path, token: &str) -> Result<(), BoxError> {
    let dir = path.parent().ok_or("the path has no directory")?;
    let mut beside = NamedTempFile::new_in(dir)?;
    beside.write_all(token.as_bytes())?;
    beside.persist(path)?;
    Ok(())
}

async fn first_use(api: &Emulator, name: &str) {
    let mut pace = interval(Duration::from_millis(50));
    while api.tokens().last_used(name).is_none() {
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
        assert!(before <= first, "two tokens were in use at once");
        before = last;
    }
    Ok(())
}
