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
mod stamps;

use self::stamps::Stamps;

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
    kind: Window,
    limit: u64,
    /// The largest limit there has been.
    peak: u64,
    window: u64,
    /// Stamps are rounded up so that these bits are zero.
    below_grain: u64,
    unstamped: u64,
    stamps: Stamps,
    /// From when on one more request may be granted, as long as nothing changes but the time.
    opens: Option<u64>,
}

impl Account {
    /// `window` in nanoseconds, already stretched for drifting clocks.
    pub(crate) fn new(kind: Window, limit: u32, window: u64) -> Self {
        let mut account = Self {
            kind,
            limit: 0,
            peak: 0,
            window: 0,
            below_grain: 0,
            unstamped: 0,
            stamps: Stamps::default(),
            opens: None,
        };
        account.resize(limit, window);
        account
    }

    /// Takes new numbers over; what has been counted stays counted.
    pub(crate) fn resize(&mut self, limit: u32, window: u64) {
        self.opens = None;
        self.limit = limit.into();
        self.peak = self.peak.max(self.limit);
        self.window = window;
        let grains = if limit > EXACT {
            let grain = 1 << (window / u64::from(EXACT)).max(1).ilog2();
            self.below_grain = grain - 1;
            2 * EXACT
        } else {
            self.below_grain = 0;
            limit
        };
        // Two windows hold at most twice the quota, in at most two windows' worth of grains; a refusal
        // adds a little, and half as much again keeps the stamps in one piece most of the time.
        let room = 3 * (grains as usize + 4);
        self.stamps.reserve(room);
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// Until when a request may still be unknown to us that a window of `window` would count.
    pub(crate) fn blind_until(&self, window: u64) -> Option<u64> {
        Some(self.stamps.forgotten()? + 2 * window + 1)
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
        if self.opens.is_none() {
            self.forget(now);
            self.opens = self.rule(1).map(|rule| rule.earliest());
        }
        match self.opens {
            Some(at) if at <= now => Ok(()),
            opens => Err(opens),
        }
    }

    /// As [`check`](Self::check), but quick, and the instant may be too early: for when an answer is
    /// about to change it anyway.
    pub(crate) fn glance(&mut self, now: u64) -> Result<(), Option<u64>> {
        if self.has_room() || self.opens.is_some() {
            return self.check(now);
        }
        self.forget(now);
        match self.rule(1).map(|rule| rule.hardly_before()) {
            Some(at) if at <= now => self.check(now),
            opens => Err(opens),
        }
    }

    /// Whether one more request fits beside all that is remembered, however old.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.unstamped + self.stamps.requests() < self.limit
    }

    /// Before then nothing can be granted, even if all that is unstamped got its stamp `at` once,
    /// except for `unused` grants that came back.
    pub(crate) fn bound(&mut self, now: u64, at: u64, unused: u64) -> u64 {
        if self.unstamped == 0 {
            return self
                .check(now)
                .map_or_else(|at| at.unwrap_or(now), |()| now);
        }
        let opens = self.opens;
        let unstamped = std::mem::take(&mut self.unstamped);
        let at = self.insert(at, unstamped - unused);
        self.forget(now);
        let bound = self.rule(1).map_or(now, |rule| rule.earliest().max(now));
        self.stamps.remove(at, unstamped - unused);
        self.unstamped = unstamped;
        self.opens = opens;
        bound
    }

    /// How many requests could be granted at `now`, one after the other.
    pub(crate) fn free(&mut self, now: u64) -> u64 {
        self.forget(now);
        let (mut free, mut too_many) = (0, self.limit.saturating_sub(self.unstamped) + 1);
        while too_many - free > 1 {
            let middle = free.midpoint(too_many);
            if self.rule(middle).is_some_and(|rule| rule.earliest() <= now) {
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
        self.opens = None;
        self.unstamped += 1;
    }

    /// Takes back a grant that was never used.
    pub(crate) fn give_back(&mut self) {
        self.opens = None;
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
        if self.stamps.remove(old, 1) {
            self.insert(at, 1);
        }
    }

    /// Assumes the worst after a refusal: that the server has just counted a whole quota, or all we
    /// know of in the last window if a larger quota was allowed then.
    pub(crate) fn fill(&mut self, at: u64) {
        // All of one grain are one refusal's, or each would add its own.
        let at = self.rounded(at);
        let since = at.saturating_sub(self.window);
        let count = self.stamps.remove_until(at, since);
        self.insert(at, count.clamp(self.limit, self.peak));
    }

    #[inline]
    fn insert(&mut self, at: u64, count: u64) -> u64 {
        self.opens = None;
        let at = self.rounded(at);
        self.stamps.insert(at, count);
        at
    }

    #[inline]
    fn rounded(&self, at: u64) -> u64 {
        (at + self.below_grain) & !self.below_grain
    }

    /// Forgets what no rule looks at any more.
    fn forget(&mut self, now: u64) {
        let horizon = match self.kind {
            Window::AnyPhase => 2 * self.window,
            Window::Sliding => self.window,
        };
        if let Some(oldest_that_matters) = now.checked_sub(horizon) {
            self.stamps.forget(oldest_that_matters);
        }
    }
}

/// The largest quota whose stamps are kept one by one. Above it they are rounded up, to a power of two
/// of at most 1/1,024 of the window: never early, hardly late, and the cost of a check stays flat.
const EXACT: u32 = 1024;

#[cfg(test)]
mod tests;
