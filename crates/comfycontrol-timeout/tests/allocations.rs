//! Heap allocations of one call, counted.

use std::future::{Ready, ready};
use std::pin::pin;
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use comfycontrol_test::at_once;
use comfycontrol_timeout::{
    AttemptTimeoutLayer, MarkDispatchedLayer, ProgressBody, Timeouts, TotalTimeoutLayer,
};
use futures_util::{FutureExt, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};

#[test]
fn a_request_without_a_body_allocates_nothing() {
    assert_eq!(allocations(Timeouts::upload(), Empty::new()), 0);
    assert_eq!(allocations(Timeouts::upload(), Full::default()), 0);
}

#[test]
fn a_request_body_allocates_its_count() {
    assert_eq!(allocations(Timeouts::upload(), Full::from("x")), 1);
    let nobody_looks = Timeouts::upload().without_attempt();
    assert_eq!(allocations(nobody_looks, Full::from("x")), 0);
}

#[test]
fn a_total_allocates_its_deadline() {
    let total = Timeouts::none().total(Duration::from_secs(10));
    // The map of the extensions, its table, and the value.
    assert_eq!(allocations(total, Empty::new()), 3);
}

#[tokio::test(start_paused = true)]
async fn a_response_body_allocates_when_it_has_to_wait_for_what_may_stall() {
    let stall = Timeouts::none().stall(Duration::from_secs(10));
    for (timeouts, expected) in [(stall, 1), (Timeouts::none(), 0)] {
        let silent = || StreamBody::new(stream::pending::<Result<Frame<Bytes>, BoxError>>());
        let mut stack = TotalTimeoutLayer::new(timeouts).layer(service_fn(|_: Request<()>| {
            ready(Ok::<_, BoxError>(Response::new(silent())))
        }));
        let response = at_once(stack.call(Request::new(()))).unwrap();
        let mut body = pin!(response.into_body());
        let mut wait = || {
            let seen = measure(|| assert!(body.frame().now_or_never().is_none()));
            seen.count_total
        };
        assert_eq!([wait(), wait()], [expected, 0]);
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(Box::new(1_u8))).count_total, 1);
}

// === support ===

/// How often a call allocates that is read to the end, when another has gone before it.
fn allocations<B>(timeouts: Timeouts, body: B) -> u64
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Clone,
{
    let mut stack = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(AttemptTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(MarkDispatchedLayer::new())
        .service(service_fn(respond::<B>));
    let mut call = || {
        let request = Request::new(body.clone());
        let seen = measure(|| {
            let response = at_once(stack.call(request)).unwrap();
            let mut body = pin!(response.into_body());
            while let Some(frame) = at_once(body.frame()) {
                frame.unwrap();
            }
        });
        seen.count_total
    };
    call();
    let seen = call();
    assert_eq!(call(), seen);
    seen
}

/// Reads the body of the request, and responds.
fn respond<B>(req: Request<ProgressBody<B>>) -> Ready<Result<Response<Full<Bytes>>, BoxError>>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let mut body = pin!(req.into_body());
    while let Some(frame) = at_once(body.frame()) {
        assert!(frame.is_ok());
    }
    ready(Ok(Response::new(Full::from("fine"))))
}
