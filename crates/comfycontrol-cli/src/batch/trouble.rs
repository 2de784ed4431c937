//! How long what fails for all rows, such as the network, is tried again: no I/O.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that are no row's own.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    since: Option<Instant>,
    until: Option<Instant>,
    pause: Duration,
}

impl Trouble {
    /// It was met once more; whether it has lasted too long.
    #[must_use]
    pub(crate) fn met(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        // Calls that were under way at the same time fail at the same time.
        if !self.pauses(now) {
            self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST);
            self.until = Some(now + self.pause);
        }
        now.saturating_duration_since(since) >= GIVE_UP_AFTER
    }

    /// Something has gone well.
    pub(crate) fn over(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing new is begun now.
    pub(crate) fn pauses(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);
const GIVE_UP_AFTER: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn an_outage_is_waited_out_for_ten_minutes_with_growing_pauses() {
        let start = Instant::now();
        let mut trouble = Trouble::default();
        assert!(!trouble.pauses(start));
        let (mut now, mut met) = (start, 0);
        while !trouble.met(now) {
            // The others that were under way.
            assert!(!trouble.met(now));
            met += 1;
            while trouble.pauses(now) {
                now += Duration::from_secs(1);
            }
        }
        assert!((10..20).contains(&met), "{met}");
        assert!((600..660).contains(&(now - start).as_secs()));
        trouble.over();
        assert!(!trouble.pauses(now) && !trouble.met(now));
    }
}
