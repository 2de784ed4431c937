//! The algorithms, as constraints on the instant at which one more may go: see the
//! [proof](crate::proof).

use super::stamps::Stamp;
use crate::Algorithm;

/// What an [`Account`](super::Account) holds, as one constraint after the other.
pub(super) struct Rule<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) limit: u64,
    pub(super) window: u64,
    pub(super) unstamped: u64,
    /// The number of the first request that is remembered.
    pub(super) start: u64,
    /// The number after the last request's.
    pub(super) end: u64,
    /// Whether a number of requests times a part of the window fits into 64 bits.
    pub(super) is_small: bool,
    pub(super) stamps: &'a [Stamp],
}

/// The first instant at which a rule is satisfied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earliest {
    pub(super) at: u64,
    /// The constraint that asks for it counts all requests with this stamp or a later one in full.
    pub(super) since: u64,
}

impl Rule<'_> {
    /// The first instant at which it is satisfied, as far as it depends on what is known of.
    pub(super) fn earliest(&self) -> Earliest {
        let (recent, mut earliest) = self.out_of_window();
        if self.algorithm == Algorithm::Strict {
            let mut later = |since, last, first| {
                earliest = self.later_of(earliest, since, last, first);
            };
            self.for_recent(recent, &mut later);
            self.for_old(recent, &mut later);
        }
        earliest
    }

    /// How many more are satisfied at `now`, all at once.
    ///
    /// One more adds `W` to the left side of each constraint, so what is left of the tightest one
    /// is shared out.
    pub(super) fn free(&self, now: u64) -> u64 {
        let window = u128::from(self.window);
        let recent = self.first_from(now.saturating_sub(self.window));
        let in_window = self.end - self.number_of(recent);
        let mut most = window * u128::from(in_window); // at `e` = 0
        if self.algorithm == Algorithm::Strict {
            let mut more_of = |since, last, first| {
                let (near, far) = (self.end - last, self.end - first);
                let age = now.checked_sub(since).filter(|age| *age <= self.window);
                let Some(age) = age.filter(|_| far > in_window).map(u128::from) else {
                    return; // or it asks for no more than at `e` = 0
                };
                most = most.max(age * u128::from(near) + (window - age) * u128::from(far));
            };
            self.for_recent(recent, &mut more_of);
            self.for_old(recent, &mut more_of);
        }
        let left = (window * u128::from(self.limit)).saturating_sub(most);
        u64::try_from(left / window).unwrap_or(self.limit)
    }

    /// The constraint at `e` = 0: the index of the first stamp that fits together with the newer
    /// ones and the unstamped, and the instant at which the one before it has left the window.
    fn out_of_window(&self) -> (usize, Earliest) {
        let Some(excess) = (self.end - self.start).checked_sub(self.limit + 1) else {
            return (0, Earliest { at: 0, since: 0 });
        };
        let recent = self
            .stamps
            .partition_point(|stamp| stamp.before <= self.start + excess);
        let since = self.stamps[recent - 1].at + 1;
        let at = since + self.window;
        (recent, Earliest { at, since })
    }

    /// The constraints at `e` = the age of each stamp from `recent` on: what
    /// [`later_of`](Self::later_of) takes.
    fn for_recent(&self, recent: usize, mut see: impl FnMut(u64, u64, u64)) {
        // From the newest back, with those that are at most one window older.
        let mut older = self.stamps;
        let mut first = self.end;
        for stamp in self.stamps[recent..].iter().rev() {
            let since = stamp.at.saturating_sub(self.window);
            while let [rest @ .., other] = older
                && other.at >= since
            {
                first = other.before;
                older = rest;
            }
            see(stamp.at, stamp.before, first);
        }
    }

    /// The constraints at `e` = the age less one window of each stamp before `recent`.
    fn for_old(&self, recent: usize, mut see: impl FnMut(u64, u64, u64)) {
        // From the newest back, with those that are at least one window younger.
        let mut younger = self.stamps;
        let mut last = self.end - self.unstamped;
        for stamp in self.stamps[..recent].iter().rev() {
            let since = stamp.at + self.window;
            while let [rest @ .., other] = younger
                && other.at >= since
            {
                last = other.before;
                younger = rest;
            }
            if last + self.limit < self.end {
                break; // these have left both windows before the younger ones have left the first
            }
            see(since, last, stamp.before);
        }
    }

    /// The index of the first stamp that is not before `at`.
    fn first_from(&self, at: u64) -> usize {
        self.stamps.partition_point(|stamp| stamp.at < at)
    }

    /// The number of the first request with the stamp of this index, or of the first without one.
    fn number_of(&self, index: usize) -> u64 {
        let stamp = self.stamps.get(index);
        stamp.map_or(self.end - self.unstamped, |stamp| stamp.before)
    }

    /// The later of `earliest` and what one constraint asks: `e·near + (W−e)·far ≤ N·W` for the `e`
    /// that counts from `since`, where `near` counts from number `last` on and `far` from number
    /// `first`.
    #[inline]
    fn later_of(&self, earliest: Earliest, since: u64, last: u64, first: u64) -> Earliest {
        let (far, slope) = (self.end - first, last - first);
        if far <= self.limit {
            return earliest;
        }
        // No more than the window is ever asked for: `far` exceeds the limit by no more than it
        // exceeds `near`.
        let reach = earliest.at.saturating_sub(since).min(self.window);
        let excess = far - self.limit;
        let after = if self.is_small {
            let needed = self.window * excess;
            if reach * slope >= needed {
                return earliest;
            }
            needed.div_ceil(slope)
        } else {
            let needed = u128::from(self.window) * u128::from(excess);
            if u128::from(reach) * u128::from(slope) >= needed {
                return earliest;
            }
            needed.div_ceil(slope.into()) as u64
        };
        let at = since + after;
        Earliest { at, since }
    }
}
