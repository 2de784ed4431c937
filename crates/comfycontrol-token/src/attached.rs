use http::Request;
use http::header::AUTHORIZATION;

use crate::TokenProvider;
use crate::cache::Outgoing;
use crate::provider::Replacement;

/// The token that a request carries, until the server has responded.
pub(crate) struct AttachedToken {
    provider: TokenProvider,
    generation: u64,
    unconfirmed: bool,
}

impl AttachedToken {
    /// Puts `token` on the request.
    pub(crate) fn attach<B>(
        req: &mut Request<B>,
        token: Outgoing,
        provider: &TokenProvider,
    ) -> Self {
        // `insert`, so that a header from further out is replaced and never doubled.
        req.headers_mut().insert(AUTHORIZATION, token.header);
        Self {
            provider: provider.clone(),
            generation: token.generation,
            unconfirmed: token.unconfirmed,
        }
    }

    pub(crate) fn provider(&self) -> &TokenProvider {
        &self.provider
    }

    /// The server sent a success: it accepted the token.
    pub(crate) fn accepted(&self) {
        if self.unconfirmed {
            self.provider.accepted(self.generation);
        }
    }

    /// The server sent a 401. Without `may_read`, it is made do with what is there.
    pub(crate) fn unauthorized(&self, may_read: bool) -> Replacement {
        self.provider.replacement(self.generation, may_read)
    }
}
