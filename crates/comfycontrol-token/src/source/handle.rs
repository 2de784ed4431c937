use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{SHORTEST_INTERVAL, SourceError, TokenSource};
use crate::{Token, Tokens};

/// Changes the token of running clients by hand.
///
/// Clones, and all [`Tokens`] made from them, share one token.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{Token, TokenHandle, Tokens};
///
/// let handle = TokenHandle::new(Token::parse("cfc_old")?);
/// let tokens = Tokens::from(handle.clone()); // goes into the layer
///
/// let new = Token::parse("cfc_new")?;
/// handle.rotate(new.clone());
/// assert_eq!(tokens.snapshot().fingerprint(), Some(new.fingerprint()));
/// # Ok::<(), comfycontrol_token::InvalidToken>(())
/// ```
#[derive(Clone)]
pub struct TokenHandle {
    tokens: Tokens,
}

impl TokenHandle {
    /// Starts with `token`.
    pub fn new(token: Token) -> Self {
        Self {
            tokens: Tokens::from(token),
        }
    }

    /// Puts `token` in the place of the present one, for every request that has not left yet.
    pub fn rotate(&self, token: Token) {
        self.tokens.put(token);
    }
}

impl From<TokenHandle> for Tokens {
    fn from(handle: TokenHandle) -> Self {
        handle.tokens
    }
}

/// As one part of a [`FirstOf`](super::FirstOf), which sees a rotation at its next reading.
impl TokenSource for TokenHandle {
    fn read(&self) -> Result<Token, SourceError> {
        self.tokens
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
        f.debug_tuple("TokenHandle").field(&self.tokens).finish()
    }
}
