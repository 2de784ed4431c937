use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Request;
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use crate::dispatched::{self, Dispatched};
use crate::progress_body::{ProgressBody, SentBytes};
use crate::timed_out::{TimedOut, TimeoutKind};
use crate::timeouts::Timeouts;
use crate::timer::{Timer, from_now};

/// Applies [`AttemptTimeout`] to a service: attempts in which nothing happens for too long fail.
///
/// What a [`Timeouts`] in the extensions of a request sets replaces what this layer has.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct AttemptTimeoutLayer {
    timeouts: Timeouts,
    dispatched: Dispatched,
}

impl AttemptTimeoutLayer {
    /// Creates a layer that ends attempts after [`Timeouts::attempt`]; never, where that is unset.
    pub const fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            dispatched: Dispatched::Maybe,
        }
    }

    /// Says that a [`MarkDispatched`](crate::MarkDispatched) stands inside: a request that it has
    /// not seen when the time has passed was never sent.
    ///
    /// Without the mark in its place the error would call every request unsent.
    pub const fn with_mark_dispatched(mut self) -> Self {
        self.dispatched = Dispatched::No;
        self
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout {
            inner,
            layer: *self,
        }
    }
}

/// Fails an attempt when no response head comes, and no part of its body leaves, for too long.
///
/// The time begins with `call` and ends with the response head. It starts again while an upload
/// makes progress: its silence is noticed after one to two times the timeout. The failure is an
/// error, never a made-up 408.
///
/// Stands inside of retries, so that each attempt has its time, and inside of a rate limiter, so
/// that the time begins when the request may leave and not when it begins to wait. The inner
/// service gets the request with a [`ProgressBody`]. A time too long to have an end is none.
///
/// # Errors
///
/// Fails with [`TimedOut`], turned into the error of the inner service, and with that service's
/// own errors.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    layer: AttemptTimeoutLayer,
}

impl<S> AttemptTimeout<S> {
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

impl<S, B> Service<Request<B>> for AttemptTimeout<S>
where
    S: Service<Request<ProgressBody<B>>>,
    S::Error: From<TimedOut>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AttemptTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let timeouts = self.layer.timeouts.of_request(req.extensions());
        let attempt = timeouts.attempt_limit();
        let req = req.map(match attempt {
            Some(_) => ProgressBody::watched,
            None => ProgressBody::new,
        });
        let sent = req.body().sent();
        let before = dispatched::count();
        AttemptTimeoutFuture {
            inner: self.inner.call(req),
            dispatched: self.layer.dispatched.after(before),
            attempt,
            sent,
            seen: 0,
            until: None,
            timer: Timer::default(),
        }
    }
}

pin_project! {
    /// Response future of [`AttemptTimeout`]: fails when nothing has happened for too long.
    ///
    /// No timer is made unless it has to wait.
    ///
    /// # Panics
    ///
    /// Panics where it has to wait with a timeout outside of a Tokio runtime with a timer.
    #[derive(Debug)]
    pub struct AttemptTimeoutFuture<F> {
        #[pin]
        inner: F,
        dispatched: Dispatched,
        attempt: Option<Duration>,
        sent: Option<SentBytes>,
        seen: u64,
        until: Option<Instant>,
        #[pin]
        timer: Timer,
    }
}

impl<F, T, E> Future for AttemptTimeoutFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<TimedOut>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let before = dispatched::count();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        *this.dispatched = this.dispatched.after(before);
        let Some(attempt) = *this.attempt else {
            return Poll::Pending;
        };
        loop {
            // Too far away to be an instant is as good as none.
            let Some(until) = this.until.or_else(|| from_now(attempt)) else {
                return Poll::Pending;
            };
            *this.until = Some(until);
            ready!(this.timer.as_mut().poll_until(until, cx));
            let sent = this.sent.as_ref().map_or(0, SentBytes::bytes);
            if sent == *this.seen {
                let passed = TimedOut::new(TimeoutKind::Attempt, attempt);
                return Poll::Ready(Err(passed.with_dispatched(*this.dispatched).into()));
            }
            // The upload has moved since: for one load an attempt, and not one a part.
            *this.seen = sent;
            *this.until = None;
        }
    }
}
