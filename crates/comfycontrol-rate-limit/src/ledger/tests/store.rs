//! A store in the simulation: a register with a clock that drifts, steps and starts again.

use std::time::Duration;

use crate::{Reading, Record, Replaced, StoreTime, Version};

#[derive(Debug)]
pub(super) struct Register {
    pub(super) record: Option<Record>,
    pub(super) instance: u128,
    /// When it was started, in true microseconds.
    pub(super) started: u64,
    /// How far its clock is from the true time.
    pub(super) offset: i64,
    /// How many parts in a million it goes too fast.
    pub(super) drift: i64,
}

impl Register {
    pub(super) fn read(&self, now: u64) -> Reading {
        Reading::new(self.record.clone(), self.time(now))
    }

    pub(super) fn replace(&mut self, now: u64, seen: Option<Version>, record: Record) -> Replaced {
        if self.record.as_ref().map(|record| record.version) != seen {
            return Replaced::Lost(self.read(now));
        }
        self.record = Some(record);
        Replaced::Won(Some(self.time(now)))
    }

    fn time(&self, now: u64) -> StoreTime {
        let drifted = now.cast_signed() / 1_000 * self.drift / 1_000;
        let micros = now.saturating_add_signed(self.offset + drifted);
        let uptime = Duration::from_micros(now - self.started);
        StoreTime::new(micros, self.instance, uptime)
    }
}
