use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::body::TraceBody;
use crate::call::Call;
use crate::error::TracedError;

pin_project! {
    /// Response future of [`Trace`](crate::Trace).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // None if no subscriber wants to know of it, and once there is a result.
        call: Option<Box<Call>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, call: Option<Box<Call>>) -> Self {
        Self { inner, call }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: TracedError,
{
    type Output = Result<Response<TraceBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.call.as_deref().map(Call::enter);
        let result = ready!(this.inner.poll(cx));
        if let Some(call) = this.call.as_ref() {
            match &result {
                Ok(response) => call.response(response.status()),
                Err(error) => call.error(error),
            }
        }
        drop(entered);
        let call = this.call.take();
        Poll::Ready(result.map(|response| response.map(|body| TraceBody::new(body, call))))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
