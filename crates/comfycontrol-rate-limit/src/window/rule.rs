//! The rules, as constraints on the instant at which one more may go: see the [proof](crate::proof).

use super::stamps::Stamp;
use super::{Account, Window};

impl Account {
    /// The rule for `more` requests beside what there is; `None`: there is no waiting for that.
    pub(super) fn rule(&mut self, more: u64) -> Option<Rule<'_>> {
        let unstamped = self.unstamped + more;
        (unstamped <= self.limit).then(|| Rule {
            kind: self.kind,
            limit: self.limit,
            window: self.window,
            unstamped,
            start: self.stamps.start(),
            all: self.stamps.end() + unstamped,
            stamps: self.stamps.as_slice(),
        })
    }
}

pub(super) struct Rule<'a> {
    kind: Window,
    limit: u64,
    window: u64,
    unstamped: u64,
    start: u64,
    /// The number after the last request's.
    all: u64,
    stamps: &'a [Stamp],
}

impl Rule<'_> {
    /// The first instant at which it is satisfied, as far as it depends on what is known of.
    pub(super) fn earliest(&self) -> u64 {
        let (recent, mut opens) = self.recent();
        if self.kind == Window::AnyPhase {
            opens = self.young(recent, opens);
            opens = self.old(recent, opens);
        }
        opens
    }

    /// As [`earliest`](Self::earliest), but quick, and perhaps too early.
    pub(super) fn hardly_before(&self) -> u64 {
        let (recent, mut opens) = self.recent();
        if self.kind == Window::AnyPhase {
            // The newest stamp's constraint, and those on either side of where the window begins.
            let old = recent.checked_sub(1).map(|old| self.stamps[old].at);
            let candidates = [
                self.stamps.last().map(|newest| newest.at),
                self.stamps.get(recent).map(|young| young.at),
                old.map(|at| at + self.window),
            ];
            for since in candidates.into_iter().flatten() {
                opens = self.one(opens, since);
            }
        }
        opens
    }

    /// The constraint at `e` = 0: the index of the first stamp that fits beside the newer ones and the
    /// unstamped, and the instant at which the one before it has left the window.
    fn recent(&self) -> (usize, u64) {
        let Some(excess) = (self.all - self.start).checked_sub(self.limit + 1) else {
            return (0, 0);
        };
        let recent = self
            .stamps
            .partition_point(|stamp| stamp.before <= self.start + excess);
        let last_to_leave = &self.stamps[recent - 1];
        (recent, last_to_leave.at + self.window + 1)
    }

    /// The constraints at `e` = the age of each stamp from `recent` on.
    fn young(&self, recent: usize, mut opens: u64) -> u64 {
        // From the newest back, with those that are at most one window older.
        let mut older = self.stamps;
        let mut first = self.all - self.unstamped;
        for stamp in self.stamps[recent..].iter().rev() {
            let since = stamp.at.saturating_sub(self.window);
            while let [rest @ .., other] = older
                && other.at >= since
            {
                first = other.before;
                older = rest;
            }
            opens = self.lift(opens, stamp.at, stamp.before, first);
        }
        opens
    }

    /// The constraints at `e` = the age less one window of each stamp before `recent`.
    fn old(&self, recent: usize, mut opens: u64) -> u64 {
        // From the newest back, with those that are at least one window younger.
        let mut younger = self.stamps;
        let mut last = self.all - self.unstamped;
        for stamp in self.stamps[..recent].iter().rev() {
            let since = stamp.at + self.window;
            while let [rest @ .., other] = younger
                && other.at >= since
            {
                last = other.before;
                younger = rest;
            }
            if last + self.limit < self.all {
                break; // these have left both windows before the younger ones have left the first
            }
            opens = self.lift(opens, since, last, stamp.before);
        }
        opens
    }

    /// One constraint by itself.
    fn one(&self, opens: u64, since: u64) -> u64 {
        let last = self.number_at(since);
        let first = self.number_at(since.saturating_sub(self.window));
        if last + self.limit < self.all {
            return opens; // as in `old`
        }
        self.lift(opens, since, last, first)
    }

    /// The number of the first request with this stamp or a later one.
    fn number_at(&self, at: u64) -> u64 {
        let index = self.stamps.partition_point(|stamp| stamp.at < at);
        let stamp = self.stamps.get(index);
        stamp.map_or(self.all - self.unstamped, |stamp| stamp.before)
    }

    /// The later of `opens` and what one constraint asks: `e·near + (W−e)·far ≤ N·W` for the `e` that
    /// counts from `since`, where `near` counts from number `last` on and `far` from number `first`.
    #[inline]
    fn lift(&self, opens: u64, since: u64, last: u64, first: u64) -> u64 {
        let (far, slope) = (self.all - first, last - first);
        if far <= self.limit {
            return opens;
        }
        let reach = opens.saturating_sub(since);
        let needed = u128::from(self.window) * u128::from(far - self.limit);
        if u128::from(reach) * u128::from(slope) >= needed {
            return opens;
        }
        since + div_ceil(needed, slope)
    }
}

/// The quotient is one window at most: `far` exceeds the limit by less than it exceeds `near`.
#[inline]
fn div_ceil(dividend: u128, divisor: u64) -> u64 {
    match u64::try_from(dividend) {
        Ok(dividend) => dividend.div_ceil(divisor),
        Err(_) => dividend.div_ceil(divisor.into()) as u64,
    }
}
