//! The handle: give it to several layers, use it without tower, look at it, change it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::admission::{Admission, Outcome, Settings, nanos};
use crate::builder::LimiterBuilder;
use crate::shared::Shared;
use crate::turn::Turn;
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
    /// Creates a limiter that keeps `quota` under [every way of counting](crate::Window::AnyPhase).
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::builder(quota).build()
    }

    /// Creates a limiter with other settings than the usual ones.
    pub fn builder(quota: Quota) -> LimiterBuilder {
        LimiterBuilder::new(quota)
    }

    pub(crate) fn from_parts(
        state: Admission,
        settings: &Settings,
        refuses: Option<Refuses>,
    ) -> Self {
        let bounds_transit = settings.max_transit.is_some();
        Self {
            shared: Shared::new(state, bounds_transit, refuses),
        }
    }

    /// A layer whose services all draw on this limiter.
    pub fn layer(&self) -> RateLimitLayer {
        RateLimitLayer::new(self.clone())
    }

    /// Waits for a slot, in arrival order: the call arrives when the future is polled first.
    ///
    /// Dropping the future gives the place up, dropping the permit gives the slot back.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`](crate::NotAdmitted) if the call would have to wait longer than
    /// [allowed](LimiterBuilder::max_wait), or too many [wait](LimiterBuilder::max_queued) already.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled.
    #[inline]
    pub fn acquire(&self) -> Acquire {
        Acquire::new(self.turn(), None)
    }

    /// As [`acquire`](Self::acquire), but refused as soon as it is certain that no slot comes until
    /// `deadline`, provided that every [`Permit`](crate::Permit) in somebody's hands is used.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), and if no slot comes until `deadline`.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_until(&self, deadline: Instant) -> Acquire {
        Acquire::new(self.turn(), Some(deadline))
    }

    /// What the limiter looks like now; consumes nothing.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.shared.now();
        let shared = &self.shared;
        shared.with(|state| state.snapshot(now, |nanos| shared.instant(nanos)))
    }

    /// Lets nothing leave for `pause` from now on. What waits goes on waiting; a longer pause under
    /// way is not cut short. A `pause` is at most [`MAX_PAUSE`](Self::MAX_PAUSE).
    ///
    /// A program that starts again has a limiter that knows nothing of what was sent before, while
    /// the server still counts it. Two windows and the [`linger`](LimiterBuilder::linger), less the
    /// time for which it certainly sent nothing, is the pause then.
    pub fn close_for(&self, pause: Duration) {
        let now = self.shared.now();
        let until = now + nanos(pause.min(Self::MAX_PAUSE));
        self.shared
            .act(now, |state, now, effects| state.hold(now, until, effects));
    }

    /// The longest pause, by hand or after a refusal: one day.
    pub const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

    /// Changes the quota for all that share the limiter, those who wait included.
    ///
    /// After a change to a longer window nothing leaves until all requests that were already
    /// forgotten are older than two of the new ones.
    pub fn retune(&self, quota: Quota) {
        let now = self.shared.now();
        let (limit, window) = (quota.requests(), stretched(quota));
        self.shared.act(now, |state, now, effects| {
            state.retune(now, limit, window, effects);
        });
    }

    /// Whether both are handles to one limiter.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the limiter alive.
    pub fn downgrade(&self) -> WeakLimiter {
        WeakLimiter(Arc::downgrade(&self.shared))
    }

    #[inline]
    pub(crate) fn turn(&self) -> Turn {
        Turn::new(self.shared.clone())
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.snapshot();
        f.debug_struct("Limiter")
            .field("limit", &seen.limit())
            .field("free", &seen.free())
            .field("in_flight", &seen.in_flight())
            .field("queued", &seen.queued())
            .finish_non_exhaustive()
    }
}

/// A handle to a [`Limiter`] that lets it go when nobody else holds it: neither a handle, a layer or
/// a service, nor a call that waits or is on its way.
#[derive(Clone)]
pub struct WeakLimiter(std::sync::Weak<Shared>);

impl WeakLimiter {
    /// The limiter, if anybody still holds it.
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

/// Which replies are refusals by the server's rate limit.
pub(crate) type Refuses = Arc<dyn Fn(StatusCode, &HeaderMap) -> bool + Send + Sync>;

/// The window as we keep it: longer by a thousandth, for clocks that do not agree.
pub(crate) fn stretched(quota: Quota) -> u64 {
    let window = nanos(quota.per());
    window + window / 1_000
}

impl Shared {
    /// What a response means to the limiter.
    #[inline]
    pub(crate) fn outcome(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        let refused = match self.refuses() {
            None => status == StatusCode::TOO_MANY_REQUESTS,
            Some(refuses) => refuses(status, headers),
        };
        if refused {
            Outcome::Refused(crate::retry_after(headers))
        } else {
            Outcome::Answered
        }
    }
}
