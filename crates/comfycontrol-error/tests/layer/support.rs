use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_error::{ApiError, ErrorDecoder, ErrorDecoderLayer};
use comfycontrol_test::Scripted;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use tower::{BoxError, Layer};

pub(crate) fn get() -> Request<()> {
    Request::new(())
}

/// A service with one response.
pub(crate) type Canned<B> = Scripted<BoxError, B>;

pub(crate) fn layered<B>(status: u16, body: B) -> ErrorDecoder<Canned<B>> {
    ErrorDecoderLayer::new().layer(canned(status, body))
}

pub(crate) fn canned<B>(status: u16, body: B) -> Canned<B> {
    Canned::once(response(status, body))
}

pub(crate) fn response<B>(status: u16, body: B) -> Response<B> {
    let response = Response::builder().status(status).header("x-kept", "yes");
    let response = response.header("content-length", "1000");
    response.body(body).unwrap()
}

pub(crate) fn api_error(error: BoxError) -> ApiError {
    *error.downcast().expect("an ApiError")
}

pub(crate) fn data(text: &str) -> Step {
    Step::Frame(Frame::data(Bytes::copy_from_slice(text.as_bytes())))
}

pub(crate) fn trailers() -> Step {
    Step::Frame(Frame::trailers(HeaderMap::new()))
}

#[derive(Debug)]
pub(crate) enum Step {
    Frame(Frame<Bytes>),
    Fail,
    Wait,
}

/// A body that does as it is told, one step each time it is polled.
#[derive(Debug)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// How many steps are left, for the test to see; gone with the body.
    pub(crate) unread: Arc<AtomicUsize>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            unread: Arc::default(),
        }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        let step = self.steps.pop_front();
        self.unread.store(self.steps.len(), Relaxed);
        match step {
            Some(Step::Frame(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Step::Fail) => Poll::Ready(Some(Err(Reset))),
            Some(Step::Wait) => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset")
    }
}

impl Error for Reset {}

/// An endless body that is not `Unpin`, and whose data is not `Bytes`.
#[derive(Clone, Debug)]
pub(crate) struct Fixed(pub(crate) PhantomPinned);

impl Body for Fixed {
    type Data = std::io::Cursor<Vec<u8>>;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(std::io::Cursor::new(
            b"fixed".to_vec(),
        )))))
    }
}
