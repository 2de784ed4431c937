//! The rule: whether one more request may leave now, and if not, when. Pure, exact, in integers.
//!
//! An [`Account`] knows of each request only what the server could still count: it is *unstamped*
//! while it may be counted at any moment to come, and carries a *stamp* from the moment on after
//! which it can no longer be counted. A stamp may lie in the future; until then it counts as
//! unstamped. With `A(x)` = unstamped requests + stamps of age at most `x`, the new request
//! included, a request is admitted
//!
//! * under [`Window::Sliding`] if `A(W) ≤ N`;
//! * under [`Window::AnyPhase`] if for every `e` in `[0, W]`: `e·A(e) + (W−e)·A(e+W) ≤ N·W`.
//!
//! Why that is enough: [`proof`](crate::proof).
//!
//! The left side of the second rule falls in `e` between the points where `A(e)` or `A(e+W)` jumps,
//! so only those points matter: `0`, each age, and each age less `W`. Without a new grant time only
//! lifts these constraints, hence the earliest instant is the largest of their thresholds.

mod rule;

use std::collections::VecDeque;

/// How the server may count, and so how the limiter spends the quota.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Window {
    /// Safe under five ways of counting, by [proof](crate::proof): fixed windows at any phase, windows
    /// from the first request, sliding logs, sliding-window counters, and token buckets that hold the
    /// whole quota.
    ///
    /// After two windows of rest the whole quota may go at once; sustained load is spread evenly.
    #[default]
    AnyPhase,
    /// Safe for servers known to keep an exact log or fixed windows: the whole quota at once, then
    /// the whole quota again one window later.
    Sliding,
}

/// What the server may still hold against us. All times are nanoseconds since one fixed instant.
#[derive(Debug)]
pub(crate) struct Account {
    rule: Window,
    limit: u64,
    /// The largest limit there has been.
    peak: u64,
    window: u64,
    grain: u64,
    unstamped: u64,
    /// Oldest first, no two at the same time.
    stamps: VecDeque<Stamp>,
    stamped: u64,
    /// The newest stamp that was forgotten, for the day when the window grows.
    forgotten: Option<u64>,
    /// Before then nothing can be granted, as long as nothing changes but the time.
    closed_until: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stamp {
    at: u64,
    count: u64,
}

impl Account {
    /// `window` in nanoseconds, already stretched for drifting clocks.
    pub(crate) fn new(rule: Window, limit: u32, window: u64) -> Self {
        let mut account = Self {
            rule,
            limit: 0,
            peak: 0,
            window: 0,
            grain: 1,
            unstamped: 0,
            stamps: VecDeque::new(),
            stamped: 0,
            forgotten: None,
            closed_until: 0,
        };
        account.resize(limit, window);
        account
    }

    /// Takes new numbers over; what has been counted stays counted.
    pub(crate) fn resize(&mut self, limit: u32, window: u64) {
        self.closed_until = 0;
        self.limit = limit.into();
        self.peak = self.peak.max(self.limit);
        self.window = window;
        self.grain = if limit > EXACT {
            (window / u64::from(EXACT)).max(1)
        } else {
            1
        };
        // Two windows hold at most twice the quota, in at most two windows' worth of grains; a
        // refusal adds a little, and as much again keeps the stamps in one piece most of the time.
        let room = 2 * (2 * limit.min(EXACT) as usize + 8);
        self.stamps.reserve(room.saturating_sub(self.stamps.len()));
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// Until when a request may still be unknown to us that a window of `window` would count.
    pub(crate) fn blind_until(&self, window: u64) -> Option<u64> {
        Some(self.forgotten? + 2 * window + 1)
    }

    /// Whether one more request may be granted at `now`.
    ///
    /// # Errors
    ///
    /// The earliest instant at which it may, if no further request is granted until then; `None`
    /// while it depends on answers that have not arrived.
    pub(crate) fn check(&mut self, now: u64) -> Result<(), Option<u64>> {
        if self.has_room() {
            return Ok(());
        }
        if now < self.closed_until {
            return Err(Some(self.closed_until));
        }
        self.check_closely(now)
    }

    /// Whether one more request fits beside all that is remembered, however old.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.unstamped + self.stamped < self.limit
    }

    /// Before then nothing can be granted, even if all that is unstamped got its stamp `at` once,
    /// except for `unused` grants that came back.
    pub(crate) fn bound(&mut self, now: u64, at: u64, unused: u64) -> u64 {
        if self.unstamped == 0 {
            return self.earliest(now);
        }
        let unstamped = std::mem::take(&mut self.unstamped);
        let at = self.insert(at, unstamped - unused);
        let bound = self.earliest(now);
        self.remove(at, unstamped - unused);
        self.unstamped = unstamped;
        bound
    }

    fn earliest(&mut self, now: u64) -> u64 {
        match self.check(now) {
            Ok(()) => now,
            Err(earliest) => earliest.unwrap_or(now),
        }
    }

    #[cold]
    fn check_closely(&mut self, now: u64) -> Result<(), Option<u64>> {
        self.forget(now);
        match self.wait(now, self.unstamped + 1) {
            Some(0) => Ok(()),
            Some(wait) => {
                self.closed_until = now + wait;
                Err(Some(self.closed_until))
            }
            None => Err(None),
        }
    }

    /// How many requests could be granted at `now`, one after the other.
    pub(crate) fn free(&mut self, now: u64) -> u64 {
        self.forget(now);
        let (mut free, mut too_many) = (0, self.limit.saturating_sub(self.unstamped) + 1);
        while too_many - free > 1 {
            let middle = free.midpoint(too_many);
            if self.wait(now, self.unstamped + middle) == Some(0) {
                free = middle;
            } else {
                too_many = middle;
            }
        }
        free
    }

    /// Grants one request: it may be counted from now on.
    #[inline]
    pub(crate) fn take(&mut self) {
        self.closed_until = 0;
        self.unstamped += 1;
    }

    /// Takes back a grant that was never used.
    pub(crate) fn give_back(&mut self) {
        self.closed_until = 0;
        self.unstamped -= 1;
    }

    /// Ends a request's time in the unknown: after `at` the server cannot count it any more.
    /// Returns the stamp it got.
    #[inline]
    pub(crate) fn stamp(&mut self, at: u64) -> u64 {
        self.unstamped -= 1;
        self.insert(at, 1)
    }

    /// Moves a stamp that turned out to be later than needed.
    pub(crate) fn restamp(&mut self, old: u64, at: u64) {
        if self.remove(old, 1) {
            self.insert(at, 1);
        }
    }

    /// Assumes the worst after a refusal: that the server has just counted a whole quota, or all we
    /// know of in the last window if a larger quota was allowed then.
    pub(crate) fn fill(&mut self, at: u64) {
        let later = self.stamps.partition_point(|stamp| stamp.at <= at);
        let mut recent = 0;
        for stamp in self.stamps.drain(..later) {
            self.stamped -= stamp.count;
            if stamp.at + self.window >= at {
                recent += stamp.count;
            }
        }
        self.insert(at, recent.clamp(self.limit, self.peak));
    }

    #[inline]
    fn insert(&mut self, at: u64, count: u64) -> u64 {
        self.closed_until = 0;
        let at = if self.grain == 1 {
            at
        } else {
            at.next_multiple_of(self.grain)
        };
        self.stamped += count;
        // Nearly always the newest; only a lingering request lies further ahead.
        match self.stamps.back() {
            Some(newest) if newest.at >= at => self.insert_among(at, count),
            _ => self.stamps.push_back(Stamp { at, count }),
        }
        at
    }

    #[cold]
    fn insert_among(&mut self, at: u64, count: u64) {
        let index = self.stamps.partition_point(|stamp| stamp.at < at);
        match self.stamps.get_mut(index) {
            Some(same) if same.at == at => same.count += count,
            _ => self.stamps.insert(index, Stamp { at, count }),
        }
    }

    /// Takes `count` stamps of `at` away; `false` if they were forgotten or overwritten.
    fn remove(&mut self, at: u64, count: u64) -> bool {
        self.closed_until = 0;
        let Ok(index) = self.stamps.binary_search_by_key(&at, |stamp| stamp.at) else {
            return false;
        };
        self.stamps[index].count -= count;
        self.stamped -= count;
        if self.stamps[index].count == 0 {
            self.stamps.remove(index);
        }
        true
    }

    /// Forgets what no rule looks at any more.
    fn forget(&mut self, now: u64) {
        let horizon = match self.rule {
            Window::AnyPhase => 2 * self.window,
            Window::Sliding => self.window,
        };
        let Some(oldest_that_matters) = now.checked_sub(horizon) else {
            return;
        };
        // After a long rest everything goes at once.
        if self
            .stamps
            .back()
            .is_some_and(|stamp| stamp.at < oldest_that_matters)
        {
            self.forgotten = self.stamps.back().map(|stamp| stamp.at);
            self.stamps.clear();
            self.stamped = 0;
        }
        while let Some(stamp) = self.stamps.front()
            && stamp.at < oldest_that_matters
        {
            self.forgotten = Some(stamp.at);
            self.stamped -= stamp.count;
            self.stamps.pop_front();
        }
    }
}

/// The largest quota whose stamps are kept one by one. Above it they are rounded up to 1/1,024 of
/// the window: never early, hardly late, and the cost of a check stays flat.
const EXACT: u32 = 1024;

#[cfg(test)]
mod tests;
