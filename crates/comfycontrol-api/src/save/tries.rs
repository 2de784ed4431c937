//! How often a file is asked for whose responses break off: no I/O.

use std::time::Duration;

/// What the responses of one file have come to.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// The most bytes that were ever there.
    best: u64,
    misses: u32,
}

impl Tries {
    /// The pause before the next request, now that the last one has left so many bytes on disk;
    /// `None` if it is time to give up.
    ///
    /// A try that leads further is not a miss, and nothing waits after it. A file that breaks off
    /// every megabyte still arrives; one that brings nothing new is asked for six times more, in
    /// half a minute.
    pub(super) fn next(&mut self, have: u64, asked_to_wait: Option<Duration>) -> Option<Duration> {
        let gained = have.saturating_sub(self.best);
        self.best = self.best.max(have);
        let asked = asked_to_wait.unwrap_or_default();
        if asked > LONGEST_WAIT {
            return None;
        }
        if gained >= WORTH_A_REQUEST {
            self.misses = 0;
            return Some(asked);
        }
        self.misses += 1;
        (self.misses <= MOST_MISSES).then(|| {
            let pause = PAUSE * 2u32.saturating_pow(self.misses - 1);
            pause.min(LONGEST_PAUSE).max(asked)
        })
    }
}

const WORTH_A_REQUEST: u64 = 16 * 1024;
const MOST_MISSES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What a host asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_test::SECOND;

    #[test]
    fn what_leads_further_is_asked_for_at_once_and_without_end() {
        let mut tries = Tries::default();
        for n in 1..10_000u64 {
            assert_eq!(tries.next(n * 65_536, None), Some(Duration::ZERO));
        }
    }

    #[test]
    fn what_brings_nothing_new_is_given_up_in_half_a_minute() {
        // Nothing at all; a byte each time; the same again and again, of one file or of another.
        for have in [|_| 0, |n| n, |n| 1_000_000 - n * 100_000] {
            let mut tries = Tries::default();
            assert_eq!(tries.next(1_000_000, None), Some(Duration::ZERO));
            let mut waited = Duration::ZERO;
            let mut n = 0;
            while let Some(pause) = tries.next(have(n), None) {
                waited += pause;
                n += 1;
            }
            assert_eq!(n, u64::from(MOST_MISSES));
            assert!((20 * SECOND..40 * SECOND).contains(&waited), "{waited:?}");
        }
    }

    #[test]
    fn a_host_s_wait_is_kept_unless_it_is_too_long() {
        let mut tries = Tries::default();
        assert_eq!(tries.next(0, Some(20 * SECOND)), Some(20 * SECOND));
        assert_eq!(tries.next(1 << 20, Some(20 * SECOND)), Some(20 * SECOND));
        assert_eq!(tries.next(1 << 20, Some(61 * SECOND)), None);
    }
}
