use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::{HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::inner::{Inner, InnerBody, nest};
use super::layers::Layers;
use crate::request_id::RequestIds;
use crate::{Body, Error};

/// Sends requests through all layers: what a [`Client`](crate::Client) is made of, over a transport
/// `S`.
///
/// Made by [`Layers::stack`]. Clones share limiter, token, retry budget and
/// count of requests.
#[derive(Clone)]
pub struct Stack<S> {
    inner: Inner<S>,
    request_ids: RequestIds,
}

impl Layers {
    /// Stacks all layers over `transport`, in the order of the [module docs](super).
    ///
    /// The error of the transport becomes an [`Error`](crate::Error) by
    /// [`Error::transport`](crate::Error::transport).
    pub fn stack<S, B>(self, transport: S) -> Stack<S>
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone,
        S::Error: Into<BoxError>,
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        Stack {
            request_ids: self.request_ids.clone(),
            inner: nest(self, transport),
        }
    }
}

impl<S, B> Service<Request<Body>> for Stack<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Response = Response<StackBody<S, B>>;
    type Error = Error;
    type Future = StackFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<Body>) -> Self::Future {
        let request_id = self.request_ids.set(req.headers_mut());
        StackFuture {
            inner: self.inner.call(req),
            request_id: Some(request_id),
        }
    }
}

impl<S> fmt::Debug for Stack<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

pin_project! {
    /// Response future of [`Stack`].
    pub struct StackFuture<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S: Clone,
        S::Error: Into<BoxError>,
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        #[pin]
        inner: <Inner<S> as Service<Request<Body>>>::Future,
        request_id: Option<HeaderValue>,
    }
}

impl<S, B> StackFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// The id of the call, for what may still go wrong with its body.
    pub(crate) fn take_request_id(self: Pin<&mut Self>) -> Option<HeaderValue> {
        self.project().request_id.take()
    }
}

impl<S, B> Future for StackFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<StackBody<S, B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(match ready!(this.inner.poll(cx)) {
            Ok(res) => Ok(res.map(|inner| StackBody { inner })),
            Err(error) => Err(error.with_request_id(this.request_id.take())),
        })
    }
}

impl<S, B> fmt::Debug for StackFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// Response body of [`Stack`]: decompressed, asked for again where that is safe, and ended by
    /// the timeouts.
    pub struct StackBody<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S: Clone,
        S::Error: Into<BoxError>,
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        #[pin]
        inner: InnerBody<S, B>,
    }
}

impl<S, B> HttpBody for StackBody<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<S, B> fmt::Debug for StackBody<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackBody").finish_non_exhaustive()
    }
}
