//! Which token is in use and when the source is read: no I/O, no clock, no async.

mod expiry;
mod reading;
mod refusal;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use self::expiry::WARN_BEFORE;
pub(crate) use self::reading::Reading;
pub(crate) use self::refusal::Verdict;
pub(crate) use self::schedule::Advice;
use crate::source::SHORTEST_INTERVAL;
use crate::{Fingerprint, SourceError, SourceProblem, Token};

/// The present token and what is known about its source.
///
/// A token *works* until the server refuses it or its date is past. While it works, nobody waits, and
/// only a good reading takes its place. No reading can tell a token from the first half of a longer one, so what takes the
/// place of a token that works is on trial until the server accepts it; refused, it gives the place back.
pub(crate) struct Cache {
    /// Whether there is a source to read, as against a token put in by hand.
    has_source: bool,
    /// The source's name, for errors made here.
    name: Box<str>,
    current: Option<Known>,
    generation: u64,
    /// Read once, and not believed before it has been read again.
    candidate: Option<Token>,
    /// The latest first.
    past: VecDeque<Known>,
    interval: Duration,
    warn_before: Duration,
    /// Until then a token that works is lent without another thought.
    next_look: Option<Instant>,
    last_read: Option<Instant>,
    error: Option<SourceError>,
}

/// A token that is or was in use, and what the server and the calendar say of it.
struct Known {
    token: Token,
    generation: u64,
    /// It took the place of a token that works, and the server has not accepted it yet.
    on_trial: bool,
    /// The server answered it with 401.
    rejected: Option<Asked>,
    /// When the source was last asked for another on account of a 401, and had none.
    asked_in_vain: Option<Instant>,
    /// Its date is past by the local clock.
    expired: Option<Asked>,
    expires_soon: bool,
    warned: Warned,
}

/// Whether the source has been read since the token fell into doubt.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Asked {
    No,
    UnderWay,
    Yes,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Warned {
    No,
    Soon,
    Expired,
}

/// A token on its way out.
pub(crate) struct Lent {
    pub(crate) header: HeaderValue,
    pub(crate) generation: u64,
    /// Whether its acceptance would be news: it is on trial, or the server has refused it before.
    pub(crate) doubted: bool,
}

/// Something to log, once the lock is open.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Notice {
    Expired(Fingerprint),
    ExpiresIn(Fingerprint, Duration),
    Failed(SourceError),
    Replaced(Fingerprint, Fingerprint),
    TakenBack(SourceError, Fingerprint),
}

impl Cache {
    pub(crate) fn new(name: Box<str>, has_source: bool) -> Self {
        Self {
            has_source,
            name,
            current: None,
            generation: 0,
            candidate: None,
            past: VecDeque::new(),
            interval: SHORTEST_INTERVAL,
            warn_before: WARN_BEFORE,
            next_look: None,
            last_read: None,
            error: None,
        }
    }

    /// The present token, whatever is to be said against it.
    pub(crate) fn lend_anyway(&self) -> Option<Lent> {
        self.current.as_ref().map(Known::lend)
    }

    /// Puts `token` in use at once, without a source.
    pub(crate) fn put(&mut self, token: Token) -> Option<Notice> {
        self.next_look = None;
        match &mut self.current {
            Some(current) if current.token.is_same(&token) => {
                current.token = token;
                None
            }
            _ => self.adopt(token, false),
        }
    }

    /// Whether `value` carries a token that is or was in use here.
    pub(crate) fn knows(&self, value: &HeaderValue) -> bool {
        self.tokens().any(|token| token.is_in(value))
    }

    pub(crate) fn set_warn_before(&mut self, warn_before: Duration) {
        self.warn_before = warn_before;
        self.next_look = None;
    }

    pub(crate) fn present(&self) -> Option<&Token> {
        self.current.as_ref().map(|current| &current.token)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn is_rejected(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.rejected.is_some())
    }

    pub(crate) fn error(&self) -> Option<&SourceError> {
        self.error.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn is_refused(&self, token: &Token) -> bool {
        self.past
            .iter()
            .any(|past| past.rejected.is_some() && past.token.is_same(token))
            || self.is_rejected() && self.present().is_some_and(|present| present.is_same(token))
    }

    fn tokens(&self) -> impl Iterator<Item = &Token> {
        let past = self.past.iter().map(|past| &past.token);
        self.present()
            .into_iter()
            .chain(&self.candidate)
            .chain(past)
    }

    fn problem(&self, problem: SourceProblem) -> SourceError {
        SourceError::new(&self.name, problem)
    }
}

impl Known {
    fn works(&self) -> bool {
        self.rejected.is_none() && self.expired.is_none()
    }

    /// Whether it should not go out before the source has been asked for a better one.
    ///
    /// Once only: the local clock may be wrong, and a 401 may be due to what was asked for. After one reading in vain
    /// it goes out at once.
    fn waits_for_source(&self) -> bool {
        self.doubts().any(|asked| asked != Asked::Yes)
    }

    /// Whether it is in doubt and the source knows nothing of it yet.
    fn is_unasked(&self) -> bool {
        self.doubts().any(|asked| asked == Asked::No)
    }

    fn doubts(&self) -> impl Iterator<Item = Asked> {
        [self.rejected, self.expired].into_iter().flatten()
    }

    /// Notes how far the source has been asked, in every doubt that stands at `from`.
    fn advance(&mut self, from: Asked, to: Asked) {
        for doubt in [&mut self.rejected, &mut self.expired]
            .into_iter()
            .flatten()
        {
            if *doubt == from {
                *doubt = to;
            }
        }
    }

    fn lend(&self) -> Lent {
        Lent {
            header: self.token.header().clone(),
            generation: self.generation,
            doubted: self.on_trial || self.rejected.is_some(),
        }
    }
}

/// How long before its end a token is no longer preferred: five minutes, which is more than clocks differ by.
const TAKEOVER: Duration = Duration::from_secs(5 * 60);
