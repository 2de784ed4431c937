use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakers to be dealt with once no lock is held: both waking and dropping one may run anything.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(super) wake: Vec<Waker>,
    discard: Option<Waker>,
}

impl Effects {
    /// One event has one waker to let go of at most.
    pub(super) fn discard(&mut self, waker: impl Into<Option<Waker>>) {
        let earlier = waker.into().and_then(|waker| self.discard.replace(waker));
        debug_assert!(earlier.is_none());
    }

    /// Wakes all, even if one waker panics: the others must not sleep on for that.
    pub(crate) fn apply(self) {
        let mut panicked = None;
        for waker in self.wake {
            let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            panicked = panicked.or(woken.err());
        }
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }
}
