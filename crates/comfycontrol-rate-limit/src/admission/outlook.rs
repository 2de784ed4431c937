//! When the waiting calls are served if none gives up. The rule runs on a copy of the account, once
//! for each call. Beyond a few windows of calls, it extends what repeats.

use crate::account::Account;

/// What waiting calls may expect, one after the other.
#[derive(Debug)]
pub(crate) struct Outlook {
    account: Account,
    /// How long a request is on its way, to the best of our knowledge.
    latency: u64,
    /// No call is served before.
    start: u64,
    /// When the first ones are served, as far as callers have asked.
    grants: Vec<u64>,
    /// One is served in that time, where others are served between them.
    each: Option<u64>,
}

impl Outlook {
    pub(super) fn new(mut account: Account, start: u64, latency: u64) -> Self {
        account.stamp_all(start + latency);
        Self {
            account,
            latency,
            start,
            grants: Vec::new(),
            each: None,
        }
    }

    /// From `start` on one is served in each time of that length.
    pub(super) fn paced(start: u64, each: u64) -> Self {
        Self {
            account: Account::purse(),
            latency: 0,
            start,
            grants: Vec::new(),
            each: Some(each),
        }
    }

    /// When the call behind so many others is served.
    pub(crate) fn earliest(&mut self, ahead: usize) -> u64 {
        if let Some(each) = self.each {
            return self
                .start
                .saturating_add((ahead as u64).saturating_mul(each));
        }
        let limit = self.account.limit() as usize;
        let steps = ahead.min(MAX_STEPS.min(4 * limit.max(16)));
        while self.grants.len() <= steps {
            self.serve_one();
        }
        // Sooner or later all repeats with each quota.
        let period = limit.min(steps / 2).max(1);
        let more = (ahead - steps).div_ceil(period);
        let like = ahead - more * period;
        let each = self.grants[steps] - self.grants[steps.saturating_sub(period)];
        self.grants[like] + more as u64 * each
    }

    fn serve_one(&mut self) {
        let mut at = self.grants.last().copied().unwrap_or(self.start);
        // All is stamped, so the instant is known.
        if let Err(Some(later)) = self.account.check(at) {
            at = at.max(later);
        }
        self.grants.push(at);
        self.account.take();
        self.account.stamp(at + self.latency);
    }
}

/// How many calls are looked at one by one at most.
const MAX_STEPS: usize = 4_000;
