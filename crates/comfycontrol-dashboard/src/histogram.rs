//! How often what took how long, in buckets that are given. Pure.

use std::time::Duration;

/// Times, as counts of buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    /// How many each bucket has; the last one is for what is above all bounds.
    counts: [u64; Self::BOUNDS.len() + 1],
    sum: f64,
}

impl Histogram {
    /// The largest time of each bucket but the last, in seconds: from one that does not wait to
    /// some windows of a long queue.
    pub(crate) const BOUNDS: [f64; 14] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
    ];

    pub(crate) fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < seconds);
        self.counts[bucket] += 1;
        self.sum += seconds;
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each bound, and how many times its bucket has by itself.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = Self::BOUNDS.into_iter().chain([f64::INFINITY]);
        bounds.zip(self.counts)
    }

    /// The bound that this part of all times keeps to; `None` if there are none, or they do not.
    pub(crate) fn quantile(&self, part: f64) -> Option<f64> {
        let needed = (self.count() as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        let within = self.buckets().find(|(_, count)| {
            seen += count;
            seen >= needed
        });
        within.map(|(bound, _)| bound).filter(|it| it.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn has_what_a_list_of_all_times_has(times in prop::collection::vec(0_u64..400_000, 0..40)) {
            let mut histogram = Histogram::default();
            for time in &times {
                histogram.add(Duration::from_millis(*time));
            }
            let mut sorted: Vec<_> = times.iter().map(|time| *time as f64 / 1_000.0).collect();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(histogram.count(), sorted.len() as u64);
            prop_assert!((histogram.sum() - sorted.iter().sum::<f64>()).abs() < 1e-6);
            let mut at_most = 0;
            for (bound, count) in histogram.buckets() {
                at_most += count;
                let expected = sorted.iter().filter(|time| **time <= bound).count();
                prop_assert_eq!(at_most, expected as u64);
            }
            for (part, rank) in [(0.5, times.len().div_ceil(2)), (1.0, times.len())] {
                let bound = rank.checked_sub(1).and_then(|index| {
                    Histogram::BOUNDS.into_iter().find(|bound| sorted[index] <= *bound)
                });
                prop_assert_eq!(histogram.quantile(part), bound);
            }
        }
    }
}
