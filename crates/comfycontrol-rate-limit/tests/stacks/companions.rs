//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_rate_limit::{NotAdmitted, NotAdmittedReason, RateLimitLayer};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
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
    /// It has left the limiter and lies in the buffer.
    Buffers,
    /// It is refused by the middleware inside, which the limiter cannot know from a failed request.
    Sheds,
    /// It holds nothing for longer than a second.
    Waits,
}

macro_rules! stacks {
    ($($name:ident, $error:ty, $busy:ident: |$limit:ident, $inner:ident| $stack:expr;)*) => {$(
        mod $name {
            use super::*;

            fn stack($limit: RateLimitLayer, $inner: Inner) -> impl Stack<Error = $error> {
                $stack
            }

            #[tokio::test(start_paused = true)]
            async fn a_request_goes_through_and_is_counted() {
                goes_through(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_unready_service_is_not_called_and_holds_no_slot() {
                keeps_backpressure(stack, Busy::$busy).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_call_not_admitted_says_so_and_is_not_sent() {
                is_not_admitted(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn clones_share_the_quota_and_the_cooldown() {
                clones_share(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_dropped_call_keeps_its_slot_while_it_may_be_on_its_way() {
                is_dropped(stack).await;
            }
        }
    )*};
}

stacks! {
    buffer_outside_boxed, BoxError, Waits: |limit, inner| BufferLayer::new(8).layer(limit.layer(inner));
    buffer_outside_typed, BoxError, Waits: |limit, inner| BufferLayer::new(8).layer(limit.layer(typed(inner)));
    buffer_inside_boxed, BoxError, Buffers: |limit, inner| limit.layer(BufferLayer::new(8).layer(inner));
    buffer_inside_typed, Failed, Buffers: |limit, inner| limit.layer(typed(BufferLayer::new(8).layer(inner)));

    concurrency_limit_outside_boxed, BoxError, Waits: |limit, inner| ConcurrencyLimitLayer::new(4).layer(limit.layer(inner));
    concurrency_limit_outside_typed, Failed, Waits: |limit, inner| ConcurrencyLimitLayer::new(4).layer(limit.layer(typed(inner)));
    concurrency_limit_inside_boxed, BoxError, Waits: |limit, inner| limit.layer(ConcurrencyLimitLayer::new(4).layer(inner));
    concurrency_limit_inside_typed, Failed, Waits: |limit, inner| limit.layer(ConcurrencyLimitLayer::new(4).layer(typed(inner)));

    load_shed_outside_boxed, BoxError, Waits: |limit, inner| LoadShedLayer::new().layer(limit.layer(inner));
    load_shed_outside_typed, BoxError, Waits: |limit, inner| LoadShedLayer::new().layer(limit.layer(typed(inner)));
    load_shed_inside_boxed, BoxError, Sheds: |limit, inner| limit.layer(LoadShedLayer::new().layer(inner));
    load_shed_inside_typed, Failed, Sheds: |limit, inner| limit.layer(typed(LoadShedLayer::new().layer(inner)));

    timeout_outside_boxed, BoxError, Waits: |limit, inner| TimeoutLayer::new(60 * SECOND).layer(limit.layer(inner));
    timeout_outside_typed, BoxError, Waits: |limit, inner| TimeoutLayer::new(60 * SECOND).layer(limit.layer(typed(inner)));
    timeout_inside_boxed, BoxError, Waits: |limit, inner| limit.layer(TimeoutLayer::new(SECOND).layer(inner));
    timeout_inside_typed, Failed, Waits: |limit, inner| limit.layer(typed(TimeoutLayer::new(SECOND).layer(inner)));

    trace_outside_boxed, BoxError, Waits: |limit, inner| TraceLayer::new_for_http().layer(limit.layer(inner));
    trace_outside_typed, Failed, Waits: |limit, inner| TraceLayer::new_for_http().layer(limit.layer(typed(inner)));
    trace_inside_boxed, BoxError, Waits: |limit, inner| limit.layer(TraceLayer::new_for_http().layer(inner));
    trace_inside_typed, Failed, Waits: |limit, inner| limit.layer(TraceLayer::new_for_http().layer(typed(inner)));
}

async fn goes_through<S: Stack>(stack: fn(RateLimitLayer, Inner) -> S) {
    let limiter = builder(2).build();
    let (inner, mut server) = pair();
    let mut call = call(&stack(limiter.layer(), inner));
    assert_pending!(poll(&mut call).await);
    assert_eq!(limiter.snapshot().in_flight(), 1);
    arrived(&mut server).send_response(reply(202, "done"));
    let response = assert_ready_ok!(poll(&mut call).await);
    assert_eq!(response.status(), 202);
    assert_eq!(response.into_body(), "done");
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (1, 0, 0));
}

async fn keeps_backpressure<S: Stack>(stack: fn(RateLimitLayer, Inner) -> S, busy: Busy) {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    server.allow(0);
    let mut call = call(&stack(limiter.layer(), inner));
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    let seen = limiter.snapshot();
    match busy {
        Busy::Buffers => {
            assert_pending!(outcome);
            assert_eq!((seen.in_flight(), seen.lost()), (1, 0));
            server.allow(1);
            assert_pending!(poll(&mut call).await);
            arrived(&mut server).send_response(reply(200, ""));
            assert_ready_ok!(poll(&mut call).await);
        }
        Busy::Sheds => {
            assert!(find::<Overloaded>(&assert_ready_err!(outcome)).is_some());
            assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (0, 0, 1));
        }
        Busy::Waits => {
            assert_pending!(outcome);
            let mut rival = task::spawn(limiter.acquire());
            assert_pending!(rival.poll());
            time::advance(SECOND + MILLISECOND).await;
            let permit = assert_ready_ok!(rival.poll(), "the slot is held");
            assert_pending!(poll(&mut call).await);
            drop(permit);
            server.allow(1);
            assert_pending!(poll(&mut call).await);
            arrived(&mut server).send_response(reply(200, ""));
            assert_ready_ok!(poll(&mut call).await);
            assert_eq!(limiter.snapshot().lost(), 0);
        }
    }
}

async fn is_not_admitted<S: Stack>(stack: fn(RateLimitLayer, Inner) -> S) {
    let limiter = builder(1).max_queued(0).build();
    let (inner, mut server) = pair();
    let stack = stack(limiter.layer(), inner);
    let mut first = call(&stack);
    assert_pending!(poll(&mut first).await);
    let server_side = arrived(&mut server);
    let error = assert_ready_err!(poll(&mut call(&stack)).await);
    let error = find::<NotAdmitted>(&error).expect("the limiter's own error");
    assert_eq!(error.reason(), NotAdmittedReason::QueueFull);
    nothing_arrived(&mut server);
    // The stack still serves.
    server_side.send_response(reply(200, ""));
    assert_ready_ok!(poll(&mut first).await);
    time::advance(WINDOW + MILLISECOND).await;
    let mut next = call(&stack);
    assert_pending!(poll(&mut next).await);
    arrived(&mut server);
}

async fn clones_share<S: Stack>(stack: fn(RateLimitLayer, Inner) -> S) {
    let limiter = builder(2).build();
    let (inner, mut server) = pair();
    let stack = stack(limiter.layer(), inner);
    let mut refused = call(&stack);
    assert_pending!(poll(&mut refused).await);
    arrived(&mut server).send_response(reply(429, "slow down"));
    assert_eq!(assert_ready_ok!(poll(&mut refused).await).status(), 429);

    let mut held_back = call(&stack.clone());
    assert_pending!(poll(&mut held_back).await);
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(PAUSE - MILLISECOND).await;
    assert_pending!(poll(&mut held_back).await);
    nothing_arrived(&mut server);
    time::advance(2 * MILLISECOND).await;
    assert_pending!(poll(&mut held_back).await);
    arrived(&mut server).send_response(reply(200, ""));
    assert_ready_ok!(poll(&mut held_back).await);
}

async fn is_dropped<S: Stack>(stack: fn(RateLimitLayer, Inner) -> S) {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    let stack = stack(limiter.layer(), inner);
    let mut given_up = call(&stack);
    assert_pending!(poll(&mut given_up).await);
    drop(given_up);
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (0, 0, 1));
    let _on_its_way = arrived(&mut server);
    time::advance(LINGER + WINDOW - MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(2 * MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}
