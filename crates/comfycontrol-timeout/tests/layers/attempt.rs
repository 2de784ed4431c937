//! The time of one attempt.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_timeout::{
    AttemptTimeout, AttemptTimeoutLayer, ProgressBody, TimedOut, TimeoutKind, Timeouts,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::support::*;

fn attempt<S>(seconds: u32, inner: S) -> AttemptTimeout<S> {
    let timeouts = Timeouts::new().attempt(seconds * SECOND);
    AttemptTimeoutLayer::new(timeouts).layer(inner)
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_ends_the_attempt() {
    let mut call = task::spawn(attempt(30, silent()).oneshot(request()));
    assert_pending!(call.poll());
    advance(29 * SECOND).await;
    assert_pending!(call.poll());
    advance(SECOND).await;
    let failed = must_time_out(&assert_ready_err!(call.poll()));
    assert_eq!(
        (failed.kind(), failed.after(), failed.status()),
        (TimeoutKind::Attempt, 30 * SECOND, None)
    );
    assert_eq!(failed.to_string(), "no response within 30s");
    assert!(failed.was_dispatched() && !failed.is_total());
}

#[tokio::test(start_paused = true)]
async fn a_response_in_time_passes_and_its_body_is_not_covered() {
    let late_body = service_fn(|_: Request<ProgressBody<Empty<Bytes>>>| async {
        Ok::<_, BoxError>(Response::new(drip(3, 60 * SECOND)))
    });
    let request = Request::new(Empty::new());
    let response = attempt(30, late_body).oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "xxx");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_comes_with_the_end_is_taken() {
    let began = now();
    let in_time = attempt(30, after(30 * SECOND)).oneshot(request()).await;
    in_time.unwrap();
    assert_eq!(began.elapsed(), 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_time() {
    let mut service = attempt(30, after::<Full<Bytes>>(20 * SECOND));
    for _ in 0..3 {
        let call = service.ready().await.unwrap().call(request());
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_the_service_inside_passes() {
    let broken =
        service_fn(|_: Request<_>| async { Err::<Response<()>, _>(io::Error::other("reset")) });
    let broken = broken.map_err(BoxError::from);
    let failed = attempt(30, broken).oneshot(request()).await.unwrap_err();
    assert!(find::<TimedOut>(&failed).is_none());
    assert_eq!(failed.to_string(), "reset");
}

#[tokio::test(start_paused = true)]
async fn the_error_is_turned_into_that_of_the_stack() {
    #[derive(Debug, PartialEq)]
    enum Failed {
        Late(TimedOut),
    }

    impl From<TimedOut> for Failed {
        fn from(error: TimedOut) -> Self {
            Self::Late(error)
        }
    }

    let silent = service_fn(|_: Request<_>| std::future::pending::<Result<Response<()>, Failed>>());
    let call = attempt(30, silent).oneshot(request());
    let failed = within(YEAR, call).await.unwrap_err();
    let expected = TimedOut::new(TimeoutKind::Attempt, 30 * SECOND);
    assert_eq!(failed, Failed::Late(expected));
}

#[tokio::test(start_paused = true)]
async fn what_is_unset_off_or_too_far_away_never_ends() {
    for timeouts in [
        Timeouts::new().total(SECOND).stall(SECOND),
        Timeouts::call().without_attempt(),
        Timeouts::new().attempt(Duration::MAX),
        Timeouts::new().attempt(1000 * YEAR),
    ] {
        let service = AttemptTimeoutLayer::new(timeouts).layer(silent());
        let mut call = task::spawn(service.oneshot(request()));
        assert_pending!(call.poll());
        advance(10 * YEAR).await;
        assert_pending!(call.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_is_enough_for_what_is_ready() {
    let ready = service_fn(|_: Request<_>| async { ok() });
    let mut call = task::spawn(attempt(0, ready).oneshot(request()));
    assert_ready_ok!(call.poll());
    let began = now();
    let late = within(YEAR, attempt(0, silent()).oneshot(request())).await;
    assert_eq!(must_time_out(&late.unwrap_err()).after(), Duration::ZERO);
    // The clock of Tokio's timers ticks in milliseconds.
    assert!(began.elapsed() <= Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn the_service_inside_can_be_had_back() {
    let mut service = attempt(30, after::<Full<Bytes>>(SECOND));
    service.get_mut().ready().await.unwrap();
    service.get_ref();
    let bare = service.into_inner();
    let request = request().map(ProgressBody::new);
    bare.oneshot(request).await.unwrap();
}
