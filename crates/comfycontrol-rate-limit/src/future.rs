use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use crate::admission::Outcome;
use crate::reservation::Reservation;
use crate::{Rejected, Tracker};

pin_project! {
    /// Waits for a slot, sends the request, and gives the slot back with the response.
    ///
    /// Future of [`RateLimit`](crate::RateLimit). The call arrives when it is polled for the first
    /// time. Dropping it before the request has left costs nothing; afterwards the request counts.
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        step: Step<S, S::Future, Request<ReqBody>>,
        reservation: Reservation,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, F, Req> {
        Waiting {
            service: S,
            // Whether `service` was asked if it is ready, for which there must have been a slot.
            asked: bool,
            request: Option<Req>,
            deadline: Option<Instant>,
        },
        Sent { #[pin] future: F },
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    #[inline]
    pub(crate) fn new(
        service: S,
        request: Request<ReqBody>,
        reservation: Reservation,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            step: Step::Waiting {
                service,
                asked: false,
                request: Some(request),
                deadline,
            },
            reservation,
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<Rejected>,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProj::Waiting {
                    service,
                    asked,
                    request,
                    deadline,
                } => {
                    if !*asked {
                        let Poll::Ready(admitted) = this.reservation.poll(cx, *deadline) else {
                            track(this.reservation, request);
                            return Poll::Pending;
                        };
                        admitted?;
                        *asked = true;
                    }
                    let Poll::Ready(ready) = service.poll_ready(cx) else {
                        this.reservation.park(cx, *deadline)?;
                        return Poll::Pending;
                    };
                    if let Err(error) = ready {
                        this.reservation.release();
                        return Poll::Ready(Err(error));
                    }
                    if !this.reservation.claim() {
                        // It took so long that the slot has gone to another. What was won of the
                        // service is kept: a call that has it goes before all later calls, and so
                        // keeps none of them from it for good.
                        ready!(this.reservation.poll(cx, *deadline))?;
                        continue;
                    }
                    let request = request.take().expect("polled after completion");
                    if this.reservation.dispatch() {
                        leaves(this.reservation, &request);
                    }
                    let future = service.call(request);
                    this.step.set(Step::Sent { future });
                }
                StepProj::Sent { future } => {
                    let response = match ready!(future.poll(cx)) {
                        Ok(response) => response,
                        Err(error) => {
                            this.reservation.settle(Outcome::Lost);
                            return Poll::Ready(Err(error));
                        }
                    };
                    let shared = this.reservation.shared();
                    let outcome = shared.outcome(response.status(), response.headers());
                    this.reservation.settle(outcome);
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

/// Tells the follower of the call that it waits.
#[cold]
fn track<B>(reservation: &Reservation, request: &Option<Request<B>>) {
    if let Some(request) = request
        && let Some(tracker) = request.extensions().get()
    {
        reservation.track(tracker);
    }
}

/// Tells the follower of the call that it leaves.
#[cold]
fn leaves<B>(reservation: &Reservation, request: &Request<B>) {
    if let Some(tracker) = request.extensions().get::<Tracker>() {
        let shared = reservation.shared();
        tracker.leaves(shared.instant(shared.now()));
    }
}

impl<S, ReqBody> fmt::Debug for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
