use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol::priority::PriorityLimiter;
use comfycontrol_core::BoxError;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::body::GatewayBody;
use crate::call;
use crate::shared::Shared;

/// Sends the calls of all its callers to the API: with the gateway's token, within one limit, in
/// turn.
///
/// A tower service for any body, so that axum's `fallback_service` takes it. It is always ready and
/// does not fail: what goes wrong is a response. Clones are handles to one gateway.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    pub(crate) fn of(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The limiter that all calls wait at, and which of them is next: for pages and metrics.
    pub fn priority(&self) -> &PriorityLimiter {
        &self.shared.priority
    }

    /// Refuses all further calls with a 503. Those that wait are told to come back, event streams
    /// end, and what has left for the API goes on.
    pub fn stop(&self) {
        self.shared.stop.begin();
    }

    /// Ends when the stop begins.
    #[cfg(feature = "server")]
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        self.shared.stop.begun()
    }

    /// Whether the stop has begun.
    #[cfg(feature = "server")]
    pub(crate) fn is_stopping(&self) -> bool {
        self.shared.stop.has_begun()
    }

    /// Whether callers have to show keys.
    pub fn wants_keys(&self) -> bool {
        self.shared.callers.keys.is_some()
    }
}

impl<B> Service<Request<B>> for Gateway
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<GatewayBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture {
            inner: Box::pin(call::respond(self.shared.clone(), request)),
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("client", &self.shared.client)
            .field("priority", &self.shared.priority)
            .finish_non_exhaustive()
    }
}

/// Response future of [`Gateway`]. Dropping it gives the place of its call up.
#[must_use]
pub struct ResponseFuture {
    inner: Pin<Box<dyn Future<Output = Response<GatewayBody>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<GatewayBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
