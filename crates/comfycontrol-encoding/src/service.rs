use std::task::{Context, Poll};

use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::asked::Asked;
use crate::body::DecompressionBody;
use crate::future::ResponseFuture;
use crate::unexpected_content_encoding::UnexpectedContentEncoding;

/// Asks for gzip and undoes it; a success that is encoded otherwise becomes an error.
///
/// See the [crate docs](crate) for an example and for what is asked for when.
///
/// # Errors
///
/// Fails with [`UnexpectedContentEncoding`], turned into the error of the inner service, and with
/// that service's own errors.
#[derive(Clone, Copy, Debug)]
pub struct Decompression<S> {
    inner: S,
}

impl<S> Decompression<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }

    /// Gets a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Gets a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes `self`, returning the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Decompression<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: From<UnexpectedContentEncoding>,
    ResBody: Body,
{
    type Response = Response<DecompressionBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<ReqBody>) -> Self::Future {
        let to_head = req.method() == Method::HEAD;
        let asked = Asked::ask(to_head, req.headers_mut());
        ResponseFuture::new(self.inner.call(req), asked)
    }
}
