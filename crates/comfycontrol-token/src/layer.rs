use tower_layer::Layer;

use crate::{AddToken, Origin, Tokens};

/// Applies [`AddToken`] to a service.
///
/// All services made by one layer value share the token and what is known about it.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct AddTokenLayer {
    origin: Origin,
    tokens: Tokens,
}

impl AddTokenLayer {
    /// Creates a layer that puts the token of `tokens` on requests to `origin`.
    ///
    /// `tokens` may be a [`Token`](crate::Token), a [`TokenHandle`](crate::TokenHandle), a source such as
    /// [`file`](crate::file()), or [`Tokens`] made before.
    pub fn new(origin: Origin, tokens: impl Into<Tokens>) -> Self {
        Self {
            origin,
            tokens: tokens.into(),
        }
    }
}

impl<S> Layer<S> for AddTokenLayer {
    type Service = AddToken<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AddToken::new(inner, self.origin.clone(), self.tokens.clone())
    }
}
