use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use comfycontrol_core::Escaped;

use super::error::SourceError;
use super::interval::LONGEST_INTERVAL;
use crate::Token;

/// A source of tokens, read again and again by a call that may block.
///
/// A [`TokenProvider`](crate::TokenProvider) reads it on a thread of its own within the runtime,
/// once at a time, and keeps the last good token whatever happens here. A panic counts as a
/// [`SourceError`]. Where a reading is asynchronous, as with the client of a vault, implement
/// [`AsyncTokenSource`](crate::AsyncTokenSource) instead.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{SourceError, SourceErrorKind, Token, TokenProvider, TokenSource};
///
/// struct Keyring;
///
/// impl TokenSource for Keyring {
///     fn read(&self) -> Result<Token, SourceError> {
///         let secret = "cfc_fromthekeyring"; // ask the keyring, for as long as that takes
///         Token::parse(secret)
///             .map_err(|e| SourceError::new("keyring", SourceErrorKind::InvalidToken(e)))
///     }
/// }
///
/// let provider = TokenProvider::new(Keyring);
/// provider.preload()?;
/// # Ok::<(), SourceError>(())
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// Reads the token that is to be used from now on. May block.
    ///
    /// # Errors
    ///
    /// A [`SourceError`] that names what is wrong with the source, never what it contains.
    fn read(&self) -> Result<Token, SourceError>;

    /// As [`read`](Self::read), for sources with several tokens to choose from: the first that
    /// `good` accepts, or failing that the first of all.
    ///
    /// `good` is false for tokens that had a 401 and for those that expire within 5 minutes.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        let _ = good;
        self.read()
    }

    /// What to call the source in logs and errors; the name of its type unless it says otherwise.
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(std::any::type_name::<Self>())
    }

    /// How long a reading stays good while requests are sent; 60 s unless a source says otherwise.
    ///
    /// Taken as at least 1 s and at most 60 s.
    fn interval(&self) -> Duration {
        LONGEST_INTERVAL
    }

    /// Whether the last reading may have caught a writer half-way, as in a file that is changed in
    /// place.
    ///
    /// If so, a changed token must be read twice before it takes the place of one that works.
    fn may_be_torn(&self) -> bool {
        false
    }

    /// Sets when the tokens of this source end, for those that do not say so themselves.
    ///
    /// See [`Token::with_expiry`].
    fn expiring_at(self, expires_at: SystemTime) -> ExpiringSource<Self>
    where
        Self: Sized,
    {
        ExpiringSource {
            inner: self,
            expires_at,
        }
    }
}

impl<S: TokenSource + ?Sized> TokenSource for Box<S> {
    fn read(&self) -> Result<Token, SourceError> {
        (**self).read()
    }

    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        (**self).read_preferring(good)
    }

    fn name(&self) -> Cow<'_, str> {
        (**self).name()
    }

    fn interval(&self) -> Duration {
        (**self).interval()
    }

    fn may_be_torn(&self) -> bool {
        (**self).may_be_torn()
    }
}

/// Always the same token, as one part of a [`FirstOfSource`](crate::FirstOfSource).
///
/// On its own a token is better turned into a [`TokenProvider`](crate::TokenProvider) directly,
/// which then reads no clock.
impl TokenSource for Token {
    fn read(&self) -> Result<Token, SourceError> {
        Ok(self.clone())
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("fixed token")
    }
}

/// Source whose tokens have an end, made by [`TokenSource::expiring_at`].
#[derive(Clone)]
pub struct ExpiringSource<S> {
    inner: S,
    expires_at: SystemTime,
}

impl<S> ExpiringSource<S> {
    fn dated(&self, token: Token) -> Token {
        match token.expires_at() {
            Some(_) => token,
            None => token.with_expiry(self.expires_at),
        }
    }
}

impl<S: TokenSource> TokenSource for ExpiringSource<S> {
    fn read(&self) -> Result<Token, SourceError> {
        self.inner.read().map(|token| self.dated(token))
    }

    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        let token = self
            .inner
            .read_preferring(&|token| good(&self.dated(token.clone())))?;
        Ok(self.dated(token))
    }

    fn name(&self) -> Cow<'_, str> {
        self.inner.name()
    }

    fn interval(&self) -> Duration {
        self.inner.interval()
    }

    fn may_be_torn(&self) -> bool {
        self.inner.may_be_torn()
    }
}

impl<S: TokenSource> fmt::Debug for ExpiringSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ExpiringSource({})",
            Escaped::new(&self.name(), usize::MAX)
        )
    }
}
