//! Ten thousand requests, planned and resumable: says when they will be done, keeps a list of those
//! that are, and after a stop goes on where it was.
//!
//! `cargo run --example bulk -- --run 60` does the first 60 of them, and is stopped half-way.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use comfycontrol::Client;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_emulator::{CapturedRequest, Emulator};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::FormattedDuration;
use tower::BoxError;

const PLANNED: usize = 10_000;
/// What is on its way when the power fails is asked once more: harmless for a GET.
const IN_FLIGHT: usize = 64;
const QUOTA: Quota = Quota::COMFYCONTROL;

/// The numbers of the requests that were answered, one a line, in a file that only grows.
struct Done {
    numbers: HashSet<usize>,
    file: File,
}

impl Done {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let text = std::fs::read_to_string(path)?;
        // What follows the last line end was being written when the power failed.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        let numbers = text[..whole].lines().filter_map(|line| line.parse().ok());
        Ok(Self {
            numbers: numbers.collect(),
            file,
        })
    }

    fn add(&mut self, number: usize) -> io::Result<()> {
        writeln!(self.file, "{number}")?;
        self.numbers.insert(number);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let run = match args.join(" ").strip_prefix("--run ") {
        Some(number) => number.parse()?,
        None if args.is_empty() => 60,
        None => return Err("usage: cargo run --example bulk [-- --run NUMBER]".into()),
    };
    let run = PLANNED.min(run);
    let api = Emulator::builder().runners(PLANNED).start().await?;
    let dir = tempfile::tempdir()?;
    let list = dir.path().join("done");

    work(&api, &list, run / 2).await?;
    println!("stopped, and started again");
    work(&api, &list, run - run / 2).await?;

    let seen = api.captured_requests();
    let different: HashSet<_> = seen.iter().map(CapturedRequest::uri).collect();
    println!(
        "requests sent: {}, all different: {}",
        seen.len(),
        different.len() == seen.len()
    );
    println!("429s: {}", api.edge().refused());
    assert_eq!((seen.len(), different.len()), (run, run), "none twice");
    assert_eq!(Done::open(&list)?.numbers.len(), run, "none lost");
    assert_eq!(api.edge().refused(), 0);
    Ok(())
}

/// One life of the program: does `number` of the requests that are left.
async fn work(api: &Emulator, list: &Path, number: usize) -> Result<(), BoxError> {
    let limiter = Limiter::new(QUOTA);
    rest(list, &limiter);
    let client = Client::builder()
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .token(api.tokens().create("bulk", None))
        .limiter(limiter.clone())
        .build()?;

    let mut done = Done::open(list)?;
    tell(&done, &limiter);
    let left: Vec<_> = (1..=PLANNED)
        .filter(|page| !done.numbers.contains(page))
        .collect();
    let calls = left.into_iter().take(number).map(|page| {
        let call = client
            .get("/v1/runner")
            .query("per_page", 1)
            .query("page", page);
        async move { call.send().await.map(|_| page) }
    });
    let mut answered = stream::iter(calls).buffer_unordered(IN_FLIGHT);
    while let Some(page) = answered.try_next().await? {
        done.add(page)?;
        if done.numbers.len().is_multiple_of(10) {
            tell(&done, &limiter);
        }
    }
    Ok(())
}

/// The server still counts what an earlier life of the program sent, but the limiter does not.
fn rest(list: &Path, limiter: &Limiter) {
    let last = std::fs::metadata(list).and_then(|list| list.modified());
    if let Ok(last) = last {
        let ago = last.elapsed().unwrap_or_default();
        let rest = (2 * QUOTA.per()).saturating_sub(ago);
        println!("{rest:.0?} of rest first, for the requests before the stop");
        limiter.close_for(rest);
    }
}

/// What may leave at once leaves now, the others one after the other when that has been forgotten.
fn tell(done: &Done, limiter: &Limiter) {
    let left = PLANNED - done.numbers.len();
    let later = left.saturating_sub(limiter.snapshot().free() as usize);
    let mut finish = QUOTA.per() * later as u32 / QUOTA.requests();
    if later > 0 {
        finish += QUOTA.per();
    }
    println!(
        "{} of {PLANNED} done, the last in {}",
        done.numbers.len(),
        FormattedDuration(finish)
    );
}
