//! How the shared state looks to followers of a call, and in print.

use std::fmt;

use super::shared::Shared;
use crate::progress::{Source, Waiting};
use crate::queue::{Spot, Turn};

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
