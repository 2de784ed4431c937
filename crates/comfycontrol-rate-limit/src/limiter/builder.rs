mod sharing;

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::Limiter;
use crate::account::Account;
use crate::admission::{Admission, Settings};
use crate::classifier::Classifier;
use crate::epoch::nanos;
use crate::shared::Shared;
use crate::{Algorithm, Quota, RateLimitLayer};

/// Builds a [`Limiter`]: how it counts, how long calls wait, how long it is silent after a 429.
///
/// Every setting has a sound default. A duration above 1 day is taken as 1 day.
///
/// ```
/// use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
/// use std::time::Duration;
///
/// let limiter = Limiter::builder(Quota::COMFYCONTROL)
///     .algorithm(Algorithm::SlidingLog)
///     .max_wait(Duration::from_secs(30))
///     .max_queued(1_000)
///     .build();
/// assert_eq!(limiter.snapshot().free(), 40);
/// ```
#[derive(Clone)]
#[must_use]
pub struct LimiterBuilder {
    quota: Quota,
    algorithm: Algorithm,
    settings: Settings,
    classifier: Classifier,
    lease: u64,
    max_outage: Option<u64>,
}

impl LimiterBuilder {
    /// Sets how the limiter spends the quota, going by how the server may count.
    ///
    /// For a server that needs an even pace, such as one request in 250 ms and no bursts, set the
    /// [quota](Quota) to 1 per 250 ms, and this to [`Algorithm::SlidingLog`]: under the default one
    /// goes every 500 ms.
    ///
    /// Default: [`Algorithm::Strict`].
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets how long nothing is sent after a throttled response, whatever it says.
    ///
    /// A longer `Retry-After` is obeyed, and each throttled probe in a row doubles the time, up to
    /// [`max_cooldown`](Self::max_cooldown).
    ///
    /// Then one request goes first. Its response lets the others follow; without one the next goes
    /// first after as long again.
    ///
    /// Default: 10 s, the silence of the ComfyControl API. At most 1 day.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.settings.cooldown = bounded(cooldown);
        self
    }

    /// Sets what is added to each cooldown: servers that speak in whole seconds cut off the rest.
    ///
    /// Default: 500 ms. At most 1 day.
    pub fn cooldown_margin(mut self, margin: Duration) -> Self {
        self.settings.cooldown_margin = bounded(margin);
        self
    }

    /// Sets the longest cooldown that a `Retry-After`, or one throttled probe after another, can
    /// cause. It never shortens [`cooldown`](Self::cooldown).
    ///
    /// Default: 5 min. At most 1 day.
    pub fn max_cooldown(mut self, max: Duration) -> Self {
        self.settings.max_cooldown = bounded(max);
        self
    }

    /// Sets how late the server's counters may be.
    ///
    /// Each slot stays taken for that much longer.
    ///
    /// This also covers sliding-window counters that count some requests for longer than a window.
    /// With a lag of zero and a quota of 40 in 10 s, under [`Algorithm::Strict`]:
    ///
    /// | the server | reaches | lag that keeps it at 40 |
    /// |---|---:|---|
    /// | knows the elapsed time in whole seconds | 43.8 | 1 s |
    /// | knows it in steps of `s` | just below 40 × (1 + `s` / window) | `s` |
    /// | counts in three sub-windows | 42.4 | a third of the window |
    /// | counts in two, four, ten sub-windows | 43.2, 42.0, 40.5 | one sub-window |
    ///
    /// Default: zero. At most 1 day.
    pub fn count_lag(mut self, lag: Duration) -> Self {
        self.settings.count_lag = bounded(lag);
        self
    }

    /// Sets how long a request whose response failed, or was dropped before it came, may still be
    /// on its way to the server.
    ///
    /// Default: 3 s. At most 1 day.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = bounded(linger);
        self
    }

    /// Sets how long a [`Permit`](crate::Permit) may be held before its slot comes back to the
    /// limiter.
    ///
    /// For permits that are lost, as by [`std::mem::forget`], and would keep their slot forever.
    /// One that is still [dispatched](crate::Permit::dispatch) later is counted, beyond the quota
    /// if its slot is another's by then. The promise to keep the quota holds only if permits are
    /// used in time.
    ///
    /// Default: as long as it takes. At least 1 s, at most 1 day.
    pub fn max_hold(mut self, hold: Duration) -> Self {
        self.settings.max_hold = Some(bounded(hold.max(Duration::from_secs(1))));
        self
    }

    /// Sets how long a request may at most take from here until the server counts it, connecting
    /// and queueing in the transport included.
    ///
    /// For endpoints whose responses are slow: their slots come back that long after they were
    /// used, not when the response comes. The promise to keep the quota then holds only as far as
    /// this does.
    ///
    /// Default: unknown. At most 1 day.
    pub fn max_transit(mut self, transit: Duration) -> Self {
        self.settings.max_transit = Some(bounded(transit));
        self
    }

    /// Sets how long a call waits at most. One that would certainly wait longer is rejected at
    /// once.
    ///
    /// Default: as long as it takes. At most 1 day.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.settings.max_wait = Some(bounded(wait));
        self
    }

    /// Sets how many calls may wait; the next one is rejected at once.
    ///
    /// Default: any number.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.settings.max_queued = calls;
        self
    }

    /// Sets which responses count as throttled, and so start a cooldown.
    ///
    /// The predicate runs on every response, with nothing locked.
    ///
    /// Default: those with status 429.
    pub fn cooldown_on<F>(mut self, is_throttled: F) -> Self
    where
        F: Fn(StatusCode, &HeaderMap) -> bool + Send + Sync + 'static,
    {
        self.classifier = Classifier::new(is_throttled);
        self
    }

    /// Creates the limiter.
    #[must_use]
    pub fn build(self) -> Limiter {
        let window = self.quota.stretched();
        let account = Account::new(self.algorithm, self.quota.requests(), window);
        let bounds_transit = self.settings.max_transit.is_some();
        let state = Admission::new(account, self.settings);
        Limiter {
            shared: Shared::new(state, bounds_transit, self.classifier, None),
        }
    }
}

impl fmt::Debug for LimiterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterBuilder")
            .field("quota", &self.quota)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

// Next to the builder; the handle itself does not know it.
impl Limiter {
    /// Creates a limiter that keeps `quota` under [five ways of counting](Algorithm::Strict).
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::builder(quota).build()
    }

    /// Starts building a limiter for `quota`, with other settings than the default ones.
    pub fn builder(quota: Quota) -> LimiterBuilder {
        LimiterBuilder {
            quota,
            algorithm: Algorithm::default(),
            settings: Settings {
                cooldown: nanos(Duration::from_secs(10)),
                cooldown_margin: nanos(Duration::from_millis(500)),
                count_lag: 0,
                linger: nanos(Duration::from_secs(3)),
                max_cooldown: nanos(Duration::from_secs(5 * 60)),
                max_hold: None,
                max_queued: usize::MAX,
                max_transit: None,
                max_wait: None,
            },
            classifier: Classifier::default(),
            lease: nanos(Duration::from_secs(10)),
            max_outage: None,
        }
    }
}

impl From<Quota> for RateLimitLayer {
    fn from(quota: Quota) -> Self {
        Limiter::new(quota).layer()
    }
}

pub(super) fn bounded(duration: Duration) -> u64 {
    nanos(duration.min(Limiter::MAX_PAUSE))
}
