//! How quickly one process comes when it is its turn.

use crate::ledger::terms::{Terms, micros};

/// The longest that it took lately, in nanoseconds: to wake, or for the store to answer.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<u64>);

impl Pace {
    /// It took that long once more.
    pub(super) fn took(&mut self, nanos: u64) {
        let before = self.0.unwrap_or(0);
        self.0 = Some(nanos.max(before - before / 8));
    }

    /// How long others are to wait for it: for a wake and two trips, and as long as is fair at
    /// most.
    pub(super) fn patience(&self, terms: &Terms) -> u32 {
        let usual = self.0.map(|nanos| MARGIN + 3 * micros(nanos));
        let patience = usual.unwrap_or(u64::MAX).min(terms.grace());
        u32::try_from(patience).unwrap_or(u32::MAX)
    }
}

/// Timers ring up to a millisecond late.
const MARGIN: u64 = 1_000;
