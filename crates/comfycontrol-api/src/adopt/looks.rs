//! When to look for a run whose creation may still be on its way: no I/O.

use std::time::Duration;

use tokio::time::Instant;

/// The times at which a list is looked at, until what is not in it will not come any more.
#[derive(Debug)]
pub(super) struct Looks {
    /// From then on a look that finds nothing is the last.
    settled: Instant,
    /// When failed looks end.
    over: Instant,
    /// When the look under way has begun, unless it failed.
    began: Option<Instant>,
    count: u32,
}

impl Looks {
    /// The request may arrive until `settle` after `lost`.
    pub(super) fn new(lost: Instant, settle: Duration) -> Self {
        let settled = lost + settle.min(YEAR);
        Self {
            settled,
            over: settled + GIVE_UP_AFTER,
            began: None,
            count: 0,
        }
    }

    /// When the next look begins; `None` if the last one has told all.
    pub(super) fn next(&mut self, now: Instant) -> Option<Instant> {
        if self.began.is_some_and(|began| began >= self.settled) {
            return None;
        }
        let pause = match self.count {
            0 => Duration::ZERO,
            count => (PAUSE * 2u32.saturating_pow(count - 1)).min(LONGEST_PAUSE),
        };
        self.count = self.count.saturating_add(1);
        let mut next = now + pause;
        if now < self.settled {
            next = next.min(self.settled);
        }
        self.began = Some(next);
        Some(next)
    }

    /// The look under way has failed; whether there may be another.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.began = None;
        now < self.over
    }
}

const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long the list may be away.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_test::{SECOND, now};

    #[tokio::test(start_paused = true)]
    async fn the_last_look_begins_when_nothing_can_arrive_any_more() {
        let lost = now();
        let mut looks = Looks::new(lost, 100 * SECOND);
        let (mut at, mut seen) = (lost, Vec::new());
        while let Some(next) = looks.next(at) {
            seen.push((next - lost).as_secs());
            at = next;
        }
        assert_eq!(seen, [0, 2, 6, 14, 30, 60, 90, 100]);
        // One that takes long does not count as later than it began.
        let mut looks = Looks::new(lost, SECOND);
        assert_eq!(looks.next(lost), Some(lost));
        assert!(looks.next(lost + 100 * SECOND).is_some());
        assert_eq!(looks.next(lost + 200 * SECOND), None);
        assert!(Looks::new(lost, Duration::MAX).next(lost).is_some());
        let mut once = Looks::new(lost, Duration::ZERO);
        assert_eq!(once.next(lost), Some(lost));
        assert_eq!(once.next(lost), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_fails_has_told_nothing() {
        let lost = now();
        let mut looks = Looks::new(lost, Duration::ZERO);
        let mut at = lost;
        while looks.failed(at) {
            at = looks.next(at).unwrap();
        }
        assert!((300..=330).contains(&(at - lost).as_secs()));
    }
}
