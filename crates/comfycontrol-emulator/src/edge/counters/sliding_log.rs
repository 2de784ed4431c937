//! A counter that keeps every time.

use std::collections::VecDeque;

/// The time of every request; those younger than W count.
#[derive(Debug)]
pub(crate) struct SlidingLog {
    window: u64,
    log: VecDeque<u64>,
}

impl SlidingLog {
    pub(super) fn new(window: u64) -> Self {
        Self {
            window,
            log: VecDeque::new(),
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        self.prune(now);
        (self.log.len() as u128 + 1) * u128::from(self.window)
    }

    pub(super) fn count(&mut self, now: u64) {
        self.prune(now);
        self.log.push_back(now);
    }

    fn prune(&mut self, now: u64) {
        while self.log.front().is_some_and(|at| now - at >= self.window) {
            self.log.pop_front();
        }
    }
}
