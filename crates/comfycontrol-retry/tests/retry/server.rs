//! A service whose response bodies break off as they are told.

use std::collections::VecDeque;
use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use comfycontrol_retry::{Failure, FailureKind, RetryBody, RetryLayer, RetryPolicy};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower::{Layer, Service, ServiceExt};

pub(crate) type Called = Response<RetryBody<Server, Failed, (), Pieces>>;

/// Responds to each request as it is told, and counts them.
#[derive(Clone)]
pub(crate) struct Server {
    respond: Arc<dyn Fn(usize) -> Result<Response<Pieces>, Failed> + Send + Sync>,
    count: Arc<Mutex<usize>>,
}

impl Server {
    pub(crate) fn new(
        respond: impl Fn(usize) -> Result<Response<Pieces>, Failed> + Send + Sync + 'static,
    ) -> Self {
        Self {
            respond: Arc::new(respond),
            count: Arc::default(),
        }
    }

    pub(crate) async fn call(&self, request: Request<()>) -> Result<Called, Failed> {
        let service = RetryLayer::new(RetryPolicy::new()).layer(self.clone());
        service.oneshot(request).await
    }

    pub(crate) fn count(&self) -> usize {
        *self.count.lock().unwrap()
    }
}

impl Service<Request<()>> for Server {
    type Response = Response<Pieces>;
    type Error = Failed;
    type Future = Ready<Result<Response<Pieces>, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut count = self.count.lock().unwrap();
        let response = (self.respond)(*count);
        *count += 1;
        let attempt = *count;
        ready(response.map(|response| response.map(|body| Pieces { attempt, ..body })))
    }
}

#[derive(Debug)]
pub(crate) struct Failed(pub(crate) FailureKind);

impl Failure for Failed {
    fn failure_kind(&self) -> FailureKind {
        self.0
    }

    fn body_failure_kind(error: &(dyn Error + 'static)) -> FailureKind {
        match error.is::<io::Error>() {
            true => FailureKind::MaybeApplied,
            false => FailureKind::Permanent,
        }
    }
}

pub(crate) fn ok(pieces: impl Into<VecDeque<Piece>>) -> Result<Response<Pieces>, Failed> {
    let body = Pieces {
        pieces: pieces.into(),
        attempt: 0,
    };
    let response = Response::builder().header("content-length", "5");
    Ok(response.body(body).unwrap())
}

/// A body that yields its pieces in turn.
pub(crate) struct Pieces {
    pieces: VecDeque<Piece>,
    attempt: usize,
}

pub(crate) enum Piece {
    Data(&'static str),
    /// An error that passes, named for the attempt.
    Broken,
    /// One that does not.
    Lasting,
    Trailers,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let attempt = self.attempt;
        Poll::Ready(self.pieces.pop_front().map(|piece| match piece {
            Piece::Data(data) => Ok(Frame::data(data.into())),
            Piece::Broken => Err(io::Error::other(attempt.to_string()).into()),
            Piece::Lasting => Err("lasting".into()),
            Piece::Trailers => {
                let trailers = [("t".parse().unwrap(), "1".parse().unwrap())];
                Ok(Frame::trailers(HeaderMap::from_iter(trailers)))
            }
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(5)
    }
}
