//! A call that tells what it waits for.

use std::pin::pin;
use std::time::Duration;

use comfycontrol::rate_limit::{Progress, Step};
use comfycontrol::{Error, RequestBuilder, Response};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use tokio::time::Instant;

/// Sends a request, and tells how many calls wait before it and after what time it leaves, about,
/// as long as it waits for a slot.
pub(crate) async fn send(
    request: RequestBuilder,
    tell: impl Fn(usize, Duration),
) -> Result<Response, Error> {
    let (tracker, steps) = Progress::new();
    let call = pin!(request.extension(tracker).send());
    let steps = pin!(steps.for_each(async |step| {
        if let Step::Waiting(waiting) = step {
            tell(waiting.ahead(), waiting.earliest() - now());
        }
    }));
    match select(call, steps).await {
        Either::Left((response, _)) => response,
        Either::Right(((), call)) => call.await,
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the shell")]
fn now() -> Instant {
    Instant::now()
}
