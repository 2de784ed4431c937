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
//! # Why that is enough
//!
//! 1. Every request is counted by the server at some instant `c` between its grant `g` and its
//!    stamp `s`.
//! 2. Look at the server at any time `τ`. Let `k` be the last request granted up to `τ`, and `C(x)`
//!    the number of requests counted in `[τ−x, τ]`.
//! 3. Each of those was granted no later than `k`, and `s ≥ c ≥ τ−x ≥ g_k−x`. So when `k` was
//!    granted it was unstamped or had a stamp of age at most `x`: `C(x) ≤ A_k(x)`, for all `x` at
//!    once, in whatever order requests are counted.
//! 4. A server that counts in a sliding log, in fixed windows at any phase, or in windows from the
//!    first request never counts more than `C(W) ≤ A_k(W) ≤ N`. That is the first rule, and the
//!    second one at `e = W`.
//! 5. A server that weighs the previous window (the algorithm that Cloudflare has published)
//!    estimates, `e` into its window, `current + previous·(1 − e/W)`, which is
//!    `(e·C(e) + (W−e)·C(e+W)) / W ≤ N` by the second rule.
//! 6. A token bucket of `N` that refills `N` in `W` holds what log and counter allow: cut the time
//!    back to when it was last full into pieces of `W`, each at most `N`, and the rest by the
//!    second rule.
//!
//! The left side of the second rule falls in `e` between the points where `A(e)` or `A(e+W)` jumps,
//! so only those points matter: `0`, each age, and each age less `W`. Without a new grant time only
//! lifts these constraints, hence the earliest instant is the largest of their thresholds.

use std::collections::VecDeque;

/// How the server may count, and so how the limiter spends the quota.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Window {
    /// Safe under every known way of counting: fixed windows at any phase, windows from the first
    /// request, sliding logs, sliding-window counters and token buckets.
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
    window: u64,
    grain: u64,
    unstamped: u64,
    /// Oldest first, no two at the same time.
    stamps: VecDeque<Stamp>,
    stamped: u64,
    /// The newest stamp that was forgotten, for the day when the window grows.
    forgotten: Option<u64>,
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
            window: 0,
            grain: 1,
            unstamped: 0,
            stamps: VecDeque::new(),
            stamped: 0,
            forgotten: None,
        };
        account.resize(limit, window);
        account
    }

    /// Takes new numbers over; what has been counted stays counted.
    pub(crate) fn resize(&mut self, limit: u32, window: u64) {
        self.limit = limit.into();
        self.window = window;
        self.grain = if limit > EXACT {
            (window / u64::from(EXACT)).max(1)
        } else {
            1
        };
        // Two windows hold at most twice the quota, in at most two windows' worth of grains; the
        // rest is room for what a refusal adds.
        let room = 2 * limit.min(EXACT) as usize + 8;
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
        if self.unstamped + self.stamped < self.limit {
            return Ok(());
        }
        self.check_closely(now)
    }

    /// As [`check`](Self::check), if `unused` of the grants came back.
    pub(crate) fn check_without(&mut self, now: u64, unused: u64) -> Result<(), Option<u64>> {
        self.unstamped -= unused;
        let verdict = self.check(now);
        self.unstamped += unused;
        verdict
    }

    fn check_closely(&mut self, now: u64) -> Result<(), Option<u64>> {
        self.forget(now);
        match self.wait(now, self.unstamped + 1) {
            Some(0) => Ok(()),
            Some(wait) => Err(Some(now + wait)),
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
    pub(crate) fn take(&mut self) {
        self.unstamped += 1;
    }

    /// Takes back a grant that was never used.
    pub(crate) fn give_back(&mut self) {
        self.unstamped -= 1;
    }

    /// Ends a request's time in the unknown: after `at` the server cannot count it any more.
    /// Returns the stamp it got.
    pub(crate) fn stamp(&mut self, at: u64) -> u64 {
        self.unstamped -= 1;
        self.insert(at, 1)
    }

    /// Moves a stamp that turned out to be later than needed.
    pub(crate) fn restamp(&mut self, old: u64, at: u64) {
        let Ok(index) = self.stamps.binary_search_by_key(&old, |stamp| stamp.at) else {
            return; // forgotten or overwritten by `fill`: nothing to move
        };
        self.stamps[index].count -= 1;
        self.stamped -= 1;
        if self.stamps[index].count == 0 {
            self.stamps.remove(index);
        }
        self.insert(at, 1);
    }

    /// Assumes the worst after a refusal: that the server has just counted a whole quota.
    pub(crate) fn fill(&mut self, at: u64) {
        let later = self.stamps.partition_point(|stamp| stamp.at <= at);
        let replaced: u64 = self.stamps.drain(..later).map(|stamp| stamp.count).sum();
        self.stamped -= replaced;
        self.insert(at, self.limit);
    }

    fn insert(&mut self, at: u64, count: u64) -> u64 {
        let at = if self.grain == 1 {
            at
        } else {
            at.next_multiple_of(self.grain)
        };
        self.stamped += count;
        // Nearly always the newest; only a lingering request lies further ahead.
        match self.stamps.back_mut() {
            Some(newest) if newest.at == at => newest.count += count,
            Some(newest) if newest.at > at => self.insert_before_newest(at, count),
            _ => self.stamps.push_back(Stamp { at, count }),
        }
        at
    }

    #[cold]
    fn insert_before_newest(&mut self, at: u64, count: u64) {
        let index = self.stamps.partition_point(|stamp| stamp.at < at);
        match self.stamps.get_mut(index) {
            Some(same) if same.at == at => same.count += count,
            _ => self.stamps.insert(index, Stamp { at, count }),
        }
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

    /// How long from `now` until `unstamped` requests satisfy the rule; `None`: not by waiting.
    fn wait(&self, now: u64, unstamped: u64) -> Option<u64> {
        if unstamped > self.limit {
            return None;
        }
        // e = 0: enough stamps must be older than one window.
        let (recent, mut wait) = self.recent(now, unstamped);
        if self.rule == Window::AnyPhase {
            wait = self.wait_for_young(now, unstamped, recent, wait);
            wait = self.wait_for_old(now, unstamped, recent, wait);
        }
        Some(wait)
    }

    /// How many of the newest stamps fit beside `unstamped`, and the wait until the next older one
    /// has left the window.
    fn recent(&self, now: u64, unstamped: u64) -> (usize, u64) {
        let mut excess = (unstamped + self.stamped).saturating_sub(self.limit);
        if excess == 0 {
            return (self.stamps.len(), 0);
        }
        // From the old end, which is the short way in a window that slides.
        let last_to_leave = self.stamps.iter().position(|stamp| {
            let last = stamp.count >= excess;
            excess = excess.saturating_sub(stamp.count);
            last
        });
        let last_to_leave = last_to_leave.expect("the unstamped alone are within the limit");
        let leaves = self.stamps[last_to_leave].at + self.window + 1;
        (
            self.stamps.len() - last_to_leave - 1,
            leaves.saturating_sub(now),
        )
    }

    /// The constraints at `e` = the age of each stamp among the `recent` newest.
    fn wait_for_young(&self, now: u64, unstamped: u64, recent: usize, mut wait: u64) -> u64 {
        let mut older = self.stamps.iter().rev().peekable();
        let (mut near, mut far) = (unstamped, unstamped);
        for stamp in self.stamps.iter().rev().take(recent) {
            near += stamp.count;
            while let Some(other) = older.next_if(|other| other.at + self.window >= stamp.at) {
                far += other.count;
            }
            wait = self.lift(wait, now, stamp.at, near, far);
        }
        wait
    }

    /// The constraints at `e` = the age less one window of each stamp beyond the `recent` newest.
    fn wait_for_old(&self, now: u64, unstamped: u64, recent: usize, mut wait: u64) -> u64 {
        let mut younger = self.stamps.iter().rev().peekable();
        let (mut near, mut far) = (unstamped, unstamped);
        for (index, stamp) in self.stamps.iter().rev().enumerate() {
            far += stamp.count;
            if index < recent {
                continue;
            }
            while let Some(other) = younger.next_if(|other| other.at >= stamp.at + self.window) {
                near += other.count;
            }
            if near > self.limit {
                break; // these have left both windows before the younger ones have left the first
            }
            wait = self.lift(wait, now, stamp.at + self.window, near, far);
        }
        wait
    }

    /// The longer of `wait` and what one constraint asks: `e·near + (W−e)·far ≤ N·W` for the `e`
    /// that counts from `since`.
    fn lift(&self, wait: u64, now: u64, since: u64, near: u64, far: u64) -> u64 {
        if far <= self.limit {
            return wait;
        }
        let reach = (now + wait).saturating_sub(since);
        let (excess, slope) = (far - self.limit, far - near);
        if u128::from(reach) * u128::from(slope) >= u128::from(self.window) * u128::from(excess) {
            return wait;
        }
        let needed = match self.window.checked_mul(excess) {
            Some(product) => product.div_ceil(slope),
            None => (u128::from(self.window) * u128::from(excess)).div_ceil(slope.into()) as u64,
        };
        since + needed - now
    }
}

/// The largest quota whose stamps are kept one by one. Above it they are rounded up to 1/1,024 of
/// the window: never early, hardly late, and the cost of a check stays flat.
const EXACT: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule as it is written, tried at every `e` of a window of a few nanoseconds.
    fn naive(rule: Window, n: u64, w: u64, unstamped: u64, stamps: &[u64], now: u64) -> bool {
        let a = |x: u64| unstamped + stamps.iter().filter(|s| **s + x >= now).count() as u64;
        match rule {
            Window::Sliding => a(w) <= n,
            Window::AnyPhase => (0..=w).all(|e| e * a(e) + (w - e) * a(e + w) <= n * w),
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Fill,
        GiveBack,
        Pass(u64),
        Stamp(u64),
        Take,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => Just(Step::Take),
            1 => Just(Step::GiveBack),
            5 => (0_u64..6).prop_map(Step::Stamp),
            5 => (0_u64..12).prop_map(Step::Pass),
            1 => Just(Step::Fill),
        ]
    }

    fn rule() -> impl Strategy<Value = Window> {
        prop_oneof![Just(Window::AnyPhase), Just(Window::Sliding)]
    }

    proptest! {
        /// Never yes where the rule says no, never no where it says yes, and never a nanosecond late.
        #[test]
        fn agrees_with_the_rule_as_written(
            rule in rule(), n in 1_u32..7, w in 1_u64..30, steps in prop::collection::vec(step(), 1..60),
        ) {
            let mut account = Account::new(rule, n, w);
            let (n, mut now, mut unstamped, mut stamps) = (u64::from(n), 100, 0, Vec::new());
            for step in steps {
                let may = |unstamped, stamps: &[u64], at| naive(rule, n, w, unstamped, stamps, at);
                match account.check(now) {
                    Ok(()) => prop_assert!(may(unstamped + 1, &stamps, now)),
                    Err(Some(at)) => {
                        prop_assert!((now..at).all(|early| !may(unstamped + 1, &stamps, early)));
                        prop_assert!(may(unstamped + 1, &stamps, at));
                    }
                    Err(None) => prop_assert!(unstamped >= n),
                }
                let free = (1..=n).take_while(|k| may(unstamped + k, &stamps, now)).count();
                prop_assert_eq!(account.free(now), free as u64);

                match step {
                    Step::Take if account.check(now).is_ok() => {
                        account.take();
                        unstamped += 1;
                    }
                    Step::GiveBack if unstamped > 0 => {
                        account.give_back();
                        unstamped -= 1;
                    }
                    Step::Stamp(later) if unstamped > 0 => {
                        account.stamp(now + later);
                        unstamped -= 1;
                        stamps.push(now + later);
                    }
                    Step::Pass(time) => now += time,
                    Step::Fill => {
                        account.fill(now);
                        stamps.retain(|s| *s > now);
                        stamps.extend((0..n).map(|_| now));
                    }
                    _ => {}
                }
            }
        }

        /// Above 1,024 a stamp is rounded up: never early, late by less than a grain.
        #[test]
        fn a_large_quota_is_never_early_and_hardly_late(
            rule in rule(), gaps in prop::collection::vec(0_u64..3_000, 1..300), ahead in 0_u64..40_000_000,
        ) {
            let (n, w) = (1_100, 10_240_000);
            let mut account = Account::new(rule, n, w);
            let (mut now, mut stamps) = (w * 3, Vec::new());
            for gap in gaps {
                now += gap;
                for _ in 0..5 {
                    account.take();
                    account.stamp(now);
                    stamps.push(now);
                }
            }
            let at = now + ahead;
            let exact = |at| {
                let mut exact = Account::new(rule, 1_024, w);
                exact.limit = n.into();
                stamps.iter().for_each(|s| { exact.take(); exact.stamp(*s); });
                exact.check(at).is_ok()
            };
            if account.check(at).is_ok() {
                prop_assert!(exact(at), "early");
            } else {
                prop_assert!(!exact(at - w / 1_024), "late by more than a grain");
            }
        }

        /// A stamp moved is a stamp at its new place.
        #[test]
        fn a_stamp_can_be_moved(old in 100_u64..200, new in 100_u64..200, others in prop::collection::vec(100_u64..200, 0..3)) {
            let fill = |stamps: &[u64]| {
                let mut account = Account::new(Window::AnyPhase, 4, 50);
                stamps.iter().for_each(|s| { account.take(); account.stamp(*s); });
                account
            };
            let mut moved = fill(&[&others[..], &[old]].concat());
            moved.restamp(old, new);
            let mut fresh = fill(&[&others[..], &[new]].concat());
            for now in 100..350 {
                prop_assert_eq!(moved.free(now), fresh.free(now));
            }
        }
    }

    #[test]
    fn forgets_in_one_step_however_long_the_rest() {
        let mut account = Account::new(Window::AnyPhase, 1_000, 10);
        for at in 0..1_000 {
            account.take();
            account.stamp(at);
        }
        assert_eq!(account.free(u64::MAX / 2), 1_000);
        assert_eq!(account.blind_until(20), Some(999 + 41));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let day = 86_400_000_000_000 + 86_400_000_000;
        let mut account = Account::new(Window::AnyPhase, 100_000, day);
        let now = 500 * 365 * day;
        for _ in 0..2 {
            account.fill(now - day / 2);
            account.fill(now);
        }
        let earliest = account.check(now).unwrap_err().unwrap();
        assert!((now + day..now + 2 * day).contains(&earliest));
        account.take();
        assert!(account.check(now).is_err());
    }

    #[test]
    fn allocates_once() {
        for (n, rule) in [
            (40, Window::AnyPhase),
            (40, Window::Sliding),
            (5_000, Window::AnyPhase),
        ] {
            let mut account = Account::new(rule, n, 1_000_000);
            let room = account.stamps.capacity();
            for now in 0..3_000 {
                let now = 5_000_000 + now * 997;
                while account.check(now).is_ok() {
                    account.take();
                    account.stamp(now);
                }
            }
            assert_eq!(account.stamps.capacity(), room);
        }
    }
}
