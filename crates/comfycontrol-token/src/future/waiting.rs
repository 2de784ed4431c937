use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::read_timeout::{ReadTimeout, WaitEnd};
use crate::attached::AttachedToken;
use crate::provider::{Lookup, ReadWait};
use crate::{TokenProvider, TokenWithheld};

pin_project! {
    /// A call that waits for its token: ready once it is sent.
    pub(super) struct Waiting<S, ReqBody> {
        call: Option<(S, Request<ReqBody>)>,
        provider: TokenProvider,
        #[pin]
        wait: ReadTimeout,
    }
}

impl<S, ReqBody> Waiting<S, ReqBody> {
    pub(super) fn new(
        ready: S,
        req: Request<ReqBody>,
        wait: ReadWait,
        provider: TokenProvider,
    ) -> Self {
        Self {
            call: Some((ready, req)),
            wait: ReadTimeout::new(wait, provider.read_timeout()),
            provider,
        }
    }
}

impl<S, ReqBody> Future for Waiting<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    type Output = Result<(S::Future, AttachedToken), TokenWithheld>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let end = ready!(this.wait.as_mut().poll(cx));
            match this.provider.lookup(end == WaitEnd::MayReadAgain) {
                Lookup::Found(token) => {
                    let (mut ready, mut req) = this.call.take().expect("polled after completion");
                    let token = AttachedToken::attach(&mut req, token, this.provider);
                    return Poll::Ready(Ok((ready.call(req), token)));
                }
                Lookup::Missing(error) => {
                    return Poll::Ready(Err(match end {
                        WaitEnd::TimedOut => TokenWithheld::read_timed_out(this.provider.label()),
                        WaitEnd::MayReadAgain | WaitEnd::ReadEnough => {
                            TokenWithheld::no_token(error)
                        }
                    }));
                }
                Lookup::Wait(next) => this.wait.as_mut().go_on(next),
            }
        }
    }
}
