//! The account of one client address: its counter, its late increments, its block.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::counters::Counter;
use super::limit::{Block, Limit, nanos};
use super::stats::Stats;

/// Counts and blocks one client address.
#[derive(Debug)]
pub(super) struct Meter {
    counter: Counter,
    /// When requests that were decided become visible, for counters that are late.
    late: BinaryHeap<Reverse<u64>>,
    blocked_until: u64,
    now: u64,
}

impl Meter {
    pub(super) fn new(limit: &Limit) -> Self {
        Self {
            counter: Counter::new(limit.algorithm, limit.requests(), nanos(limit.window())),
            late: BinaryHeap::new(),
            blocked_until: 0,
            now: 0,
        }
    }

    /// Decides on the request with this serial number at `now` (nanoseconds).
    ///
    /// Returns the nanoseconds it should have waited if it is throttled.
    pub(super) fn decide(
        &mut self,
        limit: &Limit,
        now: u64,
        serial: u64,
        stats: &mut Stats,
    ) -> Option<u64> {
        // Servers' clocks do not go back either.
        self.now = self.now.max(now);
        let now = self.now;
        self.catch_up(now);

        stats.requests += 1;
        let wait = if now < self.blocked_until {
            if let Block::Extended(_) = limit.block {
                self.block(limit, now);
            }
            Some(self.blocked_until - now)
        } else {
            self.weigh(limit, now, stats)
        };
        if wait.is_some() {
            stats.throttled += 1;
        }
        if wait.is_none() || limit.count_throttled {
            self.count(now, limit.lag.of(serial));
            stats.counted += 1;
        }
        wait
    }

    fn weigh(&mut self, limit: &Limit, now: u64, stats: &mut Stats) -> Option<u64> {
        let window = nanos(limit.window());
        let load = self.counter.load(now);
        stats.worst = stats.worst.max((load * 1000).div_ceil(u128::from(window)));
        if load <= u128::from(limit.requests()) * u128::from(window) {
            return None;
        }
        if limit.block.duration().is_none() {
            return Some(window);
        }
        self.block(limit, now);
        stats.blocks += 1;
        Some(self.blocked_until - now)
    }

    fn block(&mut self, limit: &Limit, now: u64) {
        self.blocked_until = now + limit.block.duration().map_or(0, nanos);
    }

    fn count(&mut self, now: u64, lag: u64) {
        if lag == 0 {
            self.counter.count(now);
        } else {
            self.late.push(Reverse(now + lag));
        }
    }

    fn catch_up(&mut self, now: u64) {
        while let Some(&Reverse(due)) = self.late.peek()
            && due <= now
        {
            self.late.pop();
            self.counter.count(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Lag};
    use proptest::prelude::*;
    use std::time::Duration;

    const MS: u64 = 1_000_000;
    const W: u64 = 1000 * MS;

    proptest! {
        /// The obvious model: every request with the time at which it became visible.
        #[test]
        fn blocks_lags_and_429s_agree_with_the_naive_model(
            n in 1..6u32,
            block_ms in prop::option::of(1..3000u64),
            extended: bool,
            count_throttled: bool,
            most_ms in prop_oneof![Just(0), 1..2500u64],
            steps in prop::collection::vec(prop_oneof![Just(0), 1..400u64, 990..1010u64], 1..80),
        ) {
            let duration = Duration::from_millis(block_ms.unwrap_or(0));
            let block = match (block_ms, extended) {
                (None, _) => Block::Excess,
                (Some(_), true) => Block::Extended(duration),
                (Some(_), false) => Block::For(duration),
            };
            let lag = Lag::UpTo { most: Duration::from_millis(most_ms), seed: 7 };
            let limit = Limit::new(n, Duration::from_nanos(W)).unwrap();
            let limit = limit.algorithm(Algorithm::SlidingLog).block(block).lag(lag);
            let limit = limit.count_throttled(count_throttled);

            let (mut meter, mut stats) = (Meter::new(&limit), Stats::default());
            let (mut now, mut until, mut visible) = (0, 0, Vec::<u64>::new());
            for (serial, step) in steps.into_iter().enumerate() {
                now += step * MS;
                let verdict = meter.decide(&limit, now, serial as u64, &mut stats);

                let load = visible.iter().filter(|&&t| t <= now && now - t < W).count() + 1;
                let blocked = now < until;
                let throttled = blocked || load > n as usize;
                let begins = !blocked && throttled || blocked && extended;
                if begins && let Some(ms) = block_ms { until = now + ms * MS; }
                if !throttled || count_throttled { visible.push(now + lag.of(serial as u64)); }
                let wait = if block_ms.is_some() { until.saturating_sub(now) } else { W };
                prop_assert_eq!(verdict, throttled.then_some(wait));
            }
        }

        #[test]
        fn no_lag_is_longer_than_the_longest(most in 0..u64::MAX, seed: u64, serial: u64) {
            let lag = Lag::UpTo { most: Duration::from_nanos(most), seed };
            prop_assert!(lag.of(serial) <= most);
        }
    }
}
