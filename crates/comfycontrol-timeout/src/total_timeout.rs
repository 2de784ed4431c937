use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_core::Deadline;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::dispatched::{self, Dispatched};
use crate::timed_out::{TimedOut, TimeoutKind};
use crate::timeout_body::{BodyLimits, TimeoutBody, Total};
use crate::timeouts::Timeouts;
use crate::timer::{Timer, from_now};

/// Applies [`TotalTimeout`] to a service: calls that take too long, and bodies that stall, fail.
///
/// What a [`Timeouts`] in the extensions of a request sets replaces what this layer has.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct TotalTimeoutLayer {
    timeouts: Timeouts,
    dispatched: Dispatched,
}

impl TotalTimeoutLayer {
    /// Creates a layer that ends calls after [`Timeouts::total`], and response bodies after
    /// [`Timeouts::stall`]; never, where that is unset.
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

impl<S> Layer<S> for TotalTimeoutLayer {
    type Service = TotalTimeout<S>;

    fn layer(&self, inner: S) -> TotalTimeout<S> {
        TotalTimeout {
            inner,
            layer: *self,
        }
    }
}

/// Ends a call when its time has passed, wherever it is waiting, and a response body that stalls.
///
/// The time begins with `call` and covers what happens in the future inside, waiting and all
/// attempts included, and the response body to its end. Waiting in `poll_ready` is not covered. The
/// end travels inwards as a [`Deadline`] in the extensions of the request, unless an earlier one is
/// there, so that a layer inside need not begin what cannot end in time. A time too long to have an
/// end is none; a call with no time at all is not passed on.
///
/// The response body must bring its [`min_progress`](Timeouts::min_progress) in each ten minutes of
/// waiting for it, and some part in each [`stall`](Timeouts::stall); an event stream need only do
/// the latter. This stands outside of decompression, so that what counts is what the caller gets.
///
/// # Errors
///
/// Fails with [`TimedOut`], turned into the error of the inner service, and with that service's
/// own errors.
#[derive(Clone, Copy, Debug)]
pub struct TotalTimeout<S> {
    inner: S,
    layer: TotalTimeoutLayer,
}

impl<S> TotalTimeout<S> {
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for TotalTimeout<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: From<TimedOut>,
{
    type Response = Response<TimeoutBody<ResBody>>;
    type Error = S::Error;
    type Future = TotalTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<ReqBody>) -> Self::Future {
        let timeouts = self.layer.timeouts.of_request(req.extensions());
        let limits = BodyLimits::new(timeouts);
        // Too far away to be an instant is as good as none.
        let total = timeouts.total_limit().and_then(|after| {
            let at = from_now(after)?;
            Some(Total { at, after })
        });
        if let Some(total) = total {
            let extensions = req.extensions_mut();
            let earlier = extensions.get().filter(|Deadline(at)| *at <= total.at);
            if earlier.is_none() {
                extensions.insert(Deadline(total.at));
            }
        }
        if let Some(Total {
            after: Duration::ZERO,
            ..
        }) = total
        {
            return TotalTimeoutFuture {
                inner: None,
                dispatched: Dispatched::No,
                total,
                limits,
                timer: Timer::default(),
            };
        }
        let before = dispatched::count();
        TotalTimeoutFuture {
            inner: Some(self.inner.call(req)),
            dispatched: self.layer.dispatched.after(before),
            total,
            limits,
            timer: Timer::default(),
        }
    }
}

pin_project! {
    /// Response future of [`TotalTimeout`]: fails when the time of the call has passed.
    ///
    /// No timer is made unless it has to wait.
    ///
    /// # Panics
    ///
    /// Panics where it has to wait for a total outside of a Tokio runtime with a timer.
    #[derive(Debug)]
    pub struct TotalTimeoutFuture<F> {
        // None for a call that has no time at all.
        #[pin]
        inner: Option<F>,
        dispatched: Dispatched,
        total: Option<Total>,
        limits: BodyLimits,
        #[pin]
        timer: Timer,
    }
}

impl<F, B, E> Future for TotalTimeoutFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: From<TimedOut>,
{
    type Output = Result<Response<TimeoutBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let before = dispatched::count();
        if let Some(inner) = this.inner.as_pin_mut() {
            if let Poll::Ready(result) = inner.poll(cx) {
                let total = *this.total;
                let limits = *this.limits;
                return Poll::Ready(result.map(|res| {
                    let limits = limits.of_response(res.headers());
                    res.map(|body| TimeoutBody::new(body, total, limits))
                }));
            }
            *this.dispatched = this.dispatched.after(before);
        }
        let Some(total) = this.total else {
            return Poll::Pending;
        };
        ready!(this.timer.poll_until(total.at, cx));
        let passed = TimedOut::new(TimeoutKind::Total, total.after);
        Poll::Ready(Err(passed.with_dispatched(*this.dispatched).into()))
    }
}
