use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_timeout::{ProgressBody, TimedOut};
use futures_util::stream::{self, Stream, StreamExt};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tower::{BoxError, Service, service_fn};

pub(crate) use comfycontrol_test::{SECOND, YEAR, find, now, within};

pub(crate) type Outcome = Result<Response<Full<Bytes>>, BoxError>;
pub(crate) type Part = Result<Frame<Bytes>, Infallible>;

pub(crate) fn request() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

pub(crate) fn ok() -> Outcome {
    Ok(Response::new(Full::from("fine")))
}

/// Takes requests and never responds; it keeps their bodies.
pub(crate) fn silent<Req>()
-> impl Service<Req, Response = Response<Full<Bytes>>, Error = BoxError> + Clone {
    service_fn(|req: Req| async move {
        let outcome = pending::<Outcome>().await;
        drop(req);
        outcome
    })
}

/// Responds after so long to any request body.
pub(crate) fn after<B>(
    wait: Duration,
) -> impl Service<
    Request<ProgressBody<B>>,
    Response = Response<Full<Bytes>>,
    Error = BoxError,
    Future: Future,
> + Clone {
    service_fn(move |_| async move {
        tokio::time::sleep(wait).await;
        ok()
    })
}

pub(crate) fn part(bytes: &'static str) -> Part {
    Ok(Frame::data(Bytes::from(bytes)))
}

/// A body whose parts come at once.
pub(crate) fn parts(
    parts: impl IntoIterator<Item = &'static str>,
) -> StreamBody<impl Stream<Item = Part>> {
    StreamBody::new(stream::iter(
        parts.into_iter().map(part).collect::<Vec<_>>(),
    ))
}

/// A body of so many parts, each so long after the one before.
pub(crate) fn drip(count: usize, pause: Duration) -> StreamBody<impl Stream<Item = Part>> {
    let parts = stream::iter(0..count).then(move |_| async move {
        tokio::time::sleep(pause).await;
        part("x")
    });
    StreamBody::new(parts)
}

/// The timeout that must have been the error, whatever stands around it.
pub(crate) fn must_time_out(error: &BoxError) -> TimedOut {
    *find(error).unwrap_or_else(|| panic!("{error}"))
}
