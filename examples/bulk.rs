//! How to plan ten thousand requests and to resume them: says when they will be done, keeps a list
//! of those that are, and after a stop goes on where it was.
//!
//! It does the next 60 of them, or as many as `--run` says, in two lives with a stop between. With
//! `--list PATH` the list is kept, and the next run goes on from there, however this one ends.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol::Client;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_emulator::{CapturedRequest, Emulator};
use futures_util::{StreamExt, stream};
use indicatif::FormattedDuration;
use tower::BoxError;

const PLANNED: usize = 10_000;
/// What is on its way when the program is killed is asked once more: harmless for a GET.
const IN_FLIGHT: usize = 64;
/// One request that fails is no reason to stop; so many are.
const MOST_FAILED: usize = 10;
const QUOTA: Quota = Quota::COMFYCONTROL;
/// How long a request may be on its way to the server.
const TRANSIT: Duration = Duration::from_secs(3);
const USAGE: &str = "usage: cargo run --example bulk [-- [--run NUMBER] [--list PATH]]";

/// The numbers of the requests that got a response, one a line, in a file that only grows.
struct Done {
    numbers: HashSet<usize>,
    file: File,
}

impl Done {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let text = std::fs::read_to_string(path)?;
        let numbers = text.lines().map(str::parse).collect::<Result<_, _>>();
        let numbers = numbers.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self { numbers, file })
    }

    fn add(&mut self, number: usize) -> io::Result<()> {
        // In one piece: a killed program leaves whole lines.
        self.file.write_all(format!("{number}\n").as_bytes())?;
        self.numbers.insert(number);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (run, list) = arguments()?;
    let temporary = tempfile::tempdir()?;
    let list = list.unwrap_or_else(|| temporary.path().join("done"));
    let again = list.exists();
    let before = Done::open(&list)?.numbers.len();
    let run = run.min(PLANNED.saturating_sub(before));
    let api = Emulator::builder().runners(PLANNED).start().await?;

    work(&api, &list, run / 2, again).await?;
    println!("stopped, and started again");
    work(&api, &list, run - run / 2, true).await?;

    let seen = api.captured_requests();
    let different: HashSet<_> = seen.iter().map(CapturedRequest::uri).collect();
    let (sent, all) = (seen.len(), different.len() == seen.len());
    println!("requests sent: {sent}, all different: {all}");
    println!("429s: {}", api.edge().throttled());
    assert_eq!((sent, all), (run, true), "none twice");
    assert_eq!(Done::open(&list)?.numbers.len(), before + run, "none lost");
    assert_eq!(api.edge().throttled(), 0);
    Ok(())
}

fn arguments() -> Result<(usize, Option<PathBuf>), BoxError> {
    let (mut run, mut list) = (60, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--run", Some(number)) => run = number.parse()?,
            ("--list", Some(path)) => list = Some(path.into()),
            _ => return Err(USAGE.into()),
        }
    }
    Ok((run, list))
}

/// One life of the program, the first or another: asks `number` of the requests that are left.
async fn work(api: &Emulator, list: &Path, number: usize, again: bool) -> Result<(), BoxError> {
    let limiter = Limiter::builder(QUOTA).linger(TRANSIT).build();
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token(api.tokens().create("bulk", None))
        .rate_limit(limiter.clone())
        .build()?;

    let (mut done, mut failed) = (Done::open(list)?, 0);
    if again {
        rest(&limiter);
    }
    tell(&done, &limiter);
    let left: Vec<_> = (1..=PLANNED)
        .filter(|page| !done.numbers.contains(page))
        .take(number)
        .collect();
    let calls = left.into_iter().map(|page| {
        let call = client.get("/v1/runner").query("per_page", 1);
        let call = call.query("page", page);
        async move { (page, call.send().await) }
    });
    let mut responses = stream::iter(calls).buffer_unordered(IN_FLIGHT);
    while let Some((page, response)) = responses.next().await {
        match response {
            Ok(_) => done.add(page)?,
            Err(error) => {
                eprintln!("page {page}, left for another run: {error:#}");
                failed += 1;
            }
        }
        if failed == MOST_FAILED {
            return Err(format!("{failed} requests have failed").into());
        }
        if done.numbers.len().is_multiple_of(10) {
            tell(&done, &limiter);
        }
    }
    Ok(())
}

/// The server still counts what an earlier life of the program sent, which the limiter cannot know.
/// What left at the very end of that life is forgotten two windows after it arrived.
fn rest(limiter: &Limiter) {
    let rest = TRANSIT + 2 * QUOTA.per();
    println!("{rest:.0?} of rest first, for the requests before the stop");
    limiter.pause_for(rest);
}

/// What may leave at once leaves now, the others one after the other when that has been forgotten.
fn tell(done: &Done, limiter: &Limiter) {
    let (done, free) = (done.numbers.len(), limiter.snapshot().free());
    let left = u32::try_from(PLANNED.saturating_sub(done)).unwrap_or(u32::MAX);
    let later = left.saturating_sub(u32::try_from(free).unwrap_or(u32::MAX));
    let mut finish = QUOTA.per() * later / QUOTA.requests();
    if later > 0 {
        finish += QUOTA.per();
    }
    let finish = FormattedDuration(finish);
    println!("{done} of {PLANNED} done, the last in {finish}");
}
