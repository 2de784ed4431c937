use std::sync::Arc;

use tower_layer::Layer;

use crate::RateLimit;
use crate::shared::Shared;

/// Applies [`RateLimit`] to services: the requests of all of them together keep to one quota.
///
/// Made by [`Limiter::layer`](crate::Limiter::layer), or from a [`Quota`](crate::Quota). All
/// services made by one layer value, and by its clones, draw on one [`Limiter`](crate::Limiter).
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RateLimitLayer {
    shared: Arc<Shared>,
}

impl RateLimitLayer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, self.shared.clone())
    }
}
