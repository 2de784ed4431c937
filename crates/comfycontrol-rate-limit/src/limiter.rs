//! The handle: give it to several layers, use it without tower, look at it, change it.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::builder::LimiterBuilder;
use crate::epoch::nanos;
use crate::reservation::Reservation;
use crate::shared::Shared;
use crate::{Acquire, Quota, RateLimitLayer, Snapshot};

/// Decides when requests may leave, so that a server never counts more than a [`Quota`].
///
/// Clones are handles to one limiter: one account, one queue, one cooldown.
///
/// # Without tower
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, Quota};
/// use http::Response;
///
/// # async fn send() -> Result<Response<()>, std::io::Error> { Ok(Response::new(())) }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = Limiter::new(Quota::COMFYCONTROL);
///
/// let in_flight = limiter.acquire().await?.dispatch();
/// let response = send().await?;
/// in_flight.settle(&response);
///
/// assert_eq!(limiter.snapshot().in_flight(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Limiter {
    shared: Arc<Shared>,
}

impl Limiter {
    /// The longest pause, by [`pause_for`](Self::pause_for) or after a throttled response: 1 day.
    pub const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

    /// Creates a layer whose services all draw on this limiter.
    pub fn layer(&self) -> RateLimitLayer {
        RateLimitLayer::new(self.shared.clone())
    }

    /// Waits for a slot, in arrival order: the call arrives when the future is polled first.
    ///
    /// Dropping the future gives the place up, dropping the permit gives the slot back.
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::Rejected) if the call would have to wait longer than
    /// [allowed](LimiterBuilder::max_wait), or too many [wait](LimiterBuilder::max_queued) already.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled, or in one that has been shut
    /// down.
    #[inline]
    pub fn acquire(&self) -> Acquire {
        Acquire::new(self.reserve(), None)
    }

    /// As [`acquire`](Self::acquire), but rejected as soon as it is certain that no slot comes
    /// until `deadline`, provided that every outstanding [`Permit`](crate::Permit) is used.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), and if no slot comes until `deadline`.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_until(&self, deadline: Instant) -> Acquire {
        Acquire::new(self.reserve(), Some(deadline))
    }

    /// Reads the state of the limiter; uses no slot.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Lists from which instants on how many requests could leave together.
    ///
    /// Each number stands with its instant, the fewest first: what is free now, and how the rest
    /// comes back. Uses no slot.
    ///
    /// It is as if no call left until then and none waited. Slots of requests that are on their way
    /// are not in it, since their time begins with the response. Of a quota larger than `points`,
    /// about that many numbers are looked at; each takes as long as granting a call does. Empty
    /// where the budget is [shared](LimiterBuilder::build_shared).
    ///
    /// ```
    /// use comfycontrol_rate_limit::{Limiter, Quota};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = Limiter::new(Quota::new(2, Duration::from_secs(1))?);
    /// let now = tokio::time::Instant::now();
    /// assert_eq!(limiter.forecast(10), [(1, now), (2, now)]);
    ///
    /// let one = limiter.acquire().await?.dispatch();
    /// assert_eq!(limiter.forecast(10), [(1, now)]);
    /// one.settle(&http::Response::new(()));
    /// let forecast = limiter.forecast(10);
    /// assert_eq!(forecast[0], (1, now));
    /// assert!(forecast[1].1 > now + Duration::from_secs(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn forecast(&self, points: usize) -> Vec<(u64, Instant)> {
        let now = self.shared.now();
        let forecast = self.shared.with(|state| state.forecast(now, points));
        let known = forecast.into_iter();
        known
            .map(|(number, at)| (number, self.shared.instant(at)))
            .collect()
    }

    /// Lets nothing leave for `pause` from now on. What waits goes on waiting; a longer pause under
    /// way is not cut short. A `pause` is at most [`MAX_PAUSE`](Self::MAX_PAUSE), 1 day.
    ///
    /// A program that starts again has a limiter that knows nothing of what was sent before, while
    /// the server still counts it. Two windows and the [`linger`](LimiterBuilder::linger), less the
    /// time for which it certainly sent nothing, is the pause then: 23 s for 40 in 10 s and the
    /// default linger.
    pub fn pause_for(&self, pause: Duration) {
        let now = self.shared.now();
        let until = now + nanos(pause.min(Self::MAX_PAUSE));
        self.shared
            .update(now, |state, now, effects| state.pause(now, until, effects));
    }

    /// Changes the quota for all that share the limiter, calls that already wait included.
    ///
    /// After a change to a longer window nothing leaves until all requests that were already
    /// forgotten are older than two of the new ones. A change back to the shorter one lifts that.
    pub fn set_quota(&self, quota: Quota) {
        let now = self.shared.now();
        let (limit, window) = (quota.requests(), quota.stretched());
        self.shared.update(now, |state, now, effects| {
            state.set_quota(now, limit, window, effects);
        });
    }

    /// Whether both are handles to one limiter.
    pub fn same_limiter(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the limiter alive.
    pub fn downgrade(&self) -> WeakLimiter {
        WeakLimiter(Arc::downgrade(&self.shared))
    }

    #[inline]
    fn reserve(&self) -> Reservation {
        Reservation::new(self.shared.clone())
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

/// A handle that does not keep its [`Limiter`] alive, as other handles, layers, services and calls
/// that wait or are in flight do.
#[derive(Clone)]
pub struct WeakLimiter(std::sync::Weak<Shared>);

impl WeakLimiter {
    /// Returns the limiter, if it is still alive.
    pub fn upgrade(&self) -> Option<Limiter> {
        Some(Limiter {
            shared: self.0.upgrade()?,
        })
    }
}

impl fmt::Debug for WeakLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLimiter")
    }
}
