use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::read_timeout::{ReadTimeout, WaitEnd};
use crate::TokenReplaced;
use crate::attached::AttachedToken;
use crate::provider::{ReadWait, Replacement};

pin_project! {
    /// A 401 that is held back until it is known whether there is another token.
    pub(super) struct Unauthorized<Res> {
        response: Option<Res>,
        token: AttachedToken,
        #[pin]
        wait: ReadTimeout,
    }
}

impl<Res> Unauthorized<Res> {
    pub(super) fn new(response: Res, wait: ReadWait, token: AttachedToken) -> Self {
        Self {
            response: Some(response),
            wait: ReadTimeout::new(wait, token.provider().read_timeout()),
            token,
        }
    }
}

impl<ResBody> Future for Unauthorized<Response<ResBody>> {
    type Output = Response<ResBody>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let may_read = ready!(this.wait.as_mut().poll(cx)) == WaitEnd::MayReadAgain;
            let replaced = match this.token.unauthorized(may_read) {
                Replacement::Wait(next) => {
                    this.wait.as_mut().go_on(next);
                    continue;
                }
                Replacement::Found => true,
                Replacement::Missing => false,
            };
            let mut response = this.response.take().expect("polled after completion");
            if replaced {
                response.extensions_mut().insert(TokenReplaced);
            }
            return Poll::Ready(response);
        }
    }
}
