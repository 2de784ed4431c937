//! What the progress of a request body does to the time of its attempt.

use bytes::Bytes;
use comfycontrol_timeout::{AttemptTimeoutLayer, ProgressBody, TimeoutKind, Timeouts};
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tokio_test::{assert_pending, task};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::support::*;

/// Sends a body under an attempt timeout of 30 s to a server that reads it in so many seconds a
/// frame, and never responds unless the body ends.
async fn send<B>(body: B, seconds: u32) -> Outcome
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let server = service_fn(move |req: Request<ProgressBody<B>>| async move {
        let mut body = std::pin::pin!(req.into_body());
        while body.frame().await.is_some() {
            tokio::time::sleep(seconds * SECOND).await;
        }
        ok()
    });
    let service = AttemptTimeoutLayer::new(Timeouts::upload().attempt(30 * SECOND)).layer(server);
    within(YEAR, service.oneshot(Request::new(body))).await
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_moves_is_not_timed_out() {
    let began = now();
    send(parts(["x"; 10]), 20).await.unwrap();
    assert_eq!(began.elapsed(), 200 * SECOND);
    send(drip(10, 20 * SECOND), 1).await.unwrap();
    send(Full::from("one part"), 20).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stops_moving_ends_after_one_to_two_times_as_long() {
    let began = now();
    // The last part leaves after 20 s.
    let stops = stream::iter([part("x"), part("x")]).chain(stream::pending());
    let failed = send(StreamBody::new(stops), 20).await.unwrap_err();
    let failed = must_time_out(&failed);
    assert_eq!(
        (failed.kind(), failed.after()),
        (TimeoutKind::Attempt, 30 * SECOND)
    );
    let silence = began.elapsed() - 20 * SECOND;
    assert!(
        (30 * SECOND..=60 * SECOND).contains(&silence),
        "{silence:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_after_the_upload_ends_it() {
    let server = service_fn(|req: Request<ProgressBody<Full<Bytes>>>| async {
        req.into_body().collect().await?;
        std::future::pending::<Outcome>().await
    });
    let began = now();
    let service = AttemptTimeoutLayer::new(Timeouts::new().attempt(30 * SECOND)).layer(server);
    let failed = within(YEAR, service.oneshot(Request::new(Full::from("x")))).await;
    must_time_out(&failed.unwrap_err());
    assert_eq!(began.elapsed(), 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn frames_without_bytes_are_no_progress() {
    let began = now();
    let nothing = stream::repeat_with(|| part("")).take(10);
    let failed = send(StreamBody::new(nothing), 20).await.unwrap_err();
    must_time_out(&failed);
    assert_eq!(began.elapsed(), 30 * SECOND);

    let began = now();
    let trailers = stream::repeat_with(|| Part::Ok(Frame::trailers(HeaderMap::new()))).take(10);
    let failed = send(StreamBody::new(trailers), 20).await.unwrap_err();
    must_time_out(&failed);
    assert_eq!(began.elapsed(), 30 * SECOND);
}

/// As a transport does that has a body type of its own.
#[tokio::test(start_paused = true)]
async fn the_count_goes_on_when_the_wrapping_comes_off() {
    for keeps_counting in [true, false] {
        let server = service_fn(move |req: Request<ProgressBody<Full<Bytes>>>| async move {
            let body = req.into_body();
            let progress = match keeps_counting {
                true => body.into_parts().1,
                false => {
                    body.into_inner();
                    None
                }
            };
            for _ in 0..10 {
                tokio::time::sleep(20 * SECOND).await;
                progress.iter().for_each(|progress| progress.add(1));
            }
            ok()
        });
        let outcome = AttemptTimeoutLayer::new(Timeouts::new().attempt(30 * SECOND))
            .layer(server)
            .oneshot(Request::new(Full::from("ten bytes.")))
            .await;
        assert_eq!(outcome.is_ok(), keeps_counting);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_silent() {
    let service = AttemptTimeoutLayer::new(Timeouts::new().attempt(30 * SECOND)).layer(silent());
    let mut call = task::spawn(service.oneshot(Request::new(parts(["x"; 10]))));
    assert_pending!(call.poll());
    let began = now();
    let failed = within(YEAR, call).await.unwrap_err();
    must_time_out(&failed);
    assert_eq!(began.elapsed(), 30 * SECOND);
}
