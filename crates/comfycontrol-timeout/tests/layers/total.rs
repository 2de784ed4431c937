//! The time of a whole call.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::Deadline;
use comfycontrol_timeout::{
    AttemptTimeoutLayer, TimeoutKind, Timeouts, TotalTimeout, TotalTimeoutLayer,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::retry::{Policy, Retry};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::support::*;

fn total<S>(seconds: u32, inner: S) -> TotalTimeout<S> {
    let timeouts = Timeouts::new().total(seconds * SECOND);
    TotalTimeoutLayer::new(timeouts).layer(inner)
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_when_its_time_has_passed() {
    let mut call = task::spawn(total(3, silent()).oneshot(request()));
    assert_pending!(call.poll());
    advance(2 * SECOND).await;
    assert_pending!(call.poll());
    advance(SECOND).await;
    let failed = must_time_out(&assert_ready_err!(call.poll()));
    assert_eq!(
        (failed.kind(), failed.after(), failed.status()),
        (TimeoutKind::Total, 3 * SECOND, None)
    );
    assert_eq!(failed.to_string(), "call not finished within 3s");
    assert!(failed.is_total() && failed.was_dispatched());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_no_time_is_not_sent() {
    let called = Cell::new(0);
    let service = service_fn(|_: Request<Full<Bytes>>| {
        called.set(called.get() + 1);
        ready(ok())
    });
    let failed = total(0, service).oneshot(request()).await.unwrap_err();
    let failed = must_time_out(&failed);
    assert_eq!((failed.kind(), called.get()), (TimeoutKind::Total, 0));
    assert!(!failed.was_dispatched());
    assert_eq!(failed.to_string(), "call not sent within 0ns");
}

#[tokio::test(start_paused = true)]
async fn the_time_begins_with_the_call_and_not_with_its_first_poll() {
    let mut service = total(3, silent());
    let call = service.ready().await.unwrap().call(request());
    advance(2 * SECOND).await;
    let mut call = task::spawn(call);
    assert_pending!(call.poll());
    advance(SECOND).await;
    assert_ready_err!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn it_covers_all_attempts() {
    #[derive(Clone)]
    struct Always;

    impl<Req: Clone, Res, E> Policy<Req, Res, E> for Always {
        type Future = Ready<()>;

        fn retry(&mut self, _: &mut Req, res: &mut Result<Res, E>) -> Option<Self::Future> {
            res.is_err().then(|| ready(()))
        }

        fn clone_request(&mut self, req: &Req) -> Option<Req> {
            Some(req.clone())
        }
    }

    let began = now();
    let attempt = AttemptTimeoutLayer::new(Timeouts::new().attempt(10 * SECOND)).layer(silent());
    let call = total(25, Retry::new(Always, attempt)).oneshot(request());
    let failed = within(YEAR, call).await.unwrap_err();
    assert!(must_time_out(&failed).is_total());
    assert_eq!(began.elapsed(), 25 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn it_covers_the_body() {
    let drips = service_fn(|_: Request<Full<Bytes>>| async {
        tokio::time::sleep(4 * SECOND).await;
        Ok::<_, BoxError>(Response::new(drip(100, SECOND)))
    });
    let began = now();
    let response = total(10, drips).oneshot(request()).await.unwrap();
    let mut body = std::pin::pin!(response.into_body());
    let mut read = 0;
    let failed = loop {
        match body.frame().await.expect("no end without an error") {
            Ok(_) => read += 1,
            Err(failed) => break failed,
        }
    };
    let failed = must_time_out(&failed);
    assert_eq!((failed.is_total(), failed.after()), (true, 10 * SECOND));
    assert_eq!(began.elapsed(), 10 * SECOND);
    assert!((5..=6).contains(&read), "{read}");
}

/// The deadline that a service inside finds.
async fn deadline_below(timeouts: Timeouts, request: Request<Full<Bytes>>) -> Option<Deadline> {
    let seen = Cell::new(None);
    let look = service_fn(|req: Request<Full<Bytes>>| {
        seen.set(req.extensions().get().copied());
        ready(ok())
    });
    let service = TotalTimeoutLayer::new(timeouts).layer(look);
    service.oneshot(request).await.unwrap();
    seen.get()
}

#[tokio::test(start_paused = true)]
async fn the_end_travels_inwards_as_a_deadline() {
    let minute = Timeouts::new().total(60 * SECOND);
    let end = Deadline(now() + 60 * SECOND);
    assert_eq!(deadline_below(minute, request()).await, Some(end));

    let mut with_one = request();
    with_one
        .extensions_mut()
        .insert(Deadline(now() + 61 * SECOND));
    assert_eq!(deadline_below(minute, with_one.clone()).await, Some(end));

    // One that is earlier stays.
    with_one.extensions_mut().insert(Deadline(now() + SECOND));
    let own = with_one.extensions().get().copied();
    assert_eq!(deadline_below(minute, with_one.clone()).await, own);
    for none in [
        Timeouts::new(),
        Timeouts::upload(),
        Timeouts::new().total(Duration::MAX),
    ] {
        assert_eq!(deadline_below(none, request()).await, None);
        assert_eq!(deadline_below(none, with_one.clone()).await, own);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unset_off_or_too_far_away_never_ends() {
    for timeouts in [
        Timeouts::new().attempt(SECOND).stall(SECOND),
        Timeouts::none(),
        Timeouts::new().total(Duration::MAX),
        Timeouts::new().total(1000 * YEAR),
    ] {
        let service = TotalTimeoutLayer::new(timeouts).layer(silent());
        let mut call = task::spawn(service.oneshot(request()));
        assert_pending!(call.poll());
        advance(10 * YEAR).await;
        assert_pending!(call.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn the_shorter_of_attempt_and_total_ends_the_call() {
    for (attempt, total, is_total) in [(2, 3, false), (3, 2, true)] {
        let timeouts = Timeouts::new()
            .attempt(attempt * SECOND)
            .total(total * SECOND);
        let began = now();
        let service = AttemptTimeoutLayer::new(timeouts).layer(silent());
        let service = TotalTimeoutLayer::new(timeouts).layer(service);
        let failed = within(YEAR, service.oneshot(request())).await.unwrap_err();
        assert_eq!(must_time_out(&failed).is_total(), is_total);
        assert_eq!(began.elapsed(), 2 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_inside_can_be_had_back() {
    let mut service = total(3, service_fn(|_: Request<Full<Bytes>>| ready(ok())));
    service.get_mut().ready().await.unwrap();
    service.get_ref();
    service.into_inner().oneshot(request()).await.unwrap();
}
