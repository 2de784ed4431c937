//! How the shared state looks from outside, to followers of a call, and in print.

use std::fmt;

use super::shared::Shared;
use crate::Snapshot;
use crate::progress::{Source, Tracker, Waiting};
use crate::queue::{Spot, Ticket, Turn};

impl Shared {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.now();
        self.with(|state| state.snapshot(now, |nanos| self.instant(nanos)))
    }

    /// Has a call followed that waits there.
    pub(crate) fn track(&self, tracker: &Tracker, ticket: &Ticket) {
        let (spot, prospect) = self.with(|state| (state.spot(ticket), state.prospect()));
        tracker.waits(self.this.clone(), spot, prospect, &self.watchers);
    }
}

impl Source for Shared {
    fn waiting(&self, spot: Spot) -> Option<Waiting> {
        let now = self.now();
        let (turn, prospect) = self.with(|state| (state.turn(spot), state.prospect()));
        let (ahead, earliest) = match turn? {
            Turn::Now => (0, now),
            Turn::After(ahead) => {
                let outlook = || self.with(|state| state.outlook(now));
                let earliest = self.watchers.earliest(now, ahead, prospect, outlook);
                (ahead, earliest)
            }
        };
        let earliest = self.instant(earliest);
        Some(Waiting { ahead, earliest })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.snapshot();
        f.debug_struct("Limiter")
            .field("limit", &seen.limit())
            .field("free", &seen.free())
            .field("in_flight", &seen.in_flight())
            .field("queued", &seen.queued())
            .finish_non_exhaustive()
    }
}
