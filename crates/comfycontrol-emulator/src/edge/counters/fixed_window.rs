//! A counter over one fixed window.

use super::grid::Grid;

/// A counter that is emptied every W.
#[derive(Debug)]
pub(crate) struct FixedWindow {
    grid: Grid,
    index: u64,
    current: u128,
}

impl FixedWindow {
    pub(super) fn new(grid: Grid) -> Self {
        Self {
            grid,
            index: 0,
            current: 0,
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        self.advance(now);
        (self.current + 1) * u128::from(self.grid.window)
    }

    pub(super) fn count(&mut self, now: u64) {
        self.advance(now);
        self.current += 1;
    }

    fn advance(&mut self, now: u64) {
        let (index, _) = self.grid.at(now);
        if index != self.index {
            self.index = index;
            self.current = 0;
        }
    }
}
