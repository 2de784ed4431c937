//! The rule: whether one more request may leave now, and if not, when. Pure, exact, in integers.
//!
//! An [`Account`] knows of each request only what the server could still count: it is *unstamped*
//! while it may be counted at any moment to come, and carries a *stamp* from the moment on after
//! which it can no longer be counted. A stamp may lie in the future; until then it counts as
//! unstamped. With `A(x)` = unstamped requests + stamps of age at most `x`, the new request
//! included, a request is granted
//!
//! * under [`Algorithm::SlidingLog`] if `A(W) ≤ N`;
//! * under [`Algorithm::Strict`] if for every `e` in `[0, W]`: `e·A(e) + (W−e)·A(e+W) ≤ N·W`.
//!
//! Why that is enough: [`proof`](crate::proof).
//!
//! The left side of the second rule falls in `e` between the points where `A(e)` or `A(e+W)` jumps,
//! so only those points matter: `0`, each age, and each age less `W`. Without a new grant time only
//! lifts these constraints, so the earliest instant is the largest of their thresholds.

mod books;
mod rule;
mod stamps;

use self::rule::{Earliest, Rule};
use self::stamps::Stamps;
use crate::Algorithm;

/// What the server may still hold against us. All times are nanoseconds since one fixed instant; in
/// a record that processes share, microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    algorithm: Algorithm,
    limit: u64,
    /// The largest limit there has been.
    peak: u64,
    window: u64,
    /// Up to which limit stamps are kept one by one.
    max_exact: u32,
    /// Stamps are rounded up so that these bits are zero.
    grain_mask: u64,
    unstamped: u64,
    stamps: Stamps,
    /// What earlier windows made us forget, the newest last, which is that of the longest.
    gaps: Vec<Gap>,
    /// From when on one more request may be granted, if none is granted until then.
    earliest: Option<Earliest>,
}

/// Requests up to a stamp `at` were forgotten under a `window`: a longer one may still count them.
#[derive(Clone, Copy, Debug)]
struct Gap {
    at: u64,
    window: u64,
}

impl Account {
    /// `window` in nanoseconds, already stretched for drifting clocks.
    pub(crate) fn new(algorithm: Algorithm, limit: u32, window: u64) -> Self {
        Self::exact_to(MAX_EXACT, algorithm, limit, window)
    }

    /// Above a limit of `max_exact` its stamps are rounded up to a part of the window.
    fn exact_to(max_exact: u32, algorithm: Algorithm, limit: u32, window: u64) -> Self {
        let mut account = Self {
            algorithm,
            limit: 0,
            peak: 0,
            window: 0,
            max_exact,
            grain_mask: 0,
            unstamped: 0,
            stamps: Stamps::default(),
            gaps: Vec::new(),
            earliest: None,
        };
        account.resize(limit, window);
        account
    }

    /// Takes new numbers over; what has been counted stays counted.
    pub(crate) fn resize(&mut self, limit: u32, window: u64) {
        self.earliest = None;
        if let Some(at) = self.stamps.take_forgotten() {
            self.gaps.retain(|gap| gap.window < self.window);
            self.gaps.push(Gap {
                at,
                window: self.window,
            });
        }
        self.limit = limit.into();
        self.peak = self.peak.max(self.limit);
        self.window = window;
        let grains = if limit > self.max_exact {
            let grains = self.max_exact.max(MIN_GRAINS);
            let grain = 1 << (window / u64::from(grains)).max(1).ilog2();
            self.grain_mask = grain - 1;
            2 * grains
        } else {
            self.grain_mask = 0;
            limit
        };
        // Two windows hold at most twice the quota, in at most two windows' worth of grains; a 429
        // adds a little, and half as much again keeps the stamps in one piece most of the time.
        let room = 3 * (grains as usize + 4);
        self.stamps.reserve(room);
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// How many requests are granted and have no stamp yet.
    pub(crate) fn unstamped(&self) -> u64 {
        self.unstamped
    }

    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// Until when the window may count requests that a shorter one made us forget.
    pub(crate) fn incomplete_until(&self) -> Option<u64> {
        let mut gaps = self.gaps.iter().rev();
        let newest = gaps.find(|gap| gap.window < self.window)?;
        Some(newest.at + 2 * self.window + 1)
    }

    /// Whether one more request may be granted at `now`.
    ///
    /// # Errors
    ///
    /// The earliest instant at which it may, if no further request is granted until then; `None`
    /// while it depends on responses that have not arrived.
    pub(crate) fn check(&mut self, now: u64) -> Result<(), Option<u64>> {
        if self.has_room() {
            return Ok(());
        }
        if self.earliest.is_none() {
            self.forget(now);
            self.earliest = self.rule(1).map(|rule| rule.earliest());
        }
        match self.earliest.map(|earliest| earliest.at) {
            Some(at) if at <= now => Ok(()),
            earliest => Err(earliest),
        }
    }

    /// How many requests are remembered, however old.
    #[inline]
    pub(crate) fn remembered(&self) -> u64 {
        self.unstamped + self.stamps.requests()
    }

    /// Whether one more request fits in addition to all of them.
    #[inline]
    fn has_room(&self) -> bool {
        self.remembered() < self.limit
    }

    /// Before then nothing can be granted, even if all that is unstamped got its stamp `at` once,
    /// except for `unused` grants that came back.
    pub(crate) fn lower_bound(&mut self, now: u64, at: u64, unused: u64) -> u64 {
        if self.unstamped == 0 {
            return self
                .check(now)
                .map_or_else(|at| at.unwrap_or(now), |()| now);
        }
        let earliest = self.earliest;
        let unstamped = std::mem::take(&mut self.unstamped);
        let at = self.insert(at, unstamped - unused);
        self.forget(now);
        let bound = self.rule(1).map_or(now, |rule| rule.earliest().at.max(now));
        self.stamps.remove(at, unstamped - unused);
        self.unstamped = unstamped;
        self.earliest = earliest;
        bound
    }

    /// How many requests could be granted at `now`, one after the other.
    pub(crate) fn free(&mut self, now: u64) -> u64 {
        self.forget(now);
        self.rule(0).map_or(0, |rule| rule.free(now))
    }

    /// When all that is unstamped gets its stamp at the latest, as far as that can be foreseen.
    pub(crate) fn stamp_all(&mut self, at: u64) {
        let unstamped = std::mem::take(&mut self.unstamped);
        self.insert(at, unstamped);
    }

    /// Grants one request: it may be counted from now on.
    #[inline]
    pub(crate) fn take(&mut self) {
        self.earliest = None;
        self.unstamped += 1;
    }

    /// Takes back a grant that was never used.
    pub(crate) fn give_back(&mut self) {
        self.earliest = None;
        self.unstamped -= 1;
    }

    /// Ends a request's time in the unknown: after `at` the server cannot count it any more.
    /// Returns the stamp it got.
    #[inline]
    pub(crate) fn stamp(&mut self, at: u64) -> u64 {
        self.unstamped -= 1;
        let at = self.put(at, 1);
        // `A(x)` is less for an `x` below the age of this stamp, and else as it was. So no
        // constraint asks for more, and one that still counts this request in full asks for the
        // same.
        if self.earliest.is_some_and(|known| known.since > at) {
            self.earliest = None;
        }
        at
    }

    /// Moves a stamp that turned out to be later than needed.
    pub(crate) fn move_stamp(&mut self, old: u64, at: u64) {
        if self.stamps.remove(old, 1) {
            self.insert(at, 1);
        }
    }

    /// Assumes the worst after a throttled response: that the server has just counted a whole
    /// quota, or all we know of in the last window if a larger quota was allowed then.
    pub(crate) fn fill(&mut self, at: u64) {
        // All of one grain are one 429's, or each would add its own.
        let at = self.round_up(at);
        let since = at.saturating_sub(self.window);
        let count = self.stamps.remove_until(at, since);
        self.insert(at, count.clamp(self.limit, self.peak));
    }

    #[inline]
    fn insert(&mut self, at: u64, count: u64) -> u64 {
        self.earliest = None;
        self.put(at, count)
    }

    #[inline]
    fn put(&mut self, at: u64, count: u64) -> u64 {
        let at = self.round_up(at);
        self.stamps.insert(at, count);
        at
    }

    #[inline]
    fn round_up(&self, at: u64) -> u64 {
        (at + self.grain_mask) & !self.grain_mask
    }

    /// The rule for `more` requests in addition to what there is. `None`: waiting does not help.
    fn rule(&mut self, more: u64) -> Option<Rule<'_>> {
        let unstamped = self.unstamped + more;
        let (start, end) = (self.stamps.start(), self.stamps.end() + unstamped);
        (unstamped <= self.limit).then(|| Rule {
            algorithm: self.algorithm,
            limit: self.limit,
            window: self.window,
            unstamped,
            start,
            end,
            is_small: self.window < 1 << 40 && end - start < 1 << 20,
            stamps: self.stamps.as_slice(),
        })
    }

    /// Forgets what no rule looks at any more.
    fn forget(&mut self, now: u64) {
        let horizon = match self.algorithm {
            Algorithm::Strict => 2 * self.window,
            Algorithm::SlidingLog => self.window,
        };
        if let Some(oldest_that_matters) = now.checked_sub(horizon) {
            self.stamps.forget(oldest_that_matters);
        }
    }
}

/// The largest quota whose stamps are kept one by one. Above it they are rounded up, to a power of
/// two of at most 1/1,024 of the window: never early, hardly late, and the cost of a check stays
/// flat.
const MAX_EXACT: u32 = 1024;

/// Into how many grains a window falls at least.
const MIN_GRAINS: u32 = 256;

#[cfg(test)]
mod tests;
