//! A counter that refills.

/// N tokens, refilled continuously at N per W.
///
/// Kept as what is missing from the bucket, in requests × nanoseconds of W:
/// one request takes W, one nanosecond gives back N.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    n: u128,
    window: u128,
    missing: u128,
    at: u64,
}

impl TokenBucket {
    pub(super) fn new(n: u32, window: u64) -> Self {
        Self {
            n: u128::from(n),
            window: u128::from(window),
            missing: 0,
            at: 0,
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        self.refill(now);
        self.missing + self.window
    }

    pub(super) fn count(&mut self, now: u64) {
        self.refill(now);
        // A bucket cannot owe: counted 429s find it empty, not in debt.
        self.missing = (self.missing + self.window).min(self.n * self.window);
    }

    fn refill(&mut self, now: u64) {
        let refilled = self.n * u128::from(now - self.at);
        self.missing = self.missing.saturating_sub(refilled);
        self.at = now;
    }
}
