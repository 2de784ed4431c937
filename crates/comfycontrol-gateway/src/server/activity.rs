use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock;

/// Whether there are calls on a connection, and since when there are none.
#[derive(Clone, Debug)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    calls: usize,
    idle_since: Instant,
    is_new: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        let state = State {
            calls: 0,
            idle_since: clock::now(),
            is_new: true,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A call begins; it lasts until what this gives is dropped.
    pub(super) fn begin(&self) -> Busy {
        let mut state = self.0.lock();
        state.calls += 1;
        state.is_new = false;
        Busy(self.clone())
    }

    /// Since when there is no call; `None` if there is one.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.0.lock();
        (state.calls == 0).then_some(state.idle_since)
    }

    /// Whether there has been no call yet.
    pub(super) fn is_new(&self) -> bool {
        self.0.lock().is_new
    }
}

#[derive(Debug)]
pub(super) struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.calls -= 1;
        state.idle_since = clock::now();
    }
}
