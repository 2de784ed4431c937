//! What stands behind the limiter, and tells that a call has its slot.

use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::clock;
use crate::shared::Shared;

/// Ends the turn of a call when its request leaves, so that the next one waits for the next slot.
#[derive(Clone, Debug)]
pub(crate) struct Depart<S> {
    inner: S,
    turn: Option<(Arc<Shared>, u64)>,
}

impl<S> Depart<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, turn: None }
    }

    /// This clone sends one request, in that turn.
    pub(crate) fn in_turn(&mut self, shared: Arc<Shared>, number: u64) {
        self.turn = Some((shared, number));
    }

    pub(crate) fn get_ref(&self) -> &S {
        &self.inner
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    pub(crate) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, Request> Service<Request> for Depart<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        if let Some((shared, number)) = self.turn.take() {
            shared.wake(|turns| turns.depart(clock::now(), number));
        }
        self.inner.call(request)
    }
}
