//! Where windows of equal length begin and end.

use std::time::Duration;

/// Windows of equal length; one of them begins at the phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// What brings the beginning of a window to a multiple of its length.
    shift: u64,
    pub(super) window: u64,
}

impl Grid {
    pub(super) fn new(phase: Duration, window: u64) -> Self {
        let phase = u64::try_from(phase.as_nanos() % u128::from(window))
            .expect("less than the window, which is a u64");
        Self {
            shift: window - phase,
            window,
        }
    }

    /// The number of the window at `now`, and the time since it began.
    pub(super) fn at(self, now: u64) -> (u64, u64) {
        let shifted = now + self.shift;
        (shifted / self.window, shifted % self.window)
    }
}
