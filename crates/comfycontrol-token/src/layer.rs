use tower_layer::Layer;

use crate::{AddToken, Origin, TokenProvider};

/// Applies [`AddToken`] to a service: requests to one origin get the token.
///
/// All services made by one layer value share the token and what is known about it.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct AddTokenLayer {
    origin: Origin,
    provider: TokenProvider,
}

impl AddTokenLayer {
    /// Creates a layer that puts the token of `provider` on requests to `origin`.
    ///
    /// `provider` may be a [`Token`](crate::Token), a [`TokenHandle`](crate::TokenHandle), a source
    /// such as [`file`](crate::file()), or a [`TokenProvider`] made before.
    pub fn new(origin: Origin, provider: impl Into<TokenProvider>) -> Self {
        Self {
            origin,
            provider: provider.into(),
        }
    }
}

impl<S> Layer<S> for AddTokenLayer {
    type Service = AddToken<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AddToken::new(inner, self.origin.clone(), self.provider.clone())
    }
}
