use serde::Serialize;
use tokio::time::Instant;

use crate::histogram::Histogram;
use crate::history::Counts;
use crate::outcome::Class;
use crate::records::Records;

/// Calls that have ended. Arrays of six are by class: success, client error, throttled, server
/// error, failed, cancelled.
#[derive(Debug, Serialize)]
pub(crate) struct Ended {
    totals: [u64; Class::COUNT],
    /// The number of the first second that is told of, and each second from then on.
    first_second: u64,
    seconds: Vec<Counts>,
    /// Name, calls, throttled ones.
    callers: Vec<(String, u64, u64)>,
    others: (u64, u64),
    wait: Times,
    duration: Times,
}

/// In seconds: half of all, and 95 in 100, take that long at most.
#[derive(Debug, Serialize)]
struct Times {
    count: u64,
    median: Option<f64>,
    p95: Option<f64>,
}

impl Ended {
    /// With the seconds from number `since` on.
    pub(crate) fn of(records: &mut Records, now: Instant, since: u64) -> Self {
        let (first_second, seconds) = records.since(now, since);
        let callers = records.callers();
        let others = callers.others();
        let known = callers.known().into_iter();
        Self {
            totals: records.totals(),
            first_second,
            seconds,
            callers: known
                .map(|(name, calls)| (name.to_owned(), calls.ended, calls.throttled))
                .collect(),
            others: (others.ended, others.throttled),
            wait: Times::of(records.wait()),
            duration: Times::of(records.duration()),
        }
    }

    /// The number of the newest second.
    pub(crate) fn newest(&self) -> u64 {
        self.first_second + (self.seconds.len() as u64).saturating_sub(1)
    }
}

impl Times {
    fn of(histogram: &Histogram) -> Self {
        Self {
            count: histogram.count(),
            median: histogram.quantile(0.5),
            p95: histogram.quantile(0.95),
        }
    }
}
