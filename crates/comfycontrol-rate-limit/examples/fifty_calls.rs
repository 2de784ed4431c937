//! Sends 50 calls at once over a quota of 40 requests in 10 s, and prints when each left, and how
//! the last one comes nearer. The clock is paused, so that it ends at once.

use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Progress, Quota, Step};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    #[expect(clippy::disallowed_methods, reason = "the outermost shell")]
    let start = Instant::now();

    let client = ServiceBuilder::new()
        .layer(limiter.layer())
        .service(service_fn(move |request: Request<u32>| async move {
            let after = start.elapsed().as_secs_f64();
            println!("call {:2} left after {after:6.3} s", request.body());
            sleep(Duration::from_millis(200)).await;
            Ok::<_, BoxError>(Response::new(()))
        }));

    let (tracker, mut progress) = Progress::new();
    let mut last = Request::new(50);
    last.extensions_mut().insert(tracker);

    let mut calls = JoinSet::new();
    for number in 1..50 {
        calls.spawn(client.clone().oneshot(Request::new(number)));
    }
    calls.spawn(client.oneshot(last));

    while let Some(step) = progress.next().await {
        if let Step::Waiting(waiting) = step {
            let (ahead, until) = (waiting.ahead(), waiting.earliest() - start);
            println!("        {ahead} wait before the last, which leaves after some {until:.1?}");
        }
    }
    for response in calls.join_all().await {
        response?;
    }

    let seen = limiter.snapshot();
    println!(
        "{} sent, {} of them after a wait",
        seen.granted(),
        seen.waited()
    );
    Ok(())
}
