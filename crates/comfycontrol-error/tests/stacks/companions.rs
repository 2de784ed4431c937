//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_error::{ApiError, ApiErrorKind, DecodeErrorLayer};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::{LoadShedLayer, error::Overloaded};
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Layer};
use tower_http::trace::TraceLayer;

use super::support::*;

/// What a call does while the innermost service is not ready.
#[derive(Clone, Copy)]
enum Busy {
    Buffers,
    Sheds,
    Waits,
}

macro_rules! stacks {
    ($($name:ident, $error:ty, $busy:ident: |$decode:ident, $inner:ident| $stack:expr;)*) => {$(
        mod $name {
            use super::*;

            fn stack($decode: DecodeErrorLayer, $inner: Inner) -> impl Stack<Error = $error> {
                $stack
            }

            #[tokio::test(start_paused = true)]
            async fn an_error_is_decoded_and_a_success_passes() {
                goes_through(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_unready_service_is_not_called() {
                keeps_backpressure(stack, Busy::$busy).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_failure_below_is_no_answer_of_the_api() {
                fails_below(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_late_body_keeps_nobody_but_its_own_call() {
                comes_late(stack).await;
            }
        }
    )*};
}

stacks! {
    buffer_outside_boxed, BoxError, Waits: |decode, inner| BufferLayer::new(8).layer(decode.layer(inner));
    buffer_outside_typed, BoxError, Waits: |decode, inner| BufferLayer::new(8).layer(decode.layer(typed(inner)));
    buffer_inside_boxed, BoxError, Buffers: |decode, inner| decode.layer(BufferLayer::new(8).layer(inner));
    buffer_inside_typed, Failed, Buffers: |decode, inner| decode.layer(typed(BufferLayer::new(8).layer(inner)));

    concurrency_limit_outside_boxed, BoxError, Waits: |decode, inner| ConcurrencyLimitLayer::new(2).layer(decode.layer(inner));
    concurrency_limit_outside_typed, Failed, Waits: |decode, inner| ConcurrencyLimitLayer::new(2).layer(decode.layer(typed(inner)));
    concurrency_limit_inside_boxed, BoxError, Waits: |decode, inner| decode.layer(ConcurrencyLimitLayer::new(2).layer(inner));
    concurrency_limit_inside_typed, Failed, Waits: |decode, inner| decode.layer(ConcurrencyLimitLayer::new(2).layer(typed(inner)));

    load_shed_outside_boxed, BoxError, Sheds: |decode, inner| LoadShedLayer::new().layer(decode.layer(inner));
    load_shed_outside_typed, BoxError, Sheds: |decode, inner| LoadShedLayer::new().layer(decode.layer(typed(inner)));
    load_shed_inside_boxed, BoxError, Sheds: |decode, inner| decode.layer(LoadShedLayer::new().layer(inner));
    load_shed_inside_typed, Failed, Sheds: |decode, inner| decode.layer(typed(LoadShedLayer::new().layer(inner)));

    timeout_outside_boxed, BoxError, Waits: |decode, inner| TimeoutLayer::new(60 * SECOND).layer(decode.layer(inner));
    timeout_outside_typed, BoxError, Waits: |decode, inner| TimeoutLayer::new(60 * SECOND).layer(decode.layer(typed(inner)));
    timeout_inside_boxed, BoxError, Waits: |decode, inner| decode.layer(TimeoutLayer::new(SECOND).layer(inner));
    timeout_inside_typed, Failed, Waits: |decode, inner| decode.layer(typed(TimeoutLayer::new(SECOND).layer(inner)));

    trace_outside_boxed, BoxError, Waits: |decode, inner| TraceLayer::new_for_http().layer(decode.layer(inner));
    trace_outside_typed, Failed, Waits: |decode, inner| TraceLayer::new_for_http().layer(decode.layer(typed(inner)));
    trace_inside_boxed, BoxError, Waits: |decode, inner| decode.layer(TraceLayer::new_for_http().layer(inner));
    trace_inside_typed, Failed, Waits: |decode, inner| decode.layer(TraceLayer::new_for_http().layer(typed(inner)));
}

const TIER: &str = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;

async fn goes_through<S: Stack>(stack: fn(DecodeErrorLayer, Inner) -> S) {
    let (inner, mut server) = pair();
    let stack = stack(DecodeErrorLayer::new(), inner);
    for (status, body) in [(200, "fine"), (204, ""), (299, TIER)] {
        let mut call = call(&stack);
        assert_pending!(poll(&mut call).await);
        arrived(&mut server).send_response(reply(status, body));
        let response = assert_ready_ok!(poll(&mut call).await);
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (status, body.as_bytes())
        );
    }
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(reply(403, TIER));
    let error = assert_ready_err!(poll(&mut call).await);
    let error = find::<ApiError>(&error).expect("the layer's own error");
    assert_eq!(
        (error.status().as_u16(), error.kind()),
        (403, ApiErrorKind::TierLimit)
    );
    assert_eq!(error.message(), "Runner limit exceeded for your tier");
}

async fn keeps_backpressure<S: Stack>(stack: fn(DecodeErrorLayer, Inner) -> S, busy: Busy) {
    let (inner, mut server) = pair();
    server.allow(0);
    let mut call = call(&stack(DecodeErrorLayer::new(), inner));
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    server.allow(1);
    if let Busy::Sheds = busy {
        let error = assert_ready_err!(outcome);
        assert!(find::<Overloaded>(&error).is_some(), "{error}");
        assert!(find::<ApiError>(&error).is_none(), "{error}");
        nothing_arrived(&mut server);
        return;
    }
    assert_pending!(outcome);
    if let Busy::Waits = busy {
        nothing_arrived(&mut server);
    }
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(reply(200, ""));
    assert_ready_ok!(poll(&mut call).await);
}

async fn fails_below<S: Stack>(stack: fn(DecodeErrorLayer, Inner) -> S) {
    let (inner, mut server) = pair();
    let stack = stack(DecodeErrorLayer::new(), inner);
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_error(std::io::Error::other("reset"));
    let error = assert_ready_err!(poll(&mut call).await);
    let below = find::<std::io::Error>(&error).expect("what happened below");
    assert_eq!(below.to_string(), "reset");
    assert!(find::<ApiError>(&error).is_none());
}

async fn comes_late<S: Stack>(stack: fn(DecodeErrorLayer, Inner) -> S) {
    let (inner, mut server) = pair();
    let stack = stack(DecodeErrorLayer::new(), inner);
    let mut late = call(&stack);
    assert_pending!(poll(&mut late).await);
    let (response, body) = head(500);
    arrived(&mut server).send_response(response);
    assert_pending!(poll(&mut late).await);

    let mut other = call(&stack.clone());
    assert_pending!(poll(&mut other).await);
    let (response, dropped_body) = head(404);
    arrived(&mut server).send_response(response);
    assert_pending!(poll(&mut other).await);
    drop(other);
    assert!(dropped_body.is_closed(), "its body is still held");

    assert!(!body.is_closed());
    body.send(r#"{"message":"at last"}"#.into()).unwrap();
    let error = assert_ready_err!(poll(&mut late).await);
    let error = find::<ApiError>(&error).expect("the layer's own error");
    assert_eq!((error.status().as_u16(), error.message()), (500, "at last"));
    assert!(error.body_error().is_none());
}
