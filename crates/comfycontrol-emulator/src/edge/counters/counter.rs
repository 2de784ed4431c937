//! One counter for every algorithm.
//!
//! A counter has no clock: it is told the time and returns its load, in requests ×
//! nanoseconds of W, so that every comparison with `N·W` is exact in integers.

use std::time::Duration;

use super::fixed_window::FixedWindow;
use super::grid::Grid;
use super::sliding_counter::SlidingCounter;
use super::sliding_log::SlidingLog;
use super::sub_windows::SubWindows;
use super::token_bucket::TokenBucket;
use super::window_from_first::WindowFromFirst;
use crate::Algorithm;

/// The counter of one client.
#[derive(Debug)]
pub(crate) enum Counter {
    FixedWindow(FixedWindow),
    SlidingCounter(SlidingCounter),
    SlidingLog(SlidingLog),
    SubWindows(SubWindows),
    TokenBucket(TokenBucket),
    WindowFromFirst(WindowFromFirst),
}

impl Counter {
    /// A counter of N = `n` per W = `window` nanoseconds that has seen nothing.
    pub(crate) fn new(algorithm: Algorithm, n: u32, window: u64) -> Self {
        match algorithm {
            Algorithm::CoarseCounter { phase, step } => {
                Self::SlidingCounter(SlidingCounter::new(Grid::new(phase, window), step))
            }
            Algorithm::FixedWindow { phase } => {
                Self::FixedWindow(FixedWindow::new(Grid::new(phase, window)))
            }
            Algorithm::SlidingCounter { phase } => {
                let grid = Grid::new(phase, window);
                Self::SlidingCounter(SlidingCounter::new(grid, Duration::ZERO))
            }
            Algorithm::SlidingLog => Self::SlidingLog(SlidingLog::new(window)),
            Algorithm::SubWindows { phase, count } => {
                Self::SubWindows(SubWindows::new(phase, count, window))
            }
            Algorithm::TokenBucket => Self::TokenBucket(TokenBucket::new(n, window)),
            Algorithm::WindowFromFirst => Self::WindowFromFirst(WindowFromFirst::new(window)),
        }
    }

    /// The load at `now` with one more request, in requests × nanoseconds.
    ///
    /// `now` is in nanoseconds and never goes back.
    pub(crate) fn load(&mut self, now: u64) -> u128 {
        match self {
            Self::FixedWindow(counter) => counter.load(now),
            Self::SlidingCounter(counter) => counter.load(now),
            Self::SlidingLog(counter) => counter.load(now),
            Self::SubWindows(counter) => counter.load(now),
            Self::TokenBucket(counter) => counter.load(now),
            Self::WindowFromFirst(counter) => counter.load(now),
        }
    }

    /// Counts one request at `now`.
    pub(crate) fn count(&mut self, now: u64) {
        match self {
            Self::FixedWindow(counter) => counter.count(now),
            Self::SlidingCounter(counter) => counter.count(now),
            Self::SlidingLog(counter) => counter.count(now),
            Self::SubWindows(counter) => counter.count(now),
            Self::TokenBucket(counter) => counter.count(now),
            Self::WindowFromFirst(counter) => counter.count(now),
        }
    }
}
