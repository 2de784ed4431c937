//! What the layer costs in memory, counted by the allocator.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use comfycontrol_error::{
    ApiError, DEFAULT_MAX_ERROR_BODY, ErrorDecoderLayer, InvalidJson, ResponseFuture,
};
use comfycontrol_test::{Scripted, at_once};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower::{BoxError, Layer, Service};

const CAP: u64 = DEFAULT_MAX_ERROR_BODY as u64;

#[test]
fn a_success_costs_no_allocation() {
    let mut service = ErrorDecoderLayer::new().layer(large(200, b'a'));
    let cost = measure(|| {
        assert!(black_box(at_once(service.call(Request::new(())))).is_ok());
    });
    assert_eq!(cost, AllocationInfo::default());
}

#[test]
fn an_error_costs_some_which_shows_that_they_are_counted() {
    let mut service = ErrorDecoderLayer::new().layer(large(500, b'a'));
    assert_ne!(
        measure(|| drop(at_once(service.call(Request::new(()))))).count_total,
        0
    );
}

#[test]
fn a_body_of_ten_mebibytes_costs_a_few_times_the_cap() {
    // Worst of all are bytes that are not UTF-8: each is shown as three.
    for (byte, most) in [
        (b'a', 4 * CAP),
        (b'[', 4 * CAP),
        (b' ', 4 * CAP),
        (0xff, 8 * CAP),
    ] {
        let mut service = ErrorDecoderLayer::new().layer(large(500, byte));
        let cost = measure(|| {
            let error = at_once(service.call(Request::new(())))
                .unwrap_err()
                .downcast::<ApiError>()
                .unwrap();
            assert!(error.is_body_truncated());
            assert_eq!(error.body().len() as u64, CAP);
            black_box(format!("{error} {error:?}"));
        });
        assert!(cost.bytes_max < most, "{byte}: {cost:?}");
        assert_eq!(cost.bytes_current, 0);
    }
}

#[test]
fn a_kept_error_holds_no_more_than_its_body() {
    let mut service = ErrorDecoderLayer::new()
        .max_error_body(1_000)
        .layer(large(500, b'a'));
    let cost = measure(|| std::mem::forget(at_once(service.call(Request::new(())))));
    assert!(cost.bytes_current < 4_000, "{cost:?}");
}

#[test]
fn the_future_is_hardly_larger_than_the_inner_one() {
    type Inner = <Scripted<BoxError, Page> as Service<Request<()>>>::Future;
    let more = size_of::<ResponseFuture<Inner, Page>>() - size_of::<Inner>();
    // The settings, and whether the request was a HEAD.
    assert!(more <= 6 * size_of::<usize>(), "{more} bytes");
}

#[test]
fn json_costs_what_the_value_takes_and_nothing_for_its_path() {
    #[derive(serde::Deserialize)]
    #[allow(dead_code, reason = "it is only decoded")]
    struct Item {
        id: u32,
        number: u32,
    }

    let list = vec![r#"{"id":1,"number":2,"more":[{"a":"b"}]}"#; 1_000].join(",");
    let body = format!("[{list}]");
    let cost = measure(|| {
        let read = InvalidJson::read::<Vec<Item>>(StatusCode::OK, None, body.as_bytes());
        assert_eq!(read.unwrap().len(), 1_000);
    });
    assert!(cost.count_total < 20, "{cost:?}");
}

// === support ===

/// Responds once with a status, and ten mebibytes of one byte.
fn large(status: u16, byte: u8) -> Scripted<BoxError, Page> {
    let frames = 10 * 1024 / 16;
    let response = Response::builder().status(status);
    Scripted::once(response.body(Page { byte, frames }).unwrap())
}

#[derive(Debug)]
struct Page {
    byte: u8,
    frames: usize,
}

impl Body for Page {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.frames.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.frames = left;
        let frame = Bytes::from(vec![self.byte; 16 * 1024]);
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}
