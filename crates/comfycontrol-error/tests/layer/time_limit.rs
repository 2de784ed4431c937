//! An error's body is waited for so long and no longer.

use std::error::Error;
use std::time::Duration;

use comfycontrol_error::{ApiErrorKind, DEFAULT_ERROR_BODY_TIMEOUT, ErrorDecoderLayer};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::{Layer, Service};

use crate::support::{Script, Step, api_error, canned, data, get, layered, trailers};

#[tokio::test(start_paused = true)]
async fn a_slow_drip_times_out_and_status_and_headers_survive() {
    let drip = (0..100).flat_map(|_| [data("x"), Step::Wait]);
    let mut call = task::spawn(layered(503, Script::new(drip)).call(get()));
    for _ in 0..4 {
        assert_pending!(call.poll());
        time::advance(Duration::from_secs(1)).await;
    }
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(999)).await;
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(1)).await;
    assert!(call.is_woken());

    let error = api_error(assert_ready_err!(call.poll()));
    assert_eq!(error.status(), 503);
    assert_eq!(error.kind(), ApiErrorKind::Unavailable);
    assert_eq!(error.headers()["x-kept"], "yes");
    assert_eq!(error.body(), "xxxxxxx");
    assert!(!error.is_body_truncated());
    assert!(error.body_error().unwrap().is_timeout());
    assert_eq!(
        error.source().unwrap().to_string(),
        "error body did not arrive within 5s"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_can_be_set() {
    let layer = ErrorDecoderLayer::new().error_body_timeout(Duration::from_millis(20));
    let mut service = layer.layer(canned(500, Script::new([Step::Wait, Step::Wait])));
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(20)).await;
    let error = api_error(assert_ready_err!(call.poll()));
    assert!(error.body_error().unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_always_ready_keeps_neither_the_thread_nor_the_time_limit() {
    let endless = std::iter::repeat_with(|| data("")).take(1_000_000);
    let mut call = task::spawn(layered(500, Script::new(endless)).call(get()));
    assert_pending!(call.poll());
    assert!(call.is_woken());
    time::advance(DEFAULT_ERROR_BODY_TIMEOUT).await;
    let error = api_error(assert_ready_err!(call.poll()));
    assert!(error.body_error().unwrap().is_timeout());
}

#[test]
fn a_body_that_is_there_needs_no_timer() {
    // There is no runtime here: making a timer would panic.
    let body = Script::new([data(r#"{"message":"#), data(r#""half"}"#), trailers()]);
    let mut call = task::spawn(layered(400, body).call(get()));
    assert_eq!(api_error(assert_ready_err!(call.poll())).message(), "half");
}
