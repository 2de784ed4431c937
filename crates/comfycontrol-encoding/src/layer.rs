use tower_layer::Layer;

use crate::service::Decompression;

/// Applies [`Decompression`] to a service: bodies in gzip come out as they were before.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct DecompressionLayer(());

impl DecompressionLayer {
    /// Creates a layer that asks for gzip and undoes it; without the feature `gzip`, one that asks
    /// for bodies as they are.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for DecompressionLayer {
    type Service = Decompression<S>;

    fn layer(&self, inner: S) -> Decompression<S> {
        Decompression::new(inner)
    }
}
