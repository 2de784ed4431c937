use std::collections::VecDeque;
use std::task::Waker;

/// Wakers to be dealt with once no lock is held: both waking and dropping one may run anything.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(super) wake: VecDeque<Waker>,
    pub(super) discard: Vec<Waker>,
}

impl Effects {
    pub(crate) fn apply(mut self) {
        self.wake_all();
    }

    fn wake_all(&mut self) {
        while let Some(waker) = self.wake.pop_front() {
            waker.wake();
        }
    }
}

impl Drop for Effects {
    fn drop(&mut self) {
        // One waker that panics must not keep the others asleep.
        self.wake_all();
    }
}
