//! What is done manually, and where a clock has stopped.

use tokio::runtime;

use super::{Admission, Effects};

impl Admission {
    /// Lets nothing leave until then.
    pub(crate) fn pause(&mut self, now: u64, until: u64, effects: &mut Effects) {
        self.slots.pause(now, until);
        self.run(now, effects);
    }

    pub(crate) fn set_quota(&mut self, now: u64, limit: u32, window: u64, effects: &mut Effects) {
        self.slots.set_quota(limit, window);
        self.run(now, effects);
    }

    /// All calls that wait in `one_of` some runtimes, to be woken because the clock there has
    /// stopped.
    pub(crate) fn wake_all(
        &mut self,
        one_of: impl Fn(Option<runtime::Id>) -> bool,
        effects: &mut Effects,
    ) {
        effects.wake(self.queue.take_wakers(one_of));
    }
}
