use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::response::Parts;
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::ApiError;
use crate::body::{Collect, Collected};
use crate::settings::Settings;

pin_project! {
    /// Response future of [`ErrorDecoder`](crate::ErrorDecoder).
    ///
    /// `B` is the type of the response's body. Little larger than the inner service's: what only an
    /// error needs is on the heap.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
        settings: Settings,
        to_head: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Calling { #[pin] inner: F },
        Reading { failure: Pin<Box<Failure<B>>> },
    }
}

pin_project! {
    /// An unsuccessful response whose body is being read.
    struct Failure<B> {
        parts: Option<Parts>,
        #[pin]
        body: Collect<B>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// `to_head` says that the request was a HEAD, whose response has no body.
    pub(crate) fn new(inner: F, settings: Settings, to_head: bool) -> Self {
        Self {
            state: State::Calling { inner },
            settings,
            to_head,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
    E: From<ApiError>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Calling { inner } => {
                    let response = ready!(inner.poll(cx))?;
                    if (this.settings.is_success)(response.status()) {
                        return Poll::Ready(Ok(response));
                    }
                    let (parts, body) = response.into_parts();
                    if *this.to_head || has_no_body(parts.status) {
                        let none = Collected::whole(Bytes::new());
                        return Poll::Ready(Err(ApiError::new(parts, none).into()));
                    }
                    let Settings {
                        max_error_body,
                        error_body_timeout,
                        ..
                    } = *this.settings;
                    let failure = Box::pin(Failure {
                        parts: Some(parts),
                        body: Collect::new(body, max_error_body, error_body_timeout),
                    });
                    this.state.set(State::Reading { failure });
                }
                StateProj::Reading { failure } => {
                    let failure = failure.as_mut().project();
                    let body = ready!(failure.body.poll(cx));
                    let parts = failure.parts.take().expect("polled after completion");
                    return Poll::Ready(Err(ApiError::new(parts, body).into()));
                }
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// RFC 9110 §6.4.1: these responses end with their header section, whatever it announces.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status.as_u16(), 204 | 205 | 304)
}
