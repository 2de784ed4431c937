//! Clicks during two jobs of a thousand calls each, with and without priorities. The clock is a
//! paused one: the example ends at once.

use std::time::Duration;

use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::{Request, Response};
use tokio::time::{Instant, sleep};
use tower::{BoxError, Layer, ServiceExt, service_fn};

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let limiter = PriorityLimiter::new(Limiter::new(Quota::COMFYCONTROL));
    let client = limiter.layer().layer(service_fn(|_: Request<()>| async {
        Ok::<_, BoxError>(Response::new(()))
    }));
    let call = |priority: Priority| {
        let mut request = Request::new(());
        request.extensions_mut().insert(priority);
        client.clone().oneshot(request)
    };

    for _ in 0..1_000 {
        for job in ["renders", "thumbnails"] {
            tokio::spawn(call(Priority::new(Urgency::BACKGROUND).with_key(job)));
        }
    }
    for click in 1..=5 {
        sleep(Duration::from_secs(20)).await;
        let clicked = Instant::now();
        call(Priority::new(Urgency::INTERACTIVE)).await?;
        println!("click {click} waited {:.2?}", clicked.elapsed());
    }
    for (priority, waiting) in limiter.snapshot().lines() {
        let job = priority.key().map_or("", |key| key.as_str());
        println!("{waiting} calls of {job} wait");
    }
    Ok(())
}
