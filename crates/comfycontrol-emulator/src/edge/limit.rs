//! The settings of the limit: how many, how long, counted how, and what happens
//! to the one too many.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::algorithm::Algorithm;
use crate::random::mix;

/// Allows N requests per W to each client address; what is above gets a 429.
///
/// The default is what the API documents: 40 per 10 s, a cooldown of 10 s; counted
/// by the algorithm Cloudflare has published, throttled requests not counted, counters exact.
///
/// ```
/// use comfycontrol_emulator::{Algorithm, Block, Limit};
/// use std::time::Duration;
///
/// let limit = Limit::default()
///     .algorithm(Algorithm::SlidingLog)
///     .block(Block::Extended(Duration::from_secs(10)));
/// assert_eq!(limit.requests(), 40);
/// assert!(Limit::new(0, Duration::from_secs(10)).is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Limit {
    requests: u32,
    window: Duration,
    pub(super) algorithm: Algorithm,
    pub(super) block: Block,
    pub(super) count_throttled: bool,
    pub(super) lag: Lag,
}

impl Limit {
    /// Allows `requests` per `window`.
    ///
    /// # Errors
    ///
    /// [`InvalidLimit`] if `requests` is 0, or `window` is not between 1 ms and 1 day.
    pub fn new(requests: u32, window: Duration) -> Result<Self, InvalidLimit> {
        if requests == 0 || window < SHORTEST || window > LONGEST {
            return Err(InvalidLimit(()));
        }
        Ok(Self {
            requests,
            window,
            ..Self::default()
        })
    }

    /// Sets how requests are counted.
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// Sets what follows a request over the limit.
    ///
    /// A block longer than one day is taken as one day.
    pub fn block(self, block: Block) -> Self {
        Self { block, ..self }
    }

    /// Sets whether throttled requests are counted like the others; off by default.
    pub fn count_throttled(self, count_throttled: bool) -> Self {
        Self {
            count_throttled,
            ..self
        }
    }

    /// Sets how late requests become visible to the counter; at once by default.
    pub fn lag(self, lag: Lag) -> Self {
        Self { lag, ..self }
    }

    /// N, the requests allowed per window.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The window in which requests are counted.
    pub fn window(&self) -> Duration {
        self.window
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            requests: 40,
            window: Duration::from_secs(10),
            algorithm: Algorithm::SlidingCounter {
                phase: Duration::ZERO,
            },
            block: Block::For(Duration::from_secs(10)),
            count_throttled: false,
            lag: Lag::None,
        }
    }
}

/// Which requests get a 429 after one over the limit, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Block {
    /// Only the excess gets a 429.
    Excess,
    /// As [`For`](Self::For), and each request during the block begins it again.
    Extended(Duration),
    /// Every request of the address gets a 429 for so long, whatever its rate.
    For(Duration),
}

impl Block {
    pub(super) fn duration(self) -> Option<Duration> {
        match self {
            Self::Excess => None,
            Self::Extended(duration) | Self::For(duration) => Some(duration.min(LONGEST)),
        }
    }
}

/// How much later than its arrival a request becomes visible to the counter.
///
/// A lag above one day is taken as one day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lag {
    /// Every request this much later.
    Exactly(Duration),
    /// At once.
    None,
    /// Each request by its own lag between 0 and `most`, the same for the same `seed`.
    UpTo {
        /// The longest lag.
        most: Duration,
        /// What the lags are drawn from.
        seed: u64,
    },
}

impl Lag {
    /// The lag of the request with this serial number, in nanoseconds.
    pub(super) fn of(self, serial: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::Exactly(lag) => nanos(lag),
            Self::UpTo { most, seed } => mix(seed, serial) % (nanos(most) + 1),
        }
    }
}

/// The numbers for a [`Limit`] are out of range: zero requests, or a window outside 1 ms to 1 day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidLimit(());

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit takes at least one request and a window between 1 ms and 1 day")
    }
}

impl Error for InvalidLimit {}

/// Nanoseconds of a duration, at most a day.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.min(LONGEST).as_nanos()).expect("a day is far below u64::MAX ns")
}

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
