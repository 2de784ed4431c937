//! All that is kept of calls that have ended: of one size, however many there are. Pure.

use std::time::Duration;

use comfycontrol_core::Escaped;
use tokio::time::Instant;

use crate::callers::Callers;
use crate::finished_call::FinishedCall;
use crate::histogram::Histogram;
use crate::history::{Counts, History};
use crate::outcome::Class;

#[derive(Clone, Debug)]
pub(crate) struct Records {
    /// Seconds are counted from then on.
    start: Instant,
    history: History,
    callers: Callers,
    wait: Histogram,
    duration: Histogram,
}

impl Records {
    /// How many callers are known by name.
    const CALLERS: usize = 64;

    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            history: History::new(),
            callers: Callers::new(Self::CALLERS),
            wait: Histogram::default(),
            duration: Histogram::default(),
        }
    }

    pub(crate) fn add(&mut self, now: Instant, call: FinishedCall<'_>) {
        let class = Class::of(call.outcome);
        self.history.add(self.second(now), class);
        if let Some(caller) = call.caller {
            self.callers.add(&shown(caller), class);
        }
        if let Some(wait) = call.wait {
            self.wait.add(wait);
        }
        if let Some(duration) = call.duration {
            self.duration.add(duration);
        }
    }

    /// The seconds from `since` on: the number of the first, and their counts.
    pub(crate) fn since(&mut self, now: Instant, since: u64) -> (u64, Vec<Counts>) {
        let now = self.second(now);
        self.history.since(now, since)
    }

    pub(crate) fn totals(&self) -> [u64; Class::COUNT] {
        self.history.totals()
    }

    pub(crate) fn callers(&self) -> &Callers {
        &self.callers
    }

    pub(crate) fn wait(&self) -> &Histogram {
        &self.wait
    }

    pub(crate) fn duration(&self) -> &Histogram {
        &self.duration
    }

    fn second(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.start);
        since.min(Duration::from_secs(u64::MAX / 2)).as_secs()
    }
}

/// A caller's name as it is kept and shown: of bounded length, with nothing in it that steers what
/// shows it, and no token.
pub(crate) fn shown(caller: &str) -> String {
    Escaped::single_spaced(caller, 48).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use comfycontrol_test::now;

    #[test]
    fn a_callers_name_is_short_and_shows_no_token() {
        let name = format!("cfc_abc123 \u{1b}[31m{}", "x".repeat(1_000));
        let mut records = Records::new(now());
        records.add(now(), FinishedCall::new(Outcome::Failed).with_caller(&name));
        let callers = records.callers().known();
        let (shown, _) = callers[0];
        assert!(shown.starts_with("cfc_*** \\u{1b}[31mxxx"), "{shown}");
        assert_eq!(shown.chars().count(), 49);
    }
}
