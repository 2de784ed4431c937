//! A counter over the sub-windows of a window.

use std::collections::VecDeque;
use std::time::Duration;

use super::grid::Grid;

/// Sub-windows with a count each, the oldest weighted by how much of it still overlaps.
#[derive(Debug)]
pub(crate) struct SubWindows {
    /// Of the sub-windows.
    grid: Grid,
    window: u64,
    /// How many sub-windows are a window.
    many: u64,
    /// Number and count of each sub-window that is not empty and not too old.
    counts: VecDeque<(u64, u128)>,
}

impl SubWindows {
    pub(super) fn new(phase: Duration, many: u32, window: u64) -> Self {
        let many = u64::from(many.max(1));
        Self {
            grid: Grid::new(phase, window.div_ceil(many)),
            window,
            many,
            counts: VecDeque::new(),
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        let (index, elapsed) = self.advance(now);
        let (mut oldest, mut others) = (0, 0);
        for &(at, count) in &self.counts {
            if at + self.many == index {
                oldest = count;
            } else {
                others += count;
            }
        }
        let (length, window) = (self.grid.window, u128::from(self.window));
        let overlapping = oldest * window * u128::from(length - elapsed);
        overlapping.div_ceil(length.into()) + (others + 1) * window
    }

    pub(super) fn count(&mut self, now: u64) {
        let (index, _) = self.advance(now);
        match self.counts.back_mut() {
            Some((at, count)) if *at == index => *count += 1,
            _ => self.counts.push_back((index, 1)),
        }
    }

    /// Forgets what no longer overlaps; returns the sub-window of `now` and the time since it
    /// began.
    fn advance(&mut self, now: u64) -> (u64, u64) {
        let (index, elapsed) = self.grid.at(now);
        let too_old = |(at, _): &(u64, u128)| at + self.many < index;
        while self.counts.front().is_some_and(too_old) {
            self.counts.pop_front();
        }
        (index, elapsed)
    }
}
