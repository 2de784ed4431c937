//! When the end will be: no I/O.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// What this session has seen. What earlier ones did tells nothing of how fast this one is: a bar
/// that begins in the middle takes all of that for the work of its first second.
#[derive(Debug)]
pub(crate) struct Estimate {
    /// The time between two slots of the quota.
    slot: Duration,
    jobs: usize,
    /// How long the last rows took, from when they were sent to when their files were there.
    took: VecDeque<Duration>,
    sum: Duration,
    /// What was said last.
    end: Option<Instant>,
}

/// What is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    /// Rows of which nothing was sent.
    pub(crate) waiting: usize,
    /// For how long each of the others has been under way.
    pub(crate) ages: Vec<Duration>,
}

impl Estimate {
    pub(crate) fn new(slot: Duration, jobs: usize) -> Self {
        Self {
            slot,
            jobs: jobs.max(1),
            took: VecDeque::new(),
            sum: Duration::ZERO,
            end: None,
        }
    }

    /// A row that this session began is done.
    pub(crate) fn took(&mut self, time: Duration) {
        self.took.push_back(time);
        self.sum += time;
        if self.took.len() > LAST
            && let Some(first) = self.took.pop_front()
        {
            self.sum -= first;
        }
    }

    /// How long it takes from now on. It is told once a row was seen from its beginning to its end,
    /// and is only put off when it is clearly late.
    pub(crate) fn left(&mut self, now: Instant, left: &Left) -> Option<Duration> {
        let count = u32::try_from(self.took.len()).ok().filter(|n| *n > 0)?;
        let estimated = now + self.estimated(self.sum / count, left);
        let said = match self.end {
            Some(said) if estimated > said && estimated <= said + self.doubt(now, said) => said,
            _ => estimated,
        };
        self.end = Some(said);
        // What is late has no end that is known.
        Some(said.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Goes through what is left: a row begins when a job is free and the quota has two slots for
    /// it.
    fn estimated(&self, typical: Duration, left: &Left) -> Duration {
        let ends = left.ages.iter().map(|age| typical.saturating_sub(*age));
        let mut ends: BinaryHeap<_> = ends.map(Reverse).collect();
        let each = self.slot * 2;
        let (mut slots, mut last) = (Duration::ZERO, Duration::ZERO);
        last = ends.iter().map(|end| end.0).max().unwrap_or(last);
        for _ in 0..left.waiting.min(MOST) {
            let free = match ends.len() < self.jobs {
                true => Duration::ZERO,
                false => ends.pop().unwrap_or_default().0,
            };
            let begins = free.max(slots);
            slots = begins + each;
            ends.push(Reverse(begins + typical));
            last = last.max(begins + typical);
        }
        let rest = u32::try_from(left.waiting.saturating_sub(MOST)).unwrap_or(u32::MAX);
        let jobs = u32::try_from(self.jobs).unwrap_or(u32::MAX);
        last.saturating_add(each.max(typical / jobs).saturating_mul(rest))
    }

    /// By how much it may be late without being told.
    fn doubt(&self, now: Instant, said: Instant) -> Duration {
        said.saturating_duration_since(now) / 10 + Duration::from_secs(5)
    }
}

const LAST: usize = 64;
/// The others go on at the pace of these.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests;
