use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::{SourceError, TokenSource};
use crate::Token;

/// The source made by [`TokenSource::expiring_at`].
#[derive(Clone)]
pub struct Expiring<S> {
    inner: S,
    expires_at: SystemTime,
}

impl<S> Expiring<S> {
    pub(super) fn new(inner: S, expires_at: SystemTime) -> Self {
        Self { inner, expires_at }
    }

    fn dated(&self, token: Token) -> Token {
        match token.expires_at() {
            Some(_) => token,
            None => token.with_expiry(self.expires_at),
        }
    }
}

impl<S: TokenSource> TokenSource for Expiring<S> {
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
