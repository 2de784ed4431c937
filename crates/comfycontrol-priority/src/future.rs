use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use comfycontrol_rate_limit::{RateLimit, Rejected, ResponseFuture as Limited};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::depart::Depart;
use crate::shared::Shared;
use crate::turn::Turn;

pin_project! {
    /// Waits for its turn and for a slot, and sends the request.
    ///
    /// Future of [`PriorityLimit`](crate::PriorityLimit). The call arrives when it is polled for
    /// the first time. Dropping it before the request has left costs nothing; afterwards the
    /// request counts.
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        step: Step<S, Limited<Depart<S>, ReqBody>, Request<ReqBody>>,
        // Gives the turn up when the future is dropped.
        turn: Turn,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, F, Req> {
        Waiting {
            service: RateLimit<Depart<S>>,
            request: Option<Req>,
        },
        Inside { #[pin] future: F },
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn new(
        service: RateLimit<Depart<S>>,
        request: Request<ReqBody>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            step: Step::Waiting {
                service,
                request: Some(request),
            },
            turn: Turn::new(shared),
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<Rejected>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProj::Waiting { service, request } => {
                    let extensions = request
                        .as_ref()
                        .expect("polled after completion")
                        .extensions();
                    ready!(this.turn.poll(cx, extensions))?;
                    this.turn.hand_over(service.get_mut());
                    let request = request.take().expect("polled after completion");
                    let future = service.call(request);
                    this.step.set(Step::Inside { future });
                }
                StepProj::Inside { future } => {
                    let result = ready!(future.poll(cx));
                    match &result {
                        Ok(_) => this.turn.is_over(),
                        // Perhaps it had no slot.
                        Err(_) => this.turn.give_up(),
                    }
                    return Poll::Ready(result);
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
