use std::task::Waker;

/// The tasks that wait for one event. Removing one is O(1) and leaves nothing behind.
///
/// Wakers are user code: none is cloned, dropped or woken in here, so that all of it may run under a lock.
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
        self.slots.into_iter().flatten().for_each(Waker::wake);
    }
}
