use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::Used;
use super::patience::{Patience, Verdict};
use crate::TokenReplaced;
use crate::flight::Wait;
use crate::lending::Refusal;

pin_project! {
    /// A 401 that is held back until it is known whether there is another token.
    pub(super) struct Refused<Res> {
        response: Option<Res>,
        used: Used,
        #[pin]
        patience: Patience,
    }
}

impl<Res> Refused<Res> {
    pub(super) fn new(response: Res, wait: Wait, used: Used) -> Self {
        Self {
            response: Some(response),
            patience: Patience::new(wait, used.tokens.longest_wait()),
            used,
        }
    }
}

impl<ResBody> Future for Refused<Response<ResBody>> {
    type Output = Response<ResBody>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let may_read = ready!(this.patience.as_mut().poll(cx)) == Verdict::MayReadOn;
            let replaced = match this.used.tokens.refused(this.used.generation, may_read) {
                Refusal::Wait(next) => {
                    this.patience.as_mut().go_on(next);
                    continue;
                }
                Refusal::Replaced => true,
                Refusal::Unchanged => false,
            };
            let mut response = this.response.take().expect("polled after completion");
            if replaced {
                response.extensions_mut().insert(TokenReplaced);
            }
            return Poll::Ready(response);
        }
    }
}
