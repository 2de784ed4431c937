use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use crate::Body;
use crate::deadline::Dispatched;
use crate::timed_body::TimedBody;
use crate::timeouts::{TimedOut, Timeouts, Which};

/// Applies [`AttemptTimeout`] to a service.
///
/// A [`Timeouts`] in the extensions of a request replaces those of the layer.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct AttemptTimeoutLayer {
    timeouts: Timeouts,
}

impl AttemptTimeoutLayer {
    /// Creates a layer that ends attempts after [`Timeouts::attempt`] of silence.
    pub fn new(timeouts: Timeouts) -> Self {
        Self { timeouts }
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout {
            inner,
            timeouts: self.timeouts,
        }
    }
}

/// Ends an attempt when nothing happens for too long.
///
/// Stands inside the limiter, so that the clock starts when the request may leave, not when it
/// begins to wait. The clock starts anew while an upload makes progress; once the response head
/// is there, [`Timeouts::stall`] watches the body. The failure is an error, never a made-up 408.
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    timeouts: Timeouts,
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
    type Response = Response<TimedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<Body>) -> Self::Future {
        let timeouts: Timeouts = req.extensions().get().copied().unwrap_or(self.timeouts);
        if let Some(dispatched) = req.extensions().get::<Dispatched>() {
            dispatched.set();
        }
        let mut sent = None;
        if timeouts.attempt.is_some() && !req.body().is_empty() {
            let (parts, body) = req.into_parts();
            let counter = Arc::new(AtomicU64::new(0));
            sent = Some(Arc::clone(&counter));
            let body = body.on_progress(move |n| _ = counter.fetch_add(n, Ordering::Relaxed));
            req = Request::from_parts(parts, body);
        }
        ResponseFuture {
            inner: self.inner.call(req),
            timeouts,
            sent,
            seen: 0,
            sleep: None,
        }
    }
}

pin_project! {
    /// Response future of [`AttemptTimeout`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        timeouts: Timeouts,
        sent: Option<Arc<AtomicU64>>,
        seen: u64,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: From<TimedOut>,
{
    type Output = Result<Response<TimedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            let stall = this.timeouts.stall;
            return Poll::Ready(result.map(|res| res.map(|body| TimedBody::within(body, stall))));
        }
        let Some(attempt) = this.timeouts.attempt else {
            return Poll::Pending;
        };
        loop {
            if this.sleep.is_none() {
                this.sleep.set(Some(tokio::time::sleep(attempt)));
            }
            let sleep = this.sleep.as_mut().as_pin_mut().expect("set above");
            ready!(sleep.poll(cx));
            let sent = this
                .sent
                .as_ref()
                .map_or(0, |sent| sent.load(Ordering::Relaxed));
            if sent == *this.seen {
                return Poll::Ready(Err(timed_out(attempt)));
            }
            // The upload has moved since the timer was armed: silence lasts between one and two
            // times the timeout before it is noticed, for one load an attempt.
            *this.seen = sent;
            this.sleep.set(None);
        }
    }
}

fn timed_out<E: From<TimedOut>>(after: Duration) -> E {
    TimedOut::new(Which::Attempt, after, true).into()
}
