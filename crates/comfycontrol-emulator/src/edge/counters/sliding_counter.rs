//! A counter over two fixed windows.

use std::time::Duration;

use super::grid::Grid;

/// Two fixed windows, the previous one weighted by how much of it still overlaps.
#[derive(Debug)]
pub(crate) struct SlidingCounter {
    grid: Grid,
    /// The elapsed part of a window is known in multiples of this, in nanoseconds.
    step: u64,
    index: u64,
    previous: u128,
    current: u128,
}

impl SlidingCounter {
    pub(super) fn new(grid: Grid, step: Duration) -> Self {
        // No step is longer than the window, since none would be over before its end.
        let step = step.as_nanos().min(u128::from(grid.window));
        Self {
            grid,
            step: u64::try_from(step).expect("at most the window").max(1),
            index: 0,
            previous: 0,
            current: 0,
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        let elapsed = self.advance(now);
        let elapsed = elapsed - elapsed % self.step;
        let window = self.grid.window;
        self.previous * u128::from(window - elapsed) + (self.current + 1) * u128::from(window)
    }

    pub(super) fn count(&mut self, now: u64) {
        self.advance(now);
        self.current += 1;
    }

    /// Moves on to the window of `now` and returns the time since it began.
    fn advance(&mut self, now: u64) -> u64 {
        let (index, elapsed) = self.grid.at(now);
        if index != self.index {
            self.previous = if index == self.index + 1 {
                self.current
            } else {
                0
            };
            self.current = 0;
            self.index = index;
        }
        elapsed
    }
}
