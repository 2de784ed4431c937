//! The loop: attempts of one call until there is a response or nothing more to be done.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use comfycontrol_core::TryClone;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::failure::Failure;
use crate::head::Head;
use crate::policy::Policy;
use crate::wait::Wait;

/// What another attempt is made of. Kept in a box: it is as large as a call, and the future and the
/// body that have it are moved through all that stands outside.
pub(crate) struct Repeat<S, E, B> {
    pub(crate) service: S,
    pub(crate) policy: Policy<E>,
    pub(crate) request: Request<B>,
    /// What the response must be like, once a body is with the caller.
    pub(crate) head: Option<Head>,
}

pin_project! {
    /// Attempts of one call, until there is a response or the last has failed.
    pub(crate) struct Attempts<S, E, B>
    where
        S: Service<Request<B>>,
    {
        // None if nothing is sent again.
        repeat: Option<Box<Repeat<S, E, B>>>,
        #[pin]
        step: Step<S::Future>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<F> {
        Called { #[pin] future: F },
        Waiting { #[pin] wait: Wait },
        Waited,
    }
}

impl<S, E, B> Attempts<S, E, B>
where
    S: Service<Request<B>>,
{
    /// The first attempt has begun.
    pub(crate) fn called(future: S::Future, repeat: Option<Box<Repeat<S, E, B>>>) -> Self {
        Self {
            repeat,
            step: Step::Called { future },
        }
    }

    /// The next attempt begins after a wait.
    pub(crate) fn waiting(wait: Wait, repeat: Box<Repeat<S, E, B>>) -> Self {
        Self {
            repeat: Some(repeat),
            step: Step::Waiting { wait },
        }
    }

    /// What another attempt would be made of, once there is a response.
    pub(crate) fn take_repeat(self: Pin<&mut Self>) -> Option<Box<Repeat<S, E, B>>> {
        self.project().repeat.take()
    }
}

impl<S, E, B, R> Future for Attempts<S, E, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = E>,
    E: Failure,
    B: TryClone,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProj::Called { future } => {
                    let mut error = match ready!(future.poll(cx)) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(error) => error,
                    };
                    let wait = this.repeat.as_mut().and_then(|repeat| {
                        let Repeat {
                            policy, request, ..
                        } = &mut **repeat;
                        policy.retry(request, &mut error)
                    });
                    match wait {
                        Some(wait) => this.step.set(Step::Waiting { wait }),
                        None => return Poll::Ready(Err(error)),
                    }
                }
                StepProj::Waiting { wait } => {
                    ready!(wait.poll(cx));
                    this.step.set(Step::Waited);
                }
                StepProj::Waited => {
                    let repeat = this.repeat.as_mut().expect("nothing waits without");
                    ready!(repeat.service.poll_ready(cx))?;
                    let future = match repeat.policy.copy(&repeat.request) {
                        Some(copy) => {
                            let request = mem::replace(&mut repeat.request, copy);
                            repeat.service.call(request)
                        }
                        None => {
                            let last = this.repeat.take().expect("seen above");
                            let Repeat {
                                mut service,
                                request,
                                ..
                            } = *last;
                            service.call(request)
                        }
                    };
                    this.step.set(Step::Called { future });
                }
            }
        }
    }
}
