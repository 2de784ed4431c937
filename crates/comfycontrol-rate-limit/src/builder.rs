use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::admission::{Admission, Settings, nanos};
use crate::limiter::{Refuses, stretched};
use crate::window::Account;
use crate::{Limiter, Quota, Window};

/// Settings of a [`Limiter`]. Every setting has a sound default; durations above one day are taken as
/// one day.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, Quota, Window};
/// use std::time::Duration;
///
/// let limiter = Limiter::builder(Quota::COMFYCONTROL)
///     .window(Window::Sliding)
///     .max_wait(Duration::from_secs(30))
///     .max_queued(1_000)
///     .build();
/// assert_eq!(limiter.snapshot().free(), 40);
/// ```
#[derive(Clone)]
#[must_use]
pub struct LimiterBuilder {
    quota: Quota,
    window: Window,
    settings: Settings,
    refuses: Option<Refuses>,
}

impl LimiterBuilder {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            quota,
            window: Window::default(),
            settings: Settings {
                cooldown: nanos(Duration::from_secs(10)),
                cooldown_margin: nanos(Duration::from_millis(500)),
                count_lag: 0,
                linger: nanos(Duration::from_secs(3)),
                max_cooldown: nanos(Duration::from_secs(5 * 60)),
                max_queued: usize::MAX,
                max_transit: None,
                max_wait: None,
            },
            refuses: None,
        }
    }

    /// How the server may count. Default: [`Window::AnyPhase`].
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// How long the server is silent after a refusal, whatever it says. Default: 10 seconds, as the
    /// ComfyControl API does. A longer `Retry-After` is obeyed, up to
    /// [`max_cooldown`](Self::max_cooldown).
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.settings.cooldown = bounded(cooldown);
        self
    }

    /// What is added to each cooldown: servers that speak in whole seconds cut off the rest.
    /// Default: half a second.
    pub fn cooldown_margin(mut self, margin: Duration) -> Self {
        self.settings.cooldown_margin = bounded(margin);
        self
    }

    /// The longest pause that a `Retry-After`, or one refused probe after another, can cause.
    /// Default: five minutes. It never shortens [`cooldown`](Self::cooldown).
    pub fn max_cooldown(mut self, max: Duration) -> Self {
        self.settings.max_cooldown = bounded(max);
        self
    }

    /// How late the server's counters may be. Default: zero. Each slot stays taken for that much
    /// longer.
    pub fn count_lag(mut self, lag: Duration) -> Self {
        self.settings.count_lag = bounded(lag);
        self
    }

    /// How long a request whose response failed, or was dropped before it came, may still be on its
    /// way to the server. Default: three seconds.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = bounded(linger);
        self
    }

    /// How long a request may at most take from here until the server counts it, connecting and
    /// queueing in the transport included. Default: unknown.
    ///
    /// For endpoints that answer slowly: their slots come back that long after they were used, not
    /// when the answer comes. The promise to keep the quota then holds only as far as this does.
    pub fn max_transit(mut self, transit: Duration) -> Self {
        self.settings.max_transit = Some(bounded(transit));
        self
    }

    /// The longest that a call waits. Default: as long as it takes. A call that would certainly wait
    /// longer is refused at once.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.settings.max_wait = Some(bounded(wait));
        self
    }

    /// How many calls may wait; the next one is refused at once. Default: any number.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.settings.max_queued = calls;
        self
    }

    /// Which replies start a cooldown. Default: those with status 429.
    ///
    /// The predicate runs on every reply, with nothing locked.
    pub fn cooldown_on<F>(mut self, refuses: F) -> Self
    where
        F: Fn(StatusCode, &HeaderMap) -> bool + Send + Sync + 'static,
    {
        self.refuses = Some(Arc::new(refuses));
        self
    }

    /// Creates the limiter.
    #[must_use]
    pub fn build(self) -> Limiter {
        let window = stretched(self.quota);
        let account = Account::new(self.window, self.quota.requests(), window);
        let state = Admission::new(account, self.settings);
        Limiter::from_parts(state, &self.settings, self.refuses)
    }
}

impl fmt::Debug for LimiterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterBuilder")
            .field("quota", &self.quota)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

fn bounded(duration: Duration) -> u64 {
    nanos(duration.min(Limiter::MAX_PAUSE))
}
