use std::time::Duration;

use parking_lot::Mutex;

use super::waiters::Waiters;
use crate::cache::{Cache, Notice};
use crate::{AsyncTokenSource, SourceError, SourceErrorKind, TokenSource};

/// What all clones of one provider have in common.
pub(crate) struct Shared {
    pub(super) source: Source,
    pub(super) label: String,
    pub(super) state: Mutex<State>,
}

/// Where the next token comes from.
pub(super) enum Source {
    Async(Box<dyn AsyncTokenSource>),
    Blocking(Box<dyn TokenSource>),
    /// From nowhere: the program puts it in.
    ByHand,
}

pub(super) struct State {
    pub(super) cache: Cache,
    /// How many readings have begun; the last may be under way.
    pub(super) reads: u64,
    /// How long one call waits for readings.
    pub(super) read_timeout: Duration,
    /// The calls that wait for the reading under way, if there is one.
    pub(super) waiters: Option<Waiters>,
}

impl Shared {
    pub(super) fn new(label: String, source: Source) -> Self {
        let has_source = !matches!(source, Source::ByHand);
        let state = State {
            cache: Cache::new(label.as_str().into(), has_source),
            reads: 0,
            read_timeout: READ_TIMEOUT,
            waiters: None,
        };
        Self {
            source,
            label,
            state: Mutex::new(state),
        }
    }

    pub(super) fn is_by_hand(&self) -> bool {
        matches!(self.source, Source::ByHand)
    }

    pub(super) fn report(&self, notice: Notice) {
        match notice {
            Notice::Expired(token) => tracing::warn!(
                source = self.label,
                %token,
                "the token has expired by the local clock; it is sent all the same until another one comes",
            ),
            Notice::ExpiresIn(token, left) => tracing::warn!(
                source = self.label,
                %token,
                hours = left.as_secs() / 3600,
                minutes = left.as_secs() / 60 % 60,
                "the token expires soon: see to it that another one follows",
            ),
            Notice::Failed(error) => tracing::warn!(%error, "no new token could be read"),
            Notice::Replaced(old, new) => {
                tracing::info!(source = self.label, %old, %new, "another token is in use");
            }
            Notice::TakenBack(error, token) => tracing::warn!(
                %error,
                %token,
                "the server sent a 401 for the new token; the one before it is in use again",
            ),
        }
    }
}

impl State {
    /// The calls that wait for reading number `read`, if that is under way.
    pub(super) fn waiters_of(&mut self, read: u64) -> Option<&mut Waiters> {
        self.waiters.as_mut().filter(|_| self.reads == read)
    }

    /// Why there is no token.
    pub(super) fn cause(&self) -> SourceError {
        let unread = || SourceError::new(self.cache.name(), SourceErrorKind::Unread);
        self.cache.error().cloned().unwrap_or_else(unread)
    }
}

/// As long as a command may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
