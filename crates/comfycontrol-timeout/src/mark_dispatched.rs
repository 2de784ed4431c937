use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::dispatched::count_one;

/// Applies [`MarkDispatched`] to a service: the outer timeouts learn when a request has left.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MarkDispatchedLayer;

impl MarkDispatchedLayer {
    /// Creates a layer that tells the outer timeouts when a request is handed to the inner service.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for MarkDispatchedLayer {
    type Service = MarkDispatched<S>;

    fn layer(&self, inner: S) -> MarkDispatched<S> {
        MarkDispatched { inner }
    }
}

/// Tells the outer timeouts when a request is handed to the transport.
///
/// Stands innermost, next to the transport. With it
/// [`TimedOut::was_dispatched`](crate::TimedOut::was_dispatched) tells a call that never left the
/// program, and can safely be made again, from one that the server may have received. The timeout
/// layers must know that it is there:
/// [`TotalTimeoutLayer::with_mark_dispatched`](crate::TotalTimeoutLayer::with_mark_dispatched),
/// [`AttemptTimeoutLayer::with_mark_dispatched`](crate::AttemptTimeoutLayer::with_mark_dispatched).
///
/// It counts per thread: nothing is allocated for a call, and nothing is put into its request. So
/// what stands between a timeout and the mark must call the mark within its own `call` or within
/// the poll of its own future. A layer that hands the request to another task, as tower's `Buffer`
/// does, may stand outside of the timeouts, but not between them and the mark.
#[derive(Clone, Copy, Debug)]
pub struct MarkDispatched<S> {
    inner: S,
}

impl<S> MarkDispatched<S> {
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

impl<S: Service<Req>, Req> Service<Req> for MarkDispatched<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Req) -> S::Future {
        count_one();
        self.inner.call(req)
    }
}
