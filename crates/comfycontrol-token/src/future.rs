mod patience;
mod refused;
mod waiting;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use self::refused::Refused;
use self::waiting::Waiting;
use crate::cache::Lent;
use crate::flight::Wait;
use crate::lending::Refusal;
use crate::{TokenReplaced, TokenWithheld, Tokens};

pin_project! {
    /// Response future of [`AddToken`](crate::AddToken).
    ///
    /// A little larger than the inner service's: what a call needs only while it waits for the source is on the heap.
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
        Refused { call: Pin<Box<Refused<Res>>> },
        Sent { #[pin] inner: F, used: Option<Used> },
        Waiting { call: Pin<Box<Waiting<S, ReqBody>>> },
        Withheld { error: Option<Box<TokenWithheld>> },
    }
}

/// The token that a request carries.
pub(crate) struct Used {
    tokens: Tokens,
    generation: u64,
    doubted: bool,
}

impl Used {
    pub(crate) fn put_on<B>(req: &mut Request<B>, lent: Lent, tokens: &Tokens) -> Self {
        // `insert`, so that a header from further out is replaced and never doubled.
        req.headers_mut().insert(AUTHORIZATION, lent.header);
        Self {
            tokens: tokens.clone(),
            generation: lent.generation,
            doubted: lent.doubted,
        }
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn sent(inner: S::Future, used: Option<Used>) -> Self {
        Self {
            kind: Kind::Sent { inner, used },
        }
    }

    #[cold]
    pub(crate) fn waiting(ready: S, req: Request<ReqBody>, wait: Wait, tokens: Tokens) -> Self {
        Self {
            kind: Kind::Waiting {
                call: Box::pin(Waiting::new(ready, req, wait, tokens)),
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
                KindProj::Sent { inner, used } => {
                    let mut response = ready!(inner.poll(cx))?;
                    let Some(used) = used.take() else {
                        return Poll::Ready(Ok(response));
                    };
                    if response.status() != StatusCode::UNAUTHORIZED {
                        if used.doubted && response.status().is_success() {
                            used.tokens.accepted(used.generation);
                        }
                        return Poll::Ready(Ok(response));
                    }
                    match used.tokens.refused(used.generation, true) {
                        Refusal::Unchanged => return Poll::Ready(Ok(response)),
                        Refusal::Replaced => {
                            response.extensions_mut().insert(TokenReplaced);
                            return Poll::Ready(Ok(response));
                        }
                        Refusal::Wait(wait) => Kind::Refused {
                            call: Box::pin(Refused::new(response, wait, used)),
                        },
                    }
                }
                KindProj::Waiting { call } => {
                    let (inner, used) = ready!(call.as_mut().poll(cx))?;
                    Kind::Sent {
                        inner,
                        used: Some(used),
                    }
                }
                KindProj::Refused { call } => return call.as_mut().poll(cx).map(Ok),
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
