//! The ways to count "N requests per W", by name.

use std::time::Duration;

/// How the limit counts requests: one of the ways in which servers count "N per W".
///
/// A phase says where the server's windows begin: at `phase`, `phase + W`, …
/// after the edge's start. It is taken modulo W.
///
/// Two of the ways count some requests for longer than W: `CoarseCounter` by up to a step,
/// `SubWindows` by up to a sub-window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// As [`SlidingCounter`](Self::SlidingCounter), but `elapsed` is known in whole steps
    /// only, rounded down.
    ///
    /// The previous window weighs more than it should until the next step. With a step
    /// of zero it is a `SlidingCounter`.
    CoarseCounter {
        /// Where the windows begin.
        phase: Duration,
        /// How coarse the elapsed time is.
        step: Duration,
    },
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
    /// The window cut into equal sub-windows, each with a count of its own: the current one, those
    /// before it that fit into W, and the oldest weighted as in
    /// [`SlidingCounter`](Self::SlidingCounter) by how much of it still overlaps.
    ///
    /// A sub-window is W / `count` long, rounded up to whole nanoseconds. With a count of 1, for
    /// which 0 is taken too, it is a `SlidingCounter`.
    SubWindows {
        /// Where the sub-windows begin.
        phase: Duration,
        /// How many sub-windows W is cut into.
        count: u32,
    },
    /// N tokens, refilled continuously at N per W.
    TokenBucket,
    /// A window of W that begins with the first request after the last one.
    WindowFromFirst,
}

impl Algorithm {
    /// One of each algorithm, with windows that begin at `phase`, a step of 1 s and three
    /// sub-windows.
    pub fn all(phase: Duration) -> [Self; 7] {
        [
            Self::CoarseCounter {
                phase,
                step: Duration::from_secs(1),
            },
            Self::FixedWindow { phase },
            Self::SlidingCounter { phase },
            Self::SlidingLog,
            Self::SubWindows { phase, count: 3 },
            Self::TokenBucket,
            Self::WindowFromFirst,
        ]
    }
}
