use std::cell::Cell;
use std::task::{Context, Poll};

use tower_service::Service;

/// Tells the timeouts further out when a request is handed to the transport.
///
/// The innermost service of the [`Stack`](crate::stack::Stack). What is between the two runs within
/// their own calls and polls, so a count per thread is enough: nothing is allocated for a call, and
/// nothing is put into its request.
#[derive(Clone, Copy, Debug)]
pub struct Departures<S> {
    inner: S,
}

impl<S> Departures<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }

    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, the count taken off.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Service<Req>, Req> Service<Req> for Departures<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Req) -> S::Future {
        COUNT.set(COUNT.get().wrapping_add(1));
        self.inner.call(req)
    }
}

/// How many requests have left on this thread.
pub(crate) fn departures() -> usize {
    COUNT.get()
}

/// Whether a request may have left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Departed {
    No,
    Maybe,
}

impl Departed {
    /// The same after what is inside was called or polled, `before` which so many had left.
    pub(crate) fn after(self, before: usize) -> Self {
        if departures() == before {
            self
        } else {
            Self::Maybe
        }
    }
}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}
