//! What is called a success passes as it is.

use bytes::Bytes;
use comfycontrol_error::{ApiErrorKind, ErrorDecoderLayer};
use http::StatusCode;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use std::task::Poll;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service};

use crate::support::{Script, Step, api_error, canned, data, get, layered, trailers};

#[test]
fn a_stream_of_events_passes_frame_by_frame() {
    let body = Script::new([
        data("data: 1\n\n"),
        Step::Wait,
        data("data: 2\n\n"),
        trailers(),
    ]);
    let mut call = task::spawn(layered(200, body).call(get()));
    let mut body = task::spawn(assert_ready_ok!(call.poll()).into_body());

    let frame = |poll: Poll<Option<Result<Frame<_>, _>>>| assert_ready!(poll).unwrap().unwrap();
    let first = frame(body.enter(|cx, body| body.poll_frame(cx)));
    assert_eq!(first.into_data().unwrap(), "data: 1\n\n");
    assert_pending!(body.enter(|cx, body| body.poll_frame(cx)));
    let second = frame(body.enter(|cx, body| body.poll_frame(cx)));
    assert_eq!(second.into_data().unwrap(), "data: 2\n\n");
    assert!(frame(body.enter(|cx, body| body.poll_frame(cx))).is_trailers());
}

#[test]
fn a_page_that_comes_as_a_success_passes_untouched() {
    let page = Bytes::from_static(b"<title>error code: 1015</title>");
    for status in [200, 201, 204, 299] {
        let mut call = task::spawn(layered(status, Full::new(page.clone())).call(get()));
        let response = assert_ready_ok!(call.poll());
        let passed = task::spawn(response.into_body().collect()).poll();
        let passed = assert_ready_ok!(passed).to_bytes();
        // The same memory, not a copy.
        assert_eq!(passed.as_ptr(), page.as_ptr());
    }
}

#[test]
fn what_counts_as_success_can_be_told() {
    let layer = ErrorDecoderLayer::new().success_if(|status| status == StatusCode::NOT_MODIFIED);
    let response = |status| layer.layer(canned(status, Full::new(Bytes::new())));
    let mut call = task::spawn(response(304).call(get()));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 304);
    let mut call = task::spawn(response(200).call(get()));
    assert_eq!(
        api_error(assert_ready_err!(call.poll())).kind(),
        ApiErrorKind::Unexpected
    );
}
