//! When the list of runs is read, which costs a request for a hundred of them: no I/O.

use std::time::Duration;

use tokio::time::Instant;

/// Reads the list where nothing else wants the slot, and now and then where something does.
#[derive(Debug)]
pub(crate) struct Polls {
    /// The time between two slots of the quota.
    slot: Duration,
    last: Option<(Instant, u64)>,
    /// How long a run takes, of those seen last.
    typical: Option<Duration>,
}

impl Polls {
    pub(crate) fn new(slot: Duration) -> Self {
        Self {
            slot,
            last: None,
            typical: None,
        }
    }

    /// Whether the list is to be read now, where so many calls wait for a slot, and so many have
    /// had one.
    pub(crate) fn is_due(&self, now: Instant, queued: usize, granted: u64) -> bool {
        let Some((last, granted_then)) = self.last else {
            return true;
        };
        let passed = now.saturating_duration_since(last);
        match queued {
            0 => passed >= self.pause(),
            // One in so many: what waits behind it hardly waits longer.
            _ => granted.saturating_sub(granted_then) >= SHARE || passed >= self.slot * LONGEST,
        }
    }

    /// The list has been read.
    pub(crate) fn read(&mut self, now: Instant, granted: u64) {
        self.last = Some((now, granted));
    }

    /// A run has taken so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.typical = Some(match self.typical {
            None => time,
            Some(typical) => (typical * 7 + time) / 8,
        });
    }

    fn pause(&self) -> Duration {
        let part = self.typical.unwrap_or_default() / 20;
        part.clamp(self.slot * SHORTEST, self.slot * LONGEST)
    }
}

const SHARE: u64 = 64;
/// In slots: an eighth of the quota at most.
const SHORTEST: u32 = 8;
const LONGEST: u32 = 120;

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Duration = Duration::from_millis(250);

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn idle_slots_are_used_and_busy_ones_hardly() {
        let now = Instant::now();
        let mut polls = Polls::new(SLOT);
        assert!(
            polls.is_due(now, 40, 0),
            "at the start what runs is not known"
        );
        polls.read(now, 10);
        let second = Duration::from_secs(1);
        assert!(!polls.is_due(now + second, 0, 10));
        assert!(polls.is_due(now + 2 * second, 0, 10));
        // While others wait.
        assert!(!polls.is_due(now + 16 * second, 3, 73));
        assert!(polls.is_due(now + 16 * second, 3, 74));
        assert!(polls.is_due(now + 30 * second, 3, 10));
        // Runs of minutes are asked for less often.
        polls.took(200 * second);
        assert!(!polls.is_due(now + 9 * second, 0, 10));
        assert!(polls.is_due(now + 10 * second, 0, 10));
        for _ in 0..100 {
            polls.took(20_000 * second);
        }
        assert!(polls.is_due(now + 30 * second, 0, 10));
    }
}
