use std::fmt;
use std::sync::Arc;

use comfycontrol_rate_limit::Limiter;

use crate::layer::PriorityLimitLayer;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::turns::Bounds;

/// Decides which call is next at a [`Limiter`]: the urgent first, keys in turn, and none waits for
/// ever.
///
/// Clones are handles to one order. One limiter needs one of these. Calls that reach the limiter
/// without it wait in its own queue, before the next of these.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone)]
pub struct PriorityLimiter {
    shared: Arc<Shared>,
}

impl PriorityLimiter {
    /// Orders the calls in front of `limiter`, with the defaults of the [builder](Self::builder).
    pub fn new(limiter: Limiter) -> Self {
        Self::builder(limiter).build()
    }

    /// Starts building an order for the calls in front of `limiter`.
    pub fn builder(limiter: Limiter) -> PriorityLimiterBuilder {
        PriorityLimiterBuilder {
            limiter,
            bounds: Bounds {
                share: 10,
                queued: usize::MAX,
                queued_by_key: usize::MAX,
            },
        }
    }

    /// Creates a layer that stands in the place of the limiter's own.
    pub fn layer(&self) -> PriorityLimitLayer {
        PriorityLimitLayer::new(self.shared.clone())
    }

    /// The limiter that grants the slots.
    pub fn limiter(&self) -> &Limiter {
        self.shared.limiter()
    }

    /// The calls that wait now. Takes a time that grows with the number of keys that wait.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of(usize::MAX)
    }

    /// As [`snapshot`](Self::snapshot), with the first `lines` [lines](Snapshot::lines) at most:
    /// takes a time that does not grow with the number of keys.
    pub fn snapshot_of(&self, lines: usize) -> Snapshot {
        self.shared.with(|turns| Snapshot::of(turns, lines))
    }
}

impl fmt::Debug for PriorityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

/// Builds a [`PriorityLimiter`]: how turns are shared, and how many calls may wait.
#[derive(Clone, Debug)]
#[must_use]
pub struct PriorityLimiterBuilder {
    limiter: Limiter,
    bounds: Bounds,
}

impl PriorityLimiterBuilder {
    /// Gives each urgency in which a call waits at least one turn in `turns`, 10 by default; 0
    /// counts as 1. Where `n` urgencies are due at once, it is one in `turns + n - 1`.
    pub fn share(mut self, turns: u32) -> Self {
        self.bounds.share = turns;
        self
    }

    /// Rejects a call when as many wait already; by default none is.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.bounds.queued = calls;
        self
    }

    /// Rejects a call when as many of its key wait already, of any urgency; by default none
    /// is. Those without a key count as one.
    pub fn max_queued_by_key(mut self, calls: usize) -> Self {
        self.bounds.queued_by_key = calls;
        self
    }

    /// Builds the limiter, with no call waiting.
    pub fn build(self) -> PriorityLimiter {
        PriorityLimiter {
            shared: Arc::new(Shared::new(self.limiter, self.bounds)),
        }
    }
}
