//! The bottom of the stack: from the types of its layers to those of a transport.

use std::pin::Pin;
use std::task::{Context, Poll};

use comfycontrol_core::BoxError;
use comfycontrol_timeout::ProgressBody;
use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{Body, Error};

/// Hands a request with its plain body to the transport, and makes its error ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outbound<S> {
    transport: S,
}

impl<S> Outbound<S> {
    pub(super) fn new(transport: S) -> Self {
        Self { transport }
    }
}

impl<S> Service<Request<ProgressBody<Body>>> for Outbound<S>
where
    S: Service<Request<Body>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = OutboundFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.transport.poll_ready(cx).map_err(Error::transport)
    }

    fn call(&mut self, req: Request<ProgressBody<Body>>) -> Self::Future {
        OutboundFuture {
            inner: self.transport.call(req.map(plain)),
        }
    }
}

/// The body itself, which counts its own progress.
fn plain(body: ProgressBody<Body>) -> Body {
    match body.into_parts() {
        (body, None) => body,
        (body, Some(progress)) => body.on_progress(move |bytes| progress.add(bytes)),
    }
}

pin_project! {
    pub(super) struct OutboundFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, T, E> Future for OutboundFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map_err(Error::transport)
    }
}
