//! A service that is unavailable twice, behind the retries. The clock is paused: nothing is waited
//! for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use http::{Request, Response};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt};

#[derive(Debug)]
struct Unavailable;

impl Failure for Unavailable {
    fn failure_kind(&self) -> FailureKind {
        FailureKind::MaybeApplied
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(3))
    }
}

static SENT: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), http::Error> {
    let start = Instant::now();
    let client = ServiceBuilder::new()
        .layer(RetryLayer::new(RetryPolicy::new()))
        .service_fn(move |_: Request<()>| async move {
            println!("{:>7.3?}: sent", start.elapsed());
            match SENT.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err(Unavailable),
                _ => Ok(Response::new(String::new())),
            }
        });

    match client.oneshot(Request::get("/v1/user").body(())?).await {
        Ok(response) => println!("{:>7.3?}: {}", start.elapsed(), response.status()),
        Err(Unavailable) => println!("given up"),
    }
    Ok(())
}
