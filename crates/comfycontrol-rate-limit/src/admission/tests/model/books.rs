//! What the server may still count, and the rule as it is written.

use std::collections::BTreeSet;

use crate::Algorithm;

/// The number of a call: they are counted in arrival order.
pub(crate) type Id = usize;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Books {
    algorithm: Algorithm,
    pub(crate) n: u64,
    pub(crate) w: u64,
    /// The largest `n` there ever was.
    peak: u64,
    pub(crate) unstamped: BTreeSet<Id>,
    /// With the call that may still move it.
    pub(crate) stamps: Vec<(u64, Option<Id>)>,
    /// The stamps that the rule did not look at any more, and the window under which it did not.
    forgotten: Vec<(u64, u64)>,
}

impl Books {
    pub(crate) fn new(algorithm: Algorithm, n: u32, w: u64) -> Self {
        Self {
            algorithm,
            n: n.into(),
            w,
            peak: n.into(),
            unstamped: BTreeSet::new(),
            stamps: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    /// The rule as it is written. Between the points where `a` jumps the left side falls in `e`.
    pub(crate) fn allow(&self, more: u64, now: u64) -> bool {
        let (n, w) = (self.n, self.w);
        let stamps = || self.stamps.iter().map(|(at, _)| *at);
        let a = |x: u64| {
            more + self.unstamped.len() as u64 + stamps().filter(|s| s + x >= now).count() as u64
        };
        let ages = || stamps().map(|s| now.saturating_sub(s));
        let mut jumps = ages()
            .chain(ages().map(|age| age.saturating_sub(w)))
            .chain([0, w])
            .filter(|e| *e <= w);
        match self.algorithm {
            Algorithm::SlidingLog => a(w) <= n,
            Algorithm::Strict => jumps.all(|e| e * a(e) + (w - e) * a(e + w) <= n * w),
        }
    }

    pub(crate) fn forget(&mut self, now: u64) {
        let horizon = match self.algorithm {
            Algorithm::Strict => 2 * self.w,
            Algorithm::SlidingLog => self.w,
        };
        let old = self.stamps.extract_if(.., |(at, _)| *at + horizon < now);
        self.forgotten.extend(old.map(|(at, _)| (at, self.w)));
    }

    /// The request leaves, and the server counts it `at` once at the latest.
    pub(crate) fn dispatch(&mut self, id: Id, at: u64) {
        self.unstamped.remove(&id);
        self.stamps.push((at, Some(id)));
    }

    /// The request ends, and the server counts it `at` once at the latest; returns when that is,
    /// all considered.
    pub(crate) fn settle(&mut self, id: Id, at: u64) -> u64 {
        if self.unstamped.remove(&id) {
            self.stamps.push((at, None));
        } else if let Some(own) = self.stamps.iter_mut().find(|(_, owner)| *owner == Some(id)) {
            let at = at.min(own.0);
            *own = (at, None);
            return at;
        }
        at
    }

    /// Assumes that the server has just counted a whole quota, or what it may have counted under a
    /// larger one.
    pub(crate) fn fill(&mut self, at: u64) {
        let w = self.w;
        let counted = self.stamps.extract_if(.., |(stamp, _)| *stamp <= at);
        let (recent, old): (Vec<_>, Vec<_>) = counted.partition(|(stamp, _)| stamp + w >= at);
        self.forgotten.extend(old.iter().map(|(at, _)| (*at, w)));
        let filled = (recent.len() as u64).clamp(self.n, self.peak);
        self.stamps.extend((0..filled).map(|_| (at, None)));
    }

    /// Returns until when everything must stay closed for what was forgotten.
    pub(crate) fn set_quota(&mut self, n: u32, w: u64) -> Option<u64> {
        (self.n, self.w) = (n.into(), w);
        self.peak = self.peak.max(self.n);
        let missed = self.forgotten.iter().filter(|(_, under)| *under < w);
        Some(missed.map(|(at, _)| at).max()? + 2 * w + 1)
    }
}
