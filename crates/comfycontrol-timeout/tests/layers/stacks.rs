//! Tower's middleware, each outside and inside of the layers. All rows keep the same promises.

use bytes::Bytes;
use comfycontrol_test::{
    Inner, Req, Stack, WhileBusy, arrived, call, nothing_arrived, pair, poll, response,
};
use comfycontrol_timeout::{
    AttemptTimeout, AttemptTimeoutLayer, MarkDispatched, MarkDispatchedLayer, ProgressBody,
    TimeoutKind, Timeouts, TotalTimeout, TotalTimeoutLayer,
};
use http::Request;
use http_body_util::Empty;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::Layer;
use tower::buffer::BufferLayer;
use tower::load_shed::{LoadShedLayer, error::Overloaded};
use tower::timeout::{TimeoutLayer, error::Elapsed};
use tower::util::MapRequest;

use super::support::*;

macro_rules! stacks {
    ($($name:ident, $busy:ident: |$inner:ident| $stack:expr;)*) => {$(
        mod $name {
            use super::*;

            fn stack($inner: Inner) -> impl Stack {
                $stack
            }

            #[tokio::test(start_paused = true)]
            async fn a_response_in_time_passes() {
                goes_through(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_silent_server_is_timed_out() {
                times_out(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_unready_service_is_not_called() {
                keeps_backpressure(stack, WhileBusy::$busy).await;
            }
        }
    )*};
}

stacks! {
    bare, Waits: |inner| over_mark(mark(inner));
    buffer_outside, Waits: |inner| BufferLayer::new(8).layer(over_mark(mark(inner)));
    buffer_inside, Buffers: |inner| alone(plain(BufferLayer::new(8).layer(inner)));
    load_shed_outside, Sheds: |inner| LoadShedLayer::new().layer(over_mark(mark(inner)));
    load_shed_inside, Sheds: |inner| over_mark(LoadShedLayer::new().layer(mark(inner)));
    timeout_outside, Waits: |inner| TimeoutLayer::new(60 * SECOND).layer(over_mark(mark(inner)));
    timeout_inside, Waits: |inner| over_mark(TimeoutLayer::new(60 * SECOND).layer(mark(inner)));
}

async fn goes_through<S: Stack>(stack: fn(Inner) -> S) {
    let (inner, mut server) = pair();
    let mut call = call(&stack(inner));
    assert_pending!(poll(&mut call).await);
    advance(29 * SECOND).await;
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(response(200, "fine"));
    let response = assert_ready_ok!(poll(&mut call).await);
    assert_eq!(response.into_body(), "fine");
}

async fn times_out<S: Stack>(stack: fn(Inner) -> S) {
    let (inner, mut server) = pair();
    let mut call = call(&stack(inner));
    assert_pending!(poll(&mut call).await);
    let _never_responds = arrived(&mut server);
    advance(30 * SECOND).await;
    let error = must_time_out(&assert_ready_err!(poll(&mut call).await));
    assert_eq!(error.kind(), TimeoutKind::Attempt);
    assert!(error.was_dispatched());
}

async fn keeps_backpressure<S: Stack>(stack: fn(Inner) -> S, busy: WhileBusy) {
    let (inner, mut server) = pair();
    server.allow(0);
    let mut call = call(&stack(inner));
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    match busy {
        WhileBusy::Sheds => {
            assert!(assert_ready_err!(outcome).is::<Overloaded>());
            return;
        }
        WhileBusy::Buffers => assert_pending!(outcome),
        // Waiting to be ready is not covered.
        WhileBusy::Waits => {
            assert_pending!(outcome);
            advance(50 * SECOND).await;
            assert_pending!(poll(&mut call).await);
        }
    }
    server.allow(1);
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(response(200, "fine"));
    assert_ready_ok!(poll(&mut call).await);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_timeout_of_towers_ends_the_call_its_own_way() {
    let short = TimeoutLayer::new(SECOND);
    let (inner, _server) = pair();
    let outside = call(&short.layer(over_mark(mark(inner)))).await;
    let (inner, _server) = pair();
    let inside = call(&over_mark(short.layer(mark(inner)))).await;
    for outcome in [outside, inside] {
        assert!(outcome.unwrap_err().is::<Elapsed>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_inside_of_a_buffer_is_covered() {
    let (inner, mut server) = pair();
    server.allow(0);
    let mut call = call(&alone(plain(BufferLayer::new(8).layer(inner))));
    assert_pending!(poll(&mut call).await);
    advance(30 * SECOND).await;
    must_time_out(&assert_ready_err!(poll(&mut call).await));
}

// === support ===

/// The layers: 30 s an attempt, 40 s in all.
fn alone<S>(inner: S) -> TotalTimeout<AttemptTimeout<S>> {
    let timeouts = Timeouts::call().total(40 * SECOND);
    let attempt = AttemptTimeoutLayer::new(timeouts).layer(inner);
    TotalTimeoutLayer::new(timeouts).layer(attempt)
}

fn over_mark<S>(inner: S) -> TotalTimeout<AttemptTimeout<S>> {
    let timeouts = Timeouts::call().total(40 * SECOND);
    let attempt = AttemptTimeoutLayer::new(timeouts).with_mark_dispatched();
    let total = TotalTimeoutLayer::new(timeouts).with_mark_dispatched();
    total.layer(attempt.layer(inner))
}

fn mark(inner: Inner) -> MarkDispatched<Plain<Inner>> {
    MarkDispatchedLayer::new().layer(plain(inner))
}

/// Takes the count of the progress off the requests for the mock.
fn plain<S>(inner: S) -> Plain<S> {
    MapRequest::new(inner, |request: Watched| {
        request.map(ProgressBody::into_inner)
    })
}

type Plain<S> = MapRequest<S, fn(Watched) -> Req>;
type Watched = Request<ProgressBody<Empty<Bytes>>>;
