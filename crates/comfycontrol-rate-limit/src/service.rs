use std::sync::Arc;
use std::task::{Context, Poll};

use comfycontrol_core::Deadline;
use http::{Extensions, Request, Response};
use tokio::time::Instant;
use tower_service::Service;

use crate::epoch::NEVER;
use crate::reservation::Reservation;
use crate::shared::Shared;
use crate::{Rejected, ResponseFuture, Tracker};

/// Holds each request back until its [`Limiter`](crate::Limiter) grants it a slot, in arrival
/// order.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> RateLimit<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
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

impl<S> RateLimit<S> {
    /// A call that is followed takes the way of those with a deadline, where that is seen to.
    fn deadline(&self, extensions: &Extensions) -> Option<Instant> {
        match extensions.get() {
            Some(Deadline(at)) => Some(*at),
            None => extensions
                .get::<Tracker>()
                .map(|_| self.shared.instant(NEVER)),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RateLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<Rejected>,
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
        let extensions = request.extensions();
        let deadline = if extensions.is_empty() {
            None
        } else {
            self.deadline(extensions)
        };
        let reservation = Reservation::new(self.shared.clone());
        ResponseFuture::new(self.inner.clone(), request, reservation, deadline)
    }
}
