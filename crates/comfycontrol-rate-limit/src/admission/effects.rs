use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakers to be dealt with once no lock is held: both waking and dropping one may run anything.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Nearly always there is one at most, for which nothing is allocated.
    first: Option<Waker>,
    more: Vec<Waker>,
    discard: Option<Waker>,
}

impl Effects {
    pub(super) fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        for waker in wakers {
            match &self.first {
                None => self.first = Some(waker),
                Some(_) => self.more.push(waker),
            }
        }
    }

    /// One event has one waker to let go of at most.
    pub(super) fn discard(&mut self, waker: impl Into<Option<Waker>>) {
        let earlier = waker.into().and_then(|waker| self.discard.replace(waker));
        debug_assert!(earlier.is_none());
    }

    /// Wakes all, even if one waker panics: the others must not sleep on for that.
    pub(crate) fn apply(self) {
        let Some(first) = self.first else {
            return;
        };
        let mut panicked = None;
        for waker in std::iter::once(first).chain(self.more) {
            let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            panicked = panicked.or(woken.err());
        }
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }
}
