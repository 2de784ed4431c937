use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::task::Waker;

use slab::Slab;

/// The tasks that wait for one event. Removing one is O(1) and leaves nothing behind.
///
/// Wakers are user code: none is cloned, dropped or woken in here, except by
/// [`wake_all`](Self::wake_all). So all else may run under a lock.
#[derive(Default)]
pub(super) struct Waiters {
    tasks: Slab<Waker>,
}

impl Waiters {
    /// Puts `waker` into `slot`, a new one if there is none yet, and returns what was there.
    pub(super) fn put(&mut self, slot: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        match *slot {
            Some(slot) => Some(mem::replace(&mut self.tasks[slot], waker)),
            None => {
                *slot = Some(self.tasks.insert(waker));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Waker> {
        self.tasks.try_remove(slot)
    }

    pub(super) fn wake_all(self) {
        for (_, waker) in self.tasks {
            // One that panics must not cost the others their wake-up. The hook has told of it.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use comfycontrol_test::{PanickingWaker, WakeCounter};

    use super::*;

    #[test]
    fn a_waker_that_panics_does_not_cost_the_others_their_wake_up() {
        let woken = Arc::new(WakeCounter::default());
        let mut waiters = Waiters::default();
        for waker in [
            woken.clone().into(),
            Arc::new(PanickingWaker).into(),
            woken.clone().into(),
        ] {
            waiters.put(&mut None, waker);
        }
        waiters.wake_all();
        assert_eq!(woken.count(), 2);
    }
}
