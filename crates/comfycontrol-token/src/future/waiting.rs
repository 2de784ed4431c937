use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Used;
use super::patience::{Patience, Verdict};
use crate::flight::Wait;
use crate::lending::Lease;
use crate::{TokenWithheld, Tokens};

pin_project! {
    /// A call that waits for its token: ready once it is sent.
    pub(super) struct Waiting<S, ReqBody> {
        call: Option<(S, Request<ReqBody>)>,
        tokens: Tokens,
        #[pin]
        patience: Patience,
    }
}

impl<S, ReqBody> Waiting<S, ReqBody> {
    pub(super) fn new(ready: S, req: Request<ReqBody>, wait: Wait, tokens: Tokens) -> Self {
        Self {
            call: Some((ready, req)),
            patience: Patience::new(wait, tokens.longest_wait()),
            tokens,
        }
    }
}

impl<S, ReqBody> Future for Waiting<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    type Output = Result<(S::Future, Used), TokenWithheld>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let verdict = ready!(this.patience.as_mut().poll(cx));
            match this.tokens.lease(verdict == Verdict::MayReadOn) {
                Lease::Wait(next) => this.patience.as_mut().go_on(next),
                Lease::Nothing(error) => {
                    return Poll::Ready(Err(match verdict {
                        Verdict::OutOfTime => TokenWithheld::read_timed_out(this.tokens.label()),
                        Verdict::MayReadOn | Verdict::ReadEnough => TokenWithheld::no_token(error),
                    }));
                }
                Lease::Token(lent) => {
                    let (mut ready, mut req) = this.call.take().expect("polled after completion");
                    let used = Used::put_on(&mut req, lent, this.tokens);
                    return Poll::Ready(Ok((ready.call(req), used)));
                }
            }
        }
    }
}
