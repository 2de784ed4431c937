use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use comfycontrol_priority::Priority;
use comfycontrol_rate_limit::{Progress, Tracker};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::outcome::Outcome;
use crate::shared::{OpenCall, Shared};

/// Applies [`Record`] to services: the calls of all of them go to one
/// [`Recorder`](crate::Recorder).
///
/// Made by [`Recorder::layer`](crate::Recorder::layer).
#[derive(Clone, Debug)]
#[must_use]
pub struct RecordLayer {
    shared: Shared,
}

impl RecordLayer {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

impl<S> Layer<S> for RecordLayer {
    type Service = Record<S>;

    fn layer(&self, inner: S) -> Record<S> {
        Record {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// Tells a [`Recorder`](crate::Recorder) what each call came to, and changes nothing about it.
///
/// Stands outermost, or at least outside of what waits: a call takes from here up to the head of
/// its response. Whose it is it takes from the key of its
/// [`Priority`](comfycontrol_priority::Priority). It waits up to the moment at which a limiter
/// further in sends its first attempt, as a [`Tracker`] among the extensions tells; one that is
/// there stays. A call that is dropped before it has ended is recorded as cancelled. A call
/// allocates four times: twice for the tracker, for its place in the extensions, and for the name
/// of a caller.
#[derive(Clone, Debug)]
pub struct Record<S> {
    inner: S,
    shared: Shared,
}

impl<S> Record<S> {
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Record<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RecordFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let extensions = request.extensions_mut();
        let caller = extensions.get::<Priority>().and_then(Priority::key);
        let caller = caller.cloned();
        let tracker: &Tracker = extensions.get_or_insert_with(|| Progress::new().0);
        let call = self.shared.begin(caller, tracker.clone());
        RecordFuture {
            future: self.inner.call(request),
            call,
        }
    }
}

pin_project! {
    /// Waits for the response, and records what came of the call.
    ///
    /// Future of [`Record`].
    pub struct RecordFuture<F> {
        #[pin]
        future: F,
        call: OpenCall,
    }
}

impl<F, B, E> Future for RecordFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = this.future.poll(cx);
        this.call.look();
        let result = ready!(result);
        this.call.end(match &result {
            Ok(response) => Outcome::Status(response.status()),
            Err(_) => Outcome::Failed,
        });
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for RecordFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordFuture").finish_non_exhaustive()
    }
}
