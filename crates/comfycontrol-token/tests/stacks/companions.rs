//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_token::{AddTokenLayer, TokenReplaced, TokenWithheld, WithheldReason};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::{LoadShedLayer, error::Overloaded};
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Layer};

use super::support::*;

/// What a call does while the innermost service is not ready.
#[derive(Clone, Copy)]
enum Busy {
    /// It lies in the buffer, with the token of its moment.
    Buffers,
    /// It is refused, by whatever side.
    Sheds,
    /// It has no token yet.
    Waits,
}

macro_rules! stacks {
    ($($name:ident, $error:ty, $busy:ident: |$token:ident, $inner:ident| $stack:expr;)*) => {$(
        mod $name {
            use super::*;

            fn stack($token: AddTokenLayer, $inner: Inner) -> impl Stack<Error = $error> {
                $stack
            }

            #[tokio::test(start_paused = true)]
            async fn the_token_arrives_and_no_log_shows_it() {
                goes_through(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_unready_service_is_not_called() {
                keeps_backpressure(stack, Busy::$busy).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_request_withheld_says_so_and_the_next_one_goes() {
                is_withheld(stack).await;
            }

            #[tokio::test(start_paused = true)]
            async fn clones_share_the_token_and_hear_of_the_next() {
                clones_share(stack).await;
            }
        }
    )*};
}

stacks! {
    buffer_outside_boxed, BoxError, Waits: |token, inner| BufferLayer::new(1).layer(token.layer(inner));
    buffer_outside_typed, BoxError, Waits: |token, inner| BufferLayer::new(1).layer(token.layer(typed(inner)));
    buffer_inside_boxed, BoxError, Buffers: |token, inner| token.layer(BufferLayer::new(1).layer(inner));
    buffer_inside_typed, Failed, Buffers: |token, inner| token.layer(typed(BufferLayer::new(1).layer(inner)));

    concurrency_limit_outside_boxed, BoxError, Waits: |token, inner| ConcurrencyLimitLayer::new(1).layer(token.layer(inner));
    concurrency_limit_outside_typed, Failed, Waits: |token, inner| ConcurrencyLimitLayer::new(1).layer(token.layer(typed(inner)));
    concurrency_limit_inside_boxed, BoxError, Waits: |token, inner| token.layer(ConcurrencyLimitLayer::new(1).layer(inner));
    concurrency_limit_inside_typed, Failed, Waits: |token, inner| token.layer(ConcurrencyLimitLayer::new(1).layer(typed(inner)));

    load_shed_outside_boxed, BoxError, Sheds: |token, inner| LoadShedLayer::new().layer(token.layer(inner));
    load_shed_outside_typed, BoxError, Sheds: |token, inner| LoadShedLayer::new().layer(token.layer(typed(inner)));
    load_shed_inside_boxed, BoxError, Sheds: |token, inner| token.layer(LoadShedLayer::new().layer(inner));
    load_shed_inside_typed, Failed, Sheds: |token, inner| token.layer(typed(LoadShedLayer::new().layer(inner)));

    timeout_outside_boxed, BoxError, Waits: |token, inner| TimeoutLayer::new(60 * SECOND).layer(token.layer(inner));
    timeout_outside_typed, BoxError, Waits: |token, inner| TimeoutLayer::new(60 * SECOND).layer(token.layer(typed(inner)));
    timeout_inside_boxed, BoxError, Waits: |token, inner| token.layer(TimeoutLayer::new(SECOND).layer(inner));
    timeout_inside_typed, Failed, Waits: |token, inner| token.layer(typed(TimeoutLayer::new(SECOND).layer(inner)));

    trace_outside_boxed, BoxError, Waits: |token, inner| tracer().layer(token.layer(inner));
    trace_outside_typed, Failed, Waits: |token, inner| tracer().layer(token.layer(typed(inner)));
    trace_inside_boxed, BoxError, Waits: |token, inner| token.layer(tracer().layer(inner));
    trace_inside_typed, Failed, Waits: |token, inner| token.layer(tracer().layer(typed(inner)));
}

async fn goes_through<S: Stack>(stack: fn(AddTokenLayer, Inner) -> S) {
    let log = Log::default();
    let _guard = log.capture();
    let (inner, mut server) = pair();
    let stack = stack(layer(handle()), inner);
    for (status, body) in [(202, "done"), (500, "broken")] {
        let mut call = call(&stack);
        assert_pending!(poll(&mut call).await);
        let (number, answer) = arrived(&mut server);
        assert_eq!(number, 1);
        answer.send_response(reply(status, body));
        let response = assert_ready_ok!(poll(&mut call).await);
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body(), body);
    }
    let mut failing = call(&stack);
    assert_pending!(poll(&mut failing).await);
    arrived(&mut server).1.send_error("reset");
    let error = assert_ready_err!(poll(&mut failing).await);
    tracing::error!(%error, ?error);
    assert!(!log.text().contains(SECRET), "{}", log.text());
    // It would have been seen.
    tracing::trace!("{SECRET}");
    assert!(log.text().contains(SECRET));
}

async fn keeps_backpressure<S: Stack>(stack: fn(AddTokenLayer, Inner) -> S, busy: Busy) {
    let handle = handle();
    let (inner, mut server) = pair();
    server.allow(0);
    let stack = stack(layer(handle.clone()), inner);
    let mut call = call(&stack);
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    handle.rotate(token(2));
    server.allow(1);
    let expected = match busy {
        Busy::Sheds => {
            let error = assert_ready_err!(outcome);
            assert!(find::<Overloaded>(&error).is_some(), "{error}");
            nothing_arrived(&mut server);
            return;
        }
        Busy::Buffers => 1,
        Busy::Waits => 2,
    };
    assert_pending!(outcome);
    assert_pending!(poll(&mut call).await);
    let (number, answer) = arrived(&mut server);
    assert_eq!(number, expected);
    answer.send_response(reply(200, ""));
    assert_ready_ok!(poll(&mut call).await);
}

async fn is_withheld<S: Stack>(stack: fn(AddTokenLayer, Inner) -> S) {
    let (inner, mut server) = pair();
    let stack = stack(layer(handle()), inner);
    for _ in 0..3 {
        let mut call = call_with(&stack, get("/v1/user"));
        let error = assert_ready_err!(poll(&mut call).await);
        let error = find::<TokenWithheld>(&error).expect("the layer's own error");
        assert_eq!(error.reason(), WithheldReason::UriNotAbsolute);
        nothing_arrived(&mut server);
    }
    // Neither a permit nor a place in a buffer is lost.
    let mut next = call(&stack);
    assert_pending!(poll(&mut next).await);
    arrived(&mut server).1.send_response(reply(200, ""));
    assert_ready_ok!(poll(&mut next).await);
}

async fn clones_share<S: Stack>(stack: fn(AddTokenLayer, Inner) -> S) {
    let handle = handle();
    let (inner, mut server) = pair();
    let stack = stack(layer(handle.clone()), inner);
    let mut old = call(&stack);
    assert_pending!(poll(&mut old).await);
    let (number, answer) = arrived(&mut server);
    assert_eq!(number, 1);
    handle.rotate(token(2));
    answer.send_response(reply(401, "revoked"));
    let response = assert_ready_ok!(poll(&mut old).await);
    assert_eq!(response.status(), 401);
    assert!(response.extensions().get::<TokenReplaced>().is_some());

    let mut new = call(&stack.clone());
    assert_pending!(poll(&mut new).await);
    let (number, answer) = arrived(&mut server);
    assert_eq!(number, 2);
    answer.send_response(reply(401, "revoked as well"));
    let response = assert_ready_ok!(poll(&mut new).await);
    assert!(response.extensions().get::<TokenReplaced>().is_none());
}
