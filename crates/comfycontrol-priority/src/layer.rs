use std::sync::Arc;

use tower_layer::Layer;

use crate::service::PriorityLimit;
use crate::shared::Shared;

/// Applies [`PriorityLimit`] to services: the requests of all of them together have one order.
///
/// Made by [`PriorityLimiter::layer`](crate::PriorityLimiter::layer). It contains the limiter's own
/// layer, and stands in its place.
#[derive(Clone, Debug)]
#[must_use]
pub struct PriorityLimitLayer {
    shared: Arc<Shared>,
}

impl PriorityLimitLayer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl<S> Layer<S> for PriorityLimitLayer {
    type Service = PriorityLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PriorityLimit::new(inner, self.shared.clone())
    }
}
