//! Starts itself twice over one file. Both processes send as much as they may, and keep to one
//! quota together.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_rate_limit_file::FileStore;
use comfycontrol_test::now;
use http::Response;

const REQUESTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);
const EACH: usize = 15;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = std::env::args_os().nth(1) {
        return send(FileStore::open(path)?).await;
    }
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("budget");
    let program = std::env::current_exe()?;
    let started = now();
    let start = || Command::new(&program).arg(&path).spawn();
    for mut child in [start()?, start()?] {
        if !child.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    let took = started.elapsed();
    println!(
        "two processes sent {EACH} each in {took:.1?}: {REQUESTS} at once, and at most so many in any {WINDOW:?}"
    );
    Ok(())
}

async fn send(store: FileStore) -> Result<(), Box<dyn Error>> {
    let (limiter, keeper) = Limiter::builder(Quota::new(REQUESTS, WINDOW)?).build_shared(store);
    // It gets the slots.
    let keeper = tokio::spawn(keeper);
    for call in 1..=EACH {
        let in_flight = limiter.acquire().await?.dispatch();
        // A request leaves here, and this is its response.
        let response = Response::new(());
        in_flight.settle(&response);
        println!("process {} has sent {call}", std::process::id());
    }
    // What was sent is told the others: they need not wait until this one is known to be gone.
    drop(limiter);
    keeper.await??;
    Ok(())
}
