use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use comfycontrol_core::{AwaitedAttempts, BoxError, TryClone};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::attempts::{Attempts, Repeat};
use crate::failure::Failure;
use crate::head::Head;
use crate::reader::Reader;

pin_project! {
    /// Response body of [`Retry`](crate::Retry): sends its request again where it breaks off before
    /// a byte of it was handed on.
    ///
    /// Only if the method is idempotent and [`Failure::body_failure_kind`] says that the reason
    /// passes: as often, after the same waits and from the same budget as a failed call, both
    /// counted together. The head is with the caller by then, so the new response must have the
    /// same status, and the same `Content-Encoding`, `Content-Length`, `Content-Range`,
    /// `Content-Type`, `ETag` and `Last-Modified`. Where it has others, and where no other response
    /// comes, the body ends with the error it broke off with.
    ///
    /// A copy of the request and of the service are kept until the first byte of data is handed on,
    /// or the body has ended; read by [`collect`](crate::collect()), until the end. It is not
    /// `Unpin`: pin it before you read it frame by frame.
    pub struct RetryBody<S, E, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        inner: R,
        again: Option<Box<Repeat<S, E, B>>>,
        // Boxed: few bodies break off, and each body would be as large as a whole call.
        sending: Option<BoxSending<S, E, B>>,
    }
}

type BoxSending<S, E, B> = Pin<Box<Sending<S, E, B>>>;

pin_project! {
    /// The request is being sent again.
    struct Sending<S, E, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        attempts: Attempts<S, E, B>,
        head: Option<Head>,
        error: Option<BoxError>,
    }
}

impl<S, E, B, R> RetryBody<S, E, B, R>
where
    S: Service<Request<B>>,
    E: Failure,
    R: Body,
{
    /// The body of a response that has come after so many attempts.
    pub(crate) fn of(
        response: Response<R>,
        mut again: Option<Box<Repeat<S, E, B>>>,
    ) -> Response<Self> {
        again = again.filter(|_| !response.body().is_end_stream());
        if let Some(repeat) = &mut again {
            if repeat.policy.keeps_for_body(&mut repeat.request) {
                repeat.head = Some(Head::of(&response));
            } else {
                again = None;
            }
        }
        response.map(|inner| Self {
            inner,
            again,
            sending: None,
        })
    }
}

/// Sends the request again, unless the body is to end with this error.
fn send<S, E, B>(
    mut repeat: Box<Repeat<S, E, B>>,
    error: BoxError,
) -> Result<BoxSending<S, E, B>, BoxError>
where
    S: Service<Request<B>>,
    E: Failure,
{
    let kind = E::body_failure_kind(&*error);
    match repeat.policy.wait(&repeat.request, kind, None) {
        None => Err(error),
        Some(wait) => Ok(Box::pin(Sending {
            head: repeat.head.take(),
            attempts: Attempts::waiting(wait, repeat),
            error: Some(error),
        })),
    }
}

impl<S, E, B> Sending<S, E, B>
where
    S: Service<Request<B>>,
{
    /// The body in place of the one that broke off, and what it would be sent again with.
    #[expect(
        clippy::type_complexity,
        reason = "two things that belong together once"
    )]
    fn poll<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(R, Option<Box<Repeat<S, E, B>>>), BoxError>>
    where
        S: Service<Request<B>, Response = Response<R>, Error = E>,
        E: Failure,
        B: TryClone,
    {
        let mut this = self.project();
        let result = ready!(this.attempts.as_mut().poll(cx));
        let error = this.error.take().expect("polled after completion");
        Poll::Ready(match result {
            Ok(response) if Some(Head::of(&response)) == *this.head => {
                let mut again = this.attempts.take_repeat();
                if let Some(repeat) = &mut again {
                    repeat.head = this.head.take();
                }
                Ok((response.into_body(), again))
            }
            _ => Err(error),
        })
    }
}

impl<S, E, B, R> Body for RetryBody<S, E, B, R>
where
    S: Service<Request<B>, Response = Response<R>, Error = E>,
    E: Failure,
    B: TryClone,
    R: Body,
    R::Error: Into<BoxError>,
{
    type Data = R::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, BoxError>>> {
        let mut this = self.project();
        let reader = Reader::take();
        loop {
            if let Some(sending) = this.sending {
                let Poll::Ready(sent) = sending.as_mut().poll(cx) else {
                    AwaitedAttempts::count_one();
                    return Poll::Pending;
                };
                *this.sending = None;
                match sent {
                    Ok((body, again)) => {
                        this.inner.set(body);
                        *this.again = again;
                    }
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
            let frame = match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Err(error)) => {
                    let error = error.into();
                    let sent = match this.again.take() {
                        Some(again) => send(again, error),
                        None => Err(error),
                    };
                    match sent {
                        Ok(sending) => *this.sending = Some(sending),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                    reader.start_over();
                    continue;
                }
                Some(Ok(frame)) => Some(frame),
                None => None,
            };
            let is_kept = match &frame {
                Some(frame) => {
                    let is_empty = frame.data_ref().is_some_and(|data| !data.has_remaining());
                    is_empty || reader == Reader::Keeps
                }
                None => false,
            };
            if !is_kept {
                *this.again = None;
            }
            return Poll::Ready(frame.map(Ok));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sending.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.sending {
            // What has broken off has nothing more, and the other is not there.
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}

impl<S, E, B, R> fmt::Debug for RetryBody<S, E, B, R>
where
    S: Service<Request<B>>,
    R: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
