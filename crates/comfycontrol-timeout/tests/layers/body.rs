//! The body of a response under a total timeout.

use std::future::ready;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::AwaitedAttempts;
use comfycontrol_timeout::{TimedOut, TimeoutBody, TimeoutKind, Timeouts, TotalTimeoutLayer};
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, task};
use tower::{BoxError, Layer, Service, service_fn};

use super::support::*;

/// The body of a response that has come at once.
async fn covered<B>(timeouts: Timeouts, body: B) -> Pin<Box<TimeoutBody<B>>> {
    let mut body = Some(body);
    let responds = service_fn(move |_: Request<()>| {
        ready(Ok::<_, BoxError>(Response::new(body.take().unwrap())))
    });
    let mut service = TotalTimeoutLayer::new(timeouts).layer(responds);
    let response = service.call(Request::new(())).await.unwrap();
    Box::pin(response.into_body())
}

fn stall(seconds: u32) -> Timeouts {
    Timeouts::new().stall(seconds * SECOND)
}

/// Reads to the end, or to the error.
async fn read<B: Body<Data = Bytes>>(body: B) -> Result<Bytes, B::Error> {
    Ok(within(YEAR, body.collect()).await?.to_bytes())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_ends_with_an_error_and_then_for_good() {
    let stops = stream::iter([part("[1,")]).chain(stream::pending());
    let mut body = covered(stall(30), StreamBody::new(stops)).await;
    body.frame().await.unwrap().unwrap();

    let mut next = task::spawn(body.frame());
    assert_pending!(next.poll());
    advance(29 * SECOND).await;
    assert_pending!(next.poll());
    advance(SECOND).await;
    let failed = must_time_out(&assert_ready!(next.poll()).unwrap().unwrap_err());
    drop(next);
    assert_eq!(
        failed,
        TimedOut::new(TimeoutKind::Stall, 30 * SECOND),
        "nobody knows the status here, and what has a response was sent"
    );
    assert_eq!(failed.to_string(), "response body stalled for 30s");
    let failed = failed.with_status(StatusCode::OK);
    assert_eq!(failed.status(), Some(StatusCode::OK));

    assert!(body.frame().await.is_none());
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn parts_that_come_in_time_never_stall() {
    let body = covered(stall(30), drip(10, 29 * SECOND)).await;
    assert_eq!(read(body).await.unwrap(), "xxxxxxxxxx");
    let body = covered(stall(30), drip(10, 31 * SECOND)).await;
    must_time_out(&read(body).await.unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn each_wait_for_a_part_has_the_whole_time() {
    let began = now();
    let stops = drip(2, 20 * SECOND).chain(stream::pending());
    let body = covered(stall(30), StreamBody::new(stops)).await;
    must_time_out(&read(body).await.unwrap_err());
    assert_eq!(began.elapsed(), 70 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_ends_with_an_error() {
    for every in [1, 20, 29] {
        let began = now();
        let body = covered(Timeouts::call(), drip(1_000, every * SECOND)).await;
        let failed = must_time_out(&read(body).await.unwrap_err());
        assert_eq!(failed.kind(), TimeoutKind::Drip, "{every}");
        assert_eq!(failed.to_string(), "response body dripped for 600s");
        assert_eq!(began.elapsed(), 600 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_that_moves_may_last() {
    let moves = stream::unfold(0, |sent| async move {
        tokio::time::sleep(10 * SECOND).await;
        let part = Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; 512])));
        (sent < 1_000).then_some((part, sent + 1))
    });
    let began = now();
    let body = covered(Timeouts::call(), StreamBody::new(moves)).await;
    assert_eq!(read(body).await.unwrap().len(), 512_000);
    assert!(began.elapsed() > 10_000 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_reader_takes_makes_no_drip() {
    let mut body = covered(Timeouts::call(), drip(20, SECOND)).await;
    for _ in 0..20 {
        body.frame().await.unwrap().unwrap();
        advance(60 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_may_be_quiet() {
    let responds = service_fn(|_: Request<()>| {
        let response =
            Response::builder().header("content-type", "Text/Event-Stream; charset=utf-8");
        ready(
            response
                .body(StreamBody::new(drip(100, 20 * SECOND)))
                .map_err(BoxError::from),
        )
    });
    let mut service = TotalTimeoutLayer::new(Timeouts::call()).layer(responds);
    let body = service.call(Request::new(())).await.unwrap().into_body();
    assert_eq!(read(body).await.unwrap().len(), 100);
    // What calls itself something else is told so.
    let body = covered(Timeouts::stream(), drip(100, 50 * SECOND)).await;
    assert_eq!(read(body).await.unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_short_stall_asks_for_no_higher_rate() {
    let timeouts = Timeouts::call().stall(SECOND).min_progress(1_199);
    let body = covered(timeouts, drip(2_000, SECOND / 2)).await;
    read(body).await.unwrap();
    let body = covered(timeouts.min_progress(1_201), drip(2_000, SECOND / 2)).await;
    let failed = must_time_out(&read(body).await.unwrap_err());
    assert_eq!(
        (failed.kind(), failed.after()),
        (TimeoutKind::Drip, 600 * SECOND)
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_no_stall() {
    let mut body = covered(stall(30), drip(3, SECOND)).await;
    for _ in 0..3 {
        advance(100 * SECOND).await;
        body.frame().await.unwrap().unwrap();
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_another_attempt_is_no_stall_and_counts_for_the_call() {
    /// Waits for another attempt first, so long, and then for its body for good.
    fn again(wait: Duration) -> impl Body<Data = Bytes, Error = BoxError> {
        let mut waits = Box::pin(tokio::time::sleep(wait));
        StreamBody::new(stream::poll_fn(move |cx| {
            if !waits.is_elapsed() && waits.as_mut().poll(cx).is_pending() {
                AwaitedAttempts::count_one();
            }
            Poll::Pending
        }))
    }

    let total = || stall(30).total(1_000 * SECOND);
    for (timeouts, wait, kind, after) in [
        (stall(30), 600, TimeoutKind::Stall, 630),
        // The alarm for the end of the call is moved back.
        (total(), 600, TimeoutKind::Stall, 630),
        (total(), 2_000, TimeoutKind::Total, 1_000),
    ] {
        let began = now();
        let body = covered(timeouts, again(wait * SECOND)).await;
        let failed = must_time_out(&read(body).await.unwrap_err());
        assert_eq!((failed.kind(), began.elapsed()), (kind, after * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn the_total_covers_a_body_that_is_always_ready() {
    let endless = StreamBody::new(stream::repeat_with(|| part("x")));
    let mut body = covered(Timeouts::new().total(10 * SECOND), endless).await;
    for wait in [0, 9] {
        advance(wait * SECOND).await;
        let frame = assert_ready!(task::spawn(body.frame()).poll());
        frame.unwrap().unwrap();
    }
    advance(SECOND).await;
    let frame = assert_ready!(task::spawn(body.frame()).poll());
    let failed = must_time_out(&frame.unwrap().unwrap_err());
    assert_eq!(failed.to_string(), "call not finished within 10s");
    assert!(assert_ready!(task::spawn(body.frame()).poll()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_shorter_of_stall_and_total_ends_the_body() {
    for (stall, total, kind) in [
        (2, 3, TimeoutKind::Stall),
        (3, 2, TimeoutKind::Total),
        // Both at once.
        (2, 2, TimeoutKind::Total),
    ] {
        let timeouts = Timeouts::new().stall(stall * SECOND).total(total * SECOND);
        let began = now();
        let body = covered(timeouts, StreamBody::new(stream::pending::<Part>())).await;
        let failed = must_time_out(&read(body).await.unwrap_err());
        assert_eq!((failed.kind(), failed.after()), (kind, 2 * SECOND));
        assert_eq!(began.elapsed(), 2 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unset_off_or_too_far_away_never_ends() {
    for timeouts in [
        Timeouts::new().attempt(SECOND),
        Timeouts::call().without_stall(),
        Timeouts::new().stall(Duration::MAX).total(Duration::MAX),
        Timeouts::new().stall(1000 * YEAR).total(1000 * YEAR),
    ] {
        let mut body = covered(timeouts, StreamBody::new(stream::pending::<Part>())).await;
        let mut next = task::spawn(body.frame());
        assert_pending!(next.poll());
        advance(10 * YEAR).await;
        assert_pending!(next.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_the_body_and_all_its_frames_pass() {
    let full = covered(Timeouts::call(), Full::<Bytes>::from("four")).await;
    assert_eq!(full.size_hint().exact(), Some(4));
    assert!(!full.is_end_stream());
    assert_eq!(read(full).await.unwrap(), "four");

    let empty = covered(Timeouts::call(), Empty::<Bytes>::new()).await;
    assert!(empty.is_end_stream());
    assert_eq!(read(empty).await.unwrap(), "");

    let mut trailers = HeaderMap::new();
    trailers.insert("checksum", "1".parse().unwrap());
    let frames = [part("a"), Ok(Frame::trailers(trailers.clone()))];
    let body = covered(Timeouts::call(), StreamBody::new(stream::iter(frames))).await;
    let whole = body.collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers));
    assert_eq!(whole.to_bytes(), "a");

    // Where nothing waits, no runtime is needed, and what has failed fails so.
    let breaks = stream::iter([part("a").map_err(BoxError::from), Err("broken".into())]);
    let body = covered(Timeouts::call(), StreamBody::new(breaks)).await;
    assert_eq!(read(body).await.unwrap_err().to_string(), "broken");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_body_that_has_timed_out() {
    let late = covered(Timeouts::new().total(SECOND), Full::<Bytes>::from("four"));
    let mut late = late.await;
    advance(SECOND).await;
    assert!(!late.is_end_stream());
    let failed = late.frame().await.unwrap().unwrap_err();
    assert!(must_time_out(&failed).is_total());
    assert_eq!(
        (late.is_end_stream(), late.size_hint().exact()),
        (true, Some(0))
    );
    assert!(late.frame().await.is_none());
}
