//! The ways in which servers count "N requests per W".
//!
//! Each model is a counter without a clock: it is told the time and answers
//! with its load, in requests × nanoseconds of W, so that every comparison with
//! `N·W` is exact in integers.

mod fixed_window;
mod sliding_counter;
mod sliding_log;
mod token_bucket;
mod window_from_first;

use std::time::Duration;

use self::fixed_window::FixedWindow;
use self::sliding_counter::SlidingCounter;
use self::sliding_log::SlidingLog;
use self::token_bucket::TokenBucket;
use self::window_from_first::WindowFromFirst;

/// How a server counts "N per W".
///
/// A phase says where the server's windows begin: at `phase`, `phase + W`, …
/// after the edge's start. It is taken modulo W.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// A counter that is emptied every W.
    FixedWindow {
        /// Where the windows begin.
        phase: Duration,
    },
    /// `previous · (1 − elapsed / W) + current` over fixed windows: the one
    /// algorithm that Cloudflare has published.
    ///
    /// Source: <https://blog.cloudflare.com/counting-things-a-lot-of-different-things/>.
    SlidingCounter {
        /// Where the windows begin.
        phase: Duration,
    },
    /// The time of every request; those younger than W count.
    SlidingLog,
    /// N tokens, refilled continuously at N per W.
    TokenBucket,
    /// A window of W that begins with the first request after the last one.
    WindowFromFirst,
}

impl Algorithm {
    /// One of each algorithm, with windows that begin at `phase`.
    pub fn all(phase: Duration) -> [Self; 5] {
        [
            Self::FixedWindow { phase },
            Self::SlidingCounter { phase },
            Self::SlidingLog,
            Self::TokenBucket,
            Self::WindowFromFirst,
        ]
    }
}

/// The counter of one client.
#[derive(Debug)]
pub(crate) enum Model {
    FixedWindow(FixedWindow),
    SlidingCounter(SlidingCounter),
    SlidingLog(SlidingLog),
    TokenBucket(TokenBucket),
    WindowFromFirst(WindowFromFirst),
}

impl Model {
    /// A counter of N = `n` per W = `window` nanoseconds that has seen nothing.
    pub(crate) fn new(algorithm: Algorithm, n: u32, window: u64) -> Self {
        match algorithm {
            Algorithm::FixedWindow { phase } => {
                Self::FixedWindow(FixedWindow::new(Grid::new(phase, window)))
            }
            Algorithm::SlidingCounter { phase } => {
                Self::SlidingCounter(SlidingCounter::new(Grid::new(phase, window)))
            }
            Algorithm::SlidingLog => Self::SlidingLog(SlidingLog::new(window)),
            Algorithm::TokenBucket => Self::TokenBucket(TokenBucket::new(n, window)),
            Algorithm::WindowFromFirst => Self::WindowFromFirst(WindowFromFirst::new(window)),
        }
    }

    /// The load at `now` with one more request, in requests × nanoseconds.
    ///
    /// `now` is in nanoseconds and never goes back.
    pub(crate) fn load(&mut self, now: u64) -> u128 {
        match self {
            Self::FixedWindow(model) => model.load(now),
            Self::SlidingCounter(model) => model.load(now),
            Self::SlidingLog(model) => model.load(now),
            Self::TokenBucket(model) => model.load(now),
            Self::WindowFromFirst(model) => model.load(now),
        }
    }

    /// Counts one request at `now`.
    pub(crate) fn count(&mut self, now: u64) {
        match self {
            Self::FixedWindow(model) => model.count(now),
            Self::SlidingCounter(model) => model.count(now),
            Self::SlidingLog(model) => model.count(now),
            Self::TokenBucket(model) => model.count(now),
            Self::WindowFromFirst(model) => model.count(now),
        }
    }
}

/// Windows of equal length, one of which begins at the phase.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// What brings the beginning of a window to a multiple of its length.
    shift: u64,
    window: u64,
}

impl Grid {
    fn new(phase: Duration, window: u64) -> Self {
        let phase = u64::try_from(phase.as_nanos() % u128::from(window))
            .expect("less than the window, which is a u64");
        Self {
            shift: window - phase,
            window,
        }
    }

    /// The number of the window at `now`, and the time since it began.
    fn at(self, now: u64) -> (u64, u64) {
        let shifted = now + self.shift;
        (shifted / self.window, shifted % self.window)
    }
}

#[cfg(test)]
mod tests;
