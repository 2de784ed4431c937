use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol_rate_limit::AdmitBy;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_layer::Layer;
use tower_service::Service;

use crate::timed_body::TimedBody;
use crate::timeouts::{TimedOut, Timeouts, Which};

/// Applies [`Deadline`] to a service.
///
/// A [`Timeouts`] in the extensions of a request replaces those of the layer.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DeadlineLayer {
    timeouts: Timeouts,
}

impl DeadlineLayer {
    /// Creates a layer that ends calls after [`Timeouts::total`].
    pub fn new(timeouts: Timeouts) -> Self {
        Self { timeouts }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline {
            inner,
            timeouts: self.timeouts,
        }
    }
}

/// Ends a call when its time has passed, wherever the call is waiting.
///
/// The time covers waiting for the limiter, all attempts, and the response body. The instant
/// travels inwards as the limiter's own [`AdmitBy`](comfycontrol_rate_limit::AdmitBy)
/// extension, so that a call which cannot be admitted in time is refused at once, with the wait it
/// would have needed, instead of being kept waiting for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<S> {
    inner: S,
    timeouts: Timeouts,
}

impl<S> Deadline<S> {
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

/// Set by the innermost timeout when a request leaves, read by the outermost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dispatched(Arc<AtomicBool>);

impl Dispatched {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Deadline<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: From<TimedOut>,
{
    type Response = Response<TimedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the shell that starts the call's clock"
    )]
    fn call(&mut self, mut req: Request<ReqBody>) -> Self::Future {
        let timeouts = req.extensions().get().copied().unwrap_or(self.timeouts);
        // Too far away to be an instant is as good as none.
        let limit = timeouts.total.and_then(|total| {
            let at = Instant::now().checked_add(total)?;
            Some(Running {
                at,
                total,
                dispatched: Dispatched::default(),
            })
        });
        if let Some(limit) = &limit {
            req.extensions_mut().insert(AdmitBy(limit.at));
            req.extensions_mut().insert(limit.dispatched.clone());
        }
        ResponseFuture {
            inner: self.inner.call(req),
            limit,
            sleep: None,
        }
    }
}

pin_project! {
    /// Response future of [`Deadline`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        limit: Option<Running>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

#[derive(Debug)]
struct Running {
    at: Instant,
    total: Duration,
    dispatched: Dispatched,
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
            let limit = this.limit.as_ref().map(|limit| (limit.at, limit.total));
            return Poll::Ready(result.map(|res| res.map(|body| TimedBody::by(body, limit))));
        }
        let Some(limit) = this.limit else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep_until(limit.at)));
        }
        let sleep = this.sleep.as_pin_mut().expect("set above");
        if sleep.poll(cx).is_pending() {
            return Poll::Pending;
        }
        let dispatched = limit.dispatched.get();
        Poll::Ready(Err(
            TimedOut::new(Which::Total, limit.total, dispatched).into()
        ))
    }
}
