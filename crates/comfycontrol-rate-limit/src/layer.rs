use tower_layer::Layer;

use crate::{Limiter, Quota, RateLimit};

/// Applies [`RateLimit`] to a service.
///
/// All services made by one layer value, and by its clones, draw on one [`Limiter`].
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RateLimitLayer {
    limiter: Limiter,
}

impl RateLimitLayer {
    /// Creates a layer that draws on `limiter`.
    pub fn new(limiter: Limiter) -> Self {
        Self { limiter }
    }

    /// The limiter, to look at it or to share it further.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

impl From<Quota> for RateLimitLayer {
    fn from(quota: Quota) -> Self {
        Self::new(Limiter::new(quota))
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, self.limiter.clone())
    }
}
