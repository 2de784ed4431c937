use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tower::retry::backoff::{ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::Rng;

/// From 0.2 s on, doubled each time, each up to doubled by chance.
pub(crate) fn backoff() -> ExponentialBackoff<Dice> {
    ExponentialBackoffMaker::new(FIRST_WAIT, LONGEST_WAIT, 1.0, Dice::default())
        .expect("0 < first < longest, and the jitter is a ratio")
        .make_backoff()
}

/// Chance shared by all clones of a policy. tower's own generator starts each clone with the same
/// numbers, so that all calls that fail together would come back together.
#[derive(Clone, Default)]
pub(crate) struct Dice(Arc<(RandomState, AtomicU64)>);

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        let (state, throws) = &*self.0;
        state.hash_one(throws.fetch_add(1, Ordering::Relaxed))
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
