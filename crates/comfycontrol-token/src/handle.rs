use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::source::SHORTEST_INTERVAL;
use crate::{SourceError, Token, TokenProvider, TokenSource};

/// Replaces the token of running clients.
///
/// Clones, and all [`TokenProvider`]s made from them, share one token.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{Token, TokenHandle, TokenProvider};
///
/// let handle = TokenHandle::new(Token::parse("cfc_old")?);
/// let provider = TokenProvider::from(handle.clone()); // goes into the layer
///
/// let new = Token::parse("cfc_new")?;
/// handle.rotate(new.clone());
/// assert_eq!(provider.snapshot().fingerprint(), Some(new.fingerprint()));
/// # Ok::<(), comfycontrol_token::InvalidToken>(())
/// ```
#[derive(Clone)]
pub struct TokenHandle {
    provider: TokenProvider,
}

impl TokenHandle {
    /// Creates a handle whose first token is `token`.
    pub fn new(token: Token) -> Self {
        Self {
            provider: TokenProvider::from(token),
        }
    }

    /// Puts `token` in the place of the present one, for every request that has not left yet.
    pub fn rotate(&self, token: Token) {
        self.provider.put(token);
    }
}

impl From<TokenHandle> for TokenProvider {
    fn from(handle: TokenHandle) -> Self {
        handle.provider
    }
}

/// As one part of a [`FirstOfSource`](crate::FirstOfSource), which sees a rotation at its next
/// reading.
impl TokenSource for TokenHandle {
    fn read(&self) -> Result<Token, SourceError> {
        self.provider
            .present()
            .ok_or_else(|| SourceError::other(self.name(), "empty"))
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("handle")
    }

    fn interval(&self) -> Duration {
        SHORTEST_INTERVAL
    }
}

impl fmt::Debug for TokenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenHandle").field(&self.provider).finish()
    }
}
