use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Request;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use crate::clock;

/// When a call left first; in the extensions of its request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departure(Arc<OnceLock<Instant>>);

impl Departure {
    pub(crate) fn at(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    fn mark(&self, now: Instant) {
        // Of several attempts the first one counts.
        let _ = self.0.set(now);
    }
}

/// Applies [`MarkDeparture`] to a service: the [`Recorder`](crate::Recorder) learns how long
/// calls wait.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MarkDepartureLayer;

impl MarkDepartureLayer {
    /// Creates a layer that tells the outer [`Record`](crate::Record) when a call leaves.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for MarkDepartureLayer {
    type Service = MarkDeparture<S>;

    fn layer(&self, inner: S) -> MarkDeparture<S> {
        MarkDeparture { inner }
    }
}

/// Notes when a request is handed on, and changes nothing about it.
///
/// Stands directly inside the limiter. The time from the [`Record`](crate::Record) outside up to
/// here is the call's wait; without this a wait is not known, and not recorded.
#[derive(Clone, Copy, Debug)]
pub struct MarkDeparture<S> {
    inner: S,
}

impl<S> MarkDeparture<S> {
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

impl<S: Service<Request<B>>, B> Service<Request<B>> for MarkDeparture<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        if let Some(departure) = request.extensions().get::<Departure>() {
            departure.mark(clock::now());
        }
        self.inner.call(request)
    }
}
