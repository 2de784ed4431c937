//! When a request may go, and when the source is read.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Asked, Cache, Known, Lent, Notice};
use crate::source::SHORTEST_INTERVAL;

/// What to do with a request.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Advice {
    /// Send it with the present token.
    Go,
    /// The same, and read the source meanwhile.
    GoAndRead,
    /// There is no token, nor can there be one yet.
    Nothing,
    /// Wait for the reading under way, or start one and wait for that.
    Wait,
}

impl Cache {
    /// Whether [`lend`](Self::lend) has to know the time.
    pub(crate) fn needs_clock(&self) -> bool {
        self.has_source
            || self
                .present()
                .is_some_and(|token| token.expires_at().is_some())
    }

    /// The hot path: the present token, if there is nothing to think about.
    ///
    /// `now` may be left out where [`needs_clock`](Self::needs_clock) says so.
    pub(crate) fn lend(&self, now: Option<Instant>) -> Option<Lent> {
        let current = self.current.as_ref()?;
        let quiet = match now {
            Some(now) => {
                !current.waits_for_source() && self.next_look.is_some_and(|look| now < look)
            }
            None => !self.needs_clock(),
        };
        quiet.then(|| current.lend())
    }

    /// Decides on a request that [`lend`](Self::lend) could not serve.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        wall: SystemTime,
        reading: bool,
    ) -> (Advice, Option<Notice>) {
        let notice = self.assess_expiry(wall);
        let wait = self.time_between_readings();
        let due = self.has_source && self.is_due(now, wait);
        let soon = now + SHORTEST_INTERVAL;
        self.next_look = Some(match self.last_read {
            Some(at) if !due => soon.min(at + wait),
            _ => soon,
        });
        let waits = self.current.as_ref().is_none_or(Known::waits_for_source);
        let advice = match &self.current {
            _ if waits && (due || reading) => Advice::Wait,
            Some(_) if due && !reading => Advice::GoAndRead,
            Some(_) => Advice::Go,
            None => Advice::Nothing,
        };
        (advice, notice)
    }

    fn time_between_readings(&self) -> Duration {
        match &self.current {
            Some(current) if current.rejected.is_some() => SHORTEST_INTERVAL,
            Some(current) if current.expires_soon => self.interval.min(TAKEOVER_INTERVAL),
            Some(_) => self.interval,
            None => SHORTEST_INTERVAL,
        }
    }

    pub(super) fn is_due(&self, now: Instant, wait: Duration) -> bool {
        let unasked = |current: &Known| {
            current.rejected == Some(Asked::No) || current.expired == Some(Asked::No)
        };
        self.current.as_ref().is_some_and(unasked)
            || self
                .last_read
                .is_none_or(|at| now.saturating_duration_since(at) >= wait)
    }
}

/// How often a slow source is read in that time.
const TAKEOVER_INTERVAL: Duration = Duration::from_secs(10);
