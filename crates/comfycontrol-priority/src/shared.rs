//! The turns behind one short lock. Nothing is woken, and no waker dropped, while it is held.

use std::fmt;
use std::task::Waker;

use comfycontrol_rate_limit::Limiter;
use parking_lot::Mutex;

use crate::clock;
use crate::turns::{Bounds, Turns};

pub(crate) struct Shared {
    limiter: Limiter,
    turns: Mutex<Turns>,
}

impl Shared {
    pub(crate) fn new(limiter: Limiter, bounds: Bounds) -> Self {
        let turns = Mutex::new(Turns::new(bounds));
        Self { limiter, turns }
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Turns) -> T) -> T {
        action(&mut self.turns.lock())
    }

    /// Does something that may give another call its turn.
    pub(crate) fn wake(&self, action: impl FnOnce(&mut Turns) -> Option<Waker>) {
        if let Some(waker) = self.with(action) {
            waker.wake();
        }
    }

    /// Lets the next call in if those at the limiter do not come for the slots that there are: a
    /// task that does not poll its call keeps no other waiting.
    pub(crate) fn overtake_idle(&self) {
        let now = clock::now();
        if self.with(|turns| turns.is_slow(now)) && self.limiter.snapshot().free() > 0 {
            self.wake(|turns| turns.admit(now));
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityLimiter")
            .field("limiter", &self.limiter)
            .field("queued", &self.with(|turns| turns.order().len()))
            .finish_non_exhaustive()
    }
}
