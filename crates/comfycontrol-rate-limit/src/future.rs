use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use crate::NotAdmitted;
use crate::admission::Outcome;
use crate::turn::Turn;

pin_project! {
    /// Response future of [`RateLimit`](crate::RateLimit).
    ///
    /// The call arrives when the future is polled for the first time. Dropping it before the request
    /// has left costs nothing; afterwards the request counts.
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        step: Step<S, S::Future, Request<ReqBody>>,
        turn: Turn,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, F, Req> {
        Waiting {
            service: S,
            // Whether `service` may hold something, having been asked whether it is ready.
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
        turn: Turn,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            step: Step::Waiting {
                service,
                asked: false,
                request: Some(request),
                deadline,
            },
            turn,
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<NotAdmitted>,
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
                    let Poll::Ready(admitted) = this.turn.poll(cx, *deadline) else {
                        if *asked {
                            // Nothing of the inner service is held while waiting.
                            *service = service.clone();
                            *asked = false;
                        }
                        return Poll::Pending;
                    };
                    admitted?;
                    *asked = true;
                    let Poll::Ready(ready) = service.poll_ready(cx) else {
                        this.turn.park(*deadline);
                        return Poll::Pending;
                    };
                    if let Err(error) = ready {
                        this.turn.release();
                        return Poll::Ready(Err(error));
                    }
                    if !this.turn.claim() {
                        continue;
                    }
                    let request = request.take().expect("polled after completion");
                    this.turn.dispatch();
                    let future = service.call(request);
                    this.step.set(Step::Sent { future });
                }
                StepProj::Sent { future } => {
                    let response = match ready!(future.poll(cx)) {
                        Ok(response) => response,
                        Err(error) => {
                            this.turn.settle(Outcome::Lost);
                            return Poll::Ready(Err(error));
                        }
                    };
                    let shared = this.turn.shared();
                    let outcome = shared.outcome(response.status(), response.headers());
                    this.turn.settle(outcome);
                    return Poll::Ready(Ok(response));
                }
            }
        }
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
