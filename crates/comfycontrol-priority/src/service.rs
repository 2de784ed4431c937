use std::sync::Arc;
use std::task::{Context, Poll};

use comfycontrol_rate_limit::{RateLimit, Rejected};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::depart::Depart;
use crate::future::ResponseFuture;
use crate::shared::Shared;

/// Holds each request back until it is its turn and its
/// [`Limiter`](comfycontrol_rate_limit::Limiter) grants it a slot.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct PriorityLimit<S> {
    limited: RateLimit<Depart<S>>,
    shared: Arc<Shared>,
}

impl<S> PriorityLimit<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        let limited = shared.limiter().layer().layer(Depart::new(inner));
        Self { limited, shared }
    }

    /// Gets a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        self.limited.get_ref().get_ref()
    }

    /// Gets a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.limited.get_mut().get_mut()
    }

    /// Consumes `self`, returning the inner service.
    pub fn into_inner(self) -> S {
        self.limited.into_inner().into_inner()
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for PriorityLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<Rejected>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // As the limiter's own service: being ready holds nothing yet.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture::new(self.limited.clone(), request, self.shared.clone())
    }
}
