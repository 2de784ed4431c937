use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use hyper::client::conn::http1;

/// Where the task of an HTTP/1.1 connection finds the sender that a call has given back.
pub(super) struct Returned<B>(Mutex<(Option<http1::SendRequest<B>>, Option<Waker>)>);

impl<B> Returned<B> {
    pub(super) fn new() -> Self {
        Self(Mutex::new((None, None)))
    }

    pub(super) fn put(&self, sender: http1::SendRequest<B>) {
        let waker = {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.0 = Some(sender);
            slot.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn take(&self, cx: &Context<'_>) -> Option<http1::SendRequest<B>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = slot.0.take();
        if sender.is_none() {
            slot.1 = Some(cx.waker().clone());
        }
        sender
    }
}
