use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use comfycontrol_core::TryClone;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::attempts::{Attempts, Repeat};
use crate::body::RetryBody;
use crate::failure::Failure;

pin_project! {
    /// Response future of [`Retry`](crate::Retry).
    pub struct ResponseFuture<S, E, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        attempts: Attempts<S, E, B>,
    }
}

impl<S, E, B> ResponseFuture<S, E, B>
where
    S: Service<Request<B>>,
{
    pub(crate) fn new(future: S::Future, repeat: Option<Box<Repeat<S, E, B>>>) -> Self {
        Self {
            attempts: Attempts::called(future, repeat),
        }
    }
}

impl<S, E, B, R> Future for ResponseFuture<S, E, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = E>,
    E: Failure,
    B: TryClone,
    R: Body,
{
    type Output = Result<Response<RetryBody<S, E, B, R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = ready!(this.attempts.as_mut().poll(cx))?;
        let repeat = this.attempts.take_repeat();
        if let Some(repeat) = &repeat {
            repeat.policy.deposit();
        }
        Poll::Ready(Ok(RetryBody::of(response, repeat)))
    }
}

impl<S, E, B> fmt::Debug for ResponseFuture<S, E, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
