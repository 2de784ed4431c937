use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::cache::Lent;
use crate::flight::Wait;
use crate::tokens::{Lease, Refusal};
use crate::{TokenReplaced, TokenWithheld, Tokens};

pin_project! {
    /// Response future of [`AddToken`](crate::AddToken).
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
        Withheld { error: Option<TokenWithheld> },
        Waiting { call: Option<(S, Request<ReqBody>)>, wait: Wait, flights: u8, tokens: Tokens },
        Sent { #[pin] inner: F, used: Option<Used> },
        Refused { response: Option<Res>, wait: Wait, flights: u8, used: Used },
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
    pub(crate) fn withheld(error: TokenWithheld) -> Self {
        Self {
            kind: Kind::Withheld { error: Some(error) },
        }
    }

    pub(crate) fn waiting(ready: S, req: Request<ReqBody>, wait: Wait, tokens: Tokens) -> Self {
        Self {
            kind: Kind::Waiting {
                call: Some((ready, req)),
                wait,
                flights: 1,
                tokens,
            },
        }
    }

    pub(crate) fn sent(inner: S::Future, used: Option<Used>) -> Self {
        Self {
            kind: Kind::Sent { inner, used },
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
                KindProj::Withheld { error } => {
                    let error = error.take().expect("polled after completion");
                    return Poll::Ready(Err(error.into()));
                }
                KindProj::Waiting {
                    call,
                    wait,
                    flights,
                    tokens,
                } => {
                    ready!(wait.poll(cx.waker()));
                    match tokens.lease(*flights < FLIGHTS) {
                        Lease::Wait(next) => {
                            *wait = next;
                            *flights += 1;
                            continue;
                        }
                        Lease::Nothing(error) => Kind::Withheld {
                            error: Some(TokenWithheld::no_token(error)),
                        },
                        Lease::Token(lent) => {
                            let (mut ready, mut req) = call.take().expect("called once");
                            let used = Used::put_on(&mut req, lent, tokens);
                            Kind::Sent {
                                inner: ready.call(req),
                                used: Some(used),
                            }
                        }
                    }
                }
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
                            response: Some(response),
                            wait,
                            flights: 1,
                            used,
                        },
                    }
                }
                KindProj::Refused {
                    response,
                    wait,
                    flights,
                    used,
                } => {
                    ready!(wait.poll(cx.waker()));
                    match used.tokens.refused(used.generation, *flights < FLIGHTS) {
                        Refusal::Wait(next) => {
                            *wait = next;
                            *flights += 1;
                            continue;
                        }
                        refusal => {
                            let mut response = response.take().expect("polled after completion");
                            if matches!(refusal, Refusal::Replaced) {
                                response.extensions_mut().insert(TokenReplaced);
                            }
                            return Poll::Ready(Ok(response));
                        }
                    }
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

/// How many readings one call waits for at most: one that began too early to count, or died with its runtime,
/// and one more.
const FLIGHTS: u8 = 2;
