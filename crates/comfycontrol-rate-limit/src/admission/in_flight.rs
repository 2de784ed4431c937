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
