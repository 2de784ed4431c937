use std::time::Duration;

use crate::epoch::nanos;

/// The settings, in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Settings {
    pub(crate) cooldown: u64,
    pub(crate) cooldown_margin: u64,
    pub(crate) count_lag: u64,
    pub(crate) linger: u64,
    pub(crate) max_cooldown: u64,
    pub(crate) max_hold: Option<u64>,
    pub(crate) max_queued: usize,
    pub(crate) max_transit: Option<u64>,
    pub(crate) max_wait: Option<u64>,
}

impl Settings {
    /// The earlier of a call's own deadline and the longest wait from now on.
    pub(super) fn deadline(&self, now: u64, own: Option<u64>) -> Option<u64> {
        let longest = self.max_wait.map(|wait| now.saturating_add(wait));
        [own, longest].into_iter().flatten().min()
    }

    /// With how many requests to remember a slot is free whatever the time: none if we must know
    /// since when it is held.
    pub(super) fn timeless(&self, limit: u64) -> u64 {
        if self.max_hold.is_none() { limit } else { 0 }
    }

    /// How long nothing is sent after a throttled response that `asked` for so long a wait.
    pub(crate) fn pause(&self, asked: Option<Duration>, strikes: u32) -> u64 {
        let asked = asked.map_or(0, |asked| nanos(asked).min(self.max_cooldown));
        let base = self.cooldown.max(asked);
        let longer = base.saturating_mul(1 << strikes.min(16));
        longer.min(self.max_cooldown.max(base)) + self.cooldown_margin
    }
}
