//! Starts itself twice over one server, which the first argument names. Each process adds to one number a thousand times; none is lost.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use comfycontrol_rate_limit::{Record, Replaced, Store, Version};
use comfycontrol_rate_limit_redis::RedisStore;

const EACH: u64 = 1_000;
const KEEP: Duration = Duration::from_secs(23);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args
        .next()
        .unwrap_or_else(|| "redis://127.0.0.1:6379".into());
    let (key, adds) = match args.next() {
        Some(key) => (key, true),
        None => (
            format!("comfycontrol:example:{}", std::process::id()),
            false,
        ),
    };
    let store = RedisStore::open(&url)?.with_key(&key);
    if adds {
        return add(&store).await;
    }
    let program = std::env::current_exe()?;
    let start = || Command::new(&program).args([&url, &key]).spawn();
    for mut child in [start()?, start()?] {
        if !child.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    let sum = number(store.read().await?.record.as_ref());
    println!("two processes added {EACH} each: {sum}");
    Ok(())
}

async fn add(store: &RedisStore) -> Result<(), Box<dyn Error>> {
    let (mut won, mut lost) = (0, 0);
    let mut seen = store.read().await?.record;
    while won < EACH {
        let next = number(seen.as_ref()) + 1;
        // No two processes make the same.
        let version = u128::from(std::process::id()) << 64 | u128::from(next);
        let record = Record {
            version: Version::from_bytes(version.to_le_bytes()),
            content: next.to_le_bytes().to_vec(),
        };
        let was = seen.as_ref().map(|seen| seen.version);
        seen = match store.replace(was, record.clone(), KEEP).await? {
            Replaced::Won(_) => {
                won += 1;
                Some(record)
            }
            Replaced::Lost(reading) => {
                lost += 1;
                reading.record
            }
        };
    }
    println!(
        "process {}: {won} swaps won, {lost} lost",
        std::process::id()
    );
    Ok(())
}

fn number(record: Option<&Record>) -> u64 {
    let bytes = record.and_then(|record| record.content.first_chunk());
    bytes.copied().map_or(0, u64::from_le_bytes)
}
