//! How long requests and responses are on the way under a paused clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::random::{happens, mix};

/// How long one request takes to the edge and its response takes back, or that it is lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct RoundTrip {
    pub(crate) up: Duration,
    pub(crate) down: Duration,
    pub(crate) lost_after: Option<Duration>,
}

impl RoundTrip {
    /// A request that arrives after `up` and whose response takes `down`.
    ///
    /// Each is at most one day; more is taken as one day.
    pub fn new(up: Duration, down: Duration) -> Self {
        Self {
            up: up.min(LONGEST),
            down: down.min(LONGEST),
            lost_after: None,
        }
    }

    /// Loses the response: the caller sees [`Lost`](crate::Lost) this long after the dispatch,
    /// whether or not the request has arrived by then. It still arrives.
    pub fn lost_after(self, after: Duration) -> Self {
        Self {
            lost_after: Some(after.min(LONGEST)),
            ..self
        }
    }
}

/// The network under an [`EdgeService`](crate::EdgeService): gives each request its
/// [`RoundTrip`], by the request's number.
///
/// ```
/// use comfycontrol_emulator::Transit;
/// use std::time::Duration;
///
/// // Requests overtake each other, responses take half a second, one in ten is lost.
/// let ms = Duration::from_millis;
/// let transit = Transit::between(ms(10)..ms(900), ms(500)..ms(500), 42).losing(0.1, ms(1000), 43);
/// assert_eq!(transit.trip(7), transit.trip(7));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Transit(Arc<dyn Fn(u64) -> RoundTrip + Send + Sync>);

impl Transit {
    /// Asks `trip` with the number of each request, from 0.
    pub fn from_fn(trip: impl Fn(u64) -> RoundTrip + Send + Sync + 'static) -> Self {
        Self(Arc::new(trip))
    }

    /// Every request and response takes the same time.
    pub fn fixed(up: Duration, down: Duration) -> Self {
        Self::from_fn(move |_| RoundTrip::new(up, down))
    }

    /// Every request and response takes a time between two bounds, evenly distributed, each
    /// on its own: the ways may be asymmetric, and requests overtake each other.
    ///
    /// The same for the same `seed`. A range that ends before it starts is its start.
    pub fn between(
        up: std::ops::Range<Duration>,
        down: std::ops::Range<Duration>,
        seed: u64,
    ) -> Self {
        Self::from_fn(move |n| {
            let (up_draw, down_draw) = (mix(seed, 2 * n), mix(seed, 2 * n + 1));
            RoundTrip::new(within(&up, up_draw), within(&down, down_draw))
        })
    }

    /// Also loses the response with this probability, `after` the dispatch.
    pub fn losing(self, probability: f64, after: Duration, seed: u64) -> Self {
        Self::from_fn(move |n| {
            let trip = self.trip(n);
            if happens(probability, seed, n) {
                trip.lost_after(after)
            } else {
                trip
            }
        })
    }

    /// The round trip of the request with this number.
    pub fn trip(&self, number: u64) -> RoundTrip {
        (self.0)(number)
    }
}

impl Default for Transit {
    /// No time at all.
    fn default() -> Self {
        Self::from_fn(|_| RoundTrip::default())
    }
}

impl fmt::Debug for Transit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transit").finish_non_exhaustive()
    }
}

fn within(range: &std::ops::Range<Duration>, draw: u64) -> Duration {
    let width = range.end.saturating_sub(range.start).as_nanos();
    let offset = u128::from(draw) % (width + 1);
    range.start + Duration::from_nanos(u64::try_from(offset).unwrap_or(u64::MAX))
}

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
