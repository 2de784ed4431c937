use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::retry::backoff::ExponentialBackoff;
use tower::retry::budget::TpsBudget;

use crate::backoff::{Dice, backoff};

/// Decides whether a request is sent again, how often, and after which wait.
///
/// Clones share the budget: what one call spends on retries, another cannot. See the
/// [crate docs](crate) for the rules.
///
/// It is the settings of a [`RetryLayer`](crate::RetryLayer), and not itself a policy for tower's
/// own retry layer.
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) max_throttled_retries: u32,
    cooldown: Cooldown,
    /// Whether a request is sent again because its token was replaced.
    pub(crate) token_retry: bool,
    pub(crate) budget: Arc<TpsBudget>,
    pub(crate) backoff: ExponentialBackoff<Dice>,
}

impl RetryPolicy {
    /// Sends a request up to twice more after failures, and up to three times more after 429s.
    ///
    /// After failures it waits 0.2 s and 0.4 s, each up to doubled by chance. After a 429 it waits
    /// 10 s, or what the response asks for if that is longer, and such a backoff on top.
    ///
    /// The budget is tower's [`TpsBudget`]: one retry for five calls that succeeded, plus ten
    /// retries, which may go all at once. Both are counted over some 10 s: what was spent comes
    /// back after 6 to 20 s, going by when calls end, and after 11 s if one ends every second.
    /// Retries that a rate limiter paces and those with a new token cost nothing.
    pub fn new() -> Self {
        Self {
            max_retries: 2,
            max_throttled_retries: 3,
            cooldown: Cooldown::Usual,
            token_retry: true,
            budget: Arc::new(TpsBudget::new(Duration::from_secs(10), 1, 0.2)),
            backoff: backoff(),
        }
    }

    /// Sends nothing again, except with a new token where the old one was replaced.
    ///
    /// That is done up to three times. [`without_token_retry`](Self::without_token_retry) excludes
    /// that too.
    pub fn none() -> Self {
        Self::new().max_retries(0).max_throttled_retries(0)
    }

    /// Sets how often a request is sent again after [maybe](crate::FailureKind::MaybeApplied) and
    /// [never applied](crate::FailureKind::NeverApplied) failures; twice unless set.
    pub fn max_retries(mut self, max: u32) -> Self {
        self.max_retries = max;
        self
    }

    /// Sets how often a request is sent again after a 429; three times unless set.
    pub fn max_throttled_retries(mut self, max: u32) -> Self {
        self.max_throttled_retries = max;
        self
    }

    /// Sets how long a throttled request is held back at least before it is sent again; 10 s unless
    /// set.
    ///
    /// A longer `Retry-After` is obeyed up to 30 s; one above that is given back at once. Five
    /// minutes at most.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = Cooldown::At(cooldown.min(MAX_COOLDOWN));
        self
    }

    /// Leaves the wait after a 429 to a rate limiter inside, unless a [`cooldown`](Self::cooldown)
    /// is set: a throttled request is sent on at once.
    ///
    /// Without such a limiter it would run into the server's cooldown.
    pub fn behind_rate_limit(mut self) -> Self {
        if matches!(self.cooldown, Cooldown::Usual) {
            self.cooldown = Cooldown::Limiter;
        }
        self
    }

    /// Sends nothing again because its token was replaced: for stacks in which no token is added.
    ///
    /// With no other retries either, requests are not copied.
    pub fn without_token_retry(mut self) -> Self {
        self.token_retry = false;
        self
    }

    /// How long a throttled request is held back at least; `None` where a limiter does that.
    pub(crate) fn throttled_wait(&self) -> Option<Duration> {
        match self.cooldown {
            Cooldown::At(cooldown) => Some(cooldown),
            Cooldown::Limiter => None,
            Cooldown::Usual => Some(COOLDOWN),
        }
    }

    pub(crate) fn sends_once(&self) -> bool {
        self.max_retries == 0 && self.max_throttled_retries == 0 && !self.token_retry
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_retries", &self.max_retries)
            .field("max_throttled_retries", &self.max_throttled_retries)
            .field("cooldown", &self.throttled_wait())
            .field("token_retry", &self.token_retry)
            .finish_non_exhaustive()
    }
}

/// What holds a throttled request back.
#[derive(Clone, Copy)]
enum Cooldown {
    At(Duration),
    Limiter,
    Usual,
}

/// No call is held back for longer.
const MAX_COOLDOWN: Duration = Duration::from_secs(5 * 60);
/// What the ComfyControl API imposes after a 429.
const COOLDOWN: Duration = Duration::from_secs(10);
