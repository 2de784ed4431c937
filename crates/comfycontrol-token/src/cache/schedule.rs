//! When a request may go, and when the source is read.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Cache, Known, Lent, Notice};
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
    /// The present token, if it has no date; for tokens put in by hand.
    pub(crate) fn lend_undated(&self) -> Option<Lent> {
        match &self.current {
            Some(current) if current.token.expires_at().is_none() => Some(current.lend()),
            _ => None,
        }
    }

    /// The present token, if there is nothing to think about.
    pub(crate) fn lend(&self, now: Instant) -> Option<Lent> {
        match (&self.current, self.next_look) {
            (Some(current), Some(look)) if now < look && !current.waits_for_source() => {
                Some(current.lend())
            }
            _ => None,
        }
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
            Some(current) if current.expires_soon => self.interval.min(TAKEOVER_INTERVAL),
            Some(_) => self.interval,
            None => SHORTEST_INTERVAL,
        }
    }

    fn is_due(&self, now: Instant, wait: Duration) -> bool {
        self.current.as_ref().is_some_and(Known::is_unasked)
            || self
                .last_read
                .is_none_or(|at| now.saturating_duration_since(at) >= wait)
    }
}

/// How often a slow source is read in that time.
const TAKEOVER_INTERVAL: Duration = Duration::from_secs(10);
