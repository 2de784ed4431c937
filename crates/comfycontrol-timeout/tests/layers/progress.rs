//! The body of a request under an attempt timeout.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_timeout::{AttemptTimeoutLayer, ProgressBody, Timeouts};
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::support::*;

/// The body as it comes out below.
async fn below<B: Body>(timeouts: Timeouts, body: B) -> ProgressBody<B> {
    let echo = service_fn(|req: Request<ProgressBody<B>>| async {
        Ok::<_, BoxError>(Response::new(req.into_body()))
    });
    let service = AttemptTimeoutLayer::new(timeouts).layer(echo);
    let response = service.oneshot(Request::new(body)).await.unwrap();
    response.into_body()
}

async fn is_watched<B: Body>(timeouts: Timeouts, body: B) -> bool {
    below(timeouts, body).await.into_parts().1.is_some()
}

/// An empty body, and how it says so.
struct Nothing {
    is_end_stream: bool,
    len: Option<u64>,
}

impl Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.is_end_stream
    }

    fn size_hint(&self) -> SizeHint {
        self.len.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[tokio::test]
async fn only_what_can_move_is_watched_and_only_with_a_timeout() {
    let attempt = Timeouts::new().attempt(SECOND);
    assert!(is_watched(attempt, Full::<Bytes>::from("x")).await);
    assert!(is_watched(attempt, parts(["x"])).await);
    // It does not say that it is empty.
    assert!(is_watched(attempt, parts([])).await);

    assert!(!is_watched(attempt, Empty::<Bytes>::new()).await);
    assert!(!is_watched(attempt, Full::<Bytes>::default()).await);
    for (is_end_stream, len, watched) in [
        (false, Some(0), false),
        (true, None, false),
        (false, None, true),
    ] {
        let nothing = Nothing { is_end_stream, len };
        assert_eq!(is_watched(attempt, nothing).await, watched);
    }
    let others = Timeouts::call().total(SECOND).without_attempt();
    assert!(!is_watched(others, Full::<Bytes>::from("x")).await);
}

#[tokio::test]
async fn what_is_known_of_the_body_and_all_its_frames_pass() {
    let attempt = Timeouts::new().attempt(SECOND);
    let full = below(attempt, Full::<Bytes>::from("four")).await;
    assert_eq!(full.size_hint().exact(), Some(4));
    assert!(!full.is_end_stream());
    assert_eq!(full.collect().await.unwrap().to_bytes(), "four");

    let empty = below(attempt, Empty::<Bytes>::new()).await;
    assert!(empty.is_end_stream());
    assert_eq!(empty.size_hint().exact(), Some(0));

    let mut trailers = HeaderMap::new();
    trailers.insert("checksum", "1".parse().unwrap());
    let frames = [part("a"), part("b"), Ok(Frame::trailers(trailers.clone()))];
    let body = below(attempt, StreamBody::new(stream::iter(frames))).await;
    assert_eq!(body.size_hint().exact(), None);
    let whole = body.collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers));
    assert_eq!(whole.to_bytes(), "ab");
}

#[tokio::test]
async fn the_error_of_the_body_passes() {
    let breaks = stream::iter([part("a").map_err(BoxError::from), Err("broken".into())]);
    let mut body = below(Timeouts::call(), StreamBody::new(breaks)).await;
    body.frame().await.unwrap().unwrap();
    let failed = body.frame().await.unwrap().unwrap_err();
    assert_eq!(failed.to_string(), "broken");
}

#[tokio::test]
async fn a_body_can_be_wrapped_by_hand() {
    let (body, progress) = ProgressBody::new(Full::<Bytes>::from("x")).into_parts();
    assert!(progress.is_none());
    let body = ProgressBody::new(body).into_inner();
    assert_eq!(body.collect().await.unwrap().to_bytes(), "x");
}
