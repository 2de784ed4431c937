/// How long requests are on their way while calls wait: by how many are at a time, and how many
/// leave.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// Nanoseconds of all requests, and how many those were.
    time: u64,
    requests: u64,
    /// How many were on their way from when on.
    latest: Option<(u64, u64)>,
}

impl InFlight {
    /// From `now` on `in_flight` are on their way, after `granted` more have left.
    pub(super) fn note(&mut self, now: u64, in_flight: u64, granted: u64) {
        self.requests += match self.latest {
            Some((since, in_flight)) => {
                let time = now.saturating_sub(since).saturating_mul(in_flight);
                self.time = self.time.saturating_add(time);
                granted
            }
            None => in_flight,
        };
        self.latest = Some((now, in_flight));
        if self.requests > MAX_REQUESTS.max(8 * in_flight) {
            // What was long ago counts less and less.
            self.time /= 2;
            self.requests /= 2;
        }
    }

    /// No call waits any more, so none looks.
    pub(super) fn pause(&mut self) {
        self.latest = None;
    }

    /// How long one request is on its way; 0 if that is unknown. Those that `are` on their way have
    /// their time before them.
    pub(super) fn latency(&self, are: u64) -> u64 {
        let arrived = self.requests.saturating_sub(are);
        self.time.checked_div(arrived).unwrap_or(0)
    }
}

/// After how many requests the older half begins to fade, unless most are on their way.
const MAX_REQUESTS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_all_is_shared_by_those_that_have_arrived() {
        let mut seen = InFlight::default();
        assert_eq!(seen.latency(0), 0);
        seen.note(100, 2, 2);
        seen.note(110, 1, 0);
        seen.note(130, 1, 1);
        seen.note(140, 0, 0);
        // 10 with two, 30 with one.
        assert_eq!((seen.latency(0), seen.latency(1)), (50 / 3, 50 / 2));
        assert_eq!(seen.latency(3), 0);
        // What leaves while no call waits is not seen, nor how long that takes.
        seen.pause();
        seen.note(1_000, 1, 1);
        seen.note(1_010, 0, 0);
        assert_eq!(seen.latency(0), 60 / 4);
    }

    #[test]
    fn what_was_long_ago_counts_less() {
        let mut seen = InFlight::default();
        for n in 0..=1_000 {
            seen.note(n * 10, 1, 1);
        }
        assert_eq!((seen.requests, seen.latency(0)), (500, 10));
        for n in 1..=500 {
            seen.note(10_000 + n * 1_000, 1, 1);
        }
        assert_eq!((seen.requests, seen.latency(0)), (1_000, 505));
    }

    #[test]
    fn nothing_fades_before_most_have_arrived() {
        let mut seen = InFlight::default();
        for n in 0..1_600 {
            seen.note(n, 200, u64::from(n > 199));
        }
        assert_eq!(seen.requests, 1_600);
        seen.note(1_600, 200, 1);
        assert_eq!(seen.requests, 800);
    }
}
