use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::body::TraceBody;
use crate::call::Call;
use crate::error::TracedError;
use crate::future::ResponseFuture;

/// Applies [`Trace`] to a service: each call has a span of its own.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct TraceLayer;

impl TraceLayer {
    /// Creates a layer that puts each call into a span.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

/// Puts each call into a span, from its beginning to the end of its response body, and changes
/// nothing of it.
///
/// Stands outermost, so that one call is one span however often it is sent; within what gives a
/// request its `x-request-id`. It is ready when the service inside is.
#[derive(Clone, Copy, Debug)]
pub struct Trace<S> {
    inner: S,
}

impl<S> Trace<S> {
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

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: TracedError,
{
    type Response = Response<TraceBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let call = Call::of(&req);
        let inner = {
            let _entered = call.as_deref().map(Call::enter);
            self.inner.call(req)
        };
        ResponseFuture::new(inner, call)
    }
}
