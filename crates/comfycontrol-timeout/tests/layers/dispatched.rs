//! Whether a request that has timed out had been sent.

use std::future::pending;

use bytes::Bytes;
use comfycontrol_timeout::{
    AttemptTimeoutLayer, MarkDispatched, MarkDispatchedLayer, ProgressBody, TimedOut, Timeouts,
    TotalTimeoutLayer,
};
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::support::*;

type Req = Request<Full<Bytes>>;
type Inner = Request<ProgressBody<Full<Bytes>>>;

/// A call under a total of 10 s, and one under an attempt of 10 s, over the same kind of service.
fn calls<S, B>(over_mark: bool, inner: S) -> [Box<dyn FnOnce() -> task::Spawn<LocalCall>>; 2]
where
    S: Service<Inner, Response = Response<B>, Error = BoxError> + Clone + 'static,
    B: 'static,
{
    let mut total = TotalTimeoutLayer::new(Timeouts::new().total(10 * SECOND));
    let mut attempt = AttemptTimeoutLayer::new(Timeouts::new().attempt(10 * SECOND));
    if over_mark {
        total = total.with_mark_dispatched();
        attempt = attempt.with_mark_dispatched();
    }
    let total = total.layer(inner.clone());
    let total = total.map_request(|req: Req| req.map(ProgressBody::new));
    let attempt = attempt.layer(inner);
    [
        Box::new(|| spawn(total.oneshot(request()))),
        Box::new(|| spawn(attempt.oneshot(request()))),
    ]
}

type LocalCall = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>>>>;

fn spawn<T>(call: impl Future<Output = Result<T, BoxError>> + 'static) -> task::Spawn<LocalCall> {
    task::spawn(Box::pin(async { call.await.map(drop) }))
}

async fn time_out(call: &mut task::Spawn<LocalCall>) -> TimedOut {
    assert_pending!(call.poll());
    advance(10 * SECOND).await;
    must_time_out(&assert_ready_err!(call.poll()))
}

/// Waits so long before it calls the service inside.
fn wait<S>(
    seconds: u32,
    inner: S,
) -> impl Service<Inner, Response = S::Response, Error = BoxError, Future: 'static> + Clone
where
    S: Service<Inner, Error = BoxError> + Clone + 'static,
{
    service_fn(move |req| {
        let inner = inner.clone();
        async move {
            tokio::time::sleep(seconds * SECOND).await;
            inner.oneshot(req).await
        }
    })
}

fn marked()
-> MarkDispatched<impl Service<Inner, Response = Response<Full<Bytes>>, Error = BoxError> + Clone> {
    MarkDispatchedLayer::new().layer(silent())
}

#[tokio::test(start_paused = true)]
async fn without_the_mark_nobody_claims_that_nothing_was_sent() {
    for begin in calls(false, silent())
        .into_iter()
        .chain(calls(false, wait(60, marked())))
    {
        let failed = time_out(&mut begin()).await;
        assert!(failed.was_dispatched());
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_not_come_to_the_mark_was_never_sent() {
    for begin in calls(true, wait(60, marked())) {
        let failed = time_out(&mut begin()).await;
        assert!(!failed.was_dispatched());
        let says = match failed.is_total() {
            true => "call not sent within 10s",
            false => "no response within 10s",
        };
        assert_eq!(failed.to_string(), says);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_come_to_the_mark_may_have_been_received() {
    // At once, and in a later poll.
    let at_once = calls(true, marked());
    let later = calls(true, wait(5, marked()));
    for begin in at_once {
        assert!(time_out(&mut begin()).await.was_dispatched());
    }
    for begin in later {
        let mut call = begin();
        assert_pending!(call.poll());
        advance(5 * SECOND).await;
        assert_pending!(call.poll());
        advance(5 * SECOND).await;
        let failed = must_time_out(&assert_ready_err!(call.poll()));
        assert!(failed.was_dispatched());
    }
}

#[tokio::test(start_paused = true)]
async fn once_sent_is_not_forgotten() {
    let marked = marked();
    // Is sent, gives up, and waits for another attempt.
    let twice = service_fn(move |req: Inner| {
        let mut marked = marked.clone();
        async move {
            drop(marked.ready().await?.call(req));
            pending::<Outcome>().await
        }
    });
    for begin in calls(true, twice) {
        let mut call = begin();
        assert_pending!(call.poll());
        advance(SECOND).await;
        assert_pending!(call.poll());
        advance(9 * SECOND).await;
        let failed = must_time_out(&assert_ready_err!(call.poll()));
        assert!(failed.was_dispatched());
    }
}

#[tokio::test(start_paused = true)]
async fn another_call_on_the_same_thread_does_not_count() {
    for begin in calls(true, wait(60, marked())) {
        let mut call = begin();
        assert_pending!(call.poll());
        for other in calls(true, marked()) {
            assert_pending!(other().poll());
        }
        advance(5 * SECOND).await;
        assert_pending!(call.poll());
        advance(5 * SECOND).await;
        let failed = must_time_out(&assert_ready_err!(call.poll()));
        assert!(!failed.was_dispatched());
    }
}

#[tokio::test(start_paused = true)]
async fn the_mark_changes_nothing() {
    let service = service_fn(|n: u8| async move { if n > 0 { Ok(n) } else { Err("none") } });
    let mut marked = MarkDispatchedLayer::new().layer(service);
    assert_eq!(marked.get_mut().call(1).await, Ok(1));
    assert_eq!(assert_ready_ok!(task::spawn(marked.call(1)).poll()), 1);
    assert_eq!(marked.call(0).await, Err("none"));
    marked.get_ref();
    assert_eq!(marked.into_inner().call(2).await, Ok(2));
}
