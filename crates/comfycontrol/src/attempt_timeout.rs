use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use crate::Body;
use crate::departure::{Departed, departures};
use crate::timeouts::{TimedOut, Timeouts, Which};
use crate::timer::{Timer, from_now};

/// Applies [`AttemptTimeout`] to a service.
///
/// A [`Timeouts`] in the extensions of a request replaces those of the layer.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct AttemptTimeoutLayer {
    timeouts: Timeouts,
    departed: Departed,
}

impl AttemptTimeoutLayer {
    /// Creates a layer that ends attempts after the silence that `timeouts` allow one attempt.
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            departed: Departed::Maybe,
        }
    }

    /// The same over [`Departures`](crate::stack::Departures), which tell when a request has left.
    pub(crate) fn over_departures(mut self) -> Self {
        self.departed = Departed::No;
        self
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout {
            inner,
            attempt: self.timeouts.attempt,
            departed: self.departed,
        }
    }
}

/// Ends an attempt when nothing happens for too long.
///
/// Stands inside the limiter, so that the clock starts when the request may leave, not when it
/// begins to wait. The clock starts anew while an upload makes progress: its silence is noticed after
/// one to two times the timeout. The failure is an error, never a made-up 408.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    attempt: Option<Duration>,
    departed: Departed,
}

impl<S> AttemptTimeout<S> {
    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, the timeout taken off.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ResBody> Service<Request<Body>> for AttemptTimeout<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>>,
    S::Error: From<TimedOut>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<Body>) -> Self::Future {
        let own = req.extensions().get::<Timeouts>();
        let attempt = own.map_or(self.attempt, |own| own.attempt);
        let mut sent = None;
        if attempt.is_some() && !req.body().is_empty() {
            let (parts, body) = req.into_parts();
            let counter = Arc::new(AtomicU64::new(0));
            sent = Some(Arc::clone(&counter));
            let body = body.on_progress(move |n| _ = counter.fetch_add(n, Ordering::Relaxed));
            req = Request::from_parts(parts, body);
        }
        let before = departures();
        ResponseFuture {
            inner: self.inner.call(req),
            departed: self.departed.after(before),
            attempt,
            sent,
            seen: 0,
            until: None,
            timer: Timer::default(),
        }
    }
}

pin_project! {
    /// Response future of [`AttemptTimeout`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        departed: Departed,
        attempt: Option<Duration>,
        sent: Option<Arc<AtomicU64>>,
        seen: u64,
        until: Option<Instant>,
        #[pin]
        timer: Timer,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: From<TimedOut>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let before = departures();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        *this.departed = this.departed.after(before);
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
            let sent = this
                .sent
                .as_ref()
                .map_or(0, |sent| sent.load(Ordering::Relaxed));
            if sent == *this.seen {
                let passed = TimedOut::new(Which::Attempt, attempt, *this.departed);
                return Poll::Ready(Err(passed.into()));
            }
            // The upload has moved since: for one load an attempt, and not one a part.
            *this.seen = sent;
            *this.until = None;
        }
    }
}
