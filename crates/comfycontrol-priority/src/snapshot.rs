use crate::priority::Priority;
use crate::turns::Turns;

/// The calls that waited for a turn at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snapshot {
    queued: usize,
    lines: Vec<(Priority, usize)>,
    rejected: u64,
}

impl Snapshot {
    pub(crate) fn of(turns: &Turns, lines: usize) -> Self {
        Self {
            queued: turns.order().len(),
            lines: turns.order().lines().take(lines).collect(),
            rejected: turns.rejected(),
        }
    }

    /// How many calls wait for their turn. One more may wait in the limiter's queue.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many calls wait of each urgency and key, the most urgent first and then by key.
    pub fn lines(&self) -> &[(Priority, usize)] {
        &self.lines
    }

    /// Counter: calls that were rejected before they had their turn.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}
