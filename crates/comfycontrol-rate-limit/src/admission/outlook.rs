//! When a call that waits is served if nobody before it gives up: what the rule does is done on a copy of
//! the account, once for each call before, and for more than a few windows of them by what repeats.

use crate::account::Account;

/// What one call that waits has before it.
#[derive(Debug)]
pub(crate) struct Outlook {
    /// How many calls.
    pub(crate) ahead: usize,
    pub(super) account: Account,
    /// Nobody is served before.
    pub(super) start: u64,
    /// How long a request is on its way, to the best of our knowledge.
    pub(super) latency: u64,
}

impl Outlook {
    pub(crate) fn earliest(mut self) -> u64 {
        let limit = self.account.limit() as usize;
        let steps = self.ahead.min(MAX_STEPS.min(4 * limit.max(16)));
        self.account.stamp_all(self.start + self.latency);
        let mut grants = Vec::with_capacity(steps + 1);
        let mut at = self.start;
        while grants.len() <= steps {
            // All is stamped, so the instant is known.
            if let Err(Some(later)) = self.account.check(at) {
                at = at.max(later);
            }
            grants.push(at);
            self.account.take();
            self.account.stamp(at + self.latency);
        }
        // Sooner or later all repeats with each quota.
        let period = limit.min(steps / 2).max(1);
        let more = (self.ahead - steps).div_ceil(period);
        let like = self.ahead - more * period;
        let each = at - grants[steps.saturating_sub(period)];
        grants[like] + more as u64 * each
    }
}

/// How many calls are looked at one by one at most.
const MAX_STEPS: usize = 4_000;
