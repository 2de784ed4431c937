use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::{AdmitBy, Limiter, NotAdmitted, ResponseFuture};

/// Lets requests pass when the limiter says so, in arrival order.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    limiter: Limiter,
}

impl<S> RateLimit<S> {
    pub(crate) fn new(inner: S, limiter: Limiter) -> Self {
        Self { inner, limiter }
    }

    /// The limiter, to look at it or to share it further.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RateLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<NotAdmitted>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Readiness is free, so that an idle ready clone holds nothing: neither a slot nor anything
        // of the inner service. Both are waited for in the response future.
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let deadline = request.extensions().get().map(|AdmitBy(at)| *at);
        ResponseFuture::new(self.inner.clone(), request, self.limiter.turn(), deadline)
    }
}
