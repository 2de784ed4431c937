use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use hyper::client::conn::http1;
use tokio::sync::oneshot;

/// Where the task of an HTTP/1.1 connection finds what a call has given back.
pub(super) struct Returned<B>(Mutex<(Option<Given<B>>, Option<Waker>)>);

/// The sender, which may not be ready for another call yet.
pub(super) struct Given<B> {
    pub(super) sender: http1::SendRequest<B>,
    /// Ends when the response is over, if the request had a body.
    pub(super) over: Option<oneshot::Receiver<()>>,
}

impl<B> Returned<B> {
    pub(super) fn new() -> Self {
        Self(Mutex::new((None, None)))
    }

    pub(super) fn put(&self, given: Given<B>) {
        let waker = {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.0 = Some(given);
            slot.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn take(&self, cx: &Context<'_>) -> Option<Given<B>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = slot.0.take();
        if given.is_none()
            && !slot
                .1
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            slot.1 = Some(cx.waker().clone());
        }
        given
    }
}
