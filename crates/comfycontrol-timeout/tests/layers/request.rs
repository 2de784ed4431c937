//! Timeouts in the extensions of a request.

use std::time::Duration;

use comfycontrol_timeout::{AttemptTimeoutLayer, TimedOut, Timeouts, TotalTimeoutLayer};
use futures_util::stream;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::support::*;

const LAYERS: Timeouts = Timeouts::none()
    .attempt(Duration::from_secs(60))
    .total(Duration::from_secs(90))
    .stall(Duration::from_secs(30));

/// How a call without a response ends.
async fn end(own: Timeouts) -> Option<TimedOut> {
    let service = AttemptTimeoutLayer::new(LAYERS).layer(silent());
    let service = TotalTimeoutLayer::new(LAYERS).layer(service);
    let mut request = request();
    request.extensions_mut().insert(own);
    let year = tokio::time::timeout(YEAR, service.oneshot(request)).await;
    year.ok().map(|failed| must_time_out(&failed.unwrap_err()))
}

/// How a body that brings nothing ends.
async fn body_end(own: Timeouts) -> Option<TimedOut> {
    let empty_handed = service_fn(|_: Request<_>| async {
        let body = StreamBody::new(stream::pending::<Part>());
        Ok::<_, BoxError>(Response::new(body))
    });
    let service = TotalTimeoutLayer::new(LAYERS).layer(empty_handed);
    let mut request = request();
    request.extensions_mut().insert(own);
    let body = service.oneshot(request).await.unwrap().into_body();
    let year = tokio::time::timeout(YEAR, body.collect()).await;
    year.ok().map(|failed| must_time_out(&failed.unwrap_err()))
}

fn after(end: Option<TimedOut>) -> Option<(bool, u64)> {
    end.map(|end| (end.is_total(), end.after().as_secs()))
}

#[tokio::test(start_paused = true)]
async fn what_a_request_sets_replaces_what_the_layer_has() {
    let own = |own| async move { (after(end(own).await), after(body_end(own).await)) };
    let seconds = |seconds: u32| seconds * SECOND;
    let nothing = (Some((false, 60)), Some((false, 30)));
    assert_eq!(own(Timeouts::new()).await, nothing);

    let attempt = (Some((false, 20)), Some((false, 30)));
    assert_eq!(own(Timeouts::new().attempt(seconds(20))).await, attempt);
    let longer = (Some((false, 70)), Some((false, 30)));
    assert_eq!(own(Timeouts::new().attempt(seconds(70))).await, longer);
    let total = (Some((true, 20)), Some((true, 20)));
    assert_eq!(own(Timeouts::new().total(seconds(20))).await, total);
    let stall = (Some((false, 60)), Some((false, 20)));
    assert_eq!(own(Timeouts::new().stall(seconds(20))).await, stall);
}

#[tokio::test(start_paused = true)]
async fn what_a_request_turns_off_is_off() {
    let off = Timeouts::new().without_attempt();
    assert_eq!(after(end(off).await), Some((true, 90)));
    let off = Timeouts::new().without_stall();
    assert_eq!(after(body_end(off).await), Some((true, 90)));
    let off = off.without_total();
    assert_eq!(after(body_end(off).await), None);
    assert_eq!(after(end(off).await), Some((false, 60)));
    assert_eq!(end(Timeouts::none()).await, None);
    assert_eq!(body_end(Timeouts::none()).await, None);
}
