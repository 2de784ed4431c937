//! The least that holds a slot from the request to one window after the response.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::measure::tokio_now;

/// A ring of the times at which requests ended, behind one lock that is taken twice a request.
#[derive(Debug)]
pub(super) struct Ring {
    epoch: Instant,
    limit: usize,
    window: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ended: VecDeque<u64>,
    under_way: usize,
}

impl Ring {
    /// `limit` requests in `window` nanoseconds.
    pub(super) fn new(limit: usize, window: u64) -> Self {
        Self {
            epoch: tokio_now(),
            limit,
            window,
            state: Mutex::new(State {
                ended: VecDeque::with_capacity(limit),
                under_way: 0,
            }),
        }
    }

    /// Takes a slot, if there is one.
    pub(super) fn take(&self) -> bool {
        let now = self.now();
        let mut state = self.state.lock();
        while state
            .ended
            .front()
            .is_some_and(|at| at + self.window <= now)
        {
            state.ended.pop_front();
        }
        let free = state.ended.len() + state.under_way < self.limit;
        state.under_way += usize::from(free);
        free
    }

    /// The request has ended.
    pub(super) fn settle(&self) {
        let now = self.now();
        let mut state = self.state.lock();
        state.under_way -= 1;
        state.ended.push_back(now);
    }

    fn now(&self) -> u64 {
        let passed = tokio_now().saturating_duration_since(self.epoch);
        passed.as_secs() * 1_000_000_000 + u64::from(passed.subsec_nanos())
    }
}
