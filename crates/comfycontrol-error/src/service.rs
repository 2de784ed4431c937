use std::task::{Context, Poll};

use comfycontrol_core::BoxError;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::settings::Settings;
use crate::{ApiError, ResponseFuture};

/// Turns the unsuccessful responses of the inner service into [`ApiError`]s.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct ErrorDecoder<S> {
    inner: S,
    settings: Settings,
}

impl<S> ErrorDecoder<S> {
    pub(crate) fn new(inner: S, settings: Settings) -> Self {
        Self { inner, settings }
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ErrorDecoder<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: From<ApiError>,
    ResBody: Body,
    ResBody::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<ReqBody>) -> Self::Future {
        let to_head = req.method() == Method::HEAD;
        ResponseFuture::new(self.inner.call(req), self.settings, to_head)
    }
}
