//! For how long this machine stands still.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::terms;

/// Beats as long as this process gets a processor.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<Beats>);

#[derive(Debug)]
struct Beats {
    due: Instant,
    lost: Duration,
}

impl Pulse {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(Beats {
            due: now + EVERY,
            lost: Duration::ZERO,
        }))
    }

    /// One beat; whether it came so late that requests may have been on their way meanwhile, and
    /// when the next is due.
    pub(crate) fn beat(&self, now: Instant) -> (bool, Instant) {
        let mut beats = self.0.lock();
        let late = beats.late(now);
        beats.lost += late;
        beats.due = now + EVERY;
        (late > Duration::ZERO, beats.due)
    }

    /// For how long there was no beat so far. After a standstill others may be heard before the
    /// next beat: it counts for them too.
    pub(crate) fn lost(&self, now: Instant) -> Duration {
        let beats = self.0.lock();
        beats.lost + beats.late(now)
    }
}

impl Beats {
    fn late(&self, now: Instant) -> Duration {
        let late = now.saturating_duration_since(self.due);
        if late > terms::LINGER / 2 {
            late
        } else {
            Duration::ZERO
        }
    }
}

const EVERY: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use comfycontrol_test::now;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_standstill_counts_before_the_first_beat_after_it_and_once() {
        let pulse = Pulse::new(now());
        let at = |millis| now() + Duration::from_millis(millis);
        assert_eq!(pulse.beat(at(60)), (false, at(110)));
        assert_eq!(pulse.lost(at(600)), Duration::ZERO);
        let lost = Duration::from_secs(7);
        assert_eq!(pulse.lost(at(7_110)), lost);
        assert_eq!(pulse.beat(at(7_110)), (true, at(7_160)));
        assert_eq!(pulse.lost(at(7_110)), lost);
        assert_eq!(pulse.lost(at(7_200)), lost);
    }
}
