//! The one place that reads clocks: what is measured is real time, even where tokio's is paused.

use std::sync::LazyLock;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// The clock that the layers read.
#[inline]
#[expect(clippy::disallowed_methods, reason = "its cost is what is measured")]
pub fn tokio_now() -> Instant {
    Instant::now()
}

/// The clock beneath it.
#[inline]
pub fn std_now() -> Real {
    Real::now()
}

/// How long this thread has been running on a processor.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// Takes the time, less what taking it costs.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Stopwatch {
    start: Real,
}

/// Never paused, unlike tokio's.
#[expect(
    clippy::disallowed_types,
    reason = "it goes on where tokio's is paused"
)]
pub type Real = std::time::Instant;

impl Stopwatch {
    /// Starts it.
    #[inline]
    pub fn start() -> Self {
        Self { start: std_now() }
    }

    /// What has passed since.
    #[inline]
    pub fn elapsed(self) -> Duration {
        let end = std_now();
        let passed = end.saturating_duration_since(self.start);
        passed.saturating_sub(*OVERHEAD)
    }
}

static OVERHEAD: LazyLock<Duration> = LazyLock::new(|| {
    let empty = || {
        let start = std_now();
        std_now().saturating_duration_since(start)
    };
    let mut samples: Vec<_> = (0..1_001).map(|_| empty()).collect();
    samples.sort_unstable();
    samples[samples.len() / 2]
});
