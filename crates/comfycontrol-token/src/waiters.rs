use std::panic::{self, AssertUnwindSafe};
use std::task::Waker;

/// The tasks that wait for one event. Removing one is O(1) and leaves nothing behind.
///
/// Wakers are user code: none is cloned, dropped or woken in here, but for [`wake_all`](Self::wake_all), so that all
/// else may run under a lock.
#[derive(Default)]
pub(crate) struct Waiters {
    slots: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Waiters {
    /// Puts `waker` into `slot`, a new one if there is none yet, and returns what was there.
    pub(crate) fn put(&mut self, slot: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        let slot = *slot.get_or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.slots.push(None);
                self.slots.len() - 1
            })
        });
        self.slots[slot].replace(waker)
    }

    pub(crate) fn remove(&mut self, slot: usize) -> Option<Waker> {
        self.free.push(slot);
        self.slots[slot].take()
    }

    pub(crate) fn wake_all(self) {
        for waker in self.slots.into_iter().flatten() {
            // One that panics must not cost the others their wake-up. The hook has told of it.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    use super::*;

    #[test]
    fn a_waker_that_panics_does_not_cost_the_others_their_wake_up() {
        let woken = Arc::new(Task::default());
        let mut waiters = Waiters::default();
        for waker in [
            woken.clone().into(),
            Arc::new(Broken).into(),
            woken.clone().into(),
        ] {
            waiters.put(&mut None, waker);
        }
        waiters.wake_all();
        assert_eq!(woken.0.load(SeqCst), 2);
    }

    // === support ===

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    struct Broken;

    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
}
