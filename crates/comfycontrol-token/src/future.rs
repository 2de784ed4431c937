mod read_timeout;
mod unauthorized;
mod waiting;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use self::unauthorized::Unauthorized;
use self::waiting::Waiting;
use crate::attached::AttachedToken;
use crate::provider::{ReadWait, Replacement};
use crate::{TokenProvider, TokenReplaced, TokenWithheld};

pin_project! {
    /// Response future of [`AddToken`](crate::AddToken).
    ///
    /// A little larger than the inner service's: what a call needs only while it waits for the
    /// source is on the heap.
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        kind: Kind<S, ReqBody, S::Future, S::Response>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, ReqBody, F, Res> {
        Sent { #[pin] inner: F, token: Option<AttachedToken> },
        Unauthorized { call: Pin<Box<Unauthorized<Res>>> },
        Waiting { call: Pin<Box<Waiting<S, ReqBody>>> },
        Withheld { error: Option<Box<TokenWithheld>> },
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn sent(inner: S::Future, token: Option<AttachedToken>) -> Self {
        Self {
            kind: Kind::Sent { inner, token },
        }
    }

    #[cold]
    pub(crate) fn waiting(
        ready: S,
        req: Request<ReqBody>,
        wait: ReadWait,
        provider: TokenProvider,
    ) -> Self {
        Self {
            kind: Kind::Waiting {
                call: Box::pin(Waiting::new(ready, req, wait, provider)),
            },
        }
    }

    #[cold]
    pub(crate) fn withheld(error: TokenWithheld) -> Self {
        Self {
            kind: Kind::Withheld {
                error: Some(Box::new(error)),
            },
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: From<TokenWithheld>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut kind = self.as_mut().project().kind;
            let next = match kind.as_mut().project() {
                KindProj::Sent { inner, token } => {
                    let mut response = ready!(inner.poll(cx))?;
                    let Some(token) = token.take() else {
                        return Poll::Ready(Ok(response));
                    };
                    if response.status() != StatusCode::UNAUTHORIZED {
                        if response.status().is_success() {
                            token.accepted();
                        }
                        return Poll::Ready(Ok(response));
                    }
                    match token.unauthorized(true) {
                        Replacement::Found => {
                            response.extensions_mut().insert(TokenReplaced);
                            return Poll::Ready(Ok(response));
                        }
                        Replacement::Missing => return Poll::Ready(Ok(response)),
                        Replacement::Wait(wait) => Kind::Unauthorized {
                            call: Box::pin(Unauthorized::new(response, wait, token)),
                        },
                    }
                }
                KindProj::Unauthorized { call } => return call.as_mut().poll(cx).map(Ok),
                KindProj::Waiting { call } => {
                    let (inner, token) = ready!(call.as_mut().poll(cx))?;
                    Kind::Sent {
                        inner,
                        token: Some(token),
                    }
                }
                KindProj::Withheld { error } => {
                    let error = error.take().expect("polled after completion");
                    return Poll::Ready(Err((*error).into()));
                }
            };
            kind.set(next);
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
