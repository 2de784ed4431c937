use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_rate_limit::AdmitBy;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::departure::{Departed, departures};
use crate::timed_body::TimedBody;
use crate::timeouts::{TimedOut, Timeouts, Total, Which};
use crate::timer::{Timer, from_now};

/// Applies [`Deadline`] to a service.
///
/// A [`Timeouts`] in the extensions of a request replaces those of the layer.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DeadlineLayer {
    timeouts: Timeouts,
    departed: Departed,
}

impl DeadlineLayer {
    /// Creates a layer that ends calls after the total of `timeouts`, and bodies that stall.
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

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline {
            inner,
            layer: *self,
        }
    }
}

/// Ends a call when its time has passed, wherever the call is waiting.
///
/// The time covers waiting for the limiter, all attempts, and the response body. The instant
/// travels inwards as the limiter's own [`AdmitBy`](comfycontrol_rate_limit::AdmitBy)
/// extension, so that a call which cannot be admitted in time is refused at once, with the wait it
/// would have needed, instead of being kept waiting for nothing.
///
/// Two parts of the body may be no further apart than the stall of the [`Timeouts`]. It stands
/// outside of decompression, so that what counts is what the caller gets.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<S> {
    inner: S,
    layer: DeadlineLayer,
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

    fn call(&mut self, mut req: Request<ReqBody>) -> Self::Future {
        let timeouts: &Timeouts = req.extensions().get().unwrap_or(&self.layer.timeouts);
        let stall = timeouts.stall;
        // Too far away to be an instant is as good as none.
        let total = timeouts.total.and_then(|after| {
            let at = from_now(after)?;
            Some(Total { at, after })
        });
        if let Some(total) = total {
            req.extensions_mut().insert(AdmitBy(total.at));
        }
        let before = departures();
        ResponseFuture {
            inner: self.inner.call(req),
            departed: self.layer.departed.after(before),
            total,
            stall,
            timer: Timer::default(),
        }
    }
}

pin_project! {
    /// Response future of [`Deadline`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        departed: Departed,
        total: Option<Total>,
        stall: Option<Duration>,
        #[pin]
        timer: Timer,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: From<TimedOut>,
{
    type Output = Result<Response<TimedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let before = departures();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            let (total, stall) = (*this.total, *this.stall);
            return Poll::Ready(
                result.map(|res| res.map(|body| TimedBody::new(body, total, stall))),
            );
        }
        *this.departed = this.departed.after(before);
        let Some(total) = this.total else {
            return Poll::Pending;
        };
        ready!(this.timer.poll_until(total.at, cx));
        let passed = TimedOut::new(Which::Total, total.after, *this.departed);
        Poll::Ready(Err(passed.into()))
    }
}
