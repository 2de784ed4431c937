//! An account that is kept elsewhere, as its unstamped requests and its stamps; and one that keeps
//! no stamps at all.

use super::Account;
use crate::Algorithm;

impl Account {
    /// What was [kept](Self::stamps) elsewhere. Its stamps are exact up to a limit of 128; above
    /// that they are rounded up, to a power of two of at most 1/256 of the window.
    pub(crate) fn kept(
        algorithm: Algorithm,
        limit: u32,
        window: u64,
        stamps: impl IntoIterator<Item = (u64, u64)>,
    ) -> Self {
        let mut account = Self::exact_to(MAX_EXACT_KEPT, algorithm, limit, window);
        for (at, count) in stamps {
            account.insert(at, count);
        }
        account
    }

    /// All stamps that matter from `now` on, oldest first, each with how many requests have it.
    pub(crate) fn stamps(&mut self, now: u64) -> Vec<(u64, u64)> {
        self.forget(now);
        let end = self.stamps.end();
        let stamps = self.stamps.as_slice();
        let next = stamps[1.min(stamps.len())..].iter().map(|next| next.before);
        let ends = next.chain([end]);
        let each = stamps.iter().zip(ends);
        each.map(|(stamp, end)| (stamp.at, end - stamp.before))
            .collect()
    }

    /// So many are granted and have no stamp.
    pub(crate) fn set_unstamped(&mut self, unstamped: u64) {
        self.earliest = None;
        self.unstamped = unstamped;
    }

    /// Stamps `count` requests at once that were not granted here.
    pub(crate) fn add_stamps(&mut self, at: u64, count: u64) {
        if count > 0 {
            self.insert(at, count);
        }
    }

    /// When `more` may be granted at once, as long as nothing changes but the time; `None` while
    /// that depends on responses that have not arrived.
    pub(crate) fn earliest_for(&mut self, more: u64) -> Option<u64> {
        self.rule(more).map(|rule| rule.earliest().at)
    }

    /// One that has what it was [given](Self::give) and no more: what is granted elsewhere.
    pub(crate) fn purse() -> Self {
        Self::new(Algorithm::SlidingLog, 0, 1)
    }

    /// So many more may be granted, whenever.
    pub(crate) fn give(&mut self, more: u64) {
        self.earliest = None;
        self.limit += more;
    }

    /// How many were given and not granted.
    pub(crate) fn unused(&self) -> u64 {
        self.limit.saturating_sub(self.unstamped)
    }

    /// Takes back what was not granted; returns how much that was.
    pub(crate) fn take_unused(&mut self) -> u64 {
        let unused = self.unused();
        self.earliest = None;
        self.limit -= unused;
        unused
    }

    /// Ends a request of a purse: its stamp is kept elsewhere.
    pub(crate) fn spend(&mut self) {
        self.earliest = None;
        self.unstamped -= 1;
        self.limit -= 1;
    }
}

/// The largest quota whose stamps are kept one by one.
const MAX_EXACT_KEPT: u32 = 128;
